use super::table::{RUNS, UNICODE_VERSION};
use super::*;

#[test]
fn the_runs_are_ascending_and_do_not_overlap() {
    for pair in RUNS.windows(2) {
        assert!(pair[0].1 < pair[1].0);
    }
    for Run(first, last, step, delta) in &RUNS {
        assert!(first <= last && (last - first) % step == 0 && *delta != 0);
    }
    assert_eq!(UNICODE_VERSION, "17.0.0");
}

#[test]
fn the_pairs_that_readers_are_known_to_confuse_fold() {
    for (from, to) in
        [("K", "k"), ("\u{212A}", "k"), ("\u{17F}", "s"), ("\u{1E9E}", "ß"), ("ς", "σ"), ("µ", "μ")]
    {
        assert_eq!(fold(from), to);
    }
    for same in ["k", "ß", "İ", "ı", "0", "名"] {
        assert_eq!(fold(same), same);
    }
}

/// `std`'s tables are of the same version, and know each letter's other case where that is one
/// letter.
#[test]
fn letters_that_differ_only_in_case_fold_alike() {
    assert_eq!(char::UNICODE_VERSION, (17, 0, 0));
    let one =
        |mut cases: Box<dyn Iterator<Item = char>>| cases.next().filter(|_| cases.next().is_none());
    for letter in '\0'..=char::MAX {
        // These two have a case of their own only in Turkish; CaseFolding.txt gives them status T.
        if letter == 'İ' || letter == 'ı' {
            continue;
        }
        for other in [one(Box::new(letter.to_lowercase())), one(Box::new(letter.to_uppercase()))] {
            let other = other.unwrap_or(letter);
            assert_eq!(fold_char(letter), fold_char(other), "{letter} and {other}");
        }
    }
}

#[test]
fn folding_is_idempotent() {
    let mut folding = 0;
    for letter in '\0'..=char::MAX {
        let folded = fold_char(letter);
        assert_eq!(fold_char(folded), folded, "{letter}");
        folding += usize::from(folded != letter);
        // Nothing folds that has no case at all.
        let cased = letter.to_lowercase().ne([letter]) || letter.to_uppercase().ne([letter]);
        assert!(folded == letter || cased, "{letter}");
    }
    assert_eq!(folding, 1_512);
}
