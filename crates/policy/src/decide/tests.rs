use std::sync::Arc;

use record::Facts;

use super::*;
use crate::bundle::{Bundle, Files};
use crate::decision::Check;
use crate::facts::DecisionState;
use crate::history::TransitionOutcome;
use crate::request::Entity;

const MANIFEST: &str = r#"
name = "small"
version = "1"
semantics = 1
[tools."web/fetch"]
action = "fetch"
resource = { type = "Page", argument = "url" }
[tools."mail/send"]
action = "send"
resource = { type = "Mailbox", id = "outbox" }
undeclared_arguments = "bind"
"#;

const SCHEMA: &str = r#"
entity Workload;
entity Page, Mailbox;
action fetch appliesTo { principal: Workload, resource: Page, context: { input: { url: String }, output?: { bytes: Long } } };
action send appliesTo { principal: Workload, resource: Mailbox,
  context: { input: { to: String, cents?: Long }, facts: { trust: String, assurance: String, at_ms: Long, at: datetime } } };
"#;

const POLICIES: &str = r#"
@id("fetch") permit (principal, action == Action::"fetch", resource);
@id("send") permit (principal, action == Action::"send", resource) when { context.facts.assurance != "cooperative" };
@id("after-fetch") forbid (principal, action == Action::"send", resource)
when temporal { formerly within 1h Action::"fetch"::response{} };
@id("overflow") forbid (principal, action == Action::"send", resource)
when { context.input has cents && context.input.cents * 4611686018427387904 > 0 };
"#;

fn bundle(policies: &str) -> Arc<Bundle> {
    let files =
        [("bundle.toml", MANIFEST), ("schema.cedarschema", SCHEMA), ("policies/all.dw", policies)];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

fn agent() -> Entity {
    Entity::new("Workload", "agent")
}

fn send(bundle: &Bundle, arguments: &str) -> Request {
    bundle.tool_request(agent(), "mail", "send", arguments)
}

fn at(ms: i64) -> Facts {
    Facts { at: ms, ..Facts::DEFAULT }
}

#[test]
fn more_policies_than_a_record_can_name_are_an_error() {
    let decide_by = |count: usize| {
        let forbids = (0..count).map(|n| {
            let id = format!("{n:0>100}");
            format!("@id(\"{id}\") forbid (principal, action == Action::\"fetch\", resource);\n")
        });
        let bundle = bundle(&forbids.collect::<String>());
        let request = bundle.tool_request(agent(), "web", "fetch", r#"{"url":"https://a.test/"}"#);
        let decision =
            decide(&mut History::new(&bundle).unwrap(), &DecisionState::DEFAULT, &at(0), &request);
        (decision.code().to_owned(), decision.to_public_text().len(), decision.policy_ids().count())
    };
    let (code, bytes, named) = decide_by(270);
    assert_eq!((code.as_str(), named), ("policy.denied", 270));
    assert!(bytes < 50_000, "{bytes}");
    let (code, bytes, named) = decide_by(300);
    assert_eq!((code.as_str(), named), ("policy.error", 0));
    assert!(bytes < 5_000, "{bytes}");
}

#[test]
fn the_story_of_a_fetch_and_a_mail() {
    let bundle = bundle(POLICIES);
    let mut history = History::new(&bundle).unwrap();
    let mail = send(&bundle, r#"{"to":"a@example.com","html":"<b>"}"#);
    let before = decide(&mut history, &DecisionState::DEFAULT, &at(1_000), &mail);
    assert_eq!(before.code(), "permitted", "{}", String::from_utf8(before.to_bytes()).unwrap());
    let page = bundle.tool_request(agent(), "web", "fetch", r#"{"url":"https://x.test/"}"#);
    assert_eq!(
        decide(&mut history, &DecisionState::DEFAULT, &at(2_000), &page).code(),
        "permitted"
    );
    // Asked for is not yet read.
    assert_eq!(
        decide(&mut history, &DecisionState::DEFAULT, &at(3_000), &mail).code(),
        "permitted"
    );
    history.complete(4_000, &page, &TransitionOutcome::Result(Some(r#"{"bytes":3}"#.into())));
    let after = decide(&mut history, &DecisionState::DEFAULT, &at(5_000), &mail);
    assert_eq!(after.code(), "policy.denied");
    assert_eq!(after.policy_ids().collect::<Vec<_>>(), ["after-fetch"]);
    // An hour later the window has passed.
    assert_eq!(
        decide(&mut history, &DecisionState::DEFAULT, &at(3_606_000), &mail).code(),
        "permitted"
    );
    assert_eq!(history.events(), 6);
}

/// Every check's outcome, one letter each: pass, fail, not evaluated.
fn letters(decision: &Decision) -> String {
    let letter = |check: &Check| check.outcome.as_str().chars().next().unwrap();
    decision.checks().iter().map(letter).collect()
}

fn once(bundle: &Arc<Bundle>, state: &DecisionState, request: &Request) -> Decision {
    decide(&mut History::new(bundle).unwrap(), state, &at(1_000), request)
}

#[test]
fn an_evaluation_error_denies_even_where_a_permit_is_satisfied() {
    let bundle = bundle(POLICIES);
    let decision = once(
        &bundle,
        &DecisionState::DEFAULT,
        &send(&bundle, r#"{"to":"a","cents":4000000000000000}"#),
    );
    assert_eq!(decision.code(), "policy.error");
    assert_eq!(letters(&decision), "pppppppfn");
    assert_eq!(decision.policy_ids().count(), 0);
    insta::assert_snapshot!(String::from_utf8(decision.to_bytes()).unwrap());
}

#[test]
fn every_check_runs_and_the_first_failure_names_the_code() {
    let bundle = bundle(POLICIES);
    let state = DecisionState {
        governance_verified: false,
        registered: false,
        trust: record::Trust::Revoked,
        halted: true,
        lineage_intact: false,
        ..DecisionState::DEFAULT
    };
    let allowed = once(&bundle, &state, &send(&bundle, r#"{"to":"a"}"#));
    assert_eq!(
        (letters(&allowed).as_str(), allowed.code()),
        ("pfffffppp", "governance.unverified")
    );
    let malformed = once(&bundle, &state, &send(&bundle, r#"{"to":7}"#));
    assert_eq!(
        (letters(&malformed).as_str(), malformed.code()),
        ("ffffffnnn", "request.malformed")
    );
    let unknown =
        once(&bundle, &DecisionState::DEFAULT, &bundle.tool_request(agent(), "web", "post", "{}"));
    assert_eq!((letters(&unknown).as_str(), unknown.code()), ("npppppfnn", "tool.unknown"));
    let nothing = Arc::new(Bundle::empty());
    assert_eq!(
        once(&nothing, &DecisionState::DEFAULT, &send(&nothing, "{}")).code(),
        "tool.unknown"
    );
}

#[test]
fn the_canonical_bytes_of_a_permit_and_a_denial() {
    let bundle = bundle(POLICIES);
    let permit = once(&bundle, &DecisionState::DEFAULT, &send(&bundle, r#"{"to":"a"}"#));
    insta::assert_snapshot!(String::from_utf8(permit.to_bytes()).unwrap());
    let facts = Facts { assurance: record::Assurance::Cooperative, ..at(1) };
    let request = send(&bundle, r#"{"to":"a"}"#);
    let deny =
        decide(&mut History::new(&bundle).unwrap(), &DecisionState::DEFAULT, &facts, &request);
    insta::assert_snapshot!(String::from_utf8(deny.to_bytes()).unwrap());
    // The canonical form reads back to the same bytes.
    let value = proof::json::Value::parse(&deny.to_bytes()).unwrap();
    assert_eq!(value.to_bytes(), deny.to_bytes());
}

#[test]
fn no_reason_repeats_a_value_from_the_request() {
    let bundle = bundle(POLICIES);
    let secret = "s3cr3t-value";
    let mut requests = vec![
        send(&bundle, &format!(r#"{{"to":["{secret}"]}}"#)),
        send(&bundle, &format!(r#"{{"to":"a","cents":"{secret}"}}"#)),
        send(&bundle, &format!(r#"{{"to":"{secret}""#)),
        send(&bundle, &format!(r#"{{"to":"{secret}","cents":4000000000000000}}"#)),
        bundle.tool_request(agent(), "web", "fetch", &format!(r#"{{"url":["{secret}"]}}"#)),
    ];
    let mut odd = send(&bundle, r#"{"to":"a"}"#);
    odd.principal.properties = format!(r#"{{"team":"{secret}"}}"#);
    requests.push(odd);
    for request in requests {
        let decision = once(&bundle, &DecisionState::DEFAULT, &request);
        assert_ne!(decision.code(), "permitted");
        assert!(!String::from_utf8(decision.to_bytes()).unwrap().contains(secret));
    }
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let bundle = bundle(
        &(0..40)
            .map(|n| format!("@id(\"p{n}\") permit (principal, action, resource);"))
            .collect::<String>(),
    );
    let request = send(&bundle, r#"{"to":"a"}"#);
    let first = once(&bundle, &DecisionState::DEFAULT, &request).to_bytes();
    for _ in 0..20 {
        assert_eq!(once(&bundle, &DecisionState::DEFAULT, &request).to_bytes(), first);
    }
}

#[test]
fn with_too_little_stack_it_denies_and_says_so() {
    let bundle = bundle(POLICIES);
    let request = send(&bundle, r#"{"to":"a"}"#);
    let thread =
        std::thread::Builder::new().stack_size(crate::limits::stack_needed(bundle.depth()) / 2);
    let decision = thread
        .spawn(move || once(&bundle, &DecisionState::DEFAULT, &request))
        .unwrap()
        .join()
        .unwrap();
    assert!(decision.engine_limit());
    assert_eq!(decision.code(), "policy.error");
}

#[test]
fn facts_reach_the_policies() {
    let policies = r#"@id("a") permit (principal, action == Action::"send", resource)
when { context.facts.at_ms == 86400000 && context.facts.at == datetime("1970-01-02") && context.facts.trust == "trusted" };"#;
    let bundle = bundle(policies);
    let request = send(&bundle, r#"{"to":"a"}"#);
    let mut history = History::new(&bundle).unwrap();
    assert_eq!(
        decide(&mut history, &DecisionState::DEFAULT, &at(86_400_000), &request).code(),
        "permitted"
    );
    assert_eq!(
        decide(&mut history, &DecisionState::DEFAULT, &at(86_400_001), &request).code(),
        "policy.denied"
    );
    assert_eq!(
        decide(&mut history, &DecisionState::DEFAULT, &at(-1), &request).code(),
        "request.malformed"
    );
    assert_eq!(
        decide(&mut history, &DecisionState::DEFAULT, &at(i64::MAX), &request).code(),
        "request.malformed"
    );
}

#[test]
fn a_request_resolved_elsewhere_is_decided_alike() {
    let (bundle, other) = (bundle(POLICIES), bundle(&POLICIES.replace("permit", "forbid")));
    let requests = [
        send(&bundle, r#"{"to":"a"}"#),
        send(&bundle, r#"{"to":"a","cents":4000000000000000}"#),
        send(&bundle, r#"{"to":7}"#),
        bundle.tool_request(agent(), "web", "post", "{}"),
    ];
    for request in requests {
        let expected = once(&bundle, &DecisionState::DEFAULT, &request).to_bytes();
        for formed_for in [&bundle, &other] {
            let resolved = std::thread::scope(|scope| {
                let thread =
                    std::thread::Builder::new().stack_size(crate::limits::DECIDE_STACK_BYTES);
                thread
                    .spawn_scoped(scope, || resolve(formed_for, &request))
                    .unwrap()
                    .join()
                    .unwrap()
            });
            let mut history = History::new(&bundle).unwrap();
            let decision =
                decide_resolved(&mut history, &DecisionState::DEFAULT, &at(1_000), &resolved);
            assert_eq!(decision.to_bytes(), expected);
            assert_eq!(history.events(), 1);
        }
    }
}

/// Calls `mail/send`, whose undeclared arguments are bound; gives the decision's code and why it is
/// malformed.
fn sends(semantics: u64, arguments: &str) -> (&'static str, String) {
    let manifest = MANIFEST.replace("semantics = 1", &format!("semantics = {semantics}"));
    let schema = SCHEMA.replace("cents?: Long", "cents?: Long, price?: decimal");
    let policies = "@id(\"all\") permit (principal, action, resource);";
    let files: Files = [
        ("bundle.toml", &*manifest),
        ("schema.cedarschema", &*schema),
        ("policies/all.dw", policies),
    ]
    .map(|(path, text)| (path.to_owned(), text.into()))
    .into();
    let bundle = Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")));
    let principal = Entity::new("Workload", "agent");
    let request = bundle.tool_request(principal, "mail", "send", arguments);
    let mut history = History::new(&bundle).unwrap();
    let decision = decide(&mut history, &DecisionState::DEFAULT, &Facts::DEFAULT, &request);
    (decision.code(), format!("{decision:?}"))
}

#[test]
fn arguments_as_models_send_them_have_their_meaning() {
    for arguments in [
        r#"{"to":"a","cents":3.0}"#,
        r#"{"to":"a","cents":3e0}"#,
        r#"{"to":"a","cents":null,"price":null}"#,
        r#"{"to":"a","price":19}"#,
        r#"{"to":"a","price":19.0}"#,
        r#"{"to":"a","price":1.999e1}"#,
        r#"{"to":"a","id":12034567890123456789,"at":1.5e300,"x":0.9355189175474323,"y":-0.0}"#,
        r#"{"to":"a","deep":[{"lat":52.520007}]}"#,
    ] {
        assert_eq!(sends(4, arguments).0, "permitted", "{arguments}");
    }
    // As before, a version ago.
    for arguments in [r#"{"to":"a","cents":3.0}"#, r#"{"to":"a","cents":null}"#] {
        assert_eq!(sends(2, arguments).0, "request.malformed", "{arguments}");
    }
}

#[test]
fn an_unreadable_argument_is_named_with_its_wanted_type() {
    for (arguments, why) in [
        (
            r#"{"to":"a","cents":9007199254740993}"#,
            "`input.cents` is a value that readers take for different ones, the schema says an integer",
        ),
        (
            r#"{"to":"a","cents":3.5}"#,
            "`input.cents` is a number that is not an integer, the schema says an integer",
        ),
        (r#"{"to":"a","cents":"3"}"#, "`input.cents` is a string, the schema says an integer"),
        (r#"{"to":null}"#, "`input.to` is null, the schema says a string"),
        (
            r#"{"to":"a","price":52.520007}"#,
            "`input.price` is a number that is not an integer, the schema says a decimal with at most four places",
        ),
        (
            r#"{"to":"a","price":0.9355189175474323}"#,
            "`input.price` is a value that readers take for different ones, the schema says a decimal with at most four places",
        ),
    ] {
        let (code, whole) = sends(4, arguments);
        assert_eq!(code, "request.malformed", "{arguments}");
        assert!(whole.contains(why), "{whole}");
    }
}
