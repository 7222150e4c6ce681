use std::path::Path;
use std::sync::Arc;

use policy::Bundle;
use policy::cases::{self, CaseFailure, CaseReport};
use proof::json::{Object, Value, number, object};

use super::size;
use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::{Output, Style, counted};

/// Failed cases that are shown in full.
const SHOWN_MAX: usize = 10;

/// Runs the tests that a bundle carries.
pub(super) fn run(folder: &Path, output: &mut Output) -> Result<Exit, Failure> {
    let bundle = Arc::new(folder::load_bundle(folder)?);
    let report = cases::run(&bundle);
    if report.passed == 0 && report.failed.is_empty() {
        let what = format!("the bundle in `{}` carries no tests", folder.display());
        let help =
            "write `tests/requests.jsonl` and `tests/expected.jsonl`, one case a line in both";
        return Err(Failure::new(Exit::NoInput, what).help(help));
    }
    if output.is_json() {
        output.json(&value(&report))?;
    } else {
        print_case(&report, output)?;
    }
    Ok(if report.failed.is_empty() { Exit::Ok } else { Exit::Denied })
}

/// Runs the cases of a bundle before it is published. A failing case is an error, unless `untested`
/// is set.
pub(in crate::command) fn check(
    bundle: &Arc<Bundle>,
    untested: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    if untested {
        return Ok(());
    }
    let report = cases::run(bundle);
    if report.failed.is_empty() {
        return Ok(());
    }
    if output.is_json() {
        output.json(&value(&report))?;
    } else {
        print_case(&report, output)?;
    }
    let failed = counted(size(report.failed.len()), "case", "cases");
    let what = format!("the bundle decides {failed} of its own tests otherwise than it says");
    Err(Failure::new(Exit::Denied, what)
        .code("cases.failed")
        .help("nothing was done: mend the bundle or its tests, or give --untested"))
}

fn print_case(report: &CaseReport, output: &mut Output) -> Result<(), Failure> {
    let paint = output.paint();
    for failed in report.failed.iter().take(SHOWN_MAX) {
        let CaseFailure { line, expected, found } = failed;
        output.line(format!("{} tests/requests.jsonl:{line}", paint.text(Style::Bad, "✗")))?;
        output.line(format!("    {} {expected}", paint.text(Style::Label, "expected")))?;
        output.line(format!("    {} {found}", paint.text(Style::Label, "found   ")))?;
    }
    let hidden = report.failed.len().saturating_sub(SHOWN_MAX);
    if hidden > 0 {
        output.line(format!("  and {hidden} more"))?;
    }
    let (mark, style) =
        if report.failed.is_empty() { ("✓", Style::Good) } else { ("✗", Style::Bad) };
    let failed = report.failed.len();
    let text =
        format!("{}, {failed} failed", counted(size(report.passed), "case passed", "cases passed"));
    output.line(format!("{} {}", paint.text(style, mark), paint.text(Style::Heading, text)))?;
    let reached = report.policies.saturating_sub(report.policies_unreached.len());
    let codes: Vec<String> =
        report.codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
    output.line(format!(
        "  {} {reached} of {} reached",
        paint.text(Style::Label, "policies"),
        report.policies
    ))?;
    output.line(format!("  {} {}", paint.text(Style::Label, "codes   "), codes.join(" · ")))?;
    unreached("policy", &report.policies_unreached, output)?;
    unreached("code", &report.codes_unreached, output)
}

fn unreached(what: &str, names: &[String], output: &mut Output) -> Result<(), Failure> {
    let mark = output.paint().text(Style::Warning, "!");
    names
        .iter()
        .try_for_each(|name| output.line(format!("{mark} no case reaches the {what} `{name}`")))
}

fn value(report: &CaseReport) -> Value {
    let codes: Object =
        report.codes.iter().map(|(code, count)| (code.clone(), number(size(*count)))).collect();
    let failed = report.failed.iter().map(|failed| {
        object([
            ("expected", failed.expected.as_str().into()),
            ("found", failed.found.as_str().into()),
            ("line", number(size(failed.line))),
        ])
    });
    let names =
        |names: &[String]| Value::Array(names.iter().map(|name| name.as_str().into()).collect());
    object([
        ("codes", Value::Object(codes)),
        ("codes_unreached", names(&report.codes_unreached)),
        ("failed", failed.collect::<Vec<_>>().into()),
        ("passed", number(size(report.passed))),
        ("policies", number(size(report.policies))),
        ("policies_unreached", names(&report.policies_unreached)),
    ])
}
