//! Policies in the manner of those that AgentCore publishes load as they are, each in a file of its
//! own and without an id, and decide as its documents say. Names, numbers and texts are our own.
#![expect(clippy::panic, reason = "a test that can't go on stops")]
use std::sync::Arc;

use interlock_policy::evaluation::{Evaluation, evaluate};
use interlock_policy::{Bundle, Entity, Files};

const MANIFEST: &str = "name = \"agentcore\"\nversion = \"1\"\nsemantics = 4\n";
const GATEWAY: &str = "arn:aws:bedrock-agentcore:eu-west-1:111122223333:gateway/harbour";
const SCHEMA: &str = r#"
namespace AgentCore {
  entity OAuthUser = { id: String } tags String;
  entity IamEntity = { id: String };
  entity Gateway;
  type System = { now: datetime };
  action Mcp;
  action CallTool in [Mcp];
  action "Berths___book" in [CallTool] appliesTo { principal: [OAuthUser, IamEntity], resource: Gateway,
    context: { system: System, isOutput: Bool, input: { berth: String, nights: Long, price?: decimal } } };
  action "Berths___inspect" in [CallTool] appliesTo { principal: [OAuthUser, IamEntity], resource: Gateway,
    context: { system: System, isOutput: Bool, input: { berth: String }, output?: { berth: String, fit: Bool } } };
  action "Berths___release" in [CallTool] appliesTo { principal: [OAuthUser, IamEntity], resource: Gateway,
    context: { system: System, isOutput: Bool, input: { berth: String } } };
  action "Ledger___wipe" in [CallTool] appliesTo { principal: [OAuthUser, IamEntity], resource: Gateway,
    context: { system: System, isOutput: Bool, input: { reason: String } } };
}
"#;

/// A policy by the name of its file.
const POLICIES: [(&str, &str); 11] = [
    (
        "harbour-masters.cedar",
        r#"permit (principal is AgentCore::OAuthUser, action in [AgentCore::Action::"Berths___inspect", AgentCore::Action::"Berths___release"], resource == AgentCore::Gateway::"GATEWAY")
when { principal.hasTag("role") && (principal.getTag("role") == "master" || principal.getTag("role") == "deputy") };"#,
    ),
    (
        "scoped-writers.cedar",
        r#"permit (principal is AgentCore::OAuthUser, action == AgentCore::Action::"Ledger___wipe", resource == AgentCore::Gateway::"GATEWAY")
when { principal.hasTag("scope") && principal.getTag("scope") like "*ledger:wipe*" };"#,
    ),
    (
        "barred.cedar",
        r#"forbid (principal is AgentCore::OAuthUser, action, resource)
when { principal.hasTag("username") && principal.getTag("username") == "barnacle" };"#,
    ),
    (
        "our-account.cedar",
        r#"permit (principal is AgentCore::IamEntity, action == AgentCore::Action::"Berths___inspect", resource)
when { principal.id like "*:111122223333:*" };"#,
    ),
    (
        "short-stays.cedar",
        r#"forbid (principal, action == AgentCore::Action::"Berths___book", resource) when { context.input.nights > 14 };"#,
    ),
    (
        "not-too-dear.cedar",
        r#"forbid (principal, action == AgentCore::Action::"Berths___book", resource)
when { context.input has price && context.input.price.greaterThan(decimal("900.5")) };"#,
    ),
    (
        "before-the-season.cedar",
        r#"forbid (principal, action, resource) when { context.system.now < datetime("2020-01-01") };"#,
    ),
    (
        "book-what-was-inspected.dw",
        r#"permit (principal, action == AgentCore::Action::"Berths___book", resource == AgentCore::Gateway::"GATEWAY")
when temporal { formerly within 1h AgentCore::Action::"Berths___inspect"::response{ eventResource: resource, eventPrincipal: principal, output.berth: context.input.berth } };"#,
    ),
    (
        "nights-in-all.dw",
        r#"forbid (principal, action == AgentCore::Action::"Berths___book", resource)
when temporal { exists (total: Long). (sum n for (n: Long), (t: Timepoint). where (formerly within 24h (AgentCore::Action::"Berths___book"::request{ callerResource: resource, input.nights: n } && tp(t)))) == total && total >= 20 };"#,
    ),
    (
        "release-or-book.dw",
        r#"forbid (principal, action == AgentCore::Action::"Berths___release", resource)
when temporal { formerly within 5m AgentCore::Action::"Berths___book"::request{ callerPrincipal: principal, eventResource: resource, input.berth: context.input.berth } };"#,
    ),
    (
        "no-more-after-a-denied-wipe.dw",
        r#"forbid (principal, action, resource)
when temporal { formerly within 24h AgentCore::Action::"Ledger___wipe"::error{ eventResource: resource } };"#,
    ),
];

fn files() -> Files {
    let mut files: Files = [("bundle.toml", MANIFEST), ("schema.cedarschema", SCHEMA)]
        .map(|(path, text)| (path.to_owned(), text.into()))
        .into();
    files.extend(POLICIES.map(|(name, text)| {
        (format!("policies/{name}"), text.replace("GATEWAY", GATEWAY).into_bytes())
    }));
    files
}

struct Harbour(Arc<Bundle>);

impl Harbour {
    fn new() -> Harbour {
        Harbour(Arc::new(Bundle::load(&files()).unwrap_or_else(|errors| panic!("{errors}"))))
    }

    /// The decision, and the policies that determined it.
    fn asks(&self, tags: &str, action: &str, context: &str) -> (&'static str, Vec<String>) {
        let mut subject = Entity::new("AgentCore::OAuthUser", "user-1");
        subject.properties = format!("{{\"tags\":{tags}}}");
        self.decide(subject, action, context)
    }

    fn decide(&self, subject: Entity, action: &str, context: &str) -> (&'static str, Vec<String>) {
        let resource = Entity::new("AgentCore::Gateway", GATEWAY);
        let evaluation =
            Evaluation { subject, action: action.into(), resource, context: context.into() };
        let decision = evaluate(&self.0, &evaluation);
        (decision.code(), decision.policy_ids().map(str::to_owned).collect())
    }
}

fn by(policy: &str) -> Vec<String> {
    vec![policy.to_owned()]
}

const BOOK: &str = "Berths___book";
const INSPECT: &str = "Berths___inspect";

fn inspected(more: &str) -> String {
    format!(
        r#"{{"event":"response","at_ms":1767225590000,"action":"{INSPECT}","input":{{"berth":"b7"}},"output":{{"berth":"b7","fit":true}}}}{more}"#
    )
}

#[test]
fn policies_without_an_id_are_called_like_their_files() {
    let Harbour(bundle) = Harbour::new();
    let mut names: Vec<_> = POLICIES.map(|(file, _)| file.rsplit_once('.').unwrap().0).into();
    names.sort_unstable();
    assert_eq!(bundle.policies().map(|info| info.id.as_str()).collect::<Vec<_>>(), names);
}

#[test]
fn claims_are_tags_of_who_asks() {
    let harbour = Harbour::new();
    let inspect = r#"{"input":{"berth":"b7"}}"#;
    let permitted = ("permitted", by("harbour-masters"));
    assert_eq!(harbour.asks(r#"{"role":"master"}"#, INSPECT, inspect), permitted);
    assert_eq!(harbour.asks(r#"{"role":"deputy","x":"y"}"#, INSPECT, inspect), permitted);
    for tags in [r#"{"role":"sailor"}"#, "{}"] {
        assert_eq!(harbour.asks(tags, INSPECT, inspect), ("policy.denied", vec![]));
    }
    let barred = r#"{"role":"master","username":"barnacle"}"#;
    assert_eq!(harbour.asks(barred, INSPECT, inspect), ("policy.denied", by("barred")));
    let wipe = r#"{"input":{"reason":"spring"}}"#;
    let scope = r#"{"scope":"berth:read ledger:wipe"}"#;
    assert_eq!(harbour.asks(scope, "Ledger___wipe", wipe), ("permitted", by("scoped-writers")));
    // A claim of another type than the schema's is no claim.
    assert_eq!(harbour.asks(r#"{"role":7}"#, INSPECT, inspect).0, "request.malformed");
}

#[test]
fn an_entity_whose_id_is_an_attribute_states_it_by_being_named() {
    let harbour = Harbour::new();
    let inspect = r#"{"input":{"berth":"b7"}}"#;
    let entity = |account: &str| {
        Entity::new("AgentCore::IamEntity", format!("arn:aws:sts::{account}:assumed-role/crew"))
    };
    let ours = harbour.decide(entity("111122223333"), INSPECT, inspect);
    assert_eq!(ours, ("permitted", by("our-account")));
    assert_eq!(harbour.decide(entity("999900001111"), INSPECT, inspect).0, "policy.denied");
}

#[test]
fn arguments_decide() {
    let harbour = Harbour::new();
    let book = |input: &str| {
        let context =
            format!(r#"{{"input":{{"berth":"b7",{input}}},"history":[{}]}}"#, inspected(""));
        harbour.asks("{}", BOOK, &context)
    };
    assert_eq!(book(r#""nights":3"#), ("permitted", by("book-what-was-inspected")));
    assert_eq!(book(r#""nights":15"#), ("policy.denied", by("short-stays")));
    assert_eq!(book(r#""nights":3,"price":900.75"#), ("policy.denied", by("not-too-dear")));
    assert_eq!(book(r#""nights":3,"price":900.5"#).0, "permitted");
}

#[test]
fn earlier_events_decide_under_both_field_names() {
    let harbour = Harbour::new();
    let book = |berth: &str, history: String| {
        let context =
            format!(r#"{{"input":{{"berth":"{berth}","nights":6}},"history":[{history}]}}"#);
        harbour.asks("{}", BOOK, &context)
    };
    assert_eq!(book("b7", inspected("")).0, "permitted");
    assert_eq!(book("b8", inspected("")), ("policy.denied", vec![]));
    assert_eq!(book("b7", String::new()), ("policy.denied", vec![]));
    let booked = r#",{"event":"request","at_ms":1767225595000,"action":"Berths___book","input":{"berth":"b7","nights":14}}"#;
    assert_eq!(book("b7", inspected(booked)), ("policy.denied", by("nights-in-all")));
    let release = format!(r#"{{"input":{{"berth":"b7"}},"history":[{}]}}"#, inspected(booked));
    let released = harbour.asks(r#"{"role":"master"}"#, "Berths___release", &release);
    assert_eq!(released, ("policy.denied", by("release-or-book")));
}

#[test]
fn a_denied_call_is_an_error_that_policies_can_look_back_at() {
    let harbour = Harbour::new();
    let context = r#"{"input":{"berth":"b7"},"history":[{"event":"error","at_ms":1767225595000,"action":"Ledger___wipe","input":{"reason":"x"}}]}"#;
    let denied = ("policy.denied", by("no-more-after-a-denied-wipe"));
    assert_eq!(harbour.asks(r#"{"role":"master"}"#, INSPECT, context), denied);
}

#[test]
fn an_unsupplied_field_is_refused_with_what_to_do() {
    for field in ["requestId", "sessionId"] {
        let policy = format!(
            "forbid (principal, action, resource) when temporal {{ formerly within 1h AgentCore::Action::\"Berths___book\"::request{{ {field}: \"x\" }} }};"
        );
        let mut files = files();
        files.insert("policies/dead.dw".into(), policy.clone().into_bytes());
        let shown = Bundle::load(&files).unwrap_err().to_string();
        assert!(shown.contains(field) && shown.contains("nothing supplies it"), "{shown}");
        // Older bundles, which may be published, load as they did.
        files.retain(|path, _| !path.ends_with(".cedar") && !path.starts_with("policies/"));
        files.insert("bundle.toml".into(), MANIFEST.replace('4', "2").into_bytes());
        files.insert("policies/old.dw".into(), format!("@id(\"old\") {policy}").into_bytes());
        Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}"));
    }
}

#[test]
fn older_versions_know_no_file_names_tags_or_cedar_files() {
    let manifest = MANIFEST.replace("semantics = 4", "semantics = 2");
    let load = |name: &str, policy: &str| {
        let files =
            [("bundle.toml", manifest.as_str()), ("schema.cedarschema", SCHEMA), (name, policy)];
        let files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
        Bundle::load(&files).map(Arc::new).map_err(|errors| errors.to_string())
    };
    let policy = "permit (principal, action, resource);";
    assert!(load("policies/a.dw", policy).unwrap_err().contains("a policy has no `@id`"));
    let with_id = format!("@id(\"a\") {policy}");
    assert!(load("policies/a.cedar", &with_id).unwrap_err().contains("semantics = 4"));
    let harbour = Harbour(load("policies/a.dw", &with_id).unwrap());
    let inspect = r#"{"input":{"berth":"b7"}}"#;
    assert_eq!(harbour.asks(r#"{"role":"master"}"#, INSPECT, inspect).0, "request.malformed");
}

#[test]
fn two_policies_in_a_file_need_ids() {
    let mut files = files();
    let two = "permit (principal, action, resource); permit (principal, action, resource);";
    files.insert("policies/two.dw".into(), two.into());
    assert!(Bundle::load(&files).unwrap_err().to_string().contains("a policy has no `@id`"));
    files.insert("policies/two.dw".into(), "permit (principal, action, resource);".into());
    files.insert("policies/two.cedar".into(), "permit (principal, action, resource);".into());
    let shown = Bundle::load(&files).unwrap_err().to_string();
    assert!(shown.contains("`two` is the id of another policy too"), "{shown}");
}
