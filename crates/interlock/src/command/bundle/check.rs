use std::path::Path;

use miette::{GraphicalReportHandler, GraphicalTheme};
use policy::{Bundle, LoadError, LoadErrors, Warning};
use proof::json::{Object, Value, number, object};

use super::{size, warnings};
use crate::exit::{Exit, Failure};
use crate::folder;
use crate::limits::COLUMNS;
use crate::output::{Output, Style, Table, counted};

/// Loads a bundle and prints every problem with its place, and every part of it that no request can
/// reach.
pub(super) fn run(
    folder: &Path,
    domain: Option<&Path>,
    output: &mut Output,
) -> Result<Exit, Failure> {
    match Bundle::load(&folder::read(folder)?) {
        Ok(bundle) => sound(&bundle, &warnings::of(&bundle, domain)?, output),
        Err(errors) => unsound(folder, &errors, output),
    }
}

fn sound(bundle: &Bundle, found: &[Warning], output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        output.json(&object([
            ("digest", bundle.digest().to_value()),
            ("errors", Value::Array(Vec::new())),
            ("is_sound", true.into()),
            ("name", bundle.name().into()),
            ("policies", count(bundle.policies().count())),
            ("tools", count(bundle.tools().count())),
            ("version", bundle.version().into()),
            ("warnings", warnings::values(found)),
        ]))?;
        return Ok(Exit::Ok);
    }
    let paint = output.paint();
    let forbids = bundle.policies().filter(|policy| policy.effect == "forbid").count();
    let policies = bundle.policies().count();
    let mut table = Table::default();
    let mut row = |label: &str, text: String| {
        table.row([(Style::Label, label.to_owned()), (Style::Heading, text)]);
    };
    row(
        "policies",
        format!("{policies} ({forbids} forbid, {} permit)", policies.saturating_sub(forbids)),
    );
    row("tools", bundle.tools().count().to_string());
    row("digest", bundle.digest().to_string());
    let title = format!("{} {} is sound", bundle.name(), bundle.version());
    output.line(format!(
        "{} {}",
        paint.text(Style::Good, "✓"),
        paint.text(Style::Heading, title)
    ))?;
    for line in table.lines(2, paint) {
        output.line(line)?;
    }
    warnings::print(found, output)?;
    Ok(Exit::Ok)
}

fn unsound(folder: &Path, errors: &LoadErrors, output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        output.json(&object([
            ("errors", errors.iter().map(error).collect::<Vec<_>>().into()),
            ("errors_total", count(errors.count())),
            ("is_sound", false.into()),
        ]))?;
        return Ok(Exit::Data);
    }
    let paint = output.paint();
    for error in errors.iter() {
        output.lines(report(error).trim_end())?;
        output.line("")?;
    }
    let problems = counted(size(errors.count()), "problem", "problems");
    let title = format!("{} is not sound: {problems}", folder.display());
    output.line(format!(
        "{} {}",
        paint.text(Style::Bad, "✗"),
        paint.text(Style::Heading, title)
    ))?;
    Ok(Exit::Data)
}

/// The problem with the policy text around it, without colours: the text is foreign, and only the
/// program's own colours are written.
fn report(error: &LoadError) -> String {
    let theme = GraphicalTheme::unicode_nocolor();
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(COLUMNS).with_links(false);
    // Rendering writes to a string, so only a bug makes it fail; the plain sentence is printed
    // then.
    if handler.render_report(&mut text, error).is_err() { error.to_string() } else { text }
}

fn error(error: &LoadError) -> Value {
    let mut members = Object::new();
    let mut member = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    member("code", error.code().as_str().into());
    member("file", error.file().into());
    member("message", error.message().into());
    if let Some(place) = error.place() {
        member("line", count(place.line));
        member("column", count(place.column));
    }
    if let Some(nearest) = error.nearest_name() {
        member("nearest", nearest.into());
    }
    if let Some(help) = error.help_text() {
        member("help", help.into());
    }
    Value::Object(members)
}

fn count(n: usize) -> Value {
    number(size(n))
}
