use std::io::Read as _;
use std::path::Path;

use proof::checkpoint::Checkpoint;
use proof::json::{Object, Value, number};
use proof::limits::RECEIPT_BYTES_MAX;
use proof::promise::HEADER as PROMISE_HEADER;
use proof::receipt::Receipt;

use crate::cli::VerifyArgs;
use crate::exit::{Exit, Failure};
use crate::key;
use crate::output::{Output, Style, Table, grouped};
use crate::record_line;

mod promise;

/// Checks a receipt or a promise with a public key and nothing else.
pub(super) fn run(arguments: &VerifyArgs, output: &mut Output) -> Result<Exit, Failure> {
    let key = key::read(&arguments.vkey)?;
    let text = String::from_utf8(read(&arguments.receipt)?).map_err(|why| refused(&why))?;
    if text.starts_with(PROMISE_HEADER) {
        return promise::run(&text, &key, arguments.record.as_deref(), output);
    }
    let receipt = Receipt::parse(&text).map_err(|why| refused(&why))?;
    let given = arguments.record.as_deref().map(read).transpose()?;
    let (record, head) = match &given {
        Some(record) => {
            (record.as_slice(), receipt.verify(record, &key).map_err(|why| refused(&why))?)
        }
        None => receipt.verify_own(&key).map_err(|why| refused(&why))?,
    };
    print_verified(&receipt, record, &head, output)?;
    Ok(Exit::Ok)
}

fn print_verified(
    receipt: &Receipt,
    record: &[u8],
    head: &Checkpoint,
    output: &mut Output,
) -> Result<(), Failure> {
    let value = Value::parse(record).map_err(|why| refused(&why))?;
    if output.is_json() {
        return output.json(&Value::Object(Object::from([
            ("index", number(receipt.index)),
            ("is_verified", true.into()),
            ("origin", head.origin.as_str().into()),
            ("record", value),
            ("root", head.root.to_value()),
            ("size", number(head.size)),
        ])));
    }
    let paint = output.paint();
    let title = format!("record {} of {}", grouped(receipt.index), head.origin);
    output.line(format!(
        "{} {}",
        paint.text(Style::Good, "✓ proven:"),
        paint.text(Style::Heading, title)
    ))?;
    let mut table = Table::default();
    let size = grouped(head.size);
    table.row([
        (Style::Label, "head".into()),
        (Style::Quiet, format!("{size} records, root {}", head.root)),
    ]);
    for line in table.lines(2, paint) {
        output.line(line)?;
    }
    output.line(record_line::line(receipt.index, record, paint))?;
    let shown: serde_json::Value = serde_json::from_slice(record).map_err(|why| refused(&why))?;
    output.lines(format!("{shown:#}"))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed =
        |why: &std::io::Error| Failure::io(format!("`{}` cannot be read", path.display()), why);
    let limit = u64::try_from(RECEIPT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|why| failed(&why))?;
    Ok(bytes)
}

fn refused(why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Denied, "the receipt proves nothing")
        .code("not_verified")
        .why(why)
        .help("check that the key is that of the log; a receipt that was altered is worth nothing")
}
