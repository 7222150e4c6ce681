use proof::base64url;
use proof::json::{Value, number, object};
use proof::note::Signer as _;
use record::lineage::LineageRecord;

use crate::{Outcome, agree, array, case, digest, signer, with, within, without};

/// Each type of record, and what may be malformed in it.
pub(crate) fn cases() -> Outcome<Vec<Value>> {
    let accepted = accepted()?;
    let mut cases = Vec::new();
    for (name, record) in &accepted {
        agree(name, true, LineageRecord::parse(&record.to_bytes()).is_ok())?;
        cases.push(case(true, name, record)?);
    }
    for (name, record) in envelopes(&accepted)?.into_iter().chain(bodies(&accepted)?) {
        agree(&name, false, LineageRecord::parse(&record.to_bytes()).is_ok())?;
        cases.push(case(false, &name, &record)?);
    }
    Ok(cases)
}

/// How much of a message was written, of which nobody knows how it ended.
pub(crate) fn written() -> Outcome<Vec<Value>> {
    let ended = |outcome: &str| {
        let members = [
            ("commitments", commitments(&[])),
            ("decided_seq", number(1)),
            ("outcome", outcome.into()),
        ];
        of_execution("transition.completed", 2, &members)
    };
    let unknown = |written: Value| with(&ended("unknown"), "written", written);
    let cases = [
        (true, "nothing", unknown(number(0))),
        (true, "all of a short line", unknown(number(41))),
        (true, "the greatest count", unknown(number((1 << 53) - 1))),
        (false, "a count below 0", unknown(Value::Integer(-1))),
        (false, "a text", unknown("41".into())),
        (false, "of a result", with(&ended("result"), "written", number(41))),
        (false, "of an error", with(&ended("error"), "written", number(41))),
        (false, "of what was sent", with(&ended("sent"), "written", number(41))),
        (false, "of a withheld permit", {
            let members = [("code", "execution.halted".into()), ("decided_seq", number(1))];
            with(&of_execution("transition.withheld", 2, &members), "written", number(0))
        }),
    ];
    let mut lines = Vec::new();
    for (accept, name, record) in cases {
        agree(name, accept, LineageRecord::parse(&record.to_bytes()).is_ok())?;
        lines.push(case(accept, name, &record)?);
    }
    Ok(lines)
}

type RetryRef = Vec<(String, Value)>;

fn header(type_name: &str) -> Value {
    let governance = object([
        ("origin", "acme.example/governance".into()),
        ("root", digest("root")),
        ("size", number(4)),
    ]);
    object([
        ("at", Value::Integer(1_764_000_000_000)),
        ("governance", governance),
        ("node", "n1".into()),
        ("type", type_name.into()),
        ("v", Value::Integer(1)),
    ])
}

/// A record of an execution; without `prev` where it is the first.
pub(crate) fn of_execution(type_name: &str, seq: u64, members: &[(&str, Value)]) -> Value {
    let mut record = header(type_name);
    let chain = [("execution", "x1".into()), ("parents", array::<Value>([])), ("seq", number(seq))];
    for (member, value) in chain.iter().chain(members) {
        record = with(&record, member, value.clone());
    }
    if seq > 0 { with(&record, "prev", digest("previous")) } else { record }
}

pub(crate) fn of_node(type_name: &str, members: &[(&str, Value)]) -> Value {
    let start = header(type_name);
    members.iter().fold(start, |record, (member, value)| with(&record, member, value.clone()))
}

fn grant() -> Value {
    object([
        ("actions", array(["initialize", "read_file"])),
        ("calls_max", number(3)),
        ("depth_max", number(0)),
        ("until_ms", number(1_764_000_600_000)),
    ])
}

fn charges(amount: u64) -> Value {
    array([object([
        ("amount", number(amount)),
        ("meter", "daily".into()),
        ("per", "workload".into()),
        ("subject", "agent".into()),
    ])])
}

fn decision(verdict: &str, code: &str) -> Value {
    let check = object([("check", "policy.denied".into()), ("outcome", "pass".into())]);
    let policy = object([
        ("effect", "permit".into()),
        ("file", "policies/all.dw".into()),
        ("id", "read".into()),
        ("line", number(7)),
    ]);
    object([
        ("bundle", digest("bundle")),
        ("checks", array([check])),
        ("code", code.into()),
        ("decision", verdict.into()),
        ("policies", array([policy])),
        ("v", Value::Integer(1)),
    ])
}

fn commitments(names: &[&str]) -> Value {
    object(names.iter().map(|name| (*name, digest(name))))
}

/// A call of a tool, with the members that every decision has, and its tool.
fn decided() -> Value {
    let facts = object([
        ("assurance", "separated".into()),
        ("at", Value::Integer(1_764_000_000_000)),
        ("definition", digest("definition")),
    ]);
    let members = [
        ("action", "read_file".into()),
        ("commitments", commitments(&["decision", "message", "request"])),
        ("decision", decision("permit", "permitted")),
        ("direction", "to_server".into()),
        ("facts", facts),
        ("method", "tools/call".into()),
        ("server", "office".into()),
        ("tool", "read_file".into()),
    ];
    of_execution("transition.decided", 1, &members)
}

fn decisions() -> Outcome<RetryRef> {
    let labels = object([("adds", array(["customer"])), ("leaves", array(["file /rest"]))]);
    let awaits =
        object([("count", number(2)), ("role", "finance".into()), ("within_ms", number(600_000))]);
    let retry = object([("given", array([digest("approval")])), ("pending", digest("pending"))]);
    let delegates = object([("grant", grant()), ("workload", "helper".into())]);
    let labelled = within(&decided(), "decision", |decision| with(decision, "labels", labels))?;
    let plain =
        within(&without(&decided(), "tool"), "facts", |facts| without(facts, "definition"))?;
    let pending = with(&decided(), "decision", decision("pending", "approval.required"));
    let pending = within(&pending, "decision", |one| with(one, "awaits", array([awaits])))?;
    let intent = ["decision", "intent", "message", "request"];
    let pending = with(&pending, "commitments", commitments(&intent));
    let named: [(&str, Value); 6] = [
        ("transition.decided, permitted", decided()),
        (
            "transition.decided, of another message than a call",
            with(&plain, "direction", "to_client"),
        ),
        ("transition.decided, labels and charges", with(&labelled, "charges", charges(250))),
        ("transition.decided, pending", pending),
        ("transition.decided, a retry", with(&decided(), "retry", retry)),
        ("transition.decided, a delegation", with(&plain, "hands_on", delegates)),
    ];
    Ok(named.map(|(name, record)| (name.to_owned(), record)).into())
}

fn signed_approval() -> Outcome<[(&'static str, Value); 5]> {
    let officer = signer("acme.example/finance-1", 9)?;
    let said = object([
        ("expires_ms", Value::Integer(1_764_000_600_000)),
        ("origin", "acme.example/lineage/n1".into()),
        ("pending", digest("pending")),
        ("verdict", "permit".into()),
    ]);
    let signature = officer.sign(&[b"interlock.approval.v1\n", &said.to_bytes()[..]].concat())?;
    Ok([
        ("expires_ms", Value::Integer(1_764_000_600_000)),
        ("key", officer.verifier().to_string().into()),
        ("pending", digest("pending")),
        ("signature", base64url::encode(&signature).into()),
        ("verdict", "permit".into()),
    ])
}

fn accepted() -> Outcome<RetryRef> {
    let started = [("os_user", number(1001)), ("workload", "agent".into())];
    let delegation = object([("grant", grant()), ("parent", "x0".into())]);
    let child =
        [("delegation", delegation), ("os_user", number(1002)), ("workload", "helper".into())];
    let from = array([digest("delegated")]);
    let child = with(&of_execution("execution.started", 0, &child), "parents", from);
    let delegated = [("child", "x2".into()), ("decided_seq", number(1))];
    let withheld = [("code", "execution.halted".into()), ("decided_seq", number(1))];
    let completed = [
        ("charges", charges(3)),
        ("commitments", commitments(&["message", "output"])),
        ("decided_seq", number(1)),
        ("labels", array(["customer", "untrusted"])),
        ("outcome", "result".into()),
    ];
    let unknown =
        [("commitments", object([])), ("decided_seq", number(1)), ("outcome", "unknown".into())];
    let mut named = vec![
        ("execution.started", of_execution("execution.started", 0, &started)),
        ("execution.started, delegated", child),
        ("execution.delegated", of_execution("execution.delegated", 2, &delegated)),
        ("execution.ended", of_execution("execution.ended", 3, &[("by", "officer".into())])),
        ("approval.given", of_execution("approval.given", 2, &signed_approval()?)),
        ("transition.withheld", of_execution("transition.withheld", 2, &withheld)),
        ("transition.completed", of_execution("transition.completed", 2, &completed)),
        ("transition.completed, unknown", of_execution("transition.completed", 2, &unknown)),
    ];
    named.extend(of_nodes()?);
    let named = named.into_iter().map(|(name, record)| (name.to_owned(), record));
    Ok(named.chain(decisions()?).collect())
}

fn of_nodes() -> Outcome<Vec<(&'static str, Value)>> {
    let marks = [("private", digest("private")), ("public", digest("public")), ("size", number(7))];
    let erased =
        [("erased", "x9".into()), ("os_user", number(1000)), ("reason", "retention".into())];
    let adopted = [("bundle", digest("bundle")), ("verified", true.into())];
    let stopped = [("verified", false.into())];
    let refusal = object([("code", "refused.input".into()), ("count", number(3))]);
    let ordered = [("proposal", crate::governance::halt()?)];
    Ok(vec![
        ("enforcement.ordered", of_node("enforcement.ordered", &ordered)),
        ("state.snapshot", of_node("state.snapshot", &marks)),
        ("execution.erased", of_node("execution.erased", &erased)),
        ("governance.adopted", of_node("governance.adopted", &adopted)),
        ("governance.adopted, stopped before a bundle", of_node("governance.adopted", &stopped)),
        ("input.refused", of_node("input.refused", &[("counts", array([refusal]))])),
    ])
}

/// The members that may be left out, in one type or another.
const OPTIONAL: [&str; 8] =
    ["bundle", "charges", "delegation", "hands_on", "labels", "prev", "retry", "tool"];

/// Malformed envelopes and headers; and, for every record, a missing member, an extra one, and one
/// of another kind.
fn envelopes(accepted: &RetryRef) -> Outcome<RetryRef> {
    let mut cases = RetryRef::new();
    let mut put = |name: String, record: Value| cases.push((name, record));
    for (name, record) in accepted {
        put(format!("{name}: a member that nobody knows"), with(record, "extra", true));
        put(format!("{name}: version 2"), with(record, "v", Value::Integer(2)));
        for member in record.as_object().into_iter().flat_map(|members| members.keys()) {
            if !OPTIONAL.contains(&member) {
                put(format!("{name}: without `{member}`"), without(record, member));
            }
            let is_truth = record.get(member).is_some_and(|value| value.as_bool().is_some());
            let other = if is_truth { Value::Integer(1) } else { true.into() };
            put(format!("{name}: `{member}` of another kind"), with(record, member, other));
        }
    }
    let first = of_execution("execution.ended", 0, &[("by", "parent".into())]);
    let later = of_execution("execution.ended", 3, &[("by", "parent".into())]);
    put("a type that nobody knows".to_owned(), with(&first, "type", "execution.began"));
    put("version as a string".to_owned(), with(&first, "v", "1"));
    put("`prev` in an execution's first record".to_owned(), with(&first, "prev", digest("x")));
    put("no `prev` later".to_owned(), without(&later, "prev"));
    put("a negative `seq`".to_owned(), with(&later, "seq", Value::Integer(-1)));
    put("an empty name".to_owned(), with(&later, "execution", ""));
    put("a name of 129 bytes".to_owned(), with(&later, "node", "n".repeat(129)));
    put("a name with a control character".to_owned(), with(&later, "node", "n\u{85}1"));
    put("a parent that is no digest".to_owned(), with(&later, "parents", array(["x"])));
    let sizeless = within(&later, "governance", |governance| without(governance, "size"))?;
    put("a position without a size".to_owned(), sizeless);
    let longer = within(&later, "governance", |governance| with(governance, "at", number(1)))?;
    put("a position with another member".to_owned(), longer);
    Ok(cases)
}

/// What is malformed in one type.
fn bodies(accepted: &RetryRef) -> Outcome<RetryRef> {
    let base = |name: &str| {
        let found = accepted.iter().find(|(one, _)| one == name);
        found.map(|(_, record)| record.clone()).ok_or_else(|| format!("`{name}` is not accepted"))
    };
    let (decided, completed) = (decided(), base("transition.completed")?);
    let (erased, child) = (base("execution.erased")?, base("execution.started, delegated")?);
    let (given, refused) = (base("approval.given")?, base("input.refused")?);
    let granted = |grant: Value| within(&child, "delegation", |one| with(one, "grant", grant));
    let fact = |name, value: Value| within(&decided, "facts", |facts| with(facts, name, value));
    let other_per = Value::parse(br#"[{"amount":1,"meter":"m","per":"user","subject":"s"}]"#)?;
    let negative = Value::parse(br#"[{"amount":-1,"meter":"m","per":"node","subject":"s"}]"#)?;
    let doubled = Value::parse(br#"[{"code":"a","count":1},{"code":"a","count":1}]"#)?;
    let codeless = Value::parse(br#"[{"count":1}]"#)?;
    let named = [
        ("a node's record in an execution", with(&erased, "execution", "x1")),
        ("an execution's record in none", with(&header("execution.ended"), "by", "parent")),
        ("ended by a stranger", with(&base("execution.ended")?, "by", "agent")),
        ("a uid of 33 bits", with(&erased, "os_user", number(1 << 32))),
        ("a negative uid", with(&erased, "os_user", Value::Integer(-1))),
        ("erased for no reason", with(&erased, "reason", "")),
        ("a direction that is none", with(&decided, "direction", "sideways")),
        ("a decision that is no object", with(&decided, "decision", "permit")),
        ("an assurance that is none", fact("assurance", "hoped".into())?),
        ("a definition that is no digest", fact("definition", "x".into())?),
        ("facts with another member", fact("user", "u".into())?),
        ("no charges, written down", with(&decided, "charges", array::<Value>([]))),
        ("a charge for nobody known", with(&decided, "charges", other_per)),
        ("a negative charge", with(&decided, "charges", negative)),
        (
            "a commitment that is no digest",
            with(&decided, "commitments", object([("m", "x".into())])),
        ),
        ("an outcome that is none", with(&completed, "outcome", "maybe")),
        ("no labels, written down", with(&completed, "labels", array::<Value>([]))),
        ("labels out of order", with(&completed, "labels", array(["b", "a"]))),
        ("a label twice", with(&completed, "labels", array(["a", "a"]))),
        ("a grant with another member", granted(with(&grant(), "calls", number(1)))?),
        ("a grant of actions out of order", granted(with(&grant(), "actions", array(["b", "a"])))?),
        ("a grant of an action without a name", granted(with(&grant(), "actions", array([""])))?),
        (
            "a grant of fewer than no calls",
            granted(with(&grant(), "calls_max", Value::Integer(-1)))?,
        ),
        ("a verdict that is none", with(&given, "verdict", "deny")),
        ("a key that is none", with(&given, "key", "acme.example/finance-1")),
        ("a signature that is no base64url", with(&given, "signature", "a+b/")),
        ("a count without a code", with(&refused, "counts", codeless)),
        ("one code twice", with(&refused, "counts", doubled)),
        (
            "an order with another member",
            within(&base("enforcement.ordered")?, "proposal", |one| with(one, "at", number(1)))?,
        ),
        (
            "an order of no known type",
            within(&base("enforcement.ordered")?, "proposal", |one| {
                with(one, "type", "halt.suggested")
            })?,
        ),
        ("a digest of 42 characters", with(&base("state.snapshot")?, "public", "A".repeat(42))),
    ];
    Ok(named.into_iter().map(|(name, record)| (name.to_owned(), record)).collect())
}
