use std::path::Path;

use proof::json::{Object, Value, number};
use proof::note::VerifierKey;
use proof::promise::{Promise, PromisedRecord};

use super::read;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, grouped};
use crate::record_line;

/// Checks that the log of this key promised the record its place.
pub(super) fn run(
    text: &str,
    key: &VerifierKey,
    record: Option<&Path>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let promised = PromisedRecord::parse(text).map_err(|why| refused(&why))?;
    let given = record.map(read).transpose()?;
    let (record, promise) = match &given {
        Some(record) => {
            (record.as_slice(), promised.verify(record, key).map_err(|why| refused(&why))?)
        }
        None => promised.verify_own(key).map_err(|why| refused(&why))?,
    };
    print_promise(promised.index, record, &promise, output)?;
    Ok(Exit::Ok)
}

fn print_promise(
    index: u64,
    record: &[u8],
    promise: &Promise,
    output: &mut Output,
) -> Result<(), Failure> {
    if output.is_json() {
        let value = Value::parse(record).map_err(|why| refused(&why))?;
        return output.json(&Value::Object(Object::from([
            ("count", number(promise.count)),
            ("first", number(promise.first)),
            ("index", number(index)),
            ("is_promised", true.into()),
            ("origin", promise.origin.as_str().into()),
            ("record", value),
            ("root", promise.root.to_value()),
        ])));
    }
    let paint = output.paint();
    let title = format!("record {} of {}", grouped(index), promise.origin);
    output.line(format!(
        "{} {}",
        paint.text(Style::Good, "✓ promised:"),
        paint.text(Style::Heading, title)
    ))?;
    let (first, count) = (grouped(promise.first), grouped(promise.count));
    output.line(format!("  signed with a batch of {count} from {first} on"))?;
    output.line(record_line::line(index, record, paint))
}

fn refused(why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Denied, "the promise binds nobody")
        .code("not_verified")
        .why(why)
        .help("check that the key is that of the log; a promise that was altered is worth nothing")
}
