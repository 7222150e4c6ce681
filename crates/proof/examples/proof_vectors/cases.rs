//! What the vectors of every crate are written with; those of `kernel` include this file too.

use std::error::Error;
use std::path::Path;

use proof::json::Value;
use proof::note::Ed25519Signer;

/// Anything that goes wrong here ends the program.
pub(super) type Outcome<T> = Result<T, Box<dyn Error>>;

/// A key that the whole world knows: for vectors only.
pub(super) fn signer(name: &str, seed: u8) -> Outcome<Ed25519Signer> {
    Ok(Ed25519Signer::from_seed(name, &[seed; 32])?)
}

/// Stops where the code does not say of a case what stands in it.
pub(super) fn agree(name: &str, expected: bool, found: bool) -> Outcome<()> {
    if expected == found {
        return Ok(());
    }
    Err(format!("`{name}` should be {expected}, and the code says {found}").into())
}

/// Writes a file with one case a line.
pub(super) fn write_lines(folder: &Path, name: &str, cases: Vec<Value>) -> Outcome<()> {
    let mut bytes = Vec::new();
    for case in cases {
        bytes.extend(case.to_bytes());
        bytes.push(b'\n');
    }
    Ok(std::fs::write(folder.join(name), bytes)?)
}
