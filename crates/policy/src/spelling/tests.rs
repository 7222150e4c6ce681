use proptest::prelude::*;

use super::{NotComposed, Same, Spelling};

fn paths() -> Spelling {
    Spelling::new([Same::Slashes, Same::DotSegments])
}

fn windows() -> Spelling {
    Spelling::new(Same::ALL)
}

fn spelt(by: &Spelling, name: &str) -> String {
    by.of(name).unwrap().into_owned()
}

#[test]
fn a_name_must_be_composed_unless_the_bundle_says_so() {
    let decomposed = ["e\u{301}tat", "geha\u{308}lter", "\u{212a}YC", "a\u{37e}b", "a\u{1fef}b"];
    for name in decomposed {
        assert_eq!(Spelling::default().of(name), Err(NotComposed), "{name:?}");
    }
    let by = Spelling::new([Same::Composition]);
    assert_eq!(spelt(&by, "\u{212a}YC"), "KYC");
    assert_eq!(spelt(&by, "geha\u{308}lter"), "geh\u{e4}lter");
    assert_eq!(spelt(&by, "a\u{37e}b\u{1fef}"), "a;b`");
}

#[test]
fn a_spelling_rule_without_words_changes_nothing() {
    for name in ["", "/", "//", "./a", "a/", "A", "a. ", "a\\b", "geh\u{e4}lter"] {
        assert_eq!(spelt(&Spelling::default(), name), name);
    }
}

#[test]
fn paths_are_spelt_without_what_makes_no_difference() {
    for (path, one) in [
        ("/a//b", "/a/b"),
        ("//a", "/a"),
        ("/a/./b", "/a/b"),
        ("./a", "a"),
        (".", "."),
        ("./", "."),
        ("/", "/"),
        ("//", "/"),
        ("/.", "/"),
        ("a/", "a"),
        ("a/.", "a"),
        ("/a/../b", "/a/../b"),
        ("", ""),
    ] {
        assert_eq!(spelt(&paths(), path), one, "{path}");
    }
}

#[test]
fn windows_sees_one_file_in_each_of_these() {
    for name in
        ["C:\\Reports\\KYC", "c:/reports//kyc", "c:/reports./kyc. .", "C:/REPORTS/./\u{212a}yc/"]
    {
        assert_eq!(spelt(&windows(), name), "c:/reports/kyc", "{name}");
    }
    // What climbs still climbs, so that a rule against it holds.
    for name in ["a/.. /b", "a/.../b", "a\\..\\b"] {
        assert_eq!(spelt(&windows(), name), "a/../b", "{name}");
    }
    assert_eq!(spelt(&windows(), "\u{17f}ecret"), "secret");
}

proptest! {
    #[test]
    fn a_spelling_is_spelt_as_itself(name in "[a-cA-C./\\\\ \u{212a}\u{308}\u{e4}\u{130}\u{df}]{0,12}", which in 0_usize..64) {
        let by = Spelling::new(Same::ALL.into_iter().enumerate().filter(|(at, _)| which >> at & 1 == 1).map(|(_, same)| same));
        if let Ok(once) = by.of(&name) {
            prop_assert_eq!(by.of(&once), Ok(once.clone()));
        }
    }
}
