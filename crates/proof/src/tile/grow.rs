//! Which files a log of some size has, and which a log needs that grows.
use super::{EntryBundle, Tile};
use crate::limits::TILE_WIDTH;

const WIDTH: u64 = TILE_WIDTH as u64;

/// All tiles of a tree of that size, level by level; partial ones only at the right edge.
pub fn tiles_for_size(size: u64) -> impl Iterator<Item = Tile> {
    tiles_between(0, size)
}

/// The tiles that a tree of `new` leaves has and the tree of its first `old` leaves has not, level
/// by level.
pub fn tiles_between(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    (0..8).flat_map(move |level: u8| {
        let hashes = |size: u64| size >> (8 * u32::from(level));
        places(hashes(old), hashes(new)).map(move |(index, width)| Tile { level, index, width })
    })
}

/// All entry bundles of a log of that size.
pub fn bundles_for_size(size: u64) -> impl Iterator<Item = EntryBundle> {
    bundles_between(0, size)
}

/// The entry bundles that a log of `new` entries has and the log of its first `old` entries has
/// not.
pub fn bundles_between(old: u64, new: u64) -> impl Iterator<Item = EntryBundle> {
    places(old, new).map(|(index, width)| EntryBundle { index, width })
}

fn places(old: u64, new: u64) -> impl Iterator<Item = (u64, u16)> {
    let full = (old / WIDTH..new / WIDTH).map(|index| (index, TILE_WIDTH));
    let width = u16::try_from(new % WIDTH).unwrap_or_default();
    let partial = (width > 0 && new > old).then_some((new / WIDTH, width));
    full.chain(partial)
}
