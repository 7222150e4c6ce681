use std::path::Path;

use kernel::lineage::{Approval, LineageRecord};
use node::Options;
use node::clock::wall_ms;
use proof::digest::Digest;
use proof::json::{Object, Value, number, object};
use proof::note::Signer as _;

use super::ask::{Unattended, ask};
use crate::cli::{self, ApprovalsCommand};
use crate::domain;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, Table};
use crate::record_line::{short, utc};
use crate::{config, key};

/// Shows what waits.
pub(super) fn run(command: &ApprovalsCommand, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        ApprovalsCommand::List { domain } => list(domain, output),
        ApprovalsCommand::Show { domain, pending } => show(domain, pending, output),
    }
}

fn list(domain: &Path, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(domain)?;
    let (_, lineage) = domain::both(domain)?;
    let mut table = Table::default();
    for request in waiting(&options)? {
        let asked = asked_for(&lineage, &request)?;
        if output.is_json() {
            output.json(&with(request, &asked))?;
            continue;
        }
        let state = state(&request);
        let style = if state == "waits" { Style::Warning } else { Style::Quiet };
        table.row([
            (Style::Name, text(&request, "pending").to_owned()),
            (style, state.to_owned()),
            (Style::Heading, asked),
            (Style::Plain, awaits(&request)),
            (Style::Quiet, format!("until {} UTC", utc(integer(&request, "until_ms")))),
            (Style::Plain, words(&request)),
        ]);
    }
    table.lines(0, output.paint()).iter().try_for_each(|line| output.line(line))?;
    Ok(Exit::Ok)
}

fn show(domain: &Path, pending: &str, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(domain)?;
    let request = find(&options, pending)?;
    let index = u64::try_from(integer(&request, "record")).unwrap_or(u64::MAX);
    let (governance, lineage) = domain::both(domain)?;
    let asked = asked_for(&lineage, &request)?;
    if output.is_json() {
        output.json(&with(request, &asked))?;
    } else {
        let label = |name: &str| output.paint().text(Style::Label, name);
        let lines = [
            (label("pending "), text(&request, "pending").to_owned()),
            (label("state   "), state(&request).to_owned()),
            (label("waits   "), awaits(&request)),
            (label("until   "), format!("{} UTC", utc(integer(&request, "until_ms")))),
            (label("so far  "), words(&request)),
        ];
        for (label, line) in lines {
            output.line(format!("{label}  {line}"))?;
        }
        output.line("")?;
    }
    super::explain::one((&governance, &lineage), index, output)
}

/// Signs with the officer's key, and brings it to the node.
pub(super) fn approve(arguments: &cli::Approve, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(&arguments.domain)?;
    let pending = match arguments.pending.parse::<Digest>() {
        Ok(whole) => whole,
        Err(_) => {
            let request = find(&options, &arguments.pending)?;
            text(&request, "pending").parse().map_err(|why| {
                Failure::new(Exit::Data, "the node's answer cannot be read").why(why)
            })?
        }
    };
    let key = node::keys::read_file(&arguments.key).map_err(|why| Failure::node(&why))?;
    if !arguments.refuse {
        let question = format!("Approve this as `{}`?", key.verifier().name());
        ask(&question, arguments.yes, Unattended::GoesOn)?;
    }
    let expires_ms = wall_ms().saturating_add(arguments.for_ms);
    let approval = Approval { pending, approves: !arguments.refuse, expires_ms };
    let signed = approval
        .sign(&options.lineage_origin(), &key)
        .map_err(|why| Failure::new(Exit::Failed, "the approval could not be signed").why(why))?;
    let record = node::client::approve(&options, &signed).map_err(|why| Failure::node(&why))?;
    let verdict = if arguments.refuse { "refused" } else { "approved" };
    if output.is_json() {
        output.json(&object([
            ("pending", Value::from(pending.to_string())),
            ("record", number(record)),
            ("verdict", Value::from(verdict)),
        ]))?;
    } else {
        let id = pending.to_string();
        let style = if arguments.refuse { Style::Bad } else { Style::Good };
        let verdict = output.paint().text(style, verdict);
        output.line(format!("{verdict} {} (record {record})", short(&id)))?;
    }
    Ok(Exit::Ok)
}

/// Shows what is used of the meters.
pub(super) fn meters(arguments: &cli::Meters, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(&arguments.domain)?;
    let accounts = node::client::meters(&options).map_err(|why| Failure::node(&why))?;
    let mut table = Table::default();
    for account in accounts {
        if output.is_json() {
            output.json(&account)?;
            continue;
        }
        let (used, reserved) = (integer(&account, "used"), integer(&account, "reserved"));
        let limit = integer(&account, "limit");
        let style = if used.saturating_add(reserved) >= limit { Style::Bad } else { Style::Good };
        let window = account.get("window_ms").and_then(Value::as_i64);
        table.row([
            (Style::Heading, text(&account, "meter").to_owned()),
            (Style::Name, format!("{} {}", text(&account, "per"), text(&account, "subject"))),
            (style, format!("{used} + {reserved} reserved")),
            (Style::Plain, format!("of {limit} {}", text(&account, "unit"))),
            (
                Style::Quiet,
                window.map_or("for ever".to_owned(), |ms| format!("in {} s", ms / 1_000)),
            ),
        ]);
    }
    table.lines(0, output.paint()).iter().try_for_each(|line| output.line(line))?;
    Ok(Exit::Ok)
}

fn waiting(options: &Options) -> Result<Vec<Value>, Failure> {
    node::client::approvals(options).map_err(|why| Failure::node(&why))
}

/// The one request whose id begins so.
fn find(options: &Options, pending: &str) -> Result<Value, Failure> {
    let begins = |request: &Value| text(request, "pending").starts_with(pending);
    let mut found = waiting(options)?.into_iter().filter(begins);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => {
            let what = format!("nothing waits for approval under the id `{pending}`");
            Err(Failure::new(Exit::NoInput, what)
                .help("`interlock approvals list` shows what does"))
        }
        (Some(_), Some(_)) => {
            let what = format!("more than one id begins with `{pending}`");
            Err(Failure::new(Exit::Usage, what).help("write more of it"))
        }
    }
}

/// Server and tool, from the record itself, which must be the one that the id names.
fn asked_for(log: &domain::Log, request: &Value) -> Result<String, Failure> {
    let index = u64::try_from(integer(request, "record")).unwrap_or(u64::MAX);
    let entry = log.entry(index)?;
    if Digest::of(&entry.record).to_string() != text(request, "pending") {
        let what = format!("record {index} is not the one that the node names");
        return Err(Failure::new(Exit::Denied, what)
            .help("this folder is not that of the running node, or its log was changed"));
    }
    let record = LineageRecord::parse(&entry.record).map_err(|why| {
        Failure::new(Exit::Data, format!("record {index} cannot be read")).why(why)
    })?;
    Ok(match &record.body {
        kernel::lineage::Body::Decided(decided) => {
            format!("{}/{}", decided.server, decided.tool.as_deref().unwrap_or(&decided.method))
        }
        other => other.type_name().to_owned(),
    })
}

fn state(request: &Value) -> &'static str {
    let words = request.get("approvals").and_then(Value::as_array).unwrap_or_default();
    if request.get("used").and_then(Value::as_bool) == Some(true) {
        "done"
    } else if words.iter().any(|word| text(word, "verdict") == "refuse") {
        "refused"
    } else if integer(request, "until_ms") < wall_ms() {
        "late"
    } else {
        "waits"
    }
}

fn awaits(request: &Value) -> String {
    let awaits = request.get("awaits").and_then(Value::as_array).unwrap_or_default();
    let each =
        awaits.iter().map(|one| format!("{} of {}", integer(one, "count"), text(one, "role")));
    each.collect::<Vec<_>>().join(", ")
}

fn words(request: &Value) -> String {
    let words = request.get("approvals").and_then(Value::as_array).unwrap_or_default();
    if words.is_empty() {
        return "nobody yet".to_owned();
    }
    let each = words.iter().map(|word| {
        let verb = if text(word, "verdict") == "permit" { "approved" } else { "refused" };
        format!("{verb} by {}", key::name(text(word, "key")))
    });
    each.collect::<Vec<_>>().join(", ")
}

fn with(request: Value, asked: &str) -> Value {
    let state = state(&request);
    let mut members = request.as_object().cloned().unwrap_or_else(Object::new);
    members.insert("asked_for", Value::from(asked));
    members.insert("state", Value::from(state));
    Value::Object(members)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn integer(value: &Value, name: &str) -> i64 {
    value.get(name).and_then(Value::as_i64).unwrap_or_default()
}
