mod denial;
mod labels;

use std::sync::Arc;

use kernel::replay::SealedPart;
use policy::Bundle;
use proof::digest::Digest;
use proof::json::{Object, Value};
use record::lineage::{Body, Decided, Header, LineageRecord, Sealed};

use crate::cli::ExplainArgs;
use crate::domain::{DomainLogs, Log};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, Table};
use crate::record_line::utc;
use denial::{Denial, RecordedDecision};

/// Explains one decision from the log, the private part beside it, and the bundle that decided.
pub(super) fn run(arguments: &ExplainArgs, output: &mut Output) -> Result<Exit, Failure> {
    let (folder, record) = arguments.record.place()?;
    let logs = DomainLogs::open(&folder)?;
    let index = super::find::index(&logs.lineage, &record, output)?;
    print_decision(&logs, index, output)
}

/// Explains the decision of that index.
pub(super) fn print_decision(
    DomainLogs { governance, lineage }: &DomainLogs,
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
        index,
        &Digest::of(&entry.record),
        entry.sealed.as_deref(),
    );
    let (sealed, unreadable) = match part {
        SealedPart::Open(bytes) => (Sealed::parse(&bytes).unwrap_or_default(), None),
        SealedPart::Unreadable(why) => {
            (Sealed::default(), Some(super::find::loss_reason(lineage, execution, why)?))
        }
    };
    let open = |name: &str| {
        let bytes = sealed.open(name, decided.commitments.get(name)?)?;
        Value::parse(bytes).ok()
    };
    let request = open("request");
    // The reasons are private; the record itself has the outcomes.
    let decision = open("decision").unwrap_or_else(|| decided.decision.to_value());
    let bundle = Arc::new(bundle(governance, &decision)?.unwrap_or_else(Bundle::empty));
    let mut lines = policy::explain(&bundle, &decision);
    let message = sealed_bytes(&sealed, decided, "message");
    let denial = Denial::of(
        lineage,
        &RecordedDecision {
            index,
            execution,
            bundle: &bundle,
            decided,
            decision: &decision,
            request: request.as_ref(),
            message,
        },
    )?;
    lines.extend(denial.lines());
    let votes = super::find::votes(lineage, decided, &Digest::of(&entry.record))?;
    let explanation = DecisionExplanation {
        index,
        record: &entry.record,
        header: &record.header,
        decided,
        request,
        unreadable,
        lines,
        votes,
        denial,
    };
    if output.is_json() {
        output.json(&explanation.into_value()?)?;
    } else {
        explanation.print(output)?;
    }
    Ok(Exit::Ok)
}

/// Everything that is printed of one decision.
struct DecisionExplanation<'a> {
    index: u64,
    /// The record's bytes.
    record: &'a [u8],
    header: &'a Header,
    decided: &'a Decided,
    /// The request, where the private part can be read.
    request: Option<Value>,
    /// Why the private part cannot be read, where it cannot.
    unreadable: Option<String>,
    /// The title, then one line for each reason.
    lines: Vec<String>,
    /// One line for each officer's vote on the decision.
    votes: Vec<String>,
    denial: Denial,
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

impl DecisionExplanation<'_> {
    fn into_value(self) -> Result<Value, Failure> {
        let index = self.index;
        let record = Value::parse(self.record).map_err(|why| {
            Failure::new(Exit::Data, format!("record {index} cannot be read")).why(why)
        })?;
        let texts = |lines: &[String]| -> Value {
            lines.iter().map(|line| line.as_str().into()).collect::<Vec<Value>>().into()
        };
        let mut members = Object::from([
            ("explanation", texts(&self.lines)),
            ("index", proof::json::number(index)),
            ("record", record),
        ]);
        members.extend(self.denial.members());
        if !self.votes.is_empty() {
            members.insert("approvals", texts(&self.votes));
        }
        members.extend(self.unreadable.map(|why| ("private", why.into())));
        members.extend(self.request.map(|request| ("request", request)));
        Ok(Value::Object(members))
    }

    fn print(&self, output: &mut Output) -> Result<(), Failure> {
        let paint = output.paint();
        let (mark, style) = match self.decided.decision.verdict() {
            Some("permit") => ("✓", Style::Good),
            Some("pending") => ("…", Style::Warning),
            _ => ("✗", Style::Bad),
        };
        let title = self.lines.first().map_or("", String::as_str);
        output.line(format!(
            "{} {}",
            paint.text(style, mark),
            paint.text(Style::Heading, title)
        ))?;
        for line in self.table().lines(2, paint) {
            output.line(line)?;
        }
        print_checks(&self.decided.decision.to_value(), output)?;
        output.line("")?;
        for line in self.lines.iter().skip(1) {
            let line = &line.replace('\t', "    ");
            let style = if line.starts_with("  |") { Style::Name } else { Style::Heading };
            output.line(format!(
                "  {}",
                if line.starts_with("  ") { paint.text(style, line) } else { line.clone() }
            ))?;
        }
        Ok(())
    }

    /// One row for each property of the record and, where it can be read, of the request.
    fn table(&self) -> Table {
        let Self { index, header, decided, .. } = self;
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
        self.votes.iter().for_each(|vote| row("approval", vote.clone()));
        if let Some(definition) = &decided.facts.definition {
            row("definition", definition.to_string());
        }
        row("assurance", decided.facts.assurance.as_str().to_owned());
        match &self.request {
            Some(request) => {
                let input = request.get("input").and_then(Value::as_str).unwrap_or_default();
                row("principal", entity(request.get("principal")));
                row("action", decided.action.clone());
                row("resource", entity(request.get("resource")));
                row("input", input.to_owned());
            }
            None => {
                let why = self.unreadable.as_deref().unwrap_or_default();
                row("private", format!("{why}: who asked and with what cannot be shown"));
            }
        }
        table
    }
}

/// Prints every check with its outcome.
fn print_checks(decision: &Value, output: &mut Output) -> Result<(), Failure> {
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
