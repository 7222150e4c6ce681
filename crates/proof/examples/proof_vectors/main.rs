//! Writes the golden vectors into `spec/vectors`:
//! `cargo run -p interlock-proof --example proof_vectors`.
//!
//! Each file holds one case a line, and each line is canonical JSON. What a verifier must say of a
//! case stands in the case by hand; this program stops where the code says otherwise.
mod cases;
mod json;
mod log;
mod notes;
mod promises;
mod records;
mod trees;

use std::path::Path;

use cases::{Outcome, agree, signer, write_lines};

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
