use super::{Error, path};
use crate::limits::{RECORD_BYTES_MAX, TILE_WIDTH};

/// The place of an entry bundle: entry `index * 256` and those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryBundle {
    pub(super) index: u64,
    pub(super) width: u16,
}

impl EntryBundle {
    /// The bundle at that index, with that many entries.
    ///
    /// # Errors
    /// When the width is not 1 to 256.
    pub const fn new(index: u64, width: u16) -> Result<Self, Error> {
        if width == 0 || width > TILE_WIDTH {
            return Err(Error::Numbers { level: 0, index, width });
        }
        Ok(Self { index, width })
    }

    /// Its index.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Its number of entries, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all 256 entries.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Its path in the log's folder: `tile/entries/x001/234.p/56`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("tile/entries/{}", path::format(self.index, self.width))
    }

    /// Reads a path that [`EntryBundle::path`] wrote.
    ///
    /// # Errors
    /// When it is not exactly the path of an entry bundle.
    pub fn parse(path: &str) -> Result<Self, Error> {
        let refused = || Error::Path { path: path.chars().take(200).collect() };
        let rest = path.strip_prefix("tile/entries/").ok_or_else(refused)?;
        let (index, width) = path::parse(rest).ok_or_else(refused)?;
        let bundle = Self::new(index, width)?;
        if bundle.path() == path { Ok(bundle) } else { Err(refused()) }
    }

    /// Appends an entry to a bundle's bytes.
    ///
    /// # Errors
    /// When the entry is too long.
    pub fn append(bytes: &mut Vec<u8>, entry: &[u8]) -> Result<(), Error> {
        let length =
            u16::try_from(entry.len()).map_err(|_| Error::EntryLength { bytes: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
        Ok(())
    }

    /// The bytes of a bundle's file.
    ///
    /// # Errors
    /// When an entry is too long.
    pub fn encode<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        for entry in entries {
            Self::append(&mut bytes, entry.as_ref())?;
        }
        Ok(bytes)
    }

    /// The entries in a bundle's file.
    ///
    /// # Errors
    /// When it does not hold exactly as many entries as the width says.
    pub fn decode<'a>(&self, mut bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, Error> {
        let refused = Error::BundleShape { wanted: self.width };
        let mut entries = Vec::with_capacity(usize::from(self.width));
        while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*length));
            let Some((entry, rest)) = rest.split_at_checked(length) else { return Err(refused) };
            if entries.len() == usize::from(self.width) {
                return Err(refused);
            }
            entries.push(entry);
            bytes = rest;
        }
        if !bytes.is_empty() || entries.len() != usize::from(self.width) {
            return Err(refused);
        }
        Ok(entries)
    }
}

const _: () = assert!(RECORD_BYTES_MAX == u16::MAX as usize, "the length prefix has 16 bits");
