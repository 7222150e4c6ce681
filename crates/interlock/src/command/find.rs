use kernel::state::Unreadable;
use proof::digest::Digest;
use record::lineage::{Body, Decided, LineageRecord};

use crate::cli::RecordSelector;
use crate::domain::Log;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// The index of the selected record.
pub(super) fn index(log: &Log, record: &RecordSelector, output: &Output) -> Result<u64, Failure> {
    let (execution, seq) = match record {
        RecordSelector::At(index) => return Ok(*index),
        RecordSelector::Of(execution, seq) => (execution, *seq),
    };
    let mut progress = output.progress("searching");
    let mut found: Vec<(u64, String)> = Vec::new();
    for entry in log.entries(0)? {
        let entry = entry?;
        progress.at(entry.index, None);
        let link = LineageRecord::parse(&entry.record).ok().and_then(|record| record.header.link);
        let Some(link) = link.filter(|link| link.seq == seq) else { continue };
        if link.execution == *execution {
            return Ok(entry.index);
        }
        if link.execution.starts_with(execution.as_str()) {
            found.push((entry.index, link.execution));
        }
    }
    match found.as_slice() {
        [(index, _)] => return Ok(*index),
        [] => {}
        several => {
            let each: Vec<&str> = several.iter().map(|(_, id)| id.as_str()).collect();
            let what =
                format!("more than one execution begins with `{execution}`: {}", each.join(", "));
            return Err(Failure::new(Exit::Denied, what)
                .code("ambiguous")
                .help("write more of the id"));
        }
    }
    let what = format!("the {} log has no record {seq} of an execution `{execution}`", log.name);
    Err(Failure::new(Exit::NoInput, what)
        .help("`interlock log show` lists executions and their records"))
}

/// The reason why the private part of an execution's record cannot be shown: erased, with the time
/// and the record, or else lost.
pub(super) fn loss_reason(
    log: &Log,
    execution: Option<&str>,
    why: Unreadable,
) -> Result<String, Failure> {
    for entry in log.entries(0)? {
        let entry = entry?;
        let record = LineageRecord::parse(&entry.record).ok();
        let Some((Body::Erased { execution: erased, .. }, at)) =
            record.map(|record| (record.body, record.header.at))
        else {
            continue;
        };
        if Some(erased.as_str()) == execution {
            let at = crate::record_line::utc(at);
            return Ok(format!("erased at {at} UTC by record {}", entry.index));
        }
    }
    Ok(format!("lost ({}), and no record says that it was erased", why.as_str()))
}

/// One line for each officer's vote on a decision: all votes on a pending one; of a decision that
/// retries a pending record, the votes that it counted.
pub(super) fn votes(log: &Log, decided: &Decided, own: &Digest) -> Result<Vec<String>, Failure> {
    if decided.retry.is_none() && decided.decision.awaits().is_empty() {
        return Ok(Vec::new());
    }
    let mut votes = Vec::new();
    for entry in log.entries(0)? {
        let entry = entry?;
        let record = LineageRecord::parse(&entry.record).ok();
        let Some((Body::Approved(vote), at)) = record.map(|record| (record.body, record.header.at))
        else {
            continue;
        };
        let counts = match &decided.retry {
            Some(retry) => retry.votes.contains(&Digest::of(&entry.record)),
            None => vote.approval.pending == *own,
        };
        if counts {
            let verb = if vote.approval.approves { "approved" } else { "refused" };
            let (key, at) = (vote.key.to_string(), crate::record_line::utc(at));
            let by = crate::key::name(&key);
            votes.push(format!("{verb} by {by}, {at} UTC, record {}", entry.index));
        }
    }
    Ok(votes)
}
