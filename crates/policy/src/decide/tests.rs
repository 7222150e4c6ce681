use std::sync::Arc;

use super::*;
use crate::bundle::{Bundle, Files};
use crate::evaluation::DEFAULTS;
use crate::history::Outcome;
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
    Facts { at: ms, ..DEFAULTS.0 }
}

#[test]
fn the_story_of_a_fetch_and_a_mail() {
    let bundle = bundle(POLICIES);
    let mut history = History::new(&bundle).unwrap();
    let mail = send(&bundle, r#"{"to":"a@example.com","html":"<b>"}"#);
    let before = decide(&mut history, &DEFAULTS.1, &at(1_000), &mail);
    assert_eq!(before.code(), "permitted", "{}", String::from_utf8(before.to_bytes()).unwrap());
    let page = bundle.tool_request(agent(), "web", "fetch", r#"{"url":"https://x.test/"}"#);
    assert_eq!(decide(&mut history, &DEFAULTS.1, &at(2_000), &page).code(), "permitted");
    // Asked for is not yet read.
    assert_eq!(decide(&mut history, &DEFAULTS.1, &at(3_000), &mail).code(), "permitted");
    history.complete(4_000, &page, &Outcome::Result(Some(r#"{"bytes":3}"#.into())));
    let after = decide(&mut history, &DEFAULTS.1, &at(5_000), &mail);
    assert_eq!(after.code(), "policy.denied");
    assert_eq!(after.policy_ids().collect::<Vec<_>>(), ["after-fetch"]);
    // An hour later the window has passed.
    assert_eq!(decide(&mut history, &DEFAULTS.1, &at(3_606_000), &mail).code(), "permitted");
    assert_eq!(history.events(), 6);
}
