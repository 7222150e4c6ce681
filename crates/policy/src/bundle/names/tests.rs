use std::sync::Arc;

use record::Facts;

use crate::bundle::{Bundle, Files};
use crate::decide::decide;
use crate::facts::DecisionState;
use crate::history::{History, TransitionOutcome};
use crate::reach::unreached;
use crate::request::Entity;

const MANIFEST: &str = r#"
name = "names"
version = "1"
semantics = 4
[same_name]
Share = ["case", "composition", "slashes", "dot-segments", "trailing-dots", "backslashes"]
[tools."files/read"]
action = "read"
resource = { type = "File", argument = "path" }
[tools."files/move"]
action = "move"
resource = { type = "File", argument = "source" }
names = { destination = "File" }
[tools."share/open"]
action = "open"
resource = { type = "Share", argument = "path" }
[tools."share/many"]
action = "many"
resource = { type = "Server", id = "share" }
names = { paths = "Share" }
"#;

const SCHEMA: &str = r#"
entity Server; entity Workload; entity File, Share;
action initialize, "tools/list" appliesTo { principal: Workload, resource: Server };
action "resources/read" appliesTo { principal: Workload, resource: Server, context: { input: { uri: String } } };
action read appliesTo { principal: Workload, resource: File, context: { input: { path: String }, labels: Set<String>, resource_labels: Set<String> } };
action move appliesTo { principal: Workload, resource: File, context: { input: { source: String, destination: String, why?: String } } };
action open appliesTo { principal: Workload, resource: Share, context: { input: { path: String } } };
action many appliesTo { principal: Workload, resource: Server, context: { input: { paths: Set<String> } } };
"#;

const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("no-kyc") forbid (principal, action == Action::"read", resource) when { context.input.path like "*/KYC/*" };
@id("no-move") forbid (principal, action == Action::"move", resource)
  when { context.input.source like "*/KYC/*" || context.input.destination like "*/KYC/*" };
@id("no-share") forbid (principal, action == Action::"open", resource) when { context.input.path like "*/kyc/*" };
@id("not-this") forbid (principal, action == Action::"open", resource == Share::"/reports/one");
@id("once") forbid (principal, action == Action::"open", resource)
  when temporal { formerly within 1h Action::"open"::response{ input.path: context.input.path } };
@id("not-these") forbid (principal, action == Action::"many", resource) when { context.input.paths.contains("/kyc") };
@id("no-uri") forbid (principal, action == Action::"resources/read", resource) when { context.input.uri like "file://*/KYC/*" };
"#;

fn files(changed: &[(&str, &str)]) -> Files {
    let files =
        [("bundle.toml", MANIFEST), ("schema.cedarschema", SCHEMA), ("policies/all.dw", POLICIES)];
    let mut files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    for (path, text) in changed {
        files.insert((*path).to_owned(), (*text).into());
    }
    files
}

fn bundle(changed: &[(&str, &str)]) -> Arc<Bundle> {
    Arc::new(Bundle::load(&files(changed)).unwrap_or_else(|errors| panic!("{errors}")))
}

fn agent() -> Entity {
    Entity::new("Workload", "agent")
}

/// The code of a decision about a tool call, and the policies that made it.
fn decided(tool: &str, arguments: &str) -> (String, Vec<String>) {
    let bundle = bundle(&[]);
    let mut history = History::new(&bundle).unwrap();
    let (server, tool) = tool.split_once('/').unwrap();
    let request = bundle.tool_request(agent(), server, tool, arguments);
    let decision = decide(&mut history, &DecisionState::DEFAULT, &Facts::DEFAULT, &request);
    (decision.code().to_owned(), decision.policy_ids().map(str::to_owned).collect())
}

#[test]
fn a_name_that_is_not_composed_is_malformed() {
    for (tool, arguments) in [
        ("files/read", r#"{"path":"/reports/\u212aYC/x"}"#),
        ("files/read", r#"{"path":"/geha\u0308lter/x"}"#),
        ("files/read", r#"{"path":"/a\u037eb"}"#),
        ("files/read", r#"{"path":"/a\u1fefb"}"#),
        ("files/move", r#"{"source":"/a","destination":"/\u212aYC/x"}"#),
    ] {
        assert_eq!(
            decided(tool, arguments),
            ("request.malformed".to_owned(), vec![]),
            "{arguments}"
        );
    }
    let (code, _) = decided("files/read", r#"{"path":"/geh\u00e4lter/x"}"#);
    assert_eq!(code, "permitted");
    // What names nothing may have any letters.
    let arguments = r#"{"source":"/a","destination":"/b","why":"e\u0301tat"}"#;
    assert_eq!(decided("files/move", arguments).0, "permitted");
}

#[test]
fn the_refusal_says_which_argument_and_what_to_write() {
    let bundle = bundle(&[]);
    let mut history = History::new(&bundle).unwrap();
    let request = bundle.tool_request(agent(), "files", "read", r#"{"path":"/e\u0301"}"#);
    let decision = decide(&mut history, &DecisionState::DEFAULT, &Facts::DEFAULT, &request);
    let shown = String::from_utf8(decision.to_bytes()).unwrap();
    assert!(shown.contains("`input.path` names a resource"), "{shown}");
    assert!(shown.contains("composed"), "{shown}");
}

#[test]
fn equal_spellings_are_decided_alike() {
    for spelling in [
        "/x/kyc/y",
        "/x/KYC/y",
        r"/x/\u212aYC/y",
        "/x//kyc/y",
        "/x/./kyc/y",
        "/x/kyc./y",
        "/x/kyc /y",
        r"\\x\\KYC\\y",
        "/x/kyc/../kyc/y",
    ] {
        let (code, by) = decided("share/open", &format!(r#"{{"path":"{spelling}"}}"#));
        assert_eq!(
            (code.as_str(), by),
            ("policy.denied", vec!["no-share".to_owned()]),
            "{spelling}"
        );
    }
    for spelling in
        ["/reports/one", "/Reports/ONE", "/reports//one", "/reports/one/", "/reports/./one. "]
    {
        let (_, by) = decided("share/open", &format!(r#"{{"path":"{spelling}"}}"#));
        assert_eq!(by, ["not-this"], "{spelling}");
    }
    assert_eq!(decided("share/many", r#"{"paths":["/a","/KYC/"]}"#).1, ["not-these"]);
    assert_eq!(decided("share/many", r#"{"paths":["/a","/b"]}"#).0, "permitted");
}

#[test]
fn history_knows_a_name_by_each_of_its_spellings() {
    let bundle = bundle(&[]);
    let mut history = History::new(&bundle).unwrap();
    let open = |path: &str| {
        bundle.tool_request(agent(), "share", "open", &format!(r#"{{"path":"{path}"}}"#))
    };
    let at = |ms| Facts { at: ms, ..Facts::DEFAULT };
    let first = open("/Reports/Two");
    assert_eq!(
        decide(&mut history, &DecisionState::DEFAULT, &at(1_000), &first).code(),
        "permitted"
    );
    history.complete(2_000, &first, &TransitionOutcome::Result(None));
    let again = decide(&mut history, &DecisionState::DEFAULT, &at(3_000), &open("/reports//two"));
    assert_eq!(again.policy_ids().collect::<Vec<_>>(), ["once"]);
}

#[test]
fn a_resource_of_the_protocol_is_named_composed() {
    let bundle = bundle(&[]);
    let mut history = History::new(&bundle).unwrap();
    for (uri, code) in [
        ("file:///a/KYC/b", "policy.denied"),
        ("file:///a/\u{212a}YC/b", "request.malformed"),
        ("file:///a/b", "permitted"),
    ] {
        let message = crate::protocol::MessageAction { name: "resources/read", is_known: true };
        let params = format!(r#"{{"uri":"{uri}"}}"#);
        let request = bundle.message_request(agent(), "files", message, &params);
        assert_eq!(
            decide(&mut history, &DecisionState::DEFAULT, &Facts::DEFAULT, &request).code(),
            code,
            "{uri}"
        );
    }
}

#[test]
fn labels_and_places_know_a_name_by_each_of_its_spellings() {
    let labels = "[labels]\ncustomer = \"customers\"\n\
        [[resources]]\ntype = \"Share\"\nid = \"*/customers/*\"\nlabels = [\"customer\"]\n\
        [[places]]\ntype = \"Share\"\nid = \"/drafts/*\"\n";
    let bundle = bundle(&[("labels.toml", labels)]);
    let open = |path: &str| {
        bundle.tool_request(agent(), "share", "open", &format!(r#"{{"path":"{path}"}}"#))
    };
    for path in ["/a/customers/x", "/a//CUSTOMERS./x", r"/a/cu\u017ftomers/x"] {
        assert!(!bundle.labels.stated(&bundle.shapes, &open(path)).is_empty(), "{path}");
    }
    let place = bundle.places(&open("/drafts/x"));
    assert_eq!(bundle.places(&open("//Drafts/./x")), place);
    assert_ne!(bundle.places(&open("/other/x")), place);
}

#[test]
fn an_impossible_name_is_reported_where_it_is_written() {
    let error = |changed: &[(&str, &str)]| Bundle::load(&files(changed)).unwrap_err().to_string();
    let labels = |id: &str| {
        format!(
            "[labels]\na = \"a\"\n[[resources]]\ntype = \"Share\"\nid = \"{id}\"\nlabels = [\"a\"]\n"
        )
    };
    assert!(error(&[("labels.toml", &labels("*/a//b"))]).contains("two slashes"));
    assert!(error(&[("labels.toml", &labels("*/e\\u0301/*"))]).contains("normalization form C"));
    let entities = r#"[{"uid":{"type":"Share","id":"/A"},"attrs":{},"parents":[]}]"#;
    assert!(error(&[("entities.json", entities)]).contains("write it `/a`"));
    let unknown = MANIFEST.replace("Share = [\"case\"", "Share = [\"cases\"");
    assert!(error(&[("bundle.toml", &unknown)]).contains("`cases` is not one of"));
    let missing = MANIFEST.replace("names = { paths", "names = { path");
    assert!(error(&[("bundle.toml", &missing)]).contains("`path` names something"));

    for policy in [
        r#"@id("b") forbid (principal, action == Action::"open", resource == Share::"/A/B");"#,
        r#"@id("b") forbid (principal, action == Action::"open", resource) when { context.input.path like "*/KYC/*" };"#,
        r#"@id("b") forbid (principal, action == Action::"open", resource) when { context.input.path == "/a//b" };"#,
        r#"@id("b") forbid (principal, action == Action::"open", resource) when { Share::"/A" == resource };"#,
        "@id(\"b\") forbid (principal, action == Action::\"read\", resource) when { context.input.path like \"*e\u{301}*\" };",
    ] {
        let warnings = unreached(&bundle(&[("policies/b.dw", policy)]), None);
        let codes: Vec<_> = warnings
            .iter()
            .filter(|one| one.policy.as_deref() == Some("b"))
            .map(|one| one.code.as_str())
            .collect();
        assert_eq!(codes, ["name.spelling"], "{policy}\n{warnings:#?}");
    }
}

#[test]
fn an_earlier_version_of_the_decider_takes_names_as_they_are() {
    let manifest = MANIFEST.replace("semantics = 4", "semantics = 2");
    let shown = Bundle::load(&files(&[("bundle.toml", &manifest)])).unwrap_err().to_string();
    assert!(shown.contains("same_name"), "{shown}");
}
