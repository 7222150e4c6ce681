//! A record as one line for a person: its index, its time and its content.

#[cfg(test)]
mod tests;
mod time;

use proof::json::Value;
use record::governance::{Change, SignedProposal};
use record::lineage::{Body, Decided, LineageRecord};

use crate::output::{Paint, Style};

pub(crate) use time::utc;

/// The line. A record of an unknown type is shown by its type.
pub(crate) fn line(index: u64, record: &[u8], paint: Paint) -> String {
    let index = paint.text(Style::Quiet, format!("{index:>6}"));
    if let Ok(record) = LineageRecord::parse(record) {
        let at = paint.text(Style::Quiet, utc(record.header.at));
        let link = record.header.link.as_ref();
        let link = link.map(|link| format!("{}#{} ", short(&link.execution), link.seq));
        let link = paint.text(Style::Name, link.unwrap_or_default());
        return format!("{index}  {at}  {link}{}", lineage(&record.body, paint));
    }
    let value = Value::parse(record).ok();
    let signed = value.as_ref().and_then(|value| SignedProposal::from_record(value).ok());
    if let Some((at, signed)) = signed {
        let at = paint.text(Style::Quiet, utc(at));
        return format!("{index}  {at}  {}", governance(&signed.proposal.change, paint));
    }
    let kind = value.as_ref().and_then(|value| value.get("type")).and_then(Value::as_str);
    format!("{index}  {}", kind.unwrap_or("not a record of this version"))
}

/// The beginning of a long id: enough to tell executions apart.
pub(crate) fn short(id: &str) -> &str {
    match id.char_indices().nth(8) {
        Some((end, _)) => id.get(..end).unwrap_or(id),
        None => id,
    }
}

fn lineage(body: &Body, paint: Paint) -> String {
    match body {
        Body::Started { workload, os_user, delegation } => {
            let from = delegation.as_ref().map(|from| format!(", from {}", short(&from.parent)));
            format!(
                "execution of {} began, OS user {os_user}{}",
                paint.text(Style::Heading, workload),
                from.unwrap_or_default()
            )
        }
        Body::Delegated { decided_seq, child } => {
            format!("delegated #{decided_seq} to {}", paint.text(Style::Name, short(child)))
        }
        Body::Ended { by } => format!("execution ended by its {}", by.as_str()),
        Body::Decided(decided) => decision(decided, paint),
        Body::Approved(word) => {
            let (style, verb) = match word.approval.approves {
                true => (Style::Good, "approved"),
                false => (Style::Bad, "refused"),
            };
            let (pending, by) = (word.approval.pending.to_string(), word.key.to_string());
            let verb = paint.text(style, verb);
            format!("{} {verb} by {}", short(&pending), crate::key::name(&by))
        }
        Body::Withheld { decided_seq, code } => {
            format!("{} #{decided_seq} ({code})", paint.text(Style::Warning, "withheld"))
        }
        Body::Completed { decided_seq, outcome, .. } => {
            paint.text(Style::Quiet, format!("completed #{decided_seq}: {}", outcome.as_str()))
        }
        Body::Erased { execution, os_user, reason } => {
            let what = paint.text(Style::Warning, "erased");
            format!("{what} {} for OS user {os_user} ({})", short(execution), reason.as_str())
        }
        Body::Ordered { proposal } => {
            format!("at once, {}", governance(&proposal.proposal.change, paint))
        }
        Body::Adopted { verified: true, bundle: Some(bundle) } => {
            format!("governance adopted, bundle {}", short(&bundle.to_string()))
        }
        Body::Adopted { verified: true, bundle: None } => {
            "governance adopted, no bundle".to_owned()
        }
        Body::Adopted { verified: false, .. } => {
            paint.text(Style::Bad, "governance could not be verified: nothing is permitted")
        }
        Body::Snapshot(mark) => {
            format!("the state of {} records, {}", mark.size, short(&mark.public.to_string()))
        }
        Body::ClockStepped { by_ms } => format!("the clock stepped by {by_ms} ms"),
        Body::Refused { counts } if counts.is_empty() => "probe: the log commits".to_owned(),
        Body::Refused { counts } => {
            let counts = counts.iter().map(|(code, count)| format!("{code} {count}"));
            format!("refused: {}", counts.collect::<Vec<_>>().join(", "))
        }
    }
}

fn decision(decided: &Decided, paint: Paint) -> String {
    let asked = match &decided.tool {
        Some(tool) => format!("{}/{tool}", decided.server),
        None => format!("{} {}", decided.server, decided.method),
    };
    match decided.decision.verdict().unwrap_or_default() {
        "permit" => format!("{} {asked}", paint.text(Style::Good, "✓ permit")),
        "pending" => {
            let awaits = decided.decision.awaits();
            let each = awaits.iter().map(|one| format!("{} of {}", one.count, one.role));
            let waits = each.collect::<Vec<_>>().join(", ");
            format!("{} {asked}  waits for {waits}", paint.text(Style::Warning, "… pending"))
        }
        verdict => {
            let decision = decided.decision.to_value();
            let policies = decision.get("policies").and_then(Value::as_array).unwrap_or_default();
            let first =
                policies.first().and_then(|policy| policy.get("id")).and_then(Value::as_str);
            let code = decided.decision.code().unwrap_or_default();
            // Any other check denies independently of the policies.
            let first = first.filter(|_| code == "policy.denied");
            let by = first.map(|id| format!(" by {id}")).unwrap_or_default();
            let mark = paint.text(Style::Bad, format!("✗ {verdict}"));
            format!("{mark} {asked}  {}{by}", paint.text(Style::Warning, code))
        }
    }
}

/// A change to what governs, in one line.
pub(crate) fn governance(change: &Change, paint: Paint) -> String {
    let name = |text: &str| paint.text(Style::Heading, text);
    match change {
        Change::DomainCreated { domain, .. } => format!("domain {} created", name(domain)),
        Change::RolesChanged { roles } => {
            let roles = roles
                .iter()
                .map(|(role, one)| format!("{role} {} of {}", one.threshold(), one.keys().len()));
            format!("roles changed: {}", roles.collect::<Vec<_>>().join(", "))
        }
        Change::SemanticsAdopted { semantics, replays } => {
            let different = replays.each.iter().map(|one| one.different);
            let different = different.fold(0, u64::saturating_add);
            format!("semantics {semantics} adopted, which decides {different} otherwise")
        }
        Change::BundlePublished { bundle } => {
            format!("bundle {} published", short(&bundle.to_string()))
        }
        Change::WorkloadRegistered(workload) => {
            let (user, zone) = (workload.os_user, &workload.zone);
            format!("workload {} registered, OS user {user}, zone {zone}", name(&workload.name))
        }
        Change::NodeRegistered { node, .. } => format!("node {} registered", name(node)),
        Change::TrustChanged { subject, trust } => {
            format!("trust of {} is {}", name(&subject.to_string()), trust.as_str())
        }
        Change::HaltOrdered { subject } => {
            format!("{} {}", paint.text(Style::Bad, "halt ordered:"), name(&subject.to_string()))
        }
        Change::ExecutionEnded { execution } => format!("execution {} ended", short(execution)),
        Change::HaltLifted { subject } => format!("halt lifted: {}", name(&subject.to_string())),
    }
}
