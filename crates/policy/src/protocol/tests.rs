use std::sync::Arc;

use record::{Facts, Labels};

use super::*;
use crate::bundle::{Bundle, Files};
use crate::decide::decide;
use crate::facts::DecisionState;
use crate::history::History;
use crate::limits::INPUT_BYTES_MAX;
use crate::request::Entity;
use crate::{Decision, Passing};

const SCHEMA: &str = r#"
entity Workload; entity Server;
action "ping", "initialize", "tools/list" appliesTo { principal: Workload, resource: Server };
action "prompts/get" appliesTo { principal: Workload, resource: Server,
  context: { input: { name: String, of?: { team?: String } }, undeclared: Bool } };
action "list_allowed_directories", "server/notifications/message", "answer/roots/list", "agent/start"
  appliesTo { principal: Workload, resource: Server };
"#;

const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("no-more") forbid (principal, action == Action::"prompts/get", resource) when { context.undeclared };
@id("no-secret") forbid (principal, action == Action::"prompts/get", resource)
when { context.input.name like "*SECRET*" };
"#;

fn load(semantics: u64, schema: &str, policies: &str) -> Result<Arc<Bundle>, String> {
    let manifest = format!("name = \"x\"\nversion = \"1\"\nsemantics = {semantics}");
    let labels = "[labels]\nsecret = \"a token\"\n";
    let detectors = "[detectors.token]\npattern = 'TOKEN'\nlooks_at = [\"arguments\", \"results\"]\nadds = [\"secret\"]\n";
    let files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", schema),
        ("policies/p.dw", policies),
        ("labels.toml", labels),
        ("detectors.toml", detectors),
    ];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Bundle::load(&files).map(Arc::new).map_err(|errors| errors.to_string())
}

fn bundle() -> Arc<Bundle> {
    load(4, SCHEMA, POLICIES).unwrap()
}

fn earlier() -> Arc<Bundle> {
    let schema = SCHEMA.replace(", undeclared: Bool", "");
    load(2, &schema, "@id(\"all\") permit (principal, action, resource);").unwrap()
}

fn decided(bundle: &Arc<Bundle>, (name, is_known): (&str, bool), params: &str) -> Decision {
    let principal = Entity::new("Workload", "w");
    let message = MessageAction { name, is_known };
    let request = bundle.message_request(principal, "office", message, params);
    decide(&mut History::new(bundle).unwrap(), &DecisionState::DEFAULT, &Facts::DEFAULT, &request)
}

fn code(bundle: &Arc<Bundle>, name: &str, params: &str) -> &'static str {
    decided(bundle, (name, true), params).code()
}

#[test]
fn a_policy_sees_the_declared_params_of_a_message() {
    assert_eq!(code(&bundle(), "prompts/get", r#"{"name":"p"}"#), "permitted");
    let denied = decided(&bundle(), ("prompts/get", true), r#"{"name":"a SECRET"}"#);
    assert_eq!(denied.policy_ids().collect::<Vec<_>>(), ["no-secret"]);
}

#[test]
fn a_policy_sees_that_params_say_more_than_is_declared() {
    for params in [
        r#"{"name":"p","_meta":{}}"#,
        r#"{"name":"p","of":{"team":"t","x":1}}"#,
        r#"{"name":"p","n":9223372036854775807}"#,
    ] {
        let denied = decided(&bundle(), ("prompts/get", true), params);
        assert_eq!(denied.policy_ids().collect::<Vec<_>>(), ["no-more"], "{params}");
    }
    assert_eq!(code(&bundle(), "prompts/get", r#"{"name":"p","of":{"team":"t"}}"#), "permitted");
}

#[test]
fn params_that_are_not_declared_make_no_message_malformed() {
    let long = format!(r#"{{"a":"{}"}}"#, "b".repeat(INPUT_BYTES_MAX));
    for params in ["{}", r#"{"_meta":{"x":[1,-9223372036854775808]}}"#, r#"{"a":"\ud800"}"#, &long]
    {
        assert_eq!(code(&bundle(), "ping", params), "permitted");
    }
}

#[test]
fn declared_params_of_another_type_make_a_message_malformed() {
    for params in ["{}", r#"{"name":1}"#, r#"{"name":9223372036854775807}"#, r#"{"name":"\ud800"}"#]
    {
        assert_eq!(code(&bundle(), "prompts/get", params), "request.malformed", "{params}");
    }
}

#[test]
fn an_unknown_method_stands_for_no_action() {
    for name in [
        "list_allowed_directories",
        "server/notifications/message",
        "answer/roots/list",
        "agent/start",
        "unknown:ping",
        "ping",
    ] {
        assert_eq!(decided(&bundle(), (name, false), "{}").code(), "tool.unknown", "{name}");
        if name != "agent/start" && name != "unknown:ping" {
            assert_eq!(decided(&bundle(), (name, true), "{}").code(), "permitted", "{name}");
        }
    }
}

#[test]
fn earlier_versions_decide_by_names_and_see_no_params() {
    let earlier = earlier();
    assert_eq!(decided(&earlier, ("list_allowed_directories", false), "{}").code(), "permitted");
    assert_eq!(code(&earlier, "prompts/get", r#"{"name":"p"}"#), "request.malformed");
    assert_eq!(code(&earlier, "ping", r#"{"name":"p"}"#), "permitted");
}

#[test]
fn a_schema_cannot_declare_an_unknown_method() {
    let schema = SCHEMA.replace("\"agent/start\"", "\"unknown:x\"");
    let why = load(4, &schema, POLICIES).unwrap_err();
    assert!(why.contains("stands for unknown methods"), "{why}");
}

#[test]
fn earlier_versions_supply_no_word_of_what_is_undeclared() {
    let why = load(2, SCHEMA, POLICIES).unwrap_err();
    assert!(why.contains("need `semantics = 4`"), "{why}");
}

/// Where a token is put: each part of a message that is forwarded.
const MESSAGES: [&str; 8] = [
    r#"{"jsonrpc":"2.0","id":"TOKEN","method":"ping"}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"TOKEN"}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"TOKEN":1}}}"#,
    r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"x":"\u0054OKEN"}}}"#,
    r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"TOKEN"}}"#,
    r#"{"jsonrpc":"2.0","id":"TOKEN","result":{}}"#,
    r#"{"jsonrpc":"2.0","id":1,"result":{"TOKEN":1}}"#,
    r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m","data":["TOKEN"]}}"#,
];

#[test]
fn detectors_see_the_whole_message_either_way() {
    let secret: Labels = ["secret".to_owned()].into_iter().collect();
    for message in MESSAGES {
        for passing in [Passing::Arguments, Passing::Results] {
            assert_eq!(bundle().detected(passing, message.as_bytes()), secret, "{message}");
        }
    }
}

#[test]
fn detectors_of_earlier_versions_leave_out_id_and_method() {
    let earlier = earlier();
    let found = MESSAGES.map(|message| earlier.detected(Passing::Results, message.as_bytes()));
    let missed = found.iter().filter(|labels| **labels == Labels::NONE).count();
    assert_eq!(missed, 3);
}
