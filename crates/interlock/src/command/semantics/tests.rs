use kernel::state::Unreadable;

use super::*;

fn decided(code: &str, bundle: &str) -> Value {
    let decision = if code == "permitted" { "permit" } else { "deny" };
    object([("bundle", bundle.into()), ("code", code.into()), ("decision", decision.into())])
}

fn different(recorded: Value, derived: Value) -> ReplayOutcome {
    ReplayOutcome::Different { recorded, derived }
}

#[test]
fn answers_count_and_not_bytes_and_snapshots_do_not() {
    let (denied, permitted) = (decided("policy.denied", "1"), decided("permitted", "1"));
    let fed = [
        ReplayOutcome::Followed,
        ReplayOutcome::Identical,
        different(permitted.clone(), decided("permitted", "2")),
        different(denied.clone(), permitted.clone()),
        different(permitted, decided("grant.exceeded", "1")),
        different(denied, decided("policy.error", "1")),
        different(object([("public", "1".into())]), object([("public", "2".into())])),
        ReplayOutcome::NotReplayable { execution: "x".to_owned(), why: Unreadable::NoKey },
    ];
    let mut found = BothReplays::default();
    (0..).zip(&fed).for_each(|(index, fed)| found.add(index, fed));
    assert_eq!((found.same, found.different, found.erased), (2, 3, 1));
    let shown: Vec<u64> = found.differences.iter().map(|difference| difference.index).collect();
    assert_eq!(shown, [3, 4, 5]);
}

#[test]
fn no_more_differences_are_kept_than_are_shown() {
    let mut found = BothReplays::default();
    for index in 0..25 {
        found.add(index, &different(decided("permitted", "1"), decided("policy.denied", "1")));
    }
    assert_eq!((found.different, found.differences.len()), (25, DIFFERENCES_SHOWN));
}
