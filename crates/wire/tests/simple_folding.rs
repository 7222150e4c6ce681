//! The table of simple case folding agrees with Python's `casefold`, where that gives one
//! character.

use std::collections::BTreeMap;
use std::process::Command;

use interlock_wire::json::{UNICODE_VERSION, fold};

/// Prints each character that folds to one other, as two code points.
const SCRIPT: &str = "
for c in map(chr, [*range(0xD800), *range(0xE000, 0x110000)]):
    folded = c.casefold()
    # Where full folding gives several characters, simple folding is the lower case, if there is one.
    if len(folded) > 1:
        folded = c.lower() if len(c.lower()) == 1 else c
    if folded != c:
        print(ord(c), ord(folded))
";

#[test]
fn the_table_agrees_with_python() {
    let output = match Command::new("python3").args(["-c", SCRIPT]).output() {
        Ok(output) => output,
        Err(error) => return println!("skipped: python3 can't be run: {error}"),
    };
    assert!(output.status.success());
    let pairs: BTreeMap<char, char> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| {
            let mut codes =
                line.split(' ').map(|code| char::from_u32(code.parse().unwrap()).unwrap());
            (codes.next().unwrap(), codes.next().unwrap())
        })
        .collect();
    // Python's tables may be older than ours; what a character folds to never changes once it is
    // assigned.
    assert!(pairs.len() > 1_400, "{} pairs", pairs.len());
    for (from, to) in &pairs {
        assert_eq!(fold(&from.to_string()), to.to_string(), "{from:?} in {UNICODE_VERSION}");
    }
}
