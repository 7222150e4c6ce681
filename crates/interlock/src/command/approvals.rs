use std::path::Path;
use std::time::Duration;

use api::RecordJson;
use api::approval::{PendingPage, PendingRequest, VoteRequest};
use api::meter::MeterAccount;
use api::problem::Code;
use client::Client;
use node::clock::wall_ms;
use proof::digest::Digest;
use proof::json::Value;
use proof::note::Signer as _;
use record::lineage::Approval;
use serde::Serialize;

use super::ask::{Unattended, ask};
use super::officer::{self, Asker};
use super::proved::ProvedRequest;
use crate::cli::{self, ApprovalsCommand};
use crate::domain::{self, DomainLogs};
use crate::exit::{Exit, Failure};
use crate::key;
use crate::limits::BLANKS_SHOWN;
use crate::output::{Output, Style, Table, counted, stderr};
use crate::record_line::{short, utc};

/// The interval between two requests for the pending requests.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Prints the pending requests.
pub(super) fn run(command: &ApprovalsCommand, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        ApprovalsCommand::List { domain, watch, officer } => {
            let client = ApprovalsClient::of(domain, officer)?;
            if *watch { watch_all(&client, output) } else { list(&client, output) }
        }
        ApprovalsCommand::Show { domain, pending, officer } => {
            show(&ApprovalsClient::of(domain, officer)?, pending, output)
        }
    }
}

/// A client for pending requests: with an officer's key, which any OS user may have, or without one
/// as the node's own OS user.
struct ApprovalsClient<'a> {
    domain: &'a Path,
    node: Client,
    asker: Option<Asker>,
}

impl<'a> ApprovalsClient<'a> {
    fn of(domain: &'a Path, officer: &cli::OfficerArgs) -> Result<Self, Failure> {
        let options = officer::options(domain, officer.socket.as_deref())?;
        let node = super::node(&options);
        let asker = match officer::key_file(officer) {
            Some(_) => Some(Asker::of(&options, &node, officer::key(domain, officer)?)?),
            None => None,
        };
        Ok(Self { domain, node, asker })
    }

    /// The pending requests with ids of this beginning.
    fn requests(&self, beginning: &str) -> Result<PendingPage, Failure> {
        if let Some(asker) = &self.asker {
            return search(&self.node, asker, beginning);
        }
        self.node.approvals(beginning).map_err(|why| {
            let failure = Failure::client(&why);
            match why {
                client::Error::Refused(problem) if problem.code == Code::Peer => failure
                    .help(format!("name an officer's key with --key FILE, or in {}", officer::KEY)),
                _ => failure,
            }
        })
    }
}

/// The requests that wait for the roles of this key, with ids of this beginning.
fn search(node: &Client, asker: &Asker, beginning: &str) -> Result<PendingPage, Failure> {
    node.search_approvals(&asker.officer(), beginning).map_err(|why| Failure::client(&why))
}

/// A request as it is printed, with the message that its server would get where the message was
/// requested.
#[derive(Serialize)]
struct ShownRequest {
    #[serde(flatten)]
    request: PendingRequest,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl ShownRequest {
    fn without_message(request: PendingRequest) -> Self {
        Self { request, message: None }
    }

    /// What the node says of the request is checked by the request's id: an officer's vote counts
    /// for the id alone.
    fn with_message(
        node: &Client,
        asker: &Asker,
        request: PendingRequest,
    ) -> Result<Self, Failure> {
        let message = node.approval_message(&asker.officer(), &request.pending);
        let proved =
            ProvedRequest::of(&request.pending, &message.map_err(|why| Failure::client(&why))?)
                .ok_or_else(|| {
                    let what =
                        format!("what the node sends is not of the request {}", request.pending);
                    Failure::new(Exit::Denied, what)
                        .code("approval.unproved")
                        .help("nothing was signed; the node lies, or is not the one that you mean")
                })?;
        let request = PendingRequest {
            execution: proved.execution,
            asked_for: Some(proved.asked_for),
            ..request
        };
        Ok(Self { request, message: Some(proved.message) })
    }
}

fn list(client: &ApprovalsClient<'_>, output: &mut Output) -> Result<Exit, Failure> {
    let pending = client.requests("")?;
    if pending.requests.is_empty() {
        stderr("nothing waits for approval, or did");
    }
    print_requests(pending.requests, output)?;
    print_left_out(pending.left_out);
    Ok(Exit::Ok)
}

/// Prints all requests, then new and changed ones, until interrupted.
fn watch_all(client: &ApprovalsClient<'_>, output: &mut Output) -> Result<Exit, Failure> {
    let mut known: Vec<PendingRequest> = Vec::new();
    let mut printed_left_out = 0;
    loop {
        let PendingPage { requests, left_out, .. } = client.requests("")?;
        if left_out != printed_left_out {
            print_left_out(left_out);
            printed_left_out = left_out;
        }
        let new = requests.iter().filter(|request| !known.contains(request)).cloned();
        print_requests(new.collect(), output)?;
        known = requests;
        output.flush()?;
        std::thread::sleep(WATCH_EVERY);
    }
}

/// Reports the number of requests that the node's answer had no room for.
fn print_left_out(left_out: u64) {
    if left_out > 0 {
        let requests = counted(left_out, "older request is", "older requests are");
        stderr(format!(
            "{requests} not listed: workloads and their executions have an equal part of what is; \
             `interlock approvals show` finds each by its id"
        ));
    }
}

fn print_requests(requests: Vec<PendingRequest>, output: &mut Output) -> Result<(), Failure> {
    let mut table = Table::default();
    for request in requests {
        if output.is_json() {
            output.reply(&request)?;
            continue;
        }
        let style = if waits(&request) { Style::Warning } else { Style::Quiet };
        let times =
            format!("asked {} UTC, until {} UTC", utc(request.asked_ms), utc(request.until_ms));
        table.row([
            (Style::Name, request.pending.clone()),
            (style, standing(&request)),
            (Style::Heading, request.asked_for.clone().unwrap_or_default()),
            (Style::Plain, awaits(&request)),
            (Style::Quiet, times),
            (Style::Plain, votes(&request)),
            (Style::Plain, still(&request)),
        ]);
    }
    table.lines(0, output.paint()).iter().try_for_each(|line| output.line(line))
}

fn show(client: &ApprovalsClient<'_>, pending: &str, output: &mut Output) -> Result<Exit, Failure> {
    let request = find(client.requests(pending)?.requests, pending)?;
    let shown = match &client.asker {
        Some(asker) => ShownRequest::with_message(&client.node, asker, request)?,
        None => ShownRequest::without_message(request),
    };
    if output.is_json() {
        output.reply(&shown)?;
    } else {
        print_request(&shown, output)?;
    }
    if client.asker.is_some() {
        return Ok(Exit::Ok);
    }
    let logs = DomainLogs::open(client.domain)?;
    let index = named_record(&logs.lineage, &shown.request)?;
    super::explain::print_decision(&logs, index, output)
}

/// Prints all of one request, with the message that its server would get.
fn print_request(
    ShownRequest { request, message }: &ShownRequest,
    output: &mut Output,
) -> Result<(), Failure> {
    let label = |name: &str| output.paint().text(Style::Label, format!("{name:<11}"));
    let asked_by = format!("{}, execution {}", request.workload, request.execution);
    let lines = [
        (label("pending"), request.pending.clone()),
        (label("state"), standing(request)),
        (label("asked for"), request.asked_for.clone().unwrap_or_default()),
        (label("asked by"), asked_by),
        (label("waits"), awaits(request)),
        (label("until"), format!("{} UTC", utc(request.until_ms))),
        (label("so far"), votes(request)),
        (label("still"), still(request)),
    ];
    let gets = message.as_ref().map(|message| (label("server gets"), without_gaps(message)));
    for (label, line) in lines.into_iter().chain(gets) {
        output.line(format!("{label}  {line}"))?;
    }
    output.line("")
}

/// A text in which no run of blanks moves what stands before it out of sight.
fn without_gaps(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for part in text.split_inclusive(|character| character != ' ') {
        let kept = part.trim_start_matches(' ');
        let blanks = part.len().saturating_sub(kept.len());
        match blanks > BLANKS_SHOWN {
            true => shown.push_str(&format!("<{blanks} blanks>")),
            false => shown.push_str(&" ".repeat(blanks)),
        }
        shown.push_str(kept);
    }
    shown
}

/// The JSON output for a recorded vote.
#[derive(Serialize)]
struct VoteResult {
    pending: String,
    record: u64,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<ShownRequest>,
}

/// Prints a request, asks for confirmation, signs with the officer's key, and sends the vote to the
/// node.
pub(super) fn approve(arguments: &cli::ApproveArgs, output: &mut Output) -> Result<Exit, Failure> {
    let options = officer::options(&arguments.domain, arguments.officer.socket.as_deref())?;
    let node = super::node(&options);
    let key = officer::key(&arguments.domain, &arguments.officer)?;
    let asker = Asker::of(&options, &node, key)?;
    let PendingPage { origin, requests, .. } = search(&node, &asker, &arguments.pending)?;
    asker.check_log(&options, &origin)?;
    if !output.is_json() {
        let label = output.paint().text(Style::Label, format!("{:<11}", "domain"));
        output.line(format!("{label}  {}", asker.domain()))?;
    }
    let whole = arguments.pending.parse::<Digest>().ok();
    let (pending, shown) = match (find(requests, &arguments.pending), whole) {
        (Ok(request), _) => {
            // An approval requires that the message was shown; a refusal does not.
            let shown = match ShownRequest::with_message(&node, &asker, request.clone()) {
                Err(_) if arguments.refuse => ShownRequest::without_message(request),
                shown => shown?,
            };
            if !output.is_json() {
                print_request(&shown, output)?;
            }
            let pending = shown.request.pending.parse().map_err(|why| {
                Failure::new(Exit::Data, "the node's answer cannot be read").why(why)
            })?;
            (pending, Some(shown))
        }
        // Nobody approves what was not shown; a refusal by a whole id is sent all the same.
        (Err(_), Some(whole)) if arguments.refuse => (whole, None),
        (Err(why), _) => {
            return Err(waits_for_others(&node, &asker, &arguments.pending).unwrap_or(why));
        }
    };
    output.flush()?;
    if !arguments.refuse {
        let question =
            format!("Approve this in `{}` as `{}`?", asker.domain(), asker.key.verifier().name());
        ask(&question, arguments.yes, Unattended::NeedsYes)?;
    }
    let expires_ms = wall_ms().saturating_add(arguments.for_ms);
    let approval = Approval { pending, approves: !arguments.refuse, expires_ms };
    let signed = approval
        .sign(&origin, &asker.key)
        .map_err(|why| Failure::new(Exit::Failed, "the approval could not be signed").why(why))?;
    let vote = VoteRequest { approval: RecordJson(signed.to_value()) };
    let record = node.vote(&vote).map_err(|why| Failure::client(&why))?.record;
    let verdict = if arguments.refuse { "refused" } else { "approved" };
    if output.is_json() {
        let pending = pending.to_string();
        output.reply(&VoteResult { pending, record, verdict, request: shown })?;
    } else {
        let id = pending.to_string();
        let style = if arguments.refuse { Style::Bad } else { Style::Good };
        let verdict = output.paint().text(style, verdict);
        output.line(format!("{verdict} {} (record {record})", short(&id)))?;
    }
    Ok(Exit::Ok)
}

/// Prints the use of each meter.
pub(super) fn meters(arguments: &cli::MetersArgs, output: &mut Output) -> Result<Exit, Failure> {
    let options = officer::options(&arguments.domain, None)?;
    let meters = super::node(&options).meters().map_err(|why| Failure::client(&why))?;
    if meters.accounts.is_empty() {
        stderr("no meter was used yet");
    }
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

/// The failure for a request that waits for roles which the key does not have, where the node shows
/// it to the caller.
fn waits_for_others(node: &Client, asker: &Asker, pending: &str) -> Option<Failure> {
    let page = node.approvals(pending).ok()?;
    let request = find(page.requests, pending).ok()?;
    let what = format!(
        "{} waits for {}, and the key `{}` has no such role",
        short(&request.pending),
        awaits(&request),
        asker.key.verifier().name()
    );
    Some(Failure::new(Exit::Denied, what).code("approval.role").help(format!(
        "nothing was done; name another key with --key FILE, or in {}",
        officer::KEY
    )))
}

/// The only request with an id of this beginning.
fn find(requests: Vec<PendingRequest>, pending: &str) -> Result<PendingRequest, Failure> {
    let begins = |request: &PendingRequest| request.pending.starts_with(pending);
    let mut found: Vec<PendingRequest> = requests.into_iter().filter(begins).collect();
    if found.len() > 1 {
        let each: Vec<&str> = found.iter().map(|one| one.pending.as_str()).collect();
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

/// The index of a request's record. Its digest must be the request's id.
fn named_record(log: &domain::Log, request: &PendingRequest) -> Result<u64, Failure> {
    let index = request.record;
    let entry = log.entry(index)?;
    if Digest::of(&entry.record).to_string() != request.pending {
        let what = format!("record {index} is not the one that the node names");
        return Err(Failure::new(Exit::Denied, what)
            .help("this folder is not that of the running node, or its log was changed"));
    }
    Ok(index)
}

fn waits(request: &PendingRequest) -> bool {
    request.state == "waits"
}

/// The state of a request, with the older request for the same, if there is one: one approval is
/// enough for both.
fn standing(request: &PendingRequest) -> String {
    match &request.same_as {
        None => request.state.clone(),
        Some(before) => format!("{}, asked again: same as {}", request.state, short(before)),
    }
}

fn awaits(request: &PendingRequest) -> String {
    let each = request.awaits.iter().map(|RecordJson(one)| {
        let count = one.get("count").and_then(Value::as_i64).unwrap_or_default();
        let role = one.get("role").and_then(Value::as_str).unwrap_or_default();
        format!("{count} of {role}")
    });
    each.collect::<Vec<_>>().join(", ")
}

fn votes(request: &PendingRequest) -> String {
    if request.approvals.is_empty() {
        return "nobody yet".to_owned();
    }
    let each = request.approvals.iter().map(|vote| {
        let (by, at) = (key::name(&vote.key), utc(vote.at_ms));
        match vote.verdict == "permit" {
            true => format!("approved by {by} {at} UTC, until {} UTC", utc(vote.expires_ms)),
            false => format!("refused by {by} {at} UTC"),
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

/// The signatures that a request still needs.
fn still(request: &PendingRequest) -> String {
    if !waits(request) {
        return String::new();
    }
    let each = request.still.iter().map(|one| {
        let who = match one.keys.as_slice() {
            [] => "nobody has that role".to_owned(),
            keys => keys.join(" or "),
        };
        format!("{} of {} must sign still: {who}", one.missing, one.role)
    });
    each.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_run_of_blanks_hides_what_stands_before_it() {
        let long = " ".repeat(BLANKS_SHOWN + 1);
        assert_eq!(without_gaps("a  b c"), "a  b c");
        assert_eq!(without_gaps(&format!("pay{long}thanks ")), "pay<41 blanks>thanks ");
        assert_eq!(without_gaps(&format!("pay{long}")), "pay<41 blanks>");
        assert_eq!(without_gaps(""), "");
    }
}
