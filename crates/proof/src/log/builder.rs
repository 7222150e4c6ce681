use super::{Error, LogFiles, LogReader};
use crate::checkpoint::{self, Checkpoint};
use crate::digest::Digest;
use crate::limits::TILE_WIDTH;
use crate::merkle::{self, Frontier};
use crate::note::Signer;
use crate::tile::{EntryBundle, Tile};

const WIDTH: usize = TILE_WIDTH as usize;

/// A file of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Its path, relative to the log's folder.
    pub path: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// Makes the files of a log from its entries, holding one tile a level and one bundle.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    frontier: Frontier,
    /// The tile that is growing at each level: fewer than 256 hashes.
    levels: Vec<Vec<Digest>>,
    /// The bundle that is growing: fewer than 256 entries.
    bundle: Vec<u8>,
    full: Vec<LogFile>,
    published: u64,
}

impl Builder {
    /// A log without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on where that log ends.
    ///
    /// # Errors
    /// When a tile or the last bundle is missing or altered.
    pub fn resume<F: LogFiles>(log: &LogReader<F>) -> Result<Self, Error> {
        let size = log.size();
        let mut builder =
            Self { frontier: Frontier::load(log, size)?, published: size, ..Self::new() };
        let mut hashes = size;
        for level in 0_u8.. {
            if hashes == 0 {
                break;
            }
            let partial = !hashes.is_multiple_of(u64::from(TILE_WIDTH));
            hashes /= u64::from(TILE_WIDTH);
            builder.levels.push(if partial { log.tile(level, hashes)? } else { Vec::new() });
        }
        let first = size - size % u64::from(TILE_WIDTH);
        for entry in log.entries(first..size) {
            EntryBundle::append(&mut builder.bundle, &entry?.1)?;
        }
        Ok(builder)
    }

    /// Appends an entry and gives its index.
    ///
    /// # Errors
    /// When it is longer than 65,535 bytes.
    pub fn push(&mut self, entry: &[u8]) -> Result<u64, Error> {
        EntryBundle::append(&mut self.bundle, entry)?;
        let index = self.frontier.size();
        let leaf = merkle::leaf_hash(entry);
        self.frontier.push(leaf);
        if self.frontier.size().is_multiple_of(u64::from(TILE_WIDTH)) {
            let bundle = EntryBundle::new(index / u64::from(TILE_WIDTH), TILE_WIDTH)?;
            let bytes = std::mem::take(&mut self.bundle);
            self.full.push(LogFile { path: bundle.path(), bytes });
        }
        self.carry(leaf)?;
        Ok(index)
    }

    /// Adds a hash to level 0, and the root of each tile that becomes full to the level above.
    fn carry(&mut self, leaf: Digest) -> Result<(), Error> {
        let mut hash = leaf;
        let mut count = self.frontier.size();
        for level in 0_u8.. {
            let place = usize::from(level);
            if self.levels.len() == place {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(place) else { break };
            hashes.push(hash);
            if hashes.len() < WIDTH {
                break;
            }
            count /= u64::from(TILE_WIDTH);
            hash = merkle::root_of(hashes);
            let tile = Tile::new(level, count - 1, TILE_WIDTH)?;
            self.full.push(LogFile { path: tile.path(), bytes: Tile::encode(hashes) });
            hashes.clear();
        }
        Ok(())
    }

    /// The files that are new since the last call: full ones, and the partial ones of the present
    /// size. They must be on stable storage before the checkpoint of this size is.
    ///
    /// # Errors
    /// Never, for a log that has been built here.
    pub fn take_files(&mut self) -> Result<Vec<LogFile>, Error> {
        let mut files = std::mem::take(&mut self.full);
        let size = self.size();
        if size == self.published {
            return Ok(files);
        }
        let (mut before, mut hashes) = (self.published, size);
        self.published = size;
        for (level, edge) in (0_u8..).zip(&self.levels) {
            if let Ok(width @ 1..) = u16::try_from(edge.len())
                && before != hashes
            {
                let tile = Tile::new(level, hashes / u64::from(TILE_WIDTH), width)?;
                files.push(LogFile { path: tile.path(), bytes: Tile::encode(edge) });
            }
            before /= u64::from(TILE_WIDTH);
            hashes /= u64::from(TILE_WIDTH);
        }
        if let Ok(width @ 1..) = u16::try_from(size % u64::from(TILE_WIDTH)) {
            let bundle = EntryBundle::new(size / u64::from(TILE_WIDTH), width)?;
            files.push(LogFile { path: bundle.path(), bytes: self.bundle.clone() });
        }
        Ok(files)
    }

    /// The number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }

    /// The signed checkpoint of the present size, under the signer's name as origin.
    ///
    /// # Errors
    /// When the signer fails.
    pub fn checkpoint(&self, signer: &dyn Signer) -> Result<String, checkpoint::Error> {
        let origin = signer.name().to_owned();
        Checkpoint { origin, size: self.size(), root: self.root(), extensions: Vec::new() }
            .sign(signer)
    }
}
