use std::sync::Arc;

use record::Facts;

use super::*;
use crate::bundle::Files;
use crate::facts::DecisionState;
use crate::request::Entity;

const SCHEMA: &str =
    "entity G; entity W in [G] = { team: String, level?: Long }; entity T = { owner?: W };
action act appliesTo { principal: [W, G], resource: T };";
const ENTITIES: &str = r#"[{"uid":{"type":"W","id":"known"},"attrs":{"team":"red"},"parents":[{"type":"G","id":"g"}]},
{"uid":{"type":"G","id":"g"},"attrs":{},"parents":[]}]"#;
const POLICIES: &str = r#"@id("a") permit (principal in G::"g", action, resource);
@id("b") forbid (principal is W, action, resource) when { principal.team == "blue" };
@id("c") forbid (principal is W, action, resource) when { resource has owner && resource.owner != principal };"#;

fn code(kind: &str, id: &str, properties: &str, resource: &str) -> (&'static str, String) {
    let manifest = "name = \"s\"\nversion = \"1\"\nsemantics = 1";
    let files = [
        ("bundle.toml", manifest),
        ("schema.cedarschema", SCHEMA),
        ("policies/p.dw", POLICIES),
        ("entities.json", ENTITIES),
    ];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    let bundle = Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")));
    let request = Request {
        principal: Entity { kind: kind.into(), id: id.into(), properties: properties.into() },
        action: "act".into(),
        resource: Entity { kind: "T".into(), id: "t".into(), properties: resource.into() },
        input: "{}".into(),
    };
    let mut history = crate::History::new(&bundle).unwrap();
    let decision = crate::decide(&mut history, &DecisionState::DEFAULT, &Facts::DEFAULT, &request);
    (decision.code(), decision.checks()[0].why.clone().unwrap_or_default())
}

#[test]
fn the_bundle_and_the_request_describe_entities_together() {
    assert_eq!(code("W", "known", "{}", "{}").0, "permitted");
    assert_eq!(code("W", "known", r#"{"team":"red","level":3}"#, "{}").0, "permitted");
    assert_eq!(
        code("W", "known", r#"{"team":"blue"}"#, "{}"),
        ("request.malformed", "`principal`: the request and the bundle disagree on `team`".into())
    );
    assert_eq!(
        code("W", "new", "{}", "{}"),
        ("request.malformed", "`principal.team` is missing".into())
    );
    assert_eq!(code("W", "new", r#"{"team":"red"}"#, "{}").0, "policy.denied");
    assert_eq!(
        code("W", "new", r#"{"team":"red","parents":[{"type":"G","id":"g"}]}"#, "{}").0,
        "permitted"
    );
    assert_eq!(
        code("W", "new", r#"{"team":"blue","parents":[{"type":"G","id":"g"}]}"#, "{}").0,
        "policy.denied"
    );
    assert_eq!(code("G", "g", "{}", "{}").0, "permitted");
}

#[test]
fn attributes_can_be_entities() {
    assert_eq!(code("W", "known", "{}", r#"{"owner":"known"}"#).0, "permitted");
    assert_eq!(
        code("W", "known", "{}", r#"{"owner":{"type":"W","id":"other"}}"#).0,
        "policy.denied"
    );
    assert_eq!(
        code("W", "known", "{}", r#"{"owner":{"type":"G","id":"known"}}"#).0,
        "request.malformed"
    );
}

#[test]
fn properties_that_do_not_fit_are_malformed() {
    for properties in [
        r#"{"colour":"red"}"#,
        r#"{"level":"3"}"#,
        r#"{"parents":{}}"#,
        r#"{"parents":[{"type":"T","id":"t"}]}"#,
        "[]",
        "",
        "{\"team\":",
    ] {
        assert_eq!(code("W", "known", properties, "{}").0, "request.malformed", "{properties}");
    }
    assert_eq!(code("W", "", "{}", "{}").0, "request.malformed");
    assert_eq!(code("T", "t", "{}", "{}").0, "request.malformed");
}
