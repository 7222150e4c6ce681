//! Reads and writes records by way of their values: what [`LineageRecord::parse`] and
//! [`LineageRecord::to_bytes`] are compared with.

use proof::digest::Digest;
use proof::json::{Object, Value, number, object};
use proof::record::Fields;

use super::*;
use crate::governance::SignedProposal;
use crate::members::{MalformedRecord, members, name, wrong};
use crate::{Assurance, Facts, Labels, Position};

pub(super) fn write_record(record: &LineageRecord) -> Vec<u8> {
    let mut object = Object::new();
    object.insert("v", Value::Integer(1));
    object.insert("type", Value::from(record.body.type_name()));
    write_header(&record.header, &mut object);
    write_body(&record.body, &mut object);
    Value::Object(object).to_bytes()
}

pub(super) fn read_record(bytes: &[u8]) -> Result<LineageRecord, MalformedRecord> {
    let value = Value::parse(bytes)?;
    let Value::Object(mut object) = value else {
        return Err(MalformedRecord::new("not an object"));
    };
    if object.remove("v") != Some(Value::Integer(1)) {
        return Err(wrong("v", "1"));
    }
    let Some(Value::String(type_name)) = object.remove("type") else {
        return Err(wrong("type", "a string"));
    };
    let header = take_header(&mut object)?;
    let body = read_body(&type_name, object)?;
    match (body.concerns_execution(), header.link.is_some()) {
        (true, false) => Err(MalformedRecord::new("member `execution` is missing")),
        (false, true) => Err(MalformedRecord::new("unknown member `execution`")),
        _ => Ok(LineageRecord { header, body }),
    }
}

const LINK_MEMBERS: [&str; 4] = ["execution", "parents", "prev", "seq"];

fn write_header(header: &Header, object: &mut Object) {
    object.insert("at", Value::Integer(header.at));
    object.insert("node", Value::from(header.node.as_str()));
    object.insert("governance", header.governance.to_value());
    if let Some(link) = &header.link {
        let parents = link.parents.iter().map(Digest::to_value).collect();
        object.insert("execution", Value::from(link.execution.as_str()));
        object.insert("seq", number(link.seq));
        object.insert("parents", Value::Array(parents));
        if let Some(prev) = link.prev {
            object.insert("prev", prev.to_value());
        }
    }
}

fn take_header(object: &mut Object) -> Result<Header, MalformedRecord> {
    let names = ["at", "governance", "node"];
    let mine = Value::Object(take(object, &names));
    let members = members(&mine, &names)?;
    let link = Value::Object(take(object, &LINK_MEMBERS));
    Ok(Header {
        at: members.integer("at")?,
        node: name(&members, "node")?,
        governance: Position::from_value(members.value("governance")?)?,
        link: read_link(&link)?,
    })
}

fn read_link(value: &Value) -> Result<Option<Link>, MalformedRecord> {
    if value.as_object().is_some_and(Object::is_empty) {
        return Ok(None);
    }
    let members = members(value, &LINK_MEMBERS)?;
    let seq = members.count("seq")?;
    let prev = members.optional_digest("prev")?;
    if prev.is_some() != (seq > 0) {
        return Err(wrong("prev", "there from `seq` 1 on, and only then"));
    }
    let parent = |value: &Value| {
        let digest = value.as_str().and_then(|text| text.parse().ok());
        digest.ok_or_else(|| wrong("parents", "an array of digests in base64url"))
    };
    let parents = members.array("parents")?.iter().map(parent).collect::<Result<_, _>>()?;
    Ok(Some(Link { execution: name(&members, "execution")?, seq, prev, parents }))
}

fn take(object: &mut Object, names: &[&str]) -> Object {
    names.iter().filter_map(|name| object.remove(name).map(|value| (*name, value))).collect()
}

fn write_body(body: &Body, into: &mut Object) {
    let mut put = |name: &str, value: Value| into.insert(name.to_owned(), value);
    match body {
        Body::Started { workload, os_user, delegation } => {
            if let Some(delegation) = delegation {
                put("delegation", delegation.to_value());
            }
            put("workload", Value::from(workload.as_str()));
            put("os_user", Value::Integer(i64::from(*os_user)));
        }
        Body::Delegated { decided_seq, child } => {
            put("child", Value::from(child.as_str()));
            put("decided_seq", number(*decided_seq));
        }
        Body::Ended { by } => {
            put("by", Value::from(by.as_str()));
        }
        Body::Decided(decided) => write_decided(decided, into),
        Body::Withheld { decided_seq, code } => {
            put("decided_seq", number(*decided_seq));
            put("code", Value::from(code.as_str()));
        }
        Body::Completed { decided_seq, outcome, withheld, charges, labels, commitments } => {
            if let Some(code) = withheld {
                put("withheld", Value::from(code.as_str()));
            }
            if !charges.is_empty() {
                put("charges", Value::Array(charges.iter().map(Charged::to_value).collect()));
            }
            if !labels.is_empty() {
                put("labels", labels.to_value());
            }
            put("decided_seq", number(*decided_seq));
            put("outcome", Value::from(outcome.as_str()));
            if let Some(written) = outcome.written() {
                put("written", number(written));
            }
            put("commitments", commitments_value(commitments));
        }
        Body::Approved(approval) => extend(into, approval.to_value()),
        Body::Erased { execution, os_user, reason } => {
            put("erased", Value::from(execution.as_str()));
            put("os_user", number(u64::from(*os_user)));
            put("reason", Value::from(reason.as_str()));
        }
        Body::Ordered { proposal } => {
            put("proposal", proposal.to_value());
        }
        Body::Adopted { verified, bundle } => {
            put("verified", Value::Bool(*verified));
            if let Some(bundle) = bundle {
                put("bundle", Value::from(bundle.to_string()));
            }
        }
        Body::ClockStepped { by_ms } => {
            put("by_ms", Value::Integer(*by_ms));
        }
        Body::Snapshot(mark) => {
            put("private", mark.private.to_value());
            put("public", mark.public.to_value());
            put("size", number(mark.size));
        }
        Body::Refused { counts } => {
            let one = |(code, count): (&String, &u64)| {
                object([("code", Value::from(code.as_str())), ("count", number(*count))])
            };
            put("counts", Value::Array(counts.iter().map(one).collect()));
        }
    }
}

fn extend(into: &mut Object, value: Value) {
    let Value::Object(members) = value else { unreachable!() };
    into.extend(members);
}

fn read_body(type_name: &str, object: Object) -> Result<Body, MalformedRecord> {
    let value = Value::Object(object);
    match type_name {
        "execution.started" => started(&value),
        "execution.delegated" => read_delegated(&value),
        "execution.ended" => read_ended(&value),
        "transition.decided" => Ok(Body::Decided(Box::new(read_decided(&value)?))),
        "transition.withheld" => {
            let members = members(&value, &["code", "decided_seq"])?;
            let decided_seq = members.count("decided_seq")?;
            Ok(Body::Withheld { decided_seq, code: name(&members, "code")? })
        }
        "transition.completed" => completed(&value),
        "approval.given" => Ok(Body::Approved(Box::new(read_approval(&value)?))),
        "execution.erased" => read_erased(&value),
        "enforcement.ordered" => {
            let members = members(&value, &["proposal"])?;
            let proposal = SignedProposal::from_value(members.value("proposal")?)?;
            Ok(Body::Ordered { proposal: Box::new(proposal) })
        }
        "governance.adopted" => adopted(&value),
        "clock.stepped" => {
            let members = members(&value, &["by_ms"])?;
            Ok(Body::ClockStepped { by_ms: members.integer("by_ms")? })
        }
        "state.snapshot" => Ok(Body::Snapshot(read_mark(&value)?)),
        "input.refused" => refused(&value),
        _ => Err(MalformedRecord::new(format!("unknown lineage record type `{type_name}`"))),
    }
}

const DECIDED_MEMBERS: [&'static str; 11] = [
    "action",
    "charges",
    "commitments",
    "decision",
    "direction",
    "facts",
    "hands_on",
    "method",
    "retry",
    "server",
    "tool",
];

fn write_decided(decided: &Decided, into: &mut Object) {
    let mut put = |name: &str, value: Value| into.insert(name.to_owned(), value);
    put("action", Value::from(decided.action.as_str()));
    if !decided.charges.is_empty() {
        put("charges", Value::Array(decided.charges.iter().map(Charged::to_value).collect()));
    }
    put("commitments", commitments_value(&decided.commitments));
    put("decision", decided.decision.to_value());
    put("direction", Value::from(decided.direction.as_str()));
    put("facts", facts_value(&decided.facts));
    if let Some(delegates) = &decided.delegates {
        put("hands_on", delegates.to_value());
    }
    put("method", Value::from(decided.method.as_str()));
    if let Some(retry) = &decided.retry {
        put("retry", retry_value(retry));
    }
    put("server", Value::from(decided.server.as_str()));
    if let Some(tool) = &decided.tool {
        put("tool", Value::from(tool.as_str()));
    }
}

fn read_decided(value: &Value) -> Result<Decided, MalformedRecord> {
    let members = members(value, &DECIDED_MEMBERS)?;
    let direction = MessageDirection::parse(members.str("direction")?)
        .ok_or_else(|| wrong("direction", "`to_server` or `to_client`"))?;
    Ok(Decided {
        server: name(&members, "server")?,
        direction,
        method: name(&members, "method")?,
        tool: members.has("tool").then(|| name(&members, "tool")).transpose()?,
        action: members.str("action")?.to_owned(),
        charges: charges_of(&members)?,
        delegates: members
            .has("hands_on")
            .then(|| DelegationRequest::from_value(members.value("hands_on")?))
            .transpose()?,
        retry: members.has("retry").then(|| read_retry(members.value("retry")?)).transpose()?,
        facts: facts_of(members.value("facts")?)?,
        decision: read_decision(members.value("decision")?)?,
        commitments: commitments_of(members.value("commitments")?)?,
    })
}

/// The charges, where there are any: never an empty array, so that one meaning has one form.
fn charges_of(members: &Fields<'_>) -> Result<Vec<Charged>, MalformedRecord> {
    if !members.has("charges") {
        return Ok(Vec::new());
    }
    let charges = members.array("charges")?;
    if charges.is_empty() {
        return Err(wrong("charges", "left out where there is none"));
    }
    charges.iter().map(Charged::from_value).collect()
}

/// The labels, where there are any: as with charges, never an empty array.
fn labels_of(members: &Fields<'_>) -> Result<Labels, MalformedRecord> {
    if !members.has("labels") {
        return Ok(Labels::NONE);
    }
    let labels = Labels::from_value(members.value("labels")?).filter(|labels| !labels.is_empty());
    labels.ok_or_else(|| wrong("labels", "sorted names, and left out where there is none"))
}

fn facts_value(facts: &Facts) -> Value {
    let definition = facts.definition.map(|digest| ("definition", digest.to_value()));
    let members =
        [("assurance", Value::from(facts.assurance.as_str())), ("at", Value::Integer(facts.at))];
    object(members.into_iter().chain(definition))
}

fn facts_of(value: &Value) -> Result<Facts, MalformedRecord> {
    let members = members(value, &["assurance", "at", "definition"])?;
    let assurance = Assurance::parse(members.str("assurance")?)
        .ok_or_else(|| wrong("assurance", "cooperative, separated, confined or attested"))?;
    let definition = members.optional_digest("definition")?;
    Ok(Facts { at: members.integer("at")?, assurance, definition })
}

fn started(value: &Value) -> Result<Body, MalformedRecord> {
    let members = members(value, &["delegation", "os_user", "workload"])?;
    let os_user = u32::try_from(members.integer("os_user")?);
    Ok(Body::Started {
        workload: name(&members, "workload")?,
        os_user: os_user.map_err(|_| wrong("os_user", "a user id of 32 bits"))?,
        delegation: members
            .has("delegation")
            .then(|| Delegation::from_value(members.value("delegation")?).map(Box::new))
            .transpose()?,
    })
}

fn completed(value: &Value) -> Result<Body, MalformedRecord> {
    const MEMBERS: [&str; 7] =
        ["charges", "commitments", "decided_seq", "labels", "outcome", "withheld", "written"];
    let members = members(value, &MEMBERS)?;
    let outcome = Completion::parse(members.str("outcome")?)
        .ok_or_else(|| wrong("outcome", "result, error, sent or unknown"))?;
    let outcome = match (members.has("written"), outcome) {
        (true, Completion::Unknown { .. }) => {
            Some(Completion::Unknown { written: Some(members.count("written")?) })
        }
        (true, _) => None,
        (false, _) => Some(outcome),
    };
    Ok(Body::Completed {
        decided_seq: members.count("decided_seq")?,
        outcome: outcome
            .ok_or_else(|| wrong("written", "left out unless the outcome is `unknown`"))?,
        withheld: members.has("withheld").then(|| name(&members, "withheld")).transpose()?,
        charges: charges_of(&members)?,
        labels: labels_of(&members)?,
        commitments: commitments_of(members.value("commitments")?)?,
    })
}

fn adopted(value: &Value) -> Result<Body, MalformedRecord> {
    let members = members(value, &["bundle", "verified"])?;
    let verified = members.value("verified")?.as_bool();
    Ok(Body::Adopted {
        verified: verified.ok_or_else(|| wrong("verified", "true or false"))?,
        bundle: members.optional_digest("bundle")?,
    })
}

fn refused(value: &Value) -> Result<Body, MalformedRecord> {
    let one = |value: &Value| {
        let members = members(value, &["code", "count"])?;
        Ok((name(&members, "code")?, members.count("count")?))
    };
    let counts = members(value, &["counts"])?.array("counts")?.iter().map(one);
    let counts = counts.collect::<Result<Vec<(String, u64)>, MalformedRecord>>()?;
    if !counts.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b)) {
        return Err(wrong("counts", "in the order of their codes, each code once"));
    }
    Ok(Body::Refused { counts: counts.into_iter().collect() })
}

fn read_delegated(value: &Value) -> Result<Body, MalformedRecord> {
    let members = members(value, &["child", "decided_seq"])?;
    let child = name(&members, "child")?;
    Ok(Body::Delegated { decided_seq: members.count("decided_seq")?, child })
}

fn read_ended(value: &Value) -> Result<Body, MalformedRecord> {
    let members = members(value, &["by"])?;
    let word = members.str("by")?;
    let by = [EndedBy::Parent, EndedBy::Officer].into_iter().find(|by| by.as_str() == word);
    Ok(Body::Ended { by: by.ok_or_else(|| wrong("by", "`parent` or `officer`"))? })
}

fn read_erased(value: &Value) -> Result<Body, MalformedRecord> {
    let members = members(value, &["erased", "os_user", "reason"])?;
    let os_user = u32::try_from(members.integer("os_user")?);
    let reason = ErasedFor::parse(members.str("reason")?);
    Ok(Body::Erased {
        execution: name(&members, "erased")?,
        os_user: os_user.map_err(|_| wrong("os_user", "a user id of 32 bits"))?,
        reason: reason.ok_or_else(|| wrong("reason", "asked or retention"))?,
    })
}

fn read_mark(value: &Value) -> Result<SnapshotMark, MalformedRecord> {
    let members = members(value, &["private", "public", "size"])?;
    let (private, public) = (members.digest("private")?, members.digest("public")?);
    Ok(SnapshotMark { size: members.count("size")?, public, private })
}

fn commitments_value(commitments: &Commitments) -> Value {
    let members = commitments.iter().map(|(name, digest)| (name.as_str(), digest.to_value()));
    Value::Object(members.collect())
}

fn commitments_of(value: &Value) -> Result<Commitments, MalformedRecord> {
    let object = value.as_object().ok_or_else(|| wrong("commitments", "an object"))?;
    let one = |(name, value): (&str, &Value)| {
        let digest = value.as_str().and_then(|text| text.parse().ok());
        Ok((name.into(), digest.ok_or_else(|| wrong(name, "a digest in base64url"))?))
    };
    object.iter().map(one).collect()
}

fn read_decision(value: &Value) -> Result<OpenDecision, MalformedRecord> {
    let object = value.as_object().ok_or_else(|| wrong("decision", "an object"))?;
    Ok(OpenDecision::from(object.clone()))
}

fn retry_value(retry: &RecordedRetry) -> Value {
    let votes = retry.votes.iter().map(|digest| Value::from(digest.to_string()));
    object([
        ("given", Value::Array(votes.collect())),
        ("pending", Value::from(retry.pending.to_string())),
    ])
}

fn read_retry(value: &Value) -> Result<RecordedRetry, MalformedRecord> {
    let members = members(value, &["given", "pending"])?;
    let digest = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    let votes: Option<Vec<Digest>> = members.array("given")?.iter().map(digest).collect();
    let votes = votes.ok_or_else(|| wrong("given", "digests in base64url"))?;
    Ok(RecordedRetry { pending: members.digest("pending")?, votes })
}

/// The members of an approval as they were read; it is then made of them.
fn read_approval(value: &Value) -> Result<SignedApproval, MalformedRecord> {
    let members = members(value, &["expires_ms", "key", "pending", "signature", "verdict"])?;
    let key = members.str("key")?.parse::<proof::note::VerifierKey>();
    key.map_err(|_| wrong("key", "a verifier key (vkey)"))?;
    if !matches!(members.str("verdict")?, "permit" | "refuse") {
        return Err(wrong("verdict", "permit or refuse"));
    }
    let _digest = members.digest("pending")?;
    let _time = members.integer("expires_ms")?;
    let _bytes = members.bytes("signature")?;
    SignedApproval::from_value(value)
}
