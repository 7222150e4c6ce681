use std::collections::BTreeMap;

use proof::digest::Digest;
use proof::json::{Object, Text, Value, object};
use proptest::prelude::*;

use super::*;

/// Any text, and such as needs escapes.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_.]{1,12}", "[\u{20}-\u{2ff}\\\\\"]{1,20}"]
}

fn names() -> impl Strategy<Value = String> {
    texts().prop_filter("names have no controls", |name| !name.chars().any(char::is_control))
}

fn digests() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest::from_bytes)
}

fn commitments() -> impl Strategy<Value = Commitments> {
    prop::collection::btree_map("[a-z]{1,12}".prop_map(Text::new), digests(), 0..5)
}

fn charges() -> impl Strategy<Value = Vec<Charged>> {
    let one = (names(), names(), 0..9_999_u64).prop_map(|(meter, subject, amount)| Charged {
        meter,
        per: Per::Workload,
        subject,
        amount,
    });
    prop::collection::vec(one, 0..3)
}

prop_compose! {
    fn headers()(
        at in 0..1_800_000_000_000_i64,
        node in names(),
        origin in texts(),
        root in digests(),
        size in 0..1_000_000_u64,
        execution in names(),
        seq in 0..9_u64,
        prev in digests(),
        parents in prop::collection::vec(digests(), 0..3),
    ) -> Header {
        let link = Link { execution, seq, prev: (seq > 0).then_some(prev), parents };
        Header { at, node, governance: Position { origin, size, root }, link: Some(link) }
    }
}

fn decisions() -> impl Strategy<Value = OpenDecision> {
    (texts(), texts(), prop::option::of("[a-z]{1,9}")).prop_map(|(code, file, label)| {
        let mut decision = Object::from([
            ("code", Value::from(code)),
            ("decision", Value::from("permit")),
            ("policies", Value::Array(vec![object([("file", Value::from(file))])])),
        ]);
        let has_labels = label.is_some();
        if let Some(label) = label {
            decision.insert("labels", object([("adds", Value::Array(vec![Value::from(label)]))]));
        }
        let text = String::from_utf8(Value::Object(decision).to_bytes()).unwrap();
        OpenDecision::new(text, "permit", has_labels)
    })
}

prop_compose! {
    fn decided()(
        (server, method, action) in (names(), names(), texts()),
        tool in prop::option::of(names()),
        charges in charges(),
        delegates in prop::option::of(names()),
        retry in prop::option::of((digests(), prop::collection::vec(digests(), 0..3))),
        (at, definition) in (0..1_800_000_000_000_i64, prop::option::of(digests())),
        decision in decisions(),
        commitments in commitments(),
    ) -> Body {
        let grant = Grant { actions: None, calls_max: Some(3), depth_max: None, until_ms: Some(9) };
        Body::Decided(Box::new(Decided {
            server,
            direction: if tool.is_some() { MessageDirection::ToServer } else { MessageDirection::ToClient },
            method,
            tool,
            action,
            charges,
            delegates: delegates.map(|workload| DelegationRequest { workload, grant }),
            retry: retry.map(|(pending, votes)| RecordedRetry { pending, votes }),
            facts: Facts { at, assurance: Assurance::Separated, definition },
            decision,
            commitments,
        }))
    }
}

prop_compose! {
    fn completed()(
        decided_seq in 0..99_u64,
        outcome in prop::sample::select(Completion::ALL.to_vec()),
        written in prop::option::of(0..1_u64 << 53),
        withheld in prop::option::of("[a-z.]{1,20}"),
        charges in charges(),
        labels in prop::collection::btree_set("[a-z]{1,9}", 0..3),
        commitments in commitments(),
    ) -> Body {
        let labels = labels.into_iter().collect();
        let outcome = match outcome {
            Completion::Unknown { .. } => Completion::Unknown { written },
            other => other,
        };
        Body::Completed { decided_seq, outcome, withheld, charges, labels, commitments }
    }
}

/// Decisions and ends with anything in them, and a record of each other type.
fn records() -> impl Strategy<Value = LineageRecord> {
    let body = prop_oneof![decided(), completed()];
    let made = (headers(), body).prop_map(|(header, body)| LineageRecord { header, body });
    prop_oneof![made, prop::sample::select(every_record())]
}

/// What stands somewhere in a value in place of what was there.
fn others() -> impl Strategy<Value = Option<Value>> {
    let value = prop_oneof![
        Just(Value::Integer(-1)),
        Just(Value::Integer(0)),
        Just(Value::Integer(2)),
        Just(Value::Bool(true)),
        Just(Value::from("")),
        Just(Value::from("two\nlines")),
        Just(Value::from("transition.completed")),
        Just(Value::from("A".repeat(43))),
        Just(Value::from("x".repeat(129))),
        Just(Value::Array(vec![])),
        Just(Value::Object(Object::new())),
    ];
    prop::option::of(value)
}

/// Puts another value in the place of a member, or takes it out, or adds one that nobody knows.
fn change(value: &mut Value, path: &[prop::sample::Index], other: Option<Value>) {
    let Value::Object(members) = value else { return };
    let keys: Vec<String> = members.keys().map(str::to_owned).collect();
    let Some((first, rest)) = path.split_first().filter(|_| !keys.is_empty()) else {
        members.insert("unknown", other.unwrap_or(Value::Bool(false)));
        return;
    };
    let key = &keys[first.index(keys.len())];
    match members.get_mut(key) {
        Some(inner @ Value::Object(_)) if !rest.is_empty() => change(inner, rest, other),
        _ => match other {
            Some(other) => drop(members.insert(key.as_str(), other)),
            None => drop(members.remove(key)),
        },
    }
}

/// What is read from these bytes is written with them.
fn is_itself_or_refused(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(record) = LineageRecord::parse(bytes) {
        let written = record.to_bytes();
        prop_assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(bytes));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 1_000 } else { 20_000 }))]

    #[test]
    fn a_record_is_read_as_it_was_written(record in records()) {
        let text = record.to_bytes();
        prop_assert_eq!(Value::parse(&text).unwrap().to_bytes(), text.clone());
        prop_assert_eq!(LineageRecord::parse(&text), Ok(record));
    }

    /// Of two texts with one meaning, one is refused.
    #[test]
    fn a_changed_record_is_refused_or_another_one(
        record in records(),
        path in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        other in others(),
    ) {
        let mut value = Value::parse(&record.to_bytes()).unwrap();
        change(&mut value, &path, other);
        is_itself_or_refused(&value.to_bytes())?;
    }

    #[test]
    fn changed_bytes_are_refused_or_another_record(
        record in records(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = record.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        is_itself_or_refused(&bytes)?;
        bytes.remove(at);
        is_itself_or_refused(&bytes)?;
    }

    #[test]
    fn a_sealed_part_is_read_as_it_was_written(
        parts in prop::collection::btree_map("[a-z][a-z_]{0,11}", prop::collection::vec(any::<u8>(), 0..80), 1..5),
        entropy in any::<[u8; 32]>(),
    ) {
        let mut sealed = Sealed::default();
        let made: BTreeMap<_, _> =
            parts.iter().map(|(name, bytes)| (name, sealed.seal(name, bytes.clone(), &entropy))).collect();
        let text = sealed.to_bytes();
        prop_assert_eq!(Value::parse(&text).unwrap().to_bytes(), text.clone());
        let read = Sealed::parse(&text).unwrap();
        prop_assert_eq!(&read, &sealed);
        for (name, digest) in &made {
            prop_assert_eq!(read.open(name, digest), parts.get(*name).map(Vec::as_slice));
        }
    }
}

/// What is said of a decision in which that member has another value, or is not there.
fn refusal(name: &str, value: Option<Value>) -> String {
    let mut members = match Value::parse(&every_record()[4].to_bytes()) {
        Ok(Value::Object(members)) => members,
        other => panic!("{other:?}"),
    };
    match value {
        Some(value) => drop(members.insert(name, value)),
        None => drop(members.remove(name)),
    }
    LineageRecord::parse(&Value::Object(members).to_bytes()).unwrap_err().to_string()
}

#[test]
fn the_reader_names_what_is_missing_unknown_or_wrong() {
    assert_eq!(refusal("method", None), "member `method` is missing");
    assert_eq!(refusal("node", None), "member `node` is missing");
    assert_eq!(refusal("v", None), "member `v` must be 1");
    assert_eq!(refusal("aaa", Some(Value::from("x"))), "unknown member `aaa`");
    assert_eq!(refusal("zzz", Some(Value::from("x"))), "unknown member `zzz`");
    let wrong = "member `seq` must be an integer from 0";
    assert_eq!(refusal("seq", Some(Value::from("1"))), wrong);
}
