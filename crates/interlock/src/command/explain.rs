mod labels;
mod why;

use std::sync::Arc;

use kernel::lineage::{Body, Decided, Header, LineageRecord, Sealed};
use kernel::replay::Part;
use policy::Bundle;
use proof::digest::Digest;
use proof::json::{Object, Value};

use crate::cli::Explain;
use crate::domain::{self, Log};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, Table};
use crate::record_line::utc;

/// Explains one decision from the log, the private part beside it, and the bundle that decided.
pub(super) fn run(arguments: &Explain, output: &mut Output) -> Result<Exit, Failure> {
    let (folder, record) = arguments.record.place()?;
    let (governance, lineage) = domain::both(&folder)?;
    let index = super::find::index(&lineage, &record, output)?;
    one((&governance, &lineage), index, output)
}

/// Explains the decision of that index.
pub(super) fn one(
    (governance, lineage): (&Log, &Log),
    index: u64,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let entry = lineage.entry(index)?;
    let record = LineageRecord::parse(&entry.record).map_err(|why| {
        Failure::new(Exit::Data, format!("record {index} cannot be read")).why(why)
    })?;
    let Body::Decided(decided) = &record.body else { return Err(no_decision(index, &record)) };
    let execution = record.header.link.as_ref().map(|link| link.execution.as_str());
    let part = crate::replay::opener(lineage)?.part(
        execution,
        (index, &Digest::of(&entry.record)),
        entry.sealed.as_deref(),
    );
    let (sealed, private) = match part {
        Part::Open(bytes) => (Sealed::parse(&bytes).unwrap_or_default(), String::new()),
        Part::Lost(why) => (Sealed::default(), super::find::lost(lineage, execution, why)?),
    };
    let open = |name: &str| {
        let bytes = sealed.open(name, decided.commitments.get(name)?)?;
        Value::parse(bytes).ok()
    };
    let asked = open("request");
    // The reasons are private; the record itself has the outcomes.
    let decision = open("decision").unwrap_or_else(|| decided.decision.to_value());
    let bundle = Arc::new(bundle(governance, &decision)?.unwrap_or_else(Bundle::empty));
    let mut lines = policy::explain(&bundle, &decision);
    let message = sealed_bytes(&sealed, decided, "message");
    let about = why::About { bundle: &bundle, decided, decision: &decision };
    let why = why::Why::of(lineage, (execution, index), &about, (asked.as_ref(), message))?;
    lines.extend(why.lines());
    let words = super::find::words(lineage, decided, &Digest::of(&entry.record))?;
    if output.is_json() {
        let asked = (asked, private.as_str());
        return json((index, &entry.record, &why), asked, (&lines, &words), output);
    }
    let asked = (asked.as_ref(), private.as_str());
    text(index, (&record.header, decided), asked, (&lines, &words), output)
}

fn sealed_bytes<'a>(sealed: &'a Sealed, decided: &Decided, name: &str) -> Option<&'a [u8]> {
    sealed.open(name, decided.commitments.get(name)?)
}

fn no_decision(index: u64, record: &LineageRecord) -> Failure {
    let what = format!("record {index} is no decision, but `{}`", record.body.type_name());
    let failure = Failure::new(Exit::Data, what);
    match (&record.body, &record.header.link) {
        (Body::Completed { decided_seq, .. } | Body::Withheld { decided_seq, .. }, Some(link)) => {
            failure.help(format!(
                "what it belongs to: `interlock explain --execution {} --seq {decided_seq}`",
                link.execution
            ))
        }
        _ => failure.help("`interlock log show` marks decisions with ✓ and ✗"),
    }
}

/// The bundle that the decision names, if it still lies beside the governance log.
fn bundle(governance: &Log, decision: &Value) -> Result<Option<Bundle>, Failure> {
    let digest = decision.get("bundle").and_then(Value::as_str);
    let digest = digest.and_then(|text| text.parse::<Digest>().ok());
    let unreadable = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::Data, "the bundle that decided cannot be read").why(why)
    };
    let Some(digest) = digest else { return Ok(None) };
    match governance.reader.blob(&digest).map_err(|why| unreadable(&why))? {
        Some(blob) => Bundle::from_blob(&blob).map(Some).map_err(|why| unreadable(&why)),
        None => Ok(None),
    }
}

fn json(
    (index, record, why): (u64, &[u8], &why::Why),
    (asked, private): (Option<Value>, &str),
    (lines, words): (&[String], &[String]),
    output: &mut Output,
) -> Result<Exit, Failure> {
    let record = Value::parse(record).map_err(|why| {
        Failure::new(Exit::Data, format!("record {index} cannot be read")).why(why)
    })?;
    let lines: Vec<Value> = lines.iter().map(|line| line.as_str().into()).collect();
    let mut members = Object::from([
        ("explanation", lines.into()),
        ("index", proof::json::number(index)),
        ("record", record),
    ]);
    members.extend(why.members());
    if !words.is_empty() {
        let words: Vec<Value> = words.iter().map(|word| word.as_str().into()).collect();
        members.insert("approvals", words.into());
    }
    if !private.is_empty() {
        members.insert("private", private.into());
    }
    members.extend(asked.map(|asked| ("request", asked)));
    output.json(&Value::Object(members))?;
    Ok(Exit::Ok)
}

fn text(
    index: u64,
    (header, decided): (&Header, &Decided),
    (asked, private): (Option<&Value>, &str),
    (lines, words): (&[String], &[String]),
    output: &mut Output,
) -> Result<Exit, Failure> {
    let paint = output.paint();
    let (mark, style) = match decided.decision.verdict() {
        Some("permit") => ("✓", Style::Good),
        Some("pending") => ("…", Style::Warning),
        _ => ("✗", Style::Bad),
    };
    let title = lines.first().map_or("", String::as_str);
    output.line(format!("{} {}", paint.text(style, mark), paint.text(Style::Heading, title)))?;
    let mut table = Table::default();
    let mut row = |label: &str, text: String| {
        table.row([(Style::Label, label.to_owned()), (Style::Heading, text)]);
    };
    row("record", format!("{index}, {} UTC, node {}", utc(header.at), header.node));
    if let Some(link) = &header.link {
        row("execution", format!("{} #{}", link.execution, link.seq));
    }
    let tool = decided.tool.as_deref().map(|tool| format!(" {tool}")).unwrap_or_default();
    row("asked", format!("{}{tool} of server {}", decided.method, decided.server));
    for one in decided.decision.awaits() {
        row("waits for", format!("{} of {}, {} s", one.count, one.role, one.within_ms / 1_000));
    }
    if let Some(retry) = &decided.retry {
        row("stands on", format!("the pending record {}", retry.pending));
    }
    words.iter().for_each(|word| row("approval", word.clone()));
    if let Some(definition) = &decided.facts.definition {
        row("definition", definition.to_string());
    }
    row("assurance", decided.facts.assurance.as_str().to_owned());
    match asked {
        Some(asked) => {
            row("principal", entity(asked.get("principal")));
            row("action", decided.action.clone());
            row("resource", entity(asked.get("resource")));
            row("input", asked.get("input").and_then(Value::as_str).unwrap_or_default().to_owned());
        }
        None => row("private", format!("{private}: who asked and with what cannot be shown")),
    }
    for line in table.lines(2, paint) {
        output.line(line)?;
    }
    checks(&decided.decision.to_value(), output)?;
    output.line("")?;
    for line in lines.iter().skip(1) {
        let line = &line.replace('\t', "    ");
        let style = if line.starts_with("  |") { Style::Name } else { Style::Heading };
        output.line(format!(
            "  {}",
            if line.starts_with("  ") { paint.text(style, line) } else { line.clone() }
        ))?;
    }
    Ok(Exit::Ok)
}

/// Every check, and how it came out.
fn checks(decision: &Value, output: &mut Output) -> Result<(), Failure> {
    let paint = output.paint();
    output.line("")?;
    for check in decision.get("checks").and_then(Value::as_array).unwrap_or_default() {
        let member = |name: &str| check.get(name).and_then(Value::as_str).unwrap_or_default();
        let (word, style) = match member("outcome") {
            "pass" => ("pass", Style::Good),
            "fail" => ("fail", Style::Bad),
            _ => ("not evaluated", Style::Warning),
        };
        output.line(format!("  {}  {}", paint.text(style, word), member("check")))?;
    }
    Ok(())
}

fn entity(entity: Option<&Value>) -> String {
    let member =
        |name: &str| entity.and_then(|entity| entity.get(name)?.as_str()).unwrap_or_default();
    format!("{} {}", member("type"), member("id"))
}
