//! Whatever is done to the starter bundle's files, loading it gives a bundle or errors: it never
//! panics, and an error never points outside its file.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that can't go on stops")]
mod support;

use std::sync::LazyLock;

use interlock_policy::limits::DECIDE_STACK_BYTES;
use interlock_policy::{Bundle, Files};
use proptest::prelude::*;

static STARTER: LazyLock<Files> = LazyLock::new(|| {
    // A policy file and the tests less, so that a case takes milliseconds.
    let mut files = support::starter();
    files.retain(|path, _| {
        !path.starts_with("tests/") && !path.ends_with("mail.dw") && !path.ends_with("files.dw")
    });
    files
});

/// Words that mean something somewhere, to be put where they do not belong.
const WORDS: [&str; 16] = [
    "permit",
    "forbid",
    "@id(\"x\")",
    "when temporal {",
    "}",
    "(",
    "\"",
    "::",
    "&&",
    "//",
    "guardrails",
    "def cedar m(?x) {",
    ";",
    "[",
    "=",
    "\u{0}é",
];

/// One change to one file: cut, repeat, or insert a word.
#[derive(Debug, Clone)]
struct Change {
    file: prop::sample::Index,
    at: prop::sample::Index,
    length: usize,
    kind: usize,
}

fn change() -> impl Strategy<Value = Change> {
    let numbers = (0usize..40, 0usize..WORDS.len() + 2);
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), numbers)
        .prop_map(|(file, at, (length, kind))| Change { file, at, length, kind })
}

fn apply(files: &mut Files, change: &Change) {
    let path = change.file.get(&files.keys().cloned().collect::<Vec<_>>()).clone();
    let bytes = files.get_mut(&path).unwrap();
    if bytes.is_empty() {
        return;
    }
    let at = change.at.index(bytes.len());
    let end = (at + change.length).min(bytes.len());
    match WORDS.get(change.kind) {
        Some(word) => drop(bytes.splice(at..at, word.bytes()).collect::<Vec<_>>()),
        None if change.kind == WORDS.len() => drop(bytes.drain(at..end)),
        None => {
            let copy = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, copy).collect::<Vec<_>>());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_bundles_load_or_say_why(changes in prop::collection::vec(change(), 1..4)) {
        let mut files = STARTER.clone();
        changes.iter().for_each(|change| apply(&mut files, change));
        let texts = files.clone();
        let thread = std::thread::Builder::new().stack_size(DECIDE_STACK_BYTES);
        let loaded = thread.spawn(move || Bundle::load(&files)).unwrap().join();
        prop_assert!(loaded.is_ok(), "loading panicked");
        if let Err(errors) = loaded.unwrap() {
            prop_assert!(errors.count() > 0);
            for error in errors.iter() {
                let bytes = texts.get(error.file()).map_or(0, Vec::len);
                prop_assert!(error.place().is_none_or(|place| place.offset + place.bytes <= bytes));
            }
        }
    }
}
