//! Tiles, entry bundles and their paths: what is accepted is written again as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proof::tile::{EntryBundle, Tile};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(path) = std::str::from_utf8(bytes) {
        if let Ok(tile) = Tile::parse(path) {
            assert_eq!(tile.path(), path);
        }
        if let Ok(bundle) = EntryBundle::parse(path) {
            assert_eq!(bundle.path(), path);
        }
    }
    let Some((width, rest)) = bytes.split_first() else { return };
    let width = u16::from(*width) + 1;
    let tile = Tile::new(0, 0, width).unwrap();
    if let Ok(hashes) = tile.decode(rest) {
        assert_eq!(hashes.len(), usize::from(width));
        assert_eq!(Tile::encode(&hashes), rest);
    }
    let bundle = EntryBundle::new(0, width).unwrap();
    if let Ok(entries) = bundle.decode(rest) {
        assert_eq!(entries.len(), usize::from(width));
        assert_eq!(EntryBundle::encode(&entries).unwrap(), rest);
    }
});
