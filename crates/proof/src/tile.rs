//! Tiles and entry bundles: the files of a log (C2SP `tlog-tiles`).
//!
//! A [`Tile`] is 1 to 256 consecutive hashes of one level; level 0 has leaf hashes, each hash above
//! is the root of a *full* tile below. An [`EntryBundle`] is 1 to 256 entries, each after its
//! length in two big-endian bytes.
use crate::digest::Digest;
use crate::limits::{RECORD_BYTES_MAX, TILE_LEVEL_MAX, TILE_WIDTH};

mod bundle;
mod grow;
mod path;

pub use bundle::EntryBundle;
pub use grow::{bundles_between, bundles_for_size, tiles_between, tiles_for_size};

/// Why a path names no tile, or a file is not what its path says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No tile has these numbers.
    #[error("no tile has level {level}, index {index} and width {width}")]
    Numbers {
        /// 0 to 63.
        level: u8,
        /// Any.
        index: u64,
        /// 1 to 256.
        width: u16,
    },
    /// A path that isn't one of a log's.
    #[error("`{path}` is no path of a tile or entry bundle")]
    Path {
        /// The path.
        path: String,
    },
    /// A file of another length than its width asks for.
    #[error("a tile of {found} bytes where its width asks for {wanted}")]
    TileLength {
        /// Its length.
        found: usize,
        /// 32 bytes a hash.
        wanted: usize,
    },
    /// An entry that is too long for its bundle.
    #[error("an entry of {bytes} bytes: {RECORD_BYTES_MAX} is the most")]
    EntryLength {
        /// Its length.
        bytes: usize,
    },
    /// A bundle that ends inside of an entry, or has another number of entries than its path says.
    #[error("an entry bundle that does not hold exactly {wanted} entries")]
    BundleShape {
        /// The number of entries that its path asks for.
        wanted: u16,
    },
}

/// The place of a tile in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// The tile at that level and index, with that many hashes.
    ///
    /// # Errors
    /// When the level is over 63, or the width not 1 to 256.
    pub const fn new(level: u8, index: u64, width: u16) -> Result<Self, Error> {
        if level > TILE_LEVEL_MAX || width == 0 || width > TILE_WIDTH {
            return Err(Error::Numbers { level, index, width });
        }
        Ok(Self { level, index, width })
    }

    /// Its level: a hash in it covers 256^level entries.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Its index within the level.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Its number of hashes, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all 256 hashes.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The full tile at this place.
    #[must_use]
    pub const fn full(&self) -> Self {
        Self { width: TILE_WIDTH, ..*self }
    }

    /// Its path in the log's folder: `tile/0/x001/234.p/56`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, path::format(self.index, self.width))
    }

    /// Reads a path that [`Tile::path`] wrote.
    ///
    /// # Errors
    /// When it is not exactly the path of a tile.
    pub fn parse(path: &str) -> Result<Self, Error> {
        let refused = || Error::Path { path: path.chars().take(200).collect() };
        let (level, rest) =
            path.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or_else(refused)?;
        let (index, width) = path::parse(rest).ok_or_else(refused)?;
        let tile = Self::new(level.parse().map_err(|_| refused())?, index, width)?;
        if tile.path() == path { Ok(tile) } else { Err(refused()) }
    }

    /// The bytes of a tile's file: its hashes, one after the other.
    #[must_use]
    pub fn encode(hashes: &[Digest]) -> Vec<u8> {
        hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
    }

    /// The hashes in a tile's file.
    ///
    /// # Errors
    /// When the file is not exactly as long as the width says.
    pub fn decode(&self, bytes: &[u8]) -> Result<Vec<Digest>, Error> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let wanted = usize::from(self.width);
        if hashes.len() != wanted || !rest.is_empty() {
            return Err(Error::TileLength { found: bytes.len(), wanted: wanted * 32 });
        }
        Ok(hashes.iter().map(|hash| Digest::from_bytes(*hash)).collect())
    }
}

#[cfg(test)]
mod tests;
