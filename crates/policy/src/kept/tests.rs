use record::Facts;

use super::*;
use crate::bundle::Files;
use crate::decide::decide;
use crate::facts::DecisionState;
use crate::history::{History, TransitionOutcome};
use crate::request::Entity;

const SCHEMA: &str = "entity W; entity T; action say, other appliesTo { principal: W, resource: T, context: { input: { text: String, n?: Long, list?: Set<String>, of?: { text?: String } }, output?: { text: String } } };";

/// Denies what was said before, what came back before, and the third different text.
const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("again") forbid (principal, action == Action::"other", resource)
when temporal { formerly within 1h Action::"say"::request{ input.text: context.input.text } };
@id("echo") forbid (principal, action == Action::"other", resource)
when temporal { formerly within 1h Action::"say"::response{ output.text: context.input.text } };
@id("many") forbid (principal, action == Action::"say", resource)
when temporal { 2 < count_distinct_within(text, 1h, Action::"say"::request{ input.text: text }) };
"#;

fn bundle(semantics: u64) -> Arc<Bundle> {
    let manifest = format!("name = \"x\"\nversion = \"1\"\nsemantics = {semantics}");
    let files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", SCHEMA),
        ("policies/p.dw", POLICIES),
    ];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

fn request(action: &str, text: &str) -> Request {
    Request {
        principal: Entity::new("W", "w"),
        action: action.to_owned(),
        resource: Entity::new("T", "t"),
        input: format!(
            r#"{{"text":"{text}","n":7,"list":["{text}","b"],"of":{{"text":"{text}"}}}}"#
        ),
    }
}

fn ask(history: &mut History, at: i64, request: &Request) -> Vec<String> {
    let facts = Facts { at, ..Facts::DEFAULT };
    let decision = decide(history, &DecisionState::DEFAULT, &facts, request);
    decision.policy_ids().map(str::to_owned).collect()
}

/// Said and answered, then asked for again: what each decision was determined by.
fn lived(bundle: &Arc<Bundle>, history: &mut History, texts: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (n, text) in texts.iter().enumerate() {
        let at = Facts::DEFAULT.at + 1_000 * i64::try_from(n).unwrap();
        let said = request("say", text);
        found.push(ask(history, at, &said));
        let output = format!(r#"{{"text":"{text} too"}}"#);
        let kept = kept(bundle, &Arc::new(said));
        history.complete(at + 1, &kept, &TransitionOutcome::Result(Some(output)));
        for asked in [text.clone(), format!("{text} too"), format!("{text}!")] {
            found.push(ask(history, at + 2, &request("other", &asked)));
        }
    }
    found
}

fn texts() -> Vec<String> {
    let long = "a".repeat(HISTORY_STRING_BYTES_MAX + 1);
    let mut other = long.clone();
    other.replace_range(9..10, "b");
    vec!["short".to_owned(), long.clone(), other, long, "b".repeat(HISTORY_STRING_BYTES_MAX)]
}

#[test]
fn shortened_strings_do_not_change_conditions() {
    let found = [2, 4].map(|semantics| {
        let bundle = bundle(semantics);
        lived(&bundle, &mut History::new(&bundle).unwrap(), &texts())
    });
    assert_eq!(found[0], found[1]);
    assert!(found[0].iter().flatten().any(|id| id == "again"));
    assert!(found[0].iter().flatten().any(|id| id == "echo"));
    assert!(found[0].iter().flatten().any(|id| id == "many"));
}

#[test]
fn a_new_bundle_sees_the_whole_history_of_replaced_strings() {
    let bundle = bundle(4);
    let mut history = History::new(&bundle).unwrap();
    lived(&bundle, &mut history, &texts());
    let before = ask(&mut history, Facts::DEFAULT.at + 60_000, &request("other", &texts()[1]));
    history.rebase(&bundle);
    let after = ask(&mut history, Facts::DEFAULT.at + 60_000, &request("other", &texts()[1]));
    assert_eq!(before, ["again"]);
    assert_eq!(after, before);
}

#[test]
fn a_denied_call_does_not_stay_in_memory_whole() {
    let bundle = bundle(4);
    let mut history = History::new(&bundle).unwrap();
    let text = "y".repeat(300_000);
    for action in ["unknown", "other"] {
        for n in 0..10 {
            drop(ask(&mut history, Facts::DEFAULT.at + n, &request(action, &text)));
        }
    }
    assert!(history.events() >= 20, "denials are events too");
    assert!(history.bytes() < 20_000, "{} bytes", history.bytes());
}

#[test]
fn earlier_versions_keep_texts_as_they_are_and_count_them() {
    let bundle = bundle(2);
    let mut history = History::new(&bundle).unwrap();
    ask(&mut history, Facts::DEFAULT.at, &request("say", &"y".repeat(100_000)));
    assert!(history.bytes() > 300_000, "{} bytes", history.bytes());
}

#[test]
fn a_text_that_is_not_json_is_kept_empty() {
    assert_eq!(&*text(&bundle(4), &"x".repeat(HISTORY_STRING_BYTES_MAX + 1)), "");
    assert_eq!(&*text(&bundle(4), "x"), "x");
}

#[test]
fn a_replaced_string_stays_as_it_is_when_it_is_kept_again() {
    let input = request("say", &"z".repeat(HISTORY_STRING_BYTES_MAX + 1)).input;
    let once = text(&bundle(4), &input);
    assert_eq!(text(&bundle(4), &once), once);
    assert!(once.len() < 400, "{once}");
}
