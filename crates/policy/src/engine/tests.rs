use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicySet, Request};
use cedar_policy_core::ast::{PolicySet as CorePolicySet, Request as CoreRequest};
use record::Facts;

use super::*;
use crate::bundle::{Bundle, Files};
use crate::facts::DecisionState;

const ENTITIES: &str = r#"[
{"uid":{"type":"User","id":"u"},"attrs":{},"parents":[{"type":"Team","id":"t"}]},
{"uid":{"type":"Team","id":"t"},"attrs":{},"parents":[{"type":"Team","id":"top"}]},
{"uid":{"type":"Action","id":"move"},"attrs":{},"parents":[{"type":"Action","id":"Reads"},{"type":"Action","id":"Writes"}]},
{"uid":{"type":"File","id":"f"},"attrs":{},"parents":[{"type":"Folder","id":"d"}]}]"#;

/// What the engine and what Cedar's scan say of `principal` moving `resource`: allowed, reasons,
/// errors.
type Said = (bool, Vec<String>, usize);

fn both(policies: &str, principal: &str, resource: &str) -> (Said, Said) {
    let set = PolicySet::from_str(policies).unwrap();
    let entities = Entities::from_json_str(ENTITIES, None).unwrap();
    let uid = |text: &str| EntityUid::from_str(text).unwrap();
    let (who, what, on) = (uid(principal), uid("Action::\"move\""), uid(resource));
    let request = Request::new(who, what, on, Context::empty(), None).unwrap();

    let response = Authorizer::new().is_authorized(&request, &set, &entities);
    let mut reasons: Vec<String> =
        response.diagnostics().reason().map(ToString::to_string).collect();
    reasons.sort();
    let errors = response.diagnostics().errors().count();
    let scan = (response.decision() == CedarDecision::Allow, reasons, errors);

    let core: &CorePolicySet = set.as_ref();
    let mut sorted: Vec<&Policy> = core.policies().collect();
    sorted.sort_by(|a, b| a.id().cmp(b.id()));
    let engine = ScopedEngine { index: Index::new(sorted) };
    let request: &CoreRequest = request.as_ref();
    let known: &cedar_policy_core::entities::Entities = entities.as_ref();
    let scope_keys = |entry: &EntityUIDEntry| engine.scope_keys(entry.uid().unwrap(), known);
    let candidates = engine.index.candidates(
        &scope_keys(request.principal()),
        &scope_keys(request.action()),
        &scope_keys(request.resource()),
    );
    let answer = engine.index.ask(&candidates, request.clone(), known);
    let reasons =
        answer.reasons.iter().map(|n| engine.index.name(Some(*n)).to_owned()).collect::<Vec<_>>();
    (scan, (answer.allow, reasons, answer.errors.len()))
}

fn agree(policies: &str, principal: &str, resource: &str) -> Said {
    let (scan, found) = both(policies, principal, resource);
    assert_eq!(scan, found, "{policies} {principal} {resource}");
    found
}

const OVERFLOW: &str = "when { 9223372036854775807 + 1 > 0 }";

#[test]
fn a_forbid_that_errors_denies_where_cedar_skips_it() {
    let policies = format!(
        "permit (principal, action, resource); forbid (principal, action, resource) {OVERFLOW};"
    );
    let (scan, found) = both(&policies, "User::\"u\"", "File::\"f\"");
    assert_eq!(scan, (true, vec!["policy0".to_owned()], 1));
    assert_eq!(found, (false, vec!["policy0".to_owned()], 1));
}

#[test]
fn a_policy_whose_scope_does_not_match_has_no_error() {
    for scope in [
        "(principal == User::\"other\", action, resource)",
        "(principal in Team::\"other\", action, resource)",
        "(principal is Bot, action, resource)",
        "(principal is Bot in Team::\"top\", action, resource)",
        "(principal is User in Team::\"other\", action, resource)",
        "(principal, action == Action::\"Reads\", resource)",
        "(principal, action in [Action::\"other\", Action::\"others\"], resource)",
        "(principal, action, resource == File::\"g\")",
        "(principal, action, resource is Folder in Folder::\"d\")",
    ] {
        for effect in ["permit", "forbid"] {
            let said =
                agree(&format!("{effect} {scope} {OVERFLOW};"), "User::\"u\"", "File::\"f\"");
            assert_eq!(said, (false, vec![], 0), "{effect} {scope}");
        }
    }
}

#[test]
fn every_kind_of_scope_matches_where_it_should() {
    for scope in [
        "(principal, action, resource)",
        "(principal == User::\"u\", action, resource)",
        "(principal in User::\"u\", action, resource)",
        "(principal in Team::\"top\", action, resource)",
        "(principal is User, action, resource)",
        "(principal is User in Team::\"top\", action, resource)",
        "(principal, action == Action::\"move\", resource)",
        "(principal, action in Action::\"move\", resource)",
        "(principal, action in Action::\"Reads\", resource)",
        // In two groups that both match, and counted once.
        "(principal, action in [Action::\"Writes\", Action::\"x\", Action::\"Reads\"], resource)",
        "(principal, action, resource in Folder::\"d\")",
        "(principal is User in Team::\"t\", action in Action::\"Reads\", resource is File in Folder::\"d\")",
    ] {
        let said = agree(&format!("permit {scope};"), "User::\"u\"", "File::\"f\"");
        assert_eq!(said, (true, vec!["policy0".to_owned()], 0), "{scope}");
        let denied = agree(
            &format!("permit (principal, action, resource); forbid {scope};"),
            "User::\"u\"",
            "File::\"f\"",
        );
        assert_eq!(denied, (false, vec!["policy1".to_owned()], 0), "{scope}");
    }
}

#[test]
fn principal_and_resource_can_be_one_and_can_be_unknown() {
    let same = "permit (principal == User::\"u\", action, resource == User::\"u\") when { principal == resource };";
    assert!(agree(same, "User::\"u\"", "User::\"u\"").0);
    let apart = "permit (principal in Team::\"t\", action, resource in Folder::\"d\");";
    assert!(!agree(apart, "User::\"u\"", "User::\"u\"").0);
    // An entity that nobody states is itself, and in nothing else.
    let own = "permit (principal in User::\"new\", action, resource);";
    assert!(agree(own, "User::\"new\"", "File::\"f\"").0);
    assert!(!agree(apart, "User::\"new\"", "File::\"f\"").0);
}

#[test]
fn a_set_without_policies_denies() {
    assert_eq!(agree("", "User::\"u\"", "File::\"f\""), (false, vec![], 0));
}

#[test]
fn a_policy_too_deep_for_the_stack_denies_and_says_so() {
    // On a small stack the scan's `forbid` is skipped, and what is left is a permit.
    let deep = format!("{}true", "principal == User::\"x\" || ".repeat(200));
    let policies = format!(
        "permit (principal, action, resource); forbid (principal, action, resource) when {{ {deep} }};"
    );
    let large = std::thread::Builder::new().stack_size(crate::limits::DECIDE_STACK_BYTES * 4);
    let work = move || {
        let set = PolicySet::from_str(&policies).unwrap();
        let core: CorePolicySet = set.as_ref().clone();
        let mut sorted: Vec<&Policy> = core.policies().collect();
        sorted.sort_by(|a, b| a.id().cmp(b.id()));
        let index = Arc::new(Index::new(sorted));
        let uid = |text: &str| EntityUid::from_str(text).unwrap();
        let (who, what) = (uid("User::\"u\""), uid("Action::\"move\""));
        let request = Request::new(who.clone(), what, who, Context::empty(), None).unwrap();
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        let ask = move || {
            let request: &CoreRequest = request.as_ref();
            index.ask(&[0, 1], request.clone(), &cedar_policy_core::entities::Entities::new())
        };
        small.spawn(ask).unwrap().join().unwrap()
    };
    let answer = large.spawn(work).unwrap().join().unwrap();
    assert!(answer.limit && !answer.allow, "{answer:?}");
    assert_eq!(answer.errors.len(), 1);
}

fn load(schema: &str, entities: &str, policies: &str) -> Result<Bundle, String> {
    let files: Files = [
        ("bundle.toml", "name = \"t\"\nversion = \"1\"\nsemantics = 1\n"),
        ("schema.cedarschema", schema),
        ("entities.json", entities),
        ("policies/p.dw", policies),
    ]
    .map(|(path, text)| (path.to_owned(), text.into()))
    .into();
    Bundle::load(&files).map_err(|errors| errors.to_string())
}

const SCHEMA: &str =
    "entity User in [User]; action act appliesTo { principal: User, resource: User };";

#[test]
fn circles_of_entities_and_templates_do_not_load() {
    let policy = "@id(\"a\") permit (principal, action, resource);";
    let circle = r#"[{"uid":{"type":"User","id":"a"},"attrs":{},"parents":[{"type":"User","id":"b"}]},
        {"uid":{"type":"User","id":"b"},"attrs":{},"parents":[{"type":"User","id":"a"}]}]"#;
    assert!(load(SCHEMA, "[]", policy).is_ok());
    assert!(load(SCHEMA, circle, policy).unwrap_err().contains("entities.json"));
    let template = policy.replace("principal,", "principal == ?principal,");
    assert!(load(SCHEMA, "[]", &template).is_err());
}

#[test]
fn a_circle_that_a_request_would_close_is_malformed() {
    let policy = "@id(\"a\") permit (principal, action, resource);";
    let stated =
        r#"[{"uid":{"type":"User","id":"a"},"attrs":{},"parents":[{"type":"User","id":"b"}]}]"#;
    let bundle = Arc::new(load(SCHEMA, stated, policy).unwrap());
    let code = |principal: (&str, &str), resource: (&str, &str)| {
        let entity = |(id, parent): (&str, &str)| {
            let mut entity = crate::Entity::new("User", id);
            if !parent.is_empty() {
                entity.properties = format!(r#"{{"parents":[{{"type":"User","id":"{parent}"}}]}}"#);
            }
            entity
        };
        let request = crate::Request {
            principal: entity(principal),
            action: "act".into(),
            resource: entity(resource),
            input: "{}".into(),
        };
        let mut history = crate::History::new(&bundle).unwrap();
        let (facts, state) = (Facts::DEFAULT, DecisionState::DEFAULT);
        crate::decide(&mut history, &state, &facts, &request).code()
    };
    assert_eq!(code(("a", ""), ("b", "")), "permitted");
    assert_eq!(code(("b", "a"), ("c", "")), "request.malformed");
    assert_eq!(code(("c", "c"), ("a", "")), "request.malformed");
    assert_eq!(code(("c", "d"), ("d", "c")), "request.malformed");
    assert_eq!(code(("c", "d"), ("d", "e")), "permitted");
}
