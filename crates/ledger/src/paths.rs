//! Names of the files of a ledger, beside those that `proof` defines.
use proof::digest::Digest;
use proof::limits::TILE_WIDTH;
use proof::tile::{EntryBundle, Error};

/// The signing key's public half, one `vkey` line.
pub(crate) const VKEY_PATH: &str = "vkey";

/// What told the folder from copies of it when it was opened last.
pub(crate) const PLACE_PATH: &str = "place";

/// Folder of the write-ahead files.
pub(crate) const WAL_FOLDER: &str = "wal";

/// Entries of a full bundle.
pub(crate) const WIDTH: u64 = TILE_WIDTH as u64;

/// The bundle that holds entry `index` when there are `size` entries.
pub(crate) fn bundle_of(index: u64, size: u64) -> Result<EntryBundle, Error> {
    let number = index / WIDTH;
    let width = if size / WIDTH > number { TILE_WIDTH } else { partial_width(size) };
    EntryBundle::new(number, width)
}

/// Entries of the partial bundle of a log of `size` entries; 0 where there is none.
pub(crate) fn partial_width(size: u64) -> u16 {
    u16::try_from(size % WIDTH).unwrap_or_default()
}

/// The last multiple of 256 up to `size`: what lies before it is in full bundles.
pub(crate) fn bundle_boundary(size: u64) -> u64 {
    size - size % WIDTH
}

/// The sealed parts of a bundle's entries: `sealed/<N>[.p/<W>]`.
pub(crate) fn sealed_path(bundle: &EntryBundle) -> String {
    bundle.path().replacen("tile/entries/", "sealed/", 1)
}

/// The folder of the partial files of this full file.
pub(crate) fn partials_of(full_path: &str) -> String {
    format!("{full_path}.p")
}

/// The id by which the write-ahead files name their log.
pub(crate) fn log_id(origin: &str) -> Digest {
    Digest::of(origin.as_bytes())
}
