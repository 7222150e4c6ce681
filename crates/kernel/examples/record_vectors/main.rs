//! Writes the golden vectors of every record type into `spec/vectors`: `cargo run -p
//! interlock-kernel --example record_vectors`.
//!
//! As in the vectors of `proof`, each line is a case. The expected result of each case is written
//! by hand, and this program stops where the code disagrees. Records are made and signed here
//! without the code's own types, so that they follow `spec/records.md`.
#[path = "../../../proof/examples/proof_vectors/cases.rs"]
mod cases;
mod governance;
mod lineage;
mod stops;

use std::path::Path;

use cases::{Outcome, agree, signer, write_lines};
use proof::digest::Digest;
use proof::json::{Object, Value, object};

fn main() -> Outcome<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors");
    write_lines(&folder, "governance.jsonl", governance::cases()?)?;
    write_lines(&folder, "lineage.jsonl", lineage::cases()?)?;
    write_lines(&folder, "written.jsonl", lineage::written()?)?;
    write_lines(&folder, "reductions.jsonl", governance::reductions()?)?;
    write_lines(&folder, "stops.jsonl", stops::cases()?)
}

fn digest(of: &str) -> Value {
    Value::from(Digest::of(of.as_bytes()).to_string())
}

fn array<T: Into<Value>>(items: impl IntoIterator<Item = T>) -> Value {
    Value::Array(items.into_iter().map(Into::into).collect())
}

/// The object with one more member, or another value for it.
fn with(value: &Value, member: &str, other: impl Into<Value>) -> Value {
    let mut members = value.as_object().cloned().unwrap_or_else(Object::new);
    members.insert(member, other.into());
    Value::Object(members)
}

fn without(value: &Value, member: &str) -> Value {
    let mut members = value.as_object().cloned().unwrap_or_else(Object::new);
    members.remove(member);
    Value::Object(members)
}

/// The object of that member with something done to it.
fn within(value: &Value, member: &str, change: impl FnOnce(&Value) -> Value) -> Outcome<Value> {
    let inner = value.get(member).ok_or_else(|| format!("`{member}` is not there"))?;
    Ok(with(value, member, change(inner)))
}

fn text(value: &Value) -> Outcome<Value> {
    Ok(Value::from(String::from_utf8(value.to_bytes())?))
}

fn case(accept: bool, name: &str, record: &Value) -> Outcome<Value> {
    Ok(object([("accept", accept.into()), ("name", name.into()), ("text", text(record)?)]))
}
