//! The speed of the disk alone: a preallocated file, written and synced.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use super::samples::Samples;

/// Bytes of the file that is overwritten again and again.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of a block of the disk: each write uses whole blocks.
const BLOCK_BYTES: usize = 4096;

/// A file to write to, its space taken.
pub(super) struct Raw {
    file: File,
    at: u64,
}

impl Raw {
    /// Makes the file in this folder.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let path = folder.join("raw");
        let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
        let zeros = vec![0; 1024 * 1024];
        for _ in 0..FILE_BYTES / (1024 * 1024) {
            file.write_all(&zeros)?;
        }
        file.sync_all()?;
        Ok(Self { file, at: 0 })
    }

    /// Writes and syncs so many bytes, so many times.
    pub(super) fn sync(&mut self, bytes: usize, times: u32) -> io::Result<Samples> {
        let bytes = vec![0x5a; bytes.div_ceil(BLOCK_BYTES).saturating_mul(BLOCK_BYTES)];
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut samples = Samples::default();
        for _ in 0..times {
            if self.at.saturating_add(len) > FILE_BYTES {
                self.at = 0;
            }
            let begun = Instant::now();
            self.file.write_all_at(&bytes, self.at)?;
            self.file.sync_data()?;
            samples.push(begun.elapsed());
            self.at = self.at.saturating_add(len);
        }
        Ok(samples)
    }
}
