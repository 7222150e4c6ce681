//! Decisions and ends of transitions, which are nearly all of a log, read and written without building values.
//!
//! INVARIANT: what is read here the reader of values reads alike, and what is written here it would write. Whatever
//! isn't read here that reader is asked about, which has the last word and says what is wrong.

use policy::{Assurance, Facts, Labels};
use proof::digest::Digest;
use proof::json::{Members, Span, write_integer, write_string};

use super::{
    Body, Charged, Commitments, Completion, Decided, Direction, HandsOn, Header, LineageRecord,
    Link, OpenDecision, Retried,
};
use crate::governance::Position;
use crate::members::checked_name;

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
    let direction = Direction::parse(&members.next_if("direction")?.string()?)?;
    let execution = name(&mut members, "execution")?;
    let facts = facts(members.next_if("facts")?)?;
    let governance = position(members.next_if("governance")?)?;
    let hands_on = match members.next_if("hands_on") {
        Some(span) => Some(HandsOn::from_value(&span.to_value()?).ok()?),
        None => None,
    };
    let method = name(&mut members, "method")?;
    let node = name(&mut members, "node")?;
    let (parents, prev) = (digests(members.next_if("parents")?)?, optional(&mut members, "prev")?);
    let retry = match members.next_if("retry") {
        Some(span) => Some(Retried::from_value(&span.to_value()?).ok()?),
        None => None,
    };
    let seq = count(members.next_if("seq")?)?;
    let server = name(&mut members, "server")?;
    let tool = match members.next_if("tool") {
        Some(span) => Some(checked_name("tool", &span.string()?).ok()?),
        None => None,
    };
    ends_as(members, "\"transition.decided\"")?;
    let body = Decided {
        server,
        direction,
        method,
        tool,
        action,
        charges,
        hands_on,
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
    ends_as(members, "\"transition.completed\"")?;
    let link = link(execution, seq, prev, parents)?;
    let header = Header { at, node, governance, link: Some(link) };
    let body = Body::Completed { decided_seq, outcome, charges, labels, commitments };
    Some(LineageRecord { header, body })
}

/// The last members of every record.
fn ends_as(mut members: Members<'_>, type_text: &str) -> Option<()> {
    let is_type = members.next_if("type")?.text() == type_text;
    let is_version = members.next_if("v")?.text() == "1";
    (is_type && is_version && members.is_empty()).then_some(())
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
    let mut text = Text(String::with_capacity(1_536));
    match body {
        Body::Decided(decided) => {
            text.string("action", &decided.action);
            text.integer("at", *at);
            text.charges(&decided.charges);
            text.commitments(&decided.commitments);
            text.member("decision").push_str(decided.decision.text());
            text.string("direction", decided.direction.as_str());
            text.string("execution", &link.execution);
            text.facts(&decided.facts);
            text.position(governance);
            if let Some(hands_on) = &decided.hands_on {
                hands_on.to_value().write(text.member("hands_on"));
            }
            text.string("method", &decided.method);
            text.string("node", node);
            text.chain(link);
            if let Some(retry) = &decided.retry {
                retry.to_value().write(text.member("retry"));
            }
            text.count("seq", link.seq);
            text.string("server", &decided.server);
            if let Some(tool) = &decided.tool {
                text.string("tool", tool);
            }
        }
        Body::Completed { decided_seq, outcome, charges, labels, commitments } => {
            text.integer("at", *at);
            text.charges(charges);
            text.commitments(commitments);
            text.count("decided_seq", *decided_seq);
            text.string("execution", &link.execution);
            text.position(governance);
            if !labels.is_empty() {
                labels.to_value().write(text.member("labels"));
            }
            text.string("node", node);
            text.string("outcome", outcome.as_str());
            text.chain(link);
            text.count("seq", link.seq);
        }
        _ => return None,
    }
    text.string("type", body.type_name());
    text.integer("v", 1);
    text.0.push('}');
    Some(text.0.into_bytes())
}

/// A text that grows by members, in the order of their keys.
struct Text(String);

impl Text {
    /// Begins a member; its value is to follow.
    fn member(&mut self, key: &str) -> &mut String {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
        &mut self.0
    }

    fn string(&mut self, key: &str, value: &str) {
        write_string(value, self.member(key));
    }

    fn integer(&mut self, key: &str, value: i64) {
        write_integer(value, self.member(key));
    }

    fn count(&mut self, key: &str, value: u64) {
        write_count(value, self.member(key));
    }

    fn charges(&mut self, charges: &[Charged]) {
        if !charges.is_empty() {
            let values = charges.iter().map(Charged::to_value).collect();
            proof::json::Value::Array(values).write(self.member("charges"));
        }
    }

    fn commitments(&mut self, commitments: &Commitments) {
        self.member("commitments").push('{');
        for (number, (name, digest)) in commitments.iter().enumerate() {
            if number > 0 {
                self.0.push(',');
            }
            write_string(name, &mut self.0);
            self.0.push(':');
            digest.write(&mut self.0);
        }
        self.0.push('}');
    }

    fn facts(&mut self, facts: &Facts) {
        self.member("facts").push_str("{\"assurance\":");
        write_string(facts.assurance.as_str(), &mut self.0);
        self.0.push_str(",\"at\":");
        write_integer(facts.at, &mut self.0);
        if let Some(definition) = &facts.definition {
            self.0.push_str(",\"definition\":");
            definition.write(&mut self.0);
        }
        self.0.push('}');
    }

    fn position(&mut self, governance: &Position) {
        self.member("governance").push_str("{\"origin\":");
        write_string(&governance.origin, &mut self.0);
        self.0.push_str(",\"root\":");
        governance.root.write(&mut self.0);
        self.0.push_str(",\"size\":");
        write_count(governance.size, &mut self.0);
        self.0.push('}');
    }

    fn chain(&mut self, link: &Link) {
        self.member("parents").push('[');
        for (number, parent) in link.parents.iter().enumerate() {
            if number > 0 {
                self.0.push(',');
            }
            parent.write(&mut self.0);
        }
        self.0.push(']');
        if let Some(prev) = &link.prev {
            prev.write(self.member("prev"));
        }
    }
}

fn write_count(count: u64, text: &mut String) {
    proof::json::number(count).write(text);
}

#[cfg(test)]
mod tests;
