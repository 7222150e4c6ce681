use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use api::meter::MeterAccount;
use kernel::lineage::Approval;
use node::Options;
use node::client::Pending;
use node::clock::wall_ms;
use proof::digest::Digest;
use proof::json::{Object, Value, number, object};
use proof::note::{Ed25519Signer, Signer as _};

use super::ask::{Unattended, ask};
use super::officer;
use crate::cli::{self, ApprovalsCommand};
use crate::domain;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, Table, counted, stderr};
use crate::record_line::{short, utc};
use crate::{config, key};

/// How often what waits is asked for anew.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Shows what waits.
pub(super) fn run(command: &ApprovalsCommand, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        ApprovalsCommand::List { domain, watch, officer } => {
            let way = Way::of(domain, officer)?;
            if *watch { watch_all(&way, output) } else { list(&way, output) }
        }
        ApprovalsCommand::Show { domain, pending, officer } => {
            show(&Way::of(domain, officer)?, pending, output)
        }
    }
}

/// How what waits is asked for: with an officer's key, of which any OS user may have one, or else as the node's own user.
struct Way<'a> {
    domain: &'a Path,
    options: Options,
    key: Option<Ed25519Signer>,
}

impl<'a> Way<'a> {
    fn of(domain: &'a Path, officer: &cli::Officer) -> Result<Self, Failure> {
        let options = officer::options(domain, officer)?;
        let key = match officer::key_file(officer) {
            Some(_) => Some(officer::key(domain, officer)?),
            None => None,
        };
        Ok(Self { domain, options, key })
    }

    /// The requests under ids that begin so.
    fn requests(&self, beginning: &str) -> Result<Pending, Failure> {
        if let Some(key) = &self.key {
            let pending = node::client::pending(&self.options, key, beginning);
            return pending.map_err(|why| Failure::node(&why));
        }
        node::client::approvals(&self.options, beginning).map_err(|why| {
            let failure = Failure::node(&why);
            match why.code() {
                "peer" => failure
                    .help(format!("name an officer's key with --key FILE, or in {}", officer::KEY)),
                _ => failure,
            }
        })
    }
}

fn list(way: &Way<'_>, output: &mut Output) -> Result<Exit, Failure> {
    let pending = way.requests("")?;
    tell(pending.requests, output)?;
    tell_left_out(pending.left_out);
    Ok(Exit::Ok)
}

/// Shows all, then what is new or has changed, until interrupted.
fn watch_all(way: &Way<'_>, output: &mut Output) -> Result<Exit, Failure> {
    let mut known: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut told_left_out = 0;
    loop {
        let Pending { requests: all, left_out, .. } = way.requests("")?;
        if left_out != told_left_out {
            tell_left_out(left_out);
            told_left_out = left_out;
        }
        let seen = |one: &Value| one.to_bytes();
        let (names, new) = all.into_iter().map(|one| (seen(&one), one)).fold(
            (BTreeSet::new(), Vec::new()),
            |(mut names, mut new), (name, one)| {
                if !known.contains(&name) {
                    new.push(one);
                }
                names.insert(name);
                (names, new)
            },
        );
        known = names;
        tell(new, output)?;
        output.flush()?;
        std::thread::sleep(WATCH_EVERY);
    }
}

/// What the answer had no room for is not passed over in silence.
fn tell_left_out(left_out: u64) {
    if left_out > 0 {
        let requests = counted(left_out, "older request is", "older requests are");
        stderr(format!(
            "{requests} not listed: workloads and their executions have an equal part of what is; \
             `interlock approvals show` finds each by its id"
        ));
    }
}

fn tell(requests: Vec<Value>, output: &mut Output) -> Result<(), Failure> {
    let mut table = Table::default();
    for request in requests {
        if output.is_json() {
            output.json(&request)?;
            continue;
        }
        let state = state(&request);
        let style = if state == "waits" { Style::Warning } else { Style::Quiet };
        table.row([
            (Style::Name, text(&request, "pending").to_owned()),
            (style, standing(&request)),
            (Style::Heading, text(&request, "asked_for").to_owned()),
            (Style::Plain, awaits(&request)),
            (
                Style::Quiet,
                format!(
                    "asked {} UTC, until {} UTC",
                    utc(integer(&request, "asked_ms")),
                    utc(integer(&request, "until_ms"))
                ),
            ),
            (Style::Plain, words(&request)),
            (Style::Plain, still(&request)),
        ]);
    }
    table.lines(0, output.paint()).iter().try_for_each(|line| output.line(line))
}

fn show(way: &Way<'_>, pending: &str, output: &mut Output) -> Result<Exit, Failure> {
    let request = find(way.requests(pending)?.requests, pending)?;
    let request = match &way.key {
        Some(key) => with_message(&way.options, key, request)?,
        None => request,
    };
    if output.is_json() {
        output.json(&request)?;
    } else {
        tell_one(&request, output)?;
    }
    if way.key.is_some() {
        return Ok(Exit::Ok);
    }
    let (governance, lineage) = domain::both(way.domain)?;
    let index = named_record(&lineage, &request)?;
    super::explain::one((&governance, &lineage), index, output)
}

/// All of one request, the message that its server would get included.
fn tell_one(request: &Value, output: &mut Output) -> Result<(), Failure> {
    let label = |name: &str| output.paint().text(Style::Label, format!("{name:<11}"));
    let lines = [
        (label("pending"), text(request, "pending").to_owned()),
        (label("state"), standing(request)),
        (label("asked for"), text(request, "asked_for").to_owned()),
        (
            label("asked by"),
            format!("{}, execution {}", text(request, "workload"), text(request, "execution")),
        ),
        (label("waits"), awaits(request)),
        (label("until"), format!("{} UTC", utc(integer(request, "until_ms")))),
        (label("so far"), words(request)),
        (label("still"), still(request)),
    ];
    let gets = (label("server gets"), text(request, "message").to_owned());
    for (label, line) in lines.into_iter().chain((!gets.1.is_empty()).then_some(gets)) {
        output.line(format!("{label}  {line}"))?;
    }
    output.line("")
}

/// Shows a request, asks, signs with the officer's key, and brings it to the node.
pub(super) fn approve(arguments: &cli::Approve, output: &mut Output) -> Result<Exit, Failure> {
    let options = officer::options(&arguments.domain, &arguments.officer)?;
    let key = officer::key(&arguments.domain, &arguments.officer)?;
    let Pending { origin, requests, .. } =
        node::client::pending(&options, &key, &arguments.pending)
            .map_err(|why| Failure::node(&why))?;
    let whole = arguments.pending.parse::<Digest>().ok();
    // A whole id that is not this key's is brought all the same: the node says why it does not count.
    let (pending, shown) = match (find(requests, &arguments.pending), whole) {
        (Ok(request), _) => {
            // Nobody approves what was not shown; whoever refuses need not see it.
            let request = match with_message(&options, &key, request.clone()) {
                Err(_) if arguments.refuse => request,
                shown => shown?,
            };
            if !output.is_json() {
                tell_one(&request, output)?;
            }
            let pending = text(&request, "pending").parse().map_err(|why| {
                Failure::new(Exit::Data, "the node's answer cannot be read").why(why)
            })?;
            (pending, Some(request))
        }
        (Err(_), Some(whole)) => (whole, None),
        (Err(why), None) => return Err(why),
    };
    output.flush()?;
    if !arguments.refuse {
        let question = format!("Approve this as `{}`?", key.verifier().name());
        ask(&question, arguments.yes, Unattended::NeedsYes)?;
    }
    let expires_ms = wall_ms().saturating_add(arguments.for_ms);
    let approval = Approval { pending, approves: !arguments.refuse, expires_ms };
    let signed = approval
        .sign(&origin, &key)
        .map_err(|why| Failure::new(Exit::Failed, "the approval could not be signed").why(why))?;
    let record = node::client::approve(&options, &signed).map_err(|why| Failure::node(&why))?;
    let verdict = if arguments.refuse { "refused" } else { "approved" };
    if output.is_json() {
        let members = [
            ("pending", Value::from(pending.to_string())),
            ("record", number(record)),
            ("verdict", Value::from(verdict)),
        ];
        let request = shown.map(|request| ("request", request));
        output.json(&object(members.into_iter().chain(request)))?;
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
    let meters = super::node(&options).meters().map_err(|why| Failure::client(&why))?;
    let mut table = Table::default();
    for account in meters.accounts {
        if output.is_json() {
            output.reply(&account)?;
            continue;
        }
        let MeterAccount { used, reserved, limit, unit, .. } = &account;
        let style = if used.saturating_add(*reserved) >= *limit { Style::Bad } else { Style::Good };
        let window = account.window_ms;
        table.row([
            (Style::Heading, account.meter.clone()),
            (Style::Name, format!("{} {}", account.per, account.subject)),
            (style, format!("{used} + {reserved} reserved")),
            (Style::Plain, format!("of {limit} {unit}")),
            (
                Style::Quiet,
                window.map_or("for ever".to_owned(), |ms| format!("in {} s", ms / 1_000)),
            ),
        ]);
    }
    table.lines(0, output.paint()).iter().try_for_each(|line| output.line(line))?;
    Ok(Exit::Ok)
}

/// The one request whose id begins so.
fn find(requests: Vec<Value>, pending: &str) -> Result<Value, Failure> {
    let begins = |request: &Value| text(request, "pending").starts_with(pending);
    let mut found: Vec<Value> = requests.into_iter().filter(begins).collect();
    if found.len() > 1 {
        let each: Vec<&str> = found.iter().map(|one| text(one, "pending")).collect();
        let what = format!("more than one id begins with `{pending}`: {}", each.join(", "));
        return Err(Failure::new(Exit::Denied, what)
            .code("ambiguous")
            .help("nothing was done; write more of it"));
    }
    found.pop().ok_or_else(|| {
        let what = format!("nothing waits for approval under the id `{pending}`");
        Failure::new(Exit::NoInput, what)
            .help("`interlock approvals list` shows what does, and `interlock roles` whose it is")
    })
}

/// The request with the message that its server would get.
fn with_message(options: &Options, key: &Ed25519Signer, request: Value) -> Result<Value, Failure> {
    let unread = |why: &dyn std::error::Error| {
        Failure::new(Exit::Data, "the node's answer cannot be read").why(why)
    };
    let pending: Digest = text(&request, "pending").parse().map_err(|why| unread(&why))?;
    let message = node::client::message(options, key, pending);
    let message = message.map_err(|why| Failure::node(&why))?;
    Ok(with(request, "message", Value::from(String::from_utf8_lossy(&message).into_owned())))
}

/// The index of the record that a request is, which must be the one that its id names.
fn named_record(log: &domain::Log, request: &Value) -> Result<u64, Failure> {
    let index = u64::try_from(integer(request, "record")).unwrap_or(u64::MAX);
    let entry = log.entry(index)?;
    if Digest::of(&entry.record).to_string() != text(request, "pending") {
        let what = format!("record {index} is not the one that the node names");
        return Err(Failure::new(Exit::Denied, what)
            .help("this folder is not that of the running node, or its log was changed"));
    }
    Ok(index)
}

fn state(request: &Value) -> &str {
    text(request, "state")
}

/// How it stands, and the older request that asks for the same: one approval is enough for both.
fn standing(request: &Value) -> String {
    match text(request, "same_as") {
        "" => state(request).to_owned(),
        before => format!("{}, asked again: same as {}", state(request), short(before)),
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
        let (by, at) = (key::name(text(word, "key")), utc(integer(word, "at_ms")));
        match text(word, "verdict") == "permit" {
            true => {
                let until = utc(integer(word, "expires_ms"));
                format!("approved by {by} {at} UTC, until {until} UTC")
            }
            false => format!("refused by {by} {at} UTC"),
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

/// Who must sign still.
fn still(request: &Value) -> String {
    let still = request.get("still").and_then(Value::as_array).unwrap_or_default();
    if state(request) != "waits" || still.is_empty() {
        return String::new();
    }
    let each = still.iter().map(|one| {
        let keys = one.get("keys").and_then(Value::as_array).unwrap_or_default();
        let keys: Vec<&str> = keys.iter().filter_map(Value::as_str).collect();
        let who =
            if keys.is_empty() { "nobody has that role".to_owned() } else { keys.join(" or ") };
        format!("{} of {} must sign still: {who}", integer(one, "missing"), text(one, "role"))
    });
    each.collect::<Vec<_>>().join("; ")
}

fn with(request: Value, name: &str, value: Value) -> Value {
    let mut members = request.as_object().cloned().unwrap_or_else(Object::new);
    members.insert(name, value);
    Value::Object(members)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn integer(value: &Value, name: &str) -> i64 {
    value.get(name).and_then(Value::as_i64).unwrap_or_default()
}
