use proof::json::Value;

use crate::cli::Status;
use crate::config;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style};
use crate::record_line::short;

/// Shows how the running node stands, as it says itself.
pub(super) fn run(arguments: &Status, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(&arguments.domain)?;
    let status = node::client::status(&options).map_err(|why| Failure::node(&why))?;
    if output.is_json() {
        output.json(&status)?;
        return Ok(Exit::Ok);
    }
    let paint = output.paint();
    let label = |name: &str| paint.text(Style::Label, name);
    let (governs, count) = (status.get("governance"), |name: &str| integer(Some(&status), name));
    let verified = match status.get("verified").and_then(Value::as_bool) {
        Some(true) => paint.text(Style::Good, "verified"),
        _ => paint.text(Style::Bad, "could not be verified: nothing is permitted"),
    };
    let size = integer(governs, "size");
    let lines = [
        format!("{}  {verified}, {size} records", label("governance")),
        format!("{}  {}", label("bundle    "), short(text(&status, "bundle"))),
        format!("{}  {}", label("executions"), count("executions")),
        format!("{}  {}", label("records   "), count("records")),
    ];
    lines.iter().try_for_each(|line| output.line(line))?;
    for halted in array(&status, "halted") {
        let halted = paint.text(Style::Bad, halted.as_str().unwrap_or_default());
        output.line(format!("{}  {halted}", label("halted    ")))?;
    }
    for one in array(&status, "trust") {
        let trust = paint.text(Style::Bad, text(one, "trust"));
        output.line(format!("{}  {} is {trust}", label("trust     "), text(one, "subject")))?;
    }
    for reduction in array(&status, "reductions") {
        let about = paint.text(Style::Heading, text(reduction, "about"));
        let (acts, missing) = ("acts here, and is not in the governance log", label("reduction "));
        let next = match reduction.get("why_not").and_then(Value::as_str) {
            Some(why) => format!("it can't get there any more: {why}; order it anew, or lift it"),
            None => "it is brought again until it is".to_owned(),
        };
        output.line(format!("{missing}  {about} {acts}: {next}"))?;
    }
    Ok(Exit::Ok)
}

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn integer(value: Option<&Value>, name: &str) -> i64 {
    value.and_then(|value| value.get(name)).and_then(Value::as_i64).unwrap_or_default()
}
