//! Reads and writes decisions and ends of transitions, which are nearly all of a log, without
//! building values.
//!
//! INVARIANT: the reader of values reads the same from all that is read here, and would write the
//! same bytes. Input that is not read here goes to that reader, which has the last word and names
//! the fault.

use proof::digest::Digest;
use proof::json::{Members, ObjectWriter, Span, number, write_array};

use super::{
    Body, Charged, Commitments, Completion, Decided, DelegationRequest, Header, LineageRecord,
    Link, MessageDirection, OpenDecision, RecordedRetry,
};
use crate::members::checked_name;
use crate::{Assurance, Facts, Labels, Position};

/// The record, if it is a decision or an end as [`write()`] writes them.
pub(super) fn read(bytes: &[u8]) -> Option<LineageRecord> {
    let members = Span::object(bytes)?.members()?;
    if bytes.starts_with(b"{\"action\":") { decided(members) } else { completed(members) }
}

fn decided(mut members: Members<'_>) -> Option<LineageRecord> {
    let action = members.next_if("action")?.string()?.into_owned();
    let at = members.next_if("at")?.integer()?;
    let charges = charges(&mut members)?;
    let commitments = commitments(members.next_if("commitments")?)?;
    let decision = OpenDecision::at(members.next_if("decision")?)?;
    let direction = MessageDirection::parse(&members.next_if("direction")?.string()?)?;
    let execution = name(&mut members, "execution")?;
    let facts = facts(members.next_if("facts")?)?;
    let governance = position(members.next_if("governance")?)?;
    let delegates = match members.next_if("hands_on") {
        Some(span) => Some(DelegationRequest::from_value(&span.to_value()?).ok()?),
        None => None,
    };
    let method = name(&mut members, "method")?;
    let node = name(&mut members, "node")?;
    let (parents, prev) = (digests(members.next_if("parents")?)?, optional(&mut members, "prev")?);
    let retry = match members.next_if("retry") {
        Some(span) => Some(RecordedRetry::from_value(&span.to_value()?).ok()?),
        None => None,
    };
    let seq = count(members.next_if("seq")?)?;
    let server = name(&mut members, "server")?;
    let tool = match members.next_if("tool") {
        Some(span) => Some(checked_name("tool", &span.string()?).ok()?),
        None => None,
    };
    ends_as(&mut members, "\"transition.decided\"")?;
    if !members.is_empty() {
        return None;
    }
    let body = Decided {
        server,
        direction,
        method,
        tool,
        action,
        charges,
        delegates,
        retry,
        facts,
        decision,
        commitments,
    };
    let link = link(execution, seq, prev, parents)?;
    let header = Header { at, node, governance, link: Some(link) };
    Some(LineageRecord { header, body: Body::Decided(Box::new(body)) })
}

fn completed(mut members: Members<'_>) -> Option<LineageRecord> {
    let at = members.next_if("at")?.integer()?;
    let charges = charges(&mut members)?;
    let commitments = commitments(members.next_if("commitments")?)?;
    let decided_seq = count(members.next_if("decided_seq")?)?;
    let execution = name(&mut members, "execution")?;
    let governance = position(members.next_if("governance")?)?;
    let labels = match members.next_if("labels") {
        Some(span) => Labels::from_value(&span.to_value()?).filter(|labels| !labels.is_empty())?,
        None => Labels::NONE,
    };
    let node = name(&mut members, "node")?;
    let outcome = Completion::parse(&members.next_if("outcome")?.string()?)?;
    let (parents, prev) = (digests(members.next_if("parents")?)?, optional(&mut members, "prev")?);
    let seq = count(members.next_if("seq")?)?;
    ends_as(&mut members, "\"transition.completed\"")?;
    let outcome = match members.next_if("written") {
        Some(span) => outcome.with_written(count(span)?)?,
        None => outcome,
    };
    if !members.is_empty() {
        return None;
    }
    let link = link(execution, seq, prev, parents)?;
    let header = Header { at, node, governance, link: Some(link) };
    let withheld = None;
    let body = Body::Completed { decided_seq, outcome, withheld, charges, labels, commitments };
    Some(LineageRecord { header, body })
}

/// The members that stand at the end of every record.
fn ends_as(members: &mut Members<'_>, type_text: &str) -> Option<()> {
    let is_type = members.next_if("type")?.text() == type_text;
    let is_version = members.next_if("v")?.text() == "1";
    (is_type && is_version).then_some(())
}

fn link(execution: String, seq: u64, prev: Option<Digest>, parents: Vec<Digest>) -> Option<Link> {
    (prev.is_some() == (seq > 0)).then_some(Link { execution, seq, prev, parents })
}

fn name(members: &mut Members<'_>, member: &str) -> Option<String> {
    checked_name(member, &members.next_if(member)?.string()?).ok()
}

fn count(span: Span<'_>) -> Option<u64> {
    span.integer()?.try_into().ok()
}

fn digest(span: Span<'_>) -> Option<Digest> {
    span.string()?.parse().ok()
}

fn digests(span: Span<'_>) -> Option<Vec<Digest>> {
    span.elements()?.map(digest).collect()
}

/// A digest that may be missing; none where what is there is no digest.
fn optional(members: &mut Members<'_>, member: &str) -> Option<Option<Digest>> {
    members.next_if(member).map_or(Some(None), |span| digest(span).map(Some))
}

fn commitments(span: Span<'_>) -> Option<Commitments> {
    span.members()?.map(|(name, span)| Some((name.into(), digest(span)?))).collect()
}

fn position(span: Span<'_>) -> Option<Position> {
    let mut members = span.members()?;
    let origin = members.next_if("origin")?.string()?.into_owned();
    let root = digest(members.next_if("root")?)?;
    let size = count(members.next_if("size")?)?;
    members.is_empty().then_some(Position { origin, size, root })
}

fn facts(span: Span<'_>) -> Option<Facts> {
    let mut members = span.members()?;
    let assurance = Assurance::parse(&members.next_if("assurance")?.string()?)?;
    let at = members.next_if("at")?.integer()?;
    let definition = optional(&mut members, "definition")?;
    members.is_empty().then_some(Facts { at, assurance, definition })
}

/// Never an empty array, so that one meaning has one form.
fn charges(members: &mut Members<'_>) -> Option<Vec<Charged>> {
    let Some(span) = members.next_if("charges") else { return Some(Vec::new()) };
    let one = |span: Span<'_>| Charged::from_value(&span.to_value()?).ok();
    let charges: Vec<_> = span.elements()?.map(one).collect::<Option<_>>()?;
    (!charges.is_empty()).then_some(charges)
}

/// The canonical text of a decision or an end; none for another record.
pub(super) fn write(record: &LineageRecord) -> Option<Vec<u8>> {
    let LineageRecord { header, body } = record;
    let Header { at, node, governance, link: Some(link) } = header else { return None };
    let mut text = String::with_capacity(1_536);
    let mut record = ObjectWriter::begin(&mut text);
    match body {
        Body::Decided(decided) => {
            record.string("action", &decided.action);
            record.integer("at", *at);
            write_charges(&decided.charges, &mut record);
            write_commitments(&decided.commitments, &mut record);
            record.member("decision").push_str(decided.decision.text());
            record.string("direction", decided.direction.as_str());
            record.string("execution", &link.execution);
            write_facts(&decided.facts, record.member("facts"));
            write_position(governance, record.member("governance"));
            if let Some(delegates) = &decided.delegates {
                delegates.to_value().write(record.member("hands_on"));
            }
            record.string("method", &decided.method);
            record.string("node", node);
            write_chain(link, &mut record);
            if let Some(retry) = &decided.retry {
                retry.to_value().write(record.member("retry"));
            }
            write_count(link.seq, record.member("seq"));
            record.string("server", &decided.server);
            if let Some(tool) = &decided.tool {
                record.string("tool", tool);
            }
        }
        Body::Completed { decided_seq, outcome, withheld: None, charges, labels, commitments } => {
            record.integer("at", *at);
            write_charges(charges, &mut record);
            write_commitments(commitments, &mut record);
            write_count(*decided_seq, record.member("decided_seq"));
            record.string("execution", &link.execution);
            write_position(governance, record.member("governance"));
            if !labels.is_empty() {
                labels.to_value().write(record.member("labels"));
            }
            record.string("node", node);
            record.string("outcome", outcome.as_str());
            write_chain(link, &mut record);
            write_count(link.seq, record.member("seq"));
        }
        _ => return None,
    }
    record.string("type", body.type_name());
    record.integer("v", 1);
    if let Body::Completed { outcome, .. } = body
        && let Some(written) = outcome.written()
    {
        write_count(written, record.member("written"));
    }
    record.end();
    Some(text.into_bytes())
}

fn write_charges(charges: &[Charged], record: &mut ObjectWriter<'_>) {
    if !charges.is_empty() {
        let each = |charged: &Charged, text: &mut String| charged.to_value().write(text);
        write_array(charges, record.member("charges"), each);
    }
}

fn write_commitments(commitments: &Commitments, record: &mut ObjectWriter<'_>) {
    let mut all = ObjectWriter::begin(record.member("commitments"));
    commitments.iter().for_each(|(name, digest)| digest.write(all.member(name)));
    all.end();
}

fn write_facts(facts: &Facts, text: &mut String) {
    let mut members = ObjectWriter::begin(text);
    members.string("assurance", facts.assurance.as_str());
    members.integer("at", facts.at);
    if let Some(definition) = &facts.definition {
        definition.write(members.member("definition"));
    }
    members.end();
}

fn write_position(governance: &Position, text: &mut String) {
    let mut members = ObjectWriter::begin(text);
    members.string("origin", &governance.origin);
    governance.root.write(members.member("root"));
    write_count(governance.size, members.member("size"));
    members.end();
}

fn write_chain(link: &Link, record: &mut ObjectWriter<'_>) {
    write_array(&link.parents, record.member("parents"), Digest::write);
    if let Some(prev) = &link.prev {
        prev.write(record.member("prev"));
    }
}

fn write_count(count: u64, text: &mut String) {
    number(count).write(text);
}

#[cfg(test)]
mod tests;
