use super::{
    EntryBundle, Error, Tile, bundles_between, bundles_for_size, tiles_between, tiles_for_size,
};
use crate::digest::Digest;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[test]
fn paths_are_those_of_the_specification() {
    let path = |level, index, width| Tile::new(level, index, width).unwrap().path();
    assert_eq!(path(0, 0, 256), "tile/0/000");
    assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(path(2, 0, 1), "tile/2/000.p/1");
    assert_eq!(path(0, 273, 112), "tile/0/273.p/112");
    assert_eq!(EntryBundle::new(1_000, 3).unwrap().path(), "tile/entries/x001/000.p/3");
}

#[test]
fn only_the_path_that_is_written_is_read() {
    for bad in [
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/",
        "tile/entries/000",
        "tile/0/+01",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "../tile/0/000",
        "",
    ] {
        assert!(Tile::parse(bad).is_err(), "`{bad}` must not parse");
        assert!(
            EntryBundle::parse(&bad.replacen("/0/", "/entries/", 1)).is_err()
                || bad == "tile/entries/000"
        );
    }
    assert!(Tile::parse("tile/0/x018/x446/x744/x073/x709/x551/615").is_ok());
}

#[test]
fn a_tree_of_70000_has_the_tiles_of_the_specification() {
    let tiles: Vec<Tile> = tiles_for_size(70_000).collect();
    let of = |level, full| {
        tiles.iter().filter(|tile| tile.level() == level && tile.is_full() == full).count()
    };
    assert_eq!(
        [of(0, true), of(0, false), of(1, true), of(1, false), of(2, true), of(2, false)],
        [273, 1, 1, 1, 0, 1]
    );
    assert!(tiles.contains(&Tile::new(0, 273, 112).unwrap()));
    assert!(tiles.contains(&Tile::new(1, 1, 17).unwrap()));
    assert!(tiles.contains(&Tile::new(2, 0, 1).unwrap()));
    assert_eq!(tiles.len(), 277);
    assert_eq!(tiles_for_size(0).count(), 0);
    assert_eq!(
        tiles_for_size(256).map(|tile| tile.path()).collect::<Vec<_>>(),
        ["tile/0/000", "tile/1/000.p/1"]
    );
    assert_eq!(
        bundles_for_size(257).map(|bundle| bundle.path()).collect::<Vec<_>>(),
        ["tile/entries/000", "tile/entries/001.p/1"]
    );
    assert_eq!(tiles_for_size(u64::MAX).take(3).count(), 3);
}

#[test]
fn a_bundle_holds_exactly_its_entries() {
    let bundle = EntryBundle::new(0, 3).unwrap();
    let largest = vec![1; 65_535];
    let entries: [&[u8]; 3] = [b"", b"one", &largest];
    let bytes = EntryBundle::encode(&entries).unwrap();
    assert_eq!(bundle.decode(&bytes).unwrap(), entries);
    let refused = Err(Error::BundleShape { wanted: 3 });
    assert_eq!(bundle.decode(&bytes[..bytes.len() - 1]), refused);
    assert_eq!(bundle.decode(&[bytes.as_slice(), &[0]].concat()), refused);
    assert_eq!(bundle.decode(&[bytes.as_slice(), &[0, 0]].concat()), refused);
    assert_eq!(bundle.decode(b""), refused);
    assert_eq!(EntryBundle::encode(&[vec![0; 65_536]]), Err(Error::EntryLength { bytes: 65_536 }));
}

#[test]
fn a_tile_holds_exactly_its_hashes() {
    let tile = Tile::new(0, 0, 2).unwrap();
    let hashes = [Digest::of(b"a"), Digest::of(b"b")];
    let bytes = Tile::encode(&hashes);
    assert_eq!(tile.decode(&bytes).unwrap(), hashes);
    assert!(tile.decode(&bytes[..63]).is_err());
    assert!(tile.decode(&bytes[..32]).is_err());
    assert!(tile.decode(&[bytes.as_slice(), &[0; 32]].concat()).is_err());
    assert!(
        Tile::new(0, 0, 0).is_err()
            && Tile::new(0, 0, 257).is_err()
            && Tile::new(64, 0, 1).is_err()
    );
}

proptest! {
    #[test]
    fn paths_come_back(level in 0_u8..64, index: u64, width in 1_u16..=256) {
        let tile = Tile::new(level, index, width).unwrap();
        prop_assert_eq!(Tile::parse(&tile.path()).unwrap(), tile);
        let bundle = EntryBundle::new(index, width).unwrap();
        prop_assert_eq!(EntryBundle::parse(&bundle.path()).unwrap(), bundle);
    }

    #[test]
    fn a_path_that_parses_is_the_one_that_is_written(path in "tile/[0-9e]{1,2}/(x[0-9]{3}/){0,2}[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = Tile::parse(&path) {
            prop_assert_eq!(tile.path(), path);
        }
    }

    #[test]
    fn a_log_that_grows_in_steps_gets_the_tiles_of_its_size(mut steps in prop::collection::vec(0_u64..200_000, 1..6)) {
        steps.sort_unstable();
        let mut written = BTreeSet::new();
        let mut bundles = BTreeSet::new();
        let mut old = 0;
        for new in steps {
            written.extend(tiles_between(old, new));
            bundles.extend(bundles_between(old, new));
            old = new;
        }
        prop_assert!(tiles_for_size(old).all(|tile| written.contains(&tile)));
        prop_assert!(bundles_for_size(old).all(|bundle| bundles.contains(&bundle)));
    }
}
