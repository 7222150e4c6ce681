use super::*;
use crate::bundle::Files;
use crate::cases;

const SCHEMA: &str = "entity W; entity T; action act appliesTo { principal: W, resource: T, context: { input: { n?: decimal, to?: T }, facts: { assurance: String } } };";
const POLICIES: &str = r#"@id("act") permit (principal, action == Action::"act", resource) when { context.facts.assurance != "cooperative" };
@id("once") forbid (principal, action == Action::"act", resource) when temporal { formerly within 1m Action::"act"::response{} };"#;

fn bundle() -> Arc<Bundle> {
    let manifest = "name = \"e\"\nversion = \"1\"\nsemantics = 1";
    let files =
        [("bundle.toml", manifest), ("schema.cedarschema", SCHEMA), ("policies/p.dw", POLICIES)];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

fn decided(context: &str) -> Decision {
    let evaluation = Evaluation {
        subject: Entity::new("W", "w"),
        action: "act".into(),
        resource: Entity::new("T", "t"),
        context: context.into(),
    };
    evaluate(&bundle(), &evaluation)
}

fn code(context: &str) -> &'static str {
    decided(context).code()
}

#[test]
fn missing_members_have_constant_defaults() {
    assert_eq!(code("{}"), "permitted");
    assert_eq!(
        decided("{}").to_bytes(),
        decided(r#"{"facts":{},"history":[],"input":{}}"#).to_bytes()
    );
    assert_eq!(code(r#"{"facts":{"assurance":"cooperative"}}"#), "policy.denied");
    assert_eq!(code(r#"{"facts":{"trust":"suspended"}}"#), "trust.insufficient");
}

#[test]
fn history_is_what_it_says() {
    let event = |kind: &str, at: &str| {
        format!(r#"{{"history":[{{"event":"{kind}","at_ms":{at},"action":"act","input":{{}}}}]}}"#)
    };
    assert_eq!(code(&event("response", "1767225590000")), "policy.denied");
    assert_eq!(code(&event("response", "1767225530000")), "permitted");
    assert_eq!(code(&event("request", "1767225590000")), "permitted");
    assert_eq!(code(&event("error", "1767225590000")), "permitted");
}

#[test]
fn fractions_are_decimals_or_nothing() {
    assert_eq!(code(r#"{"input":{"n":1.25}}"#), "permitted");
    assert_eq!(code(r#"{"input":{"n":3}}"#), "permitted");
    assert_eq!(code(r#"{"input":{"n":0.00001}}"#), "request.malformed");
    assert_eq!(code(r#"{"input":{"n":"1.5"}}"#), "permitted");
    assert_eq!(code(r#"{"input":{"n":"1,5"}}"#), "request.malformed");
    assert_eq!(code(r#"{"input":{"to":"x"}}"#), "permitted");
    assert_eq!(code(r#"{"input":{"to":{"type":"T","id":"x"}}}"#), "permitted");
    assert_eq!(code(r#"{"input":{"to":{"type":"W","id":"x"}}}"#), "request.malformed");
}

#[test]
fn whatever_means_nothing_is_malformed_and_says_why() {
    for (context, why) in [
        (r#"{"inputs":{}}"#, "`context.inputs` means nothing here; did you mean `input`?"),
        (
            r#"{"facts":{"trusts":"trusted"}}"#,
            "`context.facts.trusts` means nothing here; did you mean `trust`?",
        ),
        (r#"{"facts":{"at_ms":"1"}}"#, "`context.facts.at_ms` is a string, not an integer"),
        (r#"{"history":[{"event":"request"}]}"#, "`context.history[].at_ms` is missing"),
        (r#"{"history":[7]}"#, "`context.history[]` is an integer, not an object"),
        ("[]", "`context` is an array, not an object"),
        ("", "`context` can't be read: the text ends before its value does at byte 0"),
        (
            r#"{"input":{"a":1,"a":2}}"#,
            "`context` can't be read: two names of one object are the same for some readers at byte 16",
        ),
    ] {
        let decision = decided(context);
        assert_eq!(decision.code(), "request.malformed");
        assert_eq!(decision.checks()[0].why.as_deref(), Some(why));
    }
}

#[test]
fn lines_that_are_no_evaluations_say_so() {
    for line in [
        "",
        "{}",
        r#"{"subject":{"type":"W","id":"w"},"action":{"name":"act"}}"#,
        r#"{"subject":{"type":"W","id":"w"},"action":{"name":"act","how":1},"resource":{"type":"T","id":"t"}}"#,
        r#"{"subject":{"type":"W","id":1},"action":{"name":"act"},"resource":{"type":"T","id":"t"}}"#,
        r#"{"subject":{"type":"W","id":"w"},"action":{"name":"act"},"resource":{"type":"T","id":"t"},"options":{}}"#,
    ] {
        assert!(cases::read(line).is_err(), "{line}");
    }
    let line = r#"{"subject":{"type":"W","id":"w"},"action":{"name":"act","properties":{}},"resource":{"type":"T","id":"t"}}"#;
    assert_eq!(evaluate(&bundle(), &cases::read(line).unwrap()).code(), "permitted");
}

#[test]
fn a_grant_in_the_context_bounds_what_is_asked() {
    for (grant, code) in [
        (r#"{"actions":["fetch"]}"#, "permitted"),
        (r#"{"actions":[]}"#, "grant.exceeded"),
        (r#"{"until_ms":1}"#, "grant.exceeded"),
        (r#"{"calls_max":0}"#, "grant.exceeded"),
        (r#"{"calls":0}"#, "request.malformed"),
        ("7", "request.malformed"),
    ] {
        let manifest = "name = \"g\"\nversion = \"1\"\nsemantics = 2";
        let schema = "entity Workload; entity Page;\naction fetch appliesTo { principal: Workload, resource: Page, context: {} };";
        let files = [
            ("bundle.toml", manifest),
            ("schema.cedarschema", schema),
            ("policies/all.dw", "@id(\"all\") permit (principal, action, resource);"),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into();
        let asked = Evaluation {
            subject: Entity::new("Workload", "agent"),
            action: "fetch".to_owned(),
            resource: Entity::new("Page", "p"),
            context: format!(r#"{{"grant":{grant}}}"#),
        };
        let bundle = Arc::new(Bundle::load(&files).unwrap());
        assert_eq!(evaluate(&bundle, &asked).code(), code, "{grant}");
    }
}
