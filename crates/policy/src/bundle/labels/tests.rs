use std::sync::Arc;

use record::{Facts, Labels};

use crate::bundle::{Bundle, Files};
use crate::decide::decide;
use crate::decision::{Decision, Verdict};
use crate::error::LoadErrors;
use crate::evaluation::{Evaluation, evaluate};
use crate::facts::DecisionState;
use crate::history::History;
use crate::request::{Entity, ToolName};

const MANIFEST: &str = r#"
name = "labels"
version = "1"
semantics = 2
[tools."web/fetch"]
action = "fetch"
resource = { type = "Page", argument = "url" }
[tools."files/read"]
action = "read"
resource = { type = "File", argument = "path" }
[tools."files/scrub"]
action = "scrub"
resource = { type = "File", argument = "path" }
[tools."web/search"]
action = "fetch"
resource = { type = "Page", argument = "url" }
[tools."files/grep"]
action = "read"
resource = { type = "File", argument = "path" }
[tools."mail/send"]
action = "send"
resource = { type = "Mailbox", id = "outbox" }
"#;

const SCHEMA: &str = r#"
entity Workload;
entity Page, File, Mailbox;
action fetch appliesTo { principal: Workload, resource: Page, context: { input: { url: String } } };
action read, scrub appliesTo { principal: Workload, resource: File, context: { input: { path: String }, resource_labels: Set<String> } };
action send appliesTo { principal: Workload, resource: Mailbox, context: { input: {}, labels: Set<String> } };
"#;

const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("no-way-out") forbid (principal, action == Action::"send", resource)
when { context.labels.containsAll(["untrusted", "customer"]) };
@id("no-legal") forbid (principal, action == Action::"read", resource)
when { context.resource_labels.contains("legal") };
"#;

const LABELS: &str = r#"
[labels]
untrusted = "nobody vouches for it"
customer = "of customers"
legal = "for lawyers"
[actions.fetch]
adds = ["untrusted"]
[actions.scrub]
reads = false
removes = ["customer"]
[tools."files/grep"]
adds = ["legal"]
[[resources]]
type = "File"
id = "Customers/*"
labels = ["customer"]
[[resources]]
type = "File"
id = "*/clients/*"
labels = ["customer"]
[[resources]]
type = "File"
id = "*.contract"
labels = ["legal"]
"#;

fn load(manifest: &str, labels: &str) -> Result<Bundle, LoadErrors> {
    let files = [
        ("bundle.toml", manifest),
        ("schema.cedarschema", SCHEMA),
        ("policies/all.dw", POLICIES),
        ("labels.toml", labels),
    ];
    Bundle::load(&Files::from(files.map(|(path, text)| (path.to_owned(), text.into()))))
}

fn bundle() -> Arc<Bundle> {
    Arc::new(load(MANIFEST, LABELS).unwrap_or_else(|errors| panic!("{errors}")))
}

fn labels(names: &[&str]) -> Labels {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn call((server, tool): (&str, &str), arguments: &str, held: &[&str]) -> Decision {
    let bundle = bundle();
    let mut history = History::new(&bundle).unwrap();
    let request = bundle.tool_request(Entity::new("Workload", "agent"), server, tool, arguments);
    let tool = Some(ToolName::new(server, tool));
    let state = DecisionState { labels: labels(held), tool, ..DecisionState::DEFAULT };
    decide(&mut history, &state, &Facts::DEFAULT, &request)
}

#[test]
fn policy_sees_what_the_execution_and_the_resource_carry() {
    let send = ("mail", "send");
    assert_eq!(call(send, "{}", &["untrusted"]).code(), "permitted");
    assert_eq!(call(send, "{}", &["customer"]).code(), "permitted");
    let denied = call(send, "{}", &["customer", "untrusted"]);
    assert_eq!(denied.code(), "policy.denied");
    assert!(denied.policy_ids().eq(["no-way-out"]));
    let read = ("files", "read");
    assert_eq!(call(read, r#"{"path":"a.contract"}"#, &[]).code(), "policy.denied");
    assert_eq!(call(read, r#"{"path":"a.contract.txt"}"#, &["legal"]).code(), "permitted");
}

#[test]
fn a_permit_says_what_it_adds_and_a_denial_adds_nothing() {
    assert_eq!(call(("web", "fetch"), r#"{"url":"u"}"#, &[]).labels().adds, labels(&["untrusted"]));
    let read = ("files", "read");
    for id in ["customers/1", "CUSTOMERS/1", "Customers/", "/srv/Clients/1"] {
        let decision = call(read, &format!(r#"{{"path":"{id}"}}"#), &[]);
        assert_eq!(decision.labels().adds, labels(&["customer"]), "{id}");
    }
    for id in ["customers", "x/customers/1", "clients/1", "*"] {
        let decision = call(read, &format!(r#"{{"path":"{id}"}}"#), &[]);
        assert_eq!((decision.verdict(), decision.labels().is_empty()), (Verdict::Permit, true));
        assert_eq!(decision.to_value().get("labels"), None);
    }
    let denied = call(read, r#"{"path":"customers/1.contract"}"#, &[]);
    assert_eq!((denied.verdict(), denied.labels().is_empty()), (Verdict::Deny, true));
    let scrub = call(("files", "scrub"), r#"{"path":"customers/1"}"#, &["customer"]);
    assert_eq!(scrub.labels().removes, labels(&["customer"]));
    assert!(scrub.labels().adds.is_empty());
}

#[test]
fn a_tool_adds_its_own_labels_only() {
    let adds = |tool: &str, path: &str| {
        call(("files", tool), &format!(r#"{{"path":"{path}"}}"#), &[]).labels().adds.clone()
    };
    assert_eq!(adds("grep", "notes"), labels(&["legal"]));
    assert_eq!(adds("grep", "customers/1"), labels(&["customer", "legal"]));
    assert_eq!(adds("read", "notes"), labels(&[]));
    assert_eq!(
        call(("web", "search"), r#"{"url":"u"}"#, &[]).labels().adds,
        labels(&["untrusted"])
    );
    let denied = call(("files", "grep"), r#"{"path":"a.contract"}"#, &[]);
    assert_eq!((denied.verdict(), denied.labels().is_empty()), (Verdict::Deny, true));
}

#[test]
fn an_evaluation_names_a_tool_of_its_action_or_none() {
    let decide = |context: &str| {
        let evaluation = Evaluation {
            subject: Entity::new("Workload", "agent"),
            action: "read".into(),
            resource: Entity::new("File", "notes"),
            context: context.replace('}', r#", "input": {"path": "notes"}}"#),
        };
        evaluate(&bundle(), &evaluation)
    };
    assert_eq!(decide(r#"{"tool":"files/grep"}"#).labels().adds, labels(&["legal"]));
    assert!(decide(r#"{"tool":"files/read"}"#).labels().is_empty());
    for wrong in [r#""files/scrub""#, r#""files""#, r#""files/gerp""#, "1", "null"] {
        let code = decide(&format!(r#"{{"tool":{wrong}}}"#)).code();
        assert_eq!(code, "request.malformed", "{wrong}");
    }
}

#[test]
fn an_evaluation_states_declared_labels_only() {
    let code = |context: &str| {
        let evaluation = Evaluation {
            subject: Entity::new("Workload", "agent"),
            action: "send".into(),
            resource: Entity::new("Mailbox", "outbox"),
            context: context.into(),
        };
        evaluate(&bundle(), &evaluation).code()
    };
    assert_eq!(code(r#"{"labels":["untrusted"]}"#), "permitted");
    assert_eq!(code(r#"{"labels":["untrusted","customer"]}"#), "policy.denied");
    for wrong in [r#"["unknown"]"#, r#""untrusted""#, "[1]", "null"] {
        assert_eq!(code(&format!(r#"{{"labels":{wrong}}}"#)), "request.malformed", "{wrong}");
    }
}

#[test]
fn an_unknown_name_is_an_error_with_the_nearest_one() {
    let cases = [
        ("adds = [\"untrusted\"]", "adds = [\"untrustd\"]", "did you mean `untrusted`?"),
        ("[actions.fetch]", "[actions.fetsh]", "did you mean `fetch`?"),
        ("adds = ", "ads = ", "unknown key `ads`"),
        ("reads = false", "reads = 1", "`reads` can't be"),
        ("reads = false", "adds = [\"legal\"]", "a transition of its own"),
        ("type = \"File\"", "type = \"Fill\"", "did you mean `File`?"),
        ("Customers/*", "Cust*mers/*", "`id` is an id"),
        ("Customers/*", "", "`id` is an id"),
        ("labels = [\"legal\"]", "labels = []", "names `labels`"),
        ("legal = \"for lawyers\"", "Legal = \"for lawyers\"", "`Legal` is not a label"),
        ("legal = \"for lawyers\"", "legal = \"\"", "described by a text"),
        ("[labels]", "[label]", "did you mean `labels`?"),
        ("files/grep", "files/gerp", "did you mean `files/grep`?"),
        ("files/grep", "files/scrub", "so it adds none"),
        ("adds = [\"legal\"]", "adds = []", "names what it `adds`"),
        ("adds = [\"legal\"]", "reads = false", "unknown key `reads` of the tool"),
        (
            "[actions.fetch]",
            "[actions.\"Action::\\\"fetch\\\"\"]\nadds = [\"legal\"]\n[actions.fetch]",
            "twice",
        ),
    ];
    for (from, to, expected) in cases {
        let errors = load(MANIFEST, &LABELS.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(errors.contains(expected) && errors.contains("labels.toml:"), "{to}: {errors}");
    }
}

#[test]
fn more_labels_or_resources_than_the_limits_are_refused() {
    let many = |more: usize| {
        let names: String = (0..more).map(|n| format!("l{n} = \"x\"\n")).collect();
        load(MANIFEST, &LABELS.replacen("[labels]\n", &format!("[labels]\n{names}"), 1))
    };
    assert!(many(crate::limits::LABELS_MAX - 3).is_ok());
    assert!(many(crate::limits::LABELS_MAX - 2).expect_err("too many").to_string().contains("64"));
    let rule = "[[resources]]\ntype = \"File\"\nid = \"x\"\nlabels = [\"legal\"]\n";
    let many = |more: usize| load(MANIFEST, &format!("{LABELS}{}", rule.repeat(more)));
    assert!(many(crate::limits::LABELLED_RESOURCES_MAX - 3).is_ok());
    assert!(many(crate::limits::LABELLED_RESOURCES_MAX - 2).is_err());
    let long = format!("{}{}", "x".repeat(crate::limits::LABEL_BYTES_MAX + 1), " = \"x\"");
    assert!(load(MANIFEST, &LABELS.replacen("[labels]", &format!("[labels]\n{long}"), 1)).is_err());
}

#[test]
fn an_earlier_decider_refuses_what_it_would_not_look_at() {
    let earlier = MANIFEST.replace("semantics = 2", "semantics = 1");
    let errors = load(&earlier, LABELS).expect_err("labels under 1").to_string();
    assert!(errors.contains("`semantics = 2`") && errors.contains("context.labels"), "{errors}");
}
