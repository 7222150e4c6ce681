use std::path::Path;

use ledger::{FileDisk, Head, Reader};
use proof::log::LogReader;
use proof::merkle::{Frontier, leaf_hash};
use proof::note::VerifierKey;

use crate::Error;

/// A log in some folder, which is compared with another copy of it.
pub(super) struct LogCopy {
    log: LogReader<Reader<FileDisk>>,
    reader: Reader<FileDisk>,
    pub(super) key: VerifierKey,
}

impl LogCopy {
    /// By the key that lies beside it.
    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        let vkey =
            Reader::open(folder).and_then(|reader| reader.vkey()).map_err(|why| failed(&why))?;
        let key: VerifierKey = vkey.parse().map_err(|why| failed(&why))?;
        Self::open_with(folder, &key, key.name())
    }

    pub(super) fn open_with(folder: &Path, key: &VerifierKey, origin: &str) -> Result<Self, Error> {
        let open = || Reader::open(folder).map_err(|why| failed(&why));
        let log = LogReader::open(open()?, key, origin).map_err(|why| failed(&why))?;
        Ok(Self { log, reader: open()?, key: key.clone() })
    }

    /// The head at this size, or at the end of what is written, published or not. A copy of a
    /// running log may have an older checkpoint than the mark that was copied after it.
    pub(super) fn head_at(&self, size: u64) -> Result<Head, Error> {
        let published = self.log.size().min(size);
        let mut tree = Frontier::load(&self.log, published).map_err(|why| failed(&why))?;
        if size > published {
            for entry in self.reader.records(published).map_err(|why| failed(&why))? {
                if tree.size() >= size {
                    break;
                }
                tree.push(leaf_hash(&entry.map_err(|why| failed(&why))?.record));
            }
        }
        Ok(Head { size: tree.size(), root: tree.root() })
    }

    /// How many records it has, as far as they can be read.
    pub(super) fn written(&self) -> u64 {
        let records = self.reader.records(self.log.size()).into_iter().flatten();
        let more = records.map_while(Result::ok).count();
        self.log.size().saturating_add(u64::try_from(more).unwrap_or_default())
    }

    /// How many records both begin with. It ends where one cannot be read.
    pub(super) fn common(&self, other: &Self) -> u64 {
        let (shorter, longer) = match self.log.size() <= other.log.size() {
            true => (self, other),
            false => (other, self),
        };
        let size = shorter.log.size();
        let root = longer.head_at(size).map(|head| head.root);
        let first =
            if root.is_ok_and(|root| root == shorter.log.checkpoint().root) { size } else { 0 };
        let mut common = first;
        if let (Ok(own), Ok(others)) = (self.reader.records(first), other.reader.records(first)) {
            for (own, others) in own.zip(others) {
                match (own, others) {
                    (Ok(own), Ok(others)) if own.record == others.record => {
                        common = common.saturating_add(1);
                    }
                    _ => break,
                }
            }
        }
        common
    }
}

fn failed(why: &dyn std::fmt::Display) -> Error {
    Error::input(why)
}
