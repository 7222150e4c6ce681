use std::sync::Arc;

use record::Facts;

use super::*;
use crate::bundle::Bundle;
use crate::evaluation::{Evaluation, evaluate};
use crate::{DecisionState, Entity, History, Request, decide};

const METERS: &str =
    "[meters.daily]\nunit = \"cents\"\nlimit = 500\nwindow = \"24h\"\nper = \"workload\"\n
[[charges]]\nmeter = \"daily\"\naction = \"pay\"\namount = \"input.cents\"\n
[[charges]]\nmeter = \"daily\"\naction = \"pay\"\namount = \"input.fee\"\ndecimals = 2\n";

fn bundle() -> Arc<Bundle> {
    let files = [
        ("bundle.toml", "name = \"n\"\nversion = \"1\"\nsemantics = 2\n"),
        (
            "schema.cedarschema",
            "entity W; entity R; action pay appliesTo { principal: W, resource: R, context: { input: { cents: Long, fee?: decimal } } };",
        ),
        ("policies/all.dw", "@id(\"all\") permit (principal, action, resource);"),
        ("meters.toml", METERS),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    Arc::new(Bundle::load(&files.into()).unwrap())
}

fn pay(input: &str, used: u64) -> crate::Decision {
    let evaluation = Evaluation {
        subject: Entity::new("W", "w"),
        action: "pay".to_owned(),
        resource: Entity::new("R", "r"),
        context: format!(r#"{{"input":{input},"meters":{{"daily":{used}}}}}"#),
    };
    evaluate(&bundle(), &evaluation)
}

#[test]
fn a_meter_permits_up_to_its_limit() {
    let input = r#"{"cents":100,"fee":0.5}"#;
    assert_eq!(pay(input, 350).code(), "permitted");
    assert_eq!(pay(input, 351).code(), "meter.exhausted");
    let charge = Charge { meter: "daily".to_owned(), per: Per::Workload, amount: 150 };
    assert_eq!(pay(input, 350).charges(), [charge]);
    assert_eq!(pay(input, 351).charges(), [], "a denial reserves nothing");
}

#[test]
fn amounts_that_cannot_be_told_fail_closed() {
    for (input, code) in [
        (r#"{"cents":-1,"fee":0}"#, "meter.exhausted"),
        (r#"{"cents":1}"#, "meter.exhausted"),
        (r#"{"cents":1,"fee":0.005}"#, "meter.exhausted"),
        (r#"{"cents":1,"fee":-0.5}"#, "meter.exhausted"),
        (r#"{"cents":9007199254740991,"fee":0.01}"#, "meter.exhausted"),
        (r#"{"cents":"1","fee":0}"#, "request.malformed"),
        (r#"{"cents":1.5,"fee":0}"#, "request.malformed"),
        (r#"{"cents":9007199254740992,"fee":0}"#, "request.malformed"),
    ] {
        assert_eq!(pay(input, 0).code(), code, "{input}");
    }
}

#[test]
fn a_meter_without_an_account_denies() {
    let request = Request {
        principal: Entity::new("W", "w"),
        action: "pay".to_owned(),
        resource: Entity::new("R", "r"),
        input: r#"{"cents":0,"fee":0}"#.to_owned(),
    };
    let code = |spent: Spent| {
        let state = DecisionState { spent, ..DecisionState::DEFAULT };
        let mut history = History::new(&bundle()).unwrap();
        decide(&mut history, &state, &Facts::DEFAULT, &request).code()
    };
    assert_eq!(code(Spent::from([("daily".to_owned(), 0)])), "permitted");
    assert_eq!(code(Spent::new()), "meter.exhausted");
}

#[test]
fn decimals_are_read_as_whole_units_only() {
    for (text, decimals, units) in [
        ("12.50", 2, Some(1250)),
        ("12.5", 2, Some(1250)),
        ("12.0", 0, Some(12)),
        ("0.0001", 4, Some(1)),
        ("0.001", 2, None),
        ("-1.0", 2, None),
        ("1e3", 2, None),
        (".5", 2, None),
        ("99999999999999999999.0", 0, None),
    ] {
        assert_eq!(minor_units(text, decimals), units, "{text} {decimals}");
    }
}
