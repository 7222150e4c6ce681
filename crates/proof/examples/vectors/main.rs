//! Writes the golden vectors into `spec/vectors`: `cargo run -p interlock-proof --example vectors`.
//!
//! Each file holds one case a line, and each line is canonical JSON. What a verifier must say of a case stands in
//! the case by hand; this program stops where the code says otherwise.
mod json;
mod log;
mod notes;
mod promises;
mod records;
mod trees;

use std::error::Error;
use std::path::Path;

use proof::json::Value;
use proof::note::Ed25519Signer;

/// Anything that goes wrong here ends the program.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    std::fs::create_dir_all(&folder)?;
    write_lines(&folder, "json.jsonl", json::cases()?)?;
    write_lines(&folder, "records.jsonl", records::records()?)?;
    write_lines(&folder, "commitments.jsonl", records::commitments())?;
    write_lines(&folder, "keys.jsonl", notes::keys()?)?;
    write_lines(&folder, "notes.jsonl", notes::notes()?)?;
    write_lines(&folder, "checkpoints.jsonl", notes::checkpoints()?)?;
    write_lines(&folder, "trees.jsonl", trees::trees()?)?;
    write_lines(&folder, "paths.jsonl", trees::paths()?)?;
    write_lines(&folder, "receipts.jsonl", log::receipts()?)?;
    write_lines(&folder, "promises.jsonl", promises::cases()?)?;
    log::write(&folder.join("log"))
}

/// A key that the whole world knows: for vectors only.
fn signer(name: &str, seed: u8) -> Outcome<Ed25519Signer> {
    Ok(Ed25519Signer::from_seed(name, &[seed; 32])?)
}

/// Stops where the code does not say of a case what stands in it.
fn agree(name: &str, expected: bool, found: bool) -> Outcome<()> {
    if expected == found {
        return Ok(());
    }
    Err(format!("`{name}` should be {expected}, and the code says {found}").into())
}

fn write_lines(folder: &Path, name: &str, cases: Vec<Value>) -> Outcome<()> {
    let mut bytes = Vec::new();
    for case in cases {
        bytes.extend(case.to_bytes());
        bytes.push(b'\n');
    }
    Ok(std::fs::write(folder.join(name), bytes)?)
}
