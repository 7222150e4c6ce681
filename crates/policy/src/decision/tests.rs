use proptest::prelude::*;
use record::Labels;

use super::*;
use proof::json::Value;

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_.]{0,12}", "[\u{0}-\u{ff}\\\\\"]{0,20}", any::<String>()]
}

fn checks() -> impl Strategy<Value = Vec<Check>> {
    let names = prop::sample::select(Semantics::V2.checks().to_vec());
    let outcomes = prop::sample::select(vec![
        CheckOutcome::Pass,
        CheckOutcome::Fail,
        CheckOutcome::NotEvaluated,
    ]);
    let check = (names, outcomes, prop::option::of(words())).prop_map(|(id, outcome, why)| Check {
        id,
        outcome,
        why,
    });
    // All that pass, which is a permit, and any others.
    let passed = Semantics::V2.checks().iter().map(|id| Check::pass(*id)).collect::<Vec<_>>();
    let mut pending = passed.clone();
    let last = pending.iter_mut().find(|check| check.id == CheckId::ApprovalRequired).unwrap();
    *last = Check::fail(CheckId::ApprovalRequired, "it waits");
    prop_oneof![Just(passed), Just(pending), prop::collection::vec(check, 0..20)]
}

prop_compose! {
    fn decisions()(
        checks in checks(),
        policies in prop::collection::vec((words(), words(), 0_usize..99_999), 0..4),
        errors in prop::collection::vec((words(), words()), 0..4),
        labels in prop::collection::btree_set("[a-z]{1,9}", 0..4),
        awaits in 0_usize..3,
        bundle in any::<[u8; 32]>(),
    ) -> Decision {
        let adds: Labels = labels.into_iter().collect();
        let awaited = ApprovalRule { count: 2, role: "finance".into(), within_ms: 600_000 };
        Decision {
            semantics: Semantics::V2,
            checks,
            policies: policies
                .into_iter()
                .map(|(id, file, line)| DeterminingPolicy { id, effect: "permit", file, line })
                .collect(),
            errors: errors
                .into_iter()
                .map(|(policy, why)| EvaluationError { policy, why })
                .collect(),
            bundle: Digest::from_bytes(bundle),
            engine_limit: false,
            labels: LabelChange { adds, ..LabelChange::default() },
            charges: Vec::new(),
            awaits: vec![awaited; awaits],
        }
    }
}

proptest! {
    #[test]
    fn its_text_is_that_of_its_canonical_object(decision in decisions()) {
        let bytes = decision.to_bytes();
        prop_assert_eq!(String::from_utf8(bytes.clone()), String::from_utf8(decision.to_value().to_bytes()));
        prop_assert_eq!(Value::parse(&bytes).unwrap(), decision.to_value());
    }

    #[test]
    fn the_public_text_has_no_reasons(decision in decisions()) {
        let Value::Object(mut members) = decision.to_value() else { unreachable!() };
        members.remove("errors");
        let Some(Value::Array(checks)) = members.get_mut("checks") else { unreachable!() };
        for check in checks {
            let Value::Object(check) = check else { unreachable!() };
            check.remove("why");
        }
        let text = decision.to_public_text();
        prop_assert_eq!(Value::parse(text.as_bytes()).unwrap(), Value::Object(members));
    }
}
