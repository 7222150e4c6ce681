use super::*;
use crate::bundle::Files;
use crate::request::Entity;

const SCHEMA: &str = r#"
entity Group; entity W in [Group]; entity T;
action act, other appliesTo { principal: W, resource: T, context: { input: { path: String }, labels: Set<String> } };
"#;

const POLICIES: &str = r#"
@id("far") permit (principal in Group::"g", action == Action::"act", resource == T::"u") when { context.input.path like "b*" };
@id("near") permit (principal, action == Action::"act", resource)
when { context.input.path like "a*" && context.input.path like "*z" } unless { context.labels.contains("red") };
@id("history") permit (principal, action == Action::"act", resource)
when temporal { formerly within 1h Action::"other"::request{} };
@id("elsewhere") permit (principal, action == Action::"other", resource);
@id("never") forbid (principal, action, resource)
when { context.labels.contains("red") && context.labels.containsAny(["green", "blue"]) };
"#;

fn bundle() -> Arc<Bundle> {
    let labels = "[labels]\nred = \"r\"\ngreen = \"g\"\nblue = \"b\"\n";
    let files = [
        ("bundle.toml", "name = \"x\"\nversion = \"1\"\nsemantics = 4"),
        ("schema.cedarschema", SCHEMA),
        ("policies/p.dw", POLICIES),
        ("labels.toml", labels),
    ];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

fn near(action: &str, path: &str, labels: &[&str]) -> Vec<NearMiss> {
    let request = Request {
        principal: Entity::new("W", "w"),
        action: action.to_owned(),
        resource: Entity::new("T", "t"),
        input: format!("{{\"path\":\"{path}\"}}"),
    };
    let labels: Labels = labels.iter().map(|label| (*label).to_owned()).collect();
    near_misses(&bundle(), &request, &Facts::DEFAULT, &labels)
}

#[test]
fn the_nearest_permit_comes_first_with_what_does_not_hold() {
    let lines: Vec<String> = near("act", "ab", &[]).iter().flat_map(NearMiss::lines).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_label_in_the_way_is_named_by_its_condition() {
    let miss = near("act", "az", &["red"]).remove(0);
    assert_eq!(miss.policy, "history");
    let near = near("act", "az", &["red"]);
    let miss = near.iter().find(|miss| miss.policy == "near").unwrap();
    assert_eq!(miss.failed, ["the condition `!(context.labels.contains(\"red\"))`"]);
}

#[test]
fn a_malformed_request_has_no_near_miss() {
    assert_eq!(near("unknown", "a", &[]), []);
}

#[test]
fn the_labels_that_a_policy_looks_for_are_found() {
    let found = labels_looked_for(&bundle(), "never");
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), ["blue", "green", "red"]);
    assert!(labels_looked_for(&bundle(), "elsewhere").is_empty());
}

#[test]
fn a_long_condition_is_cut() {
    let text = shown(&"x".repeat(2 * SHOWN_CONDITION_CHARS_MAX));
    assert_eq!(text.chars().count(), SHOWN_CONDITION_CHARS_MAX + 3);
}

#[test]
fn only_brackets_around_a_path_are_left_out() {
    for (text, without) in [
        ("((context.input).path) like \"b*\"", "(context.input.path) like \"b*\""),
        ("!((context.labels).contains(\"red\"))", "!(context.labels.contains(\"red\"))"),
        ("f(a) && (1 + 2)", "f(a) && (1 + 2)"),
    ] {
        assert_eq!(without_brackets(text), without);
    }
}
