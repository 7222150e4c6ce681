use std::sync::Arc;

use super::*;
use crate::error::{LoadCode, LoadError, LoadErrors};

const MANIFEST: &str = "name = \"t\"\nversion = \"1\"\nsemantics = 1\n[tools.\"s/read\"]\naction = \"read\"\nresource = { type = \"File\", argument = \"path\" }\n";
const SCHEMA: &str = "entity Workload = { team?: String };\nentity File;\naction read appliesTo { principal: Workload, resource: File, context: { input: { path: String } } };\n";
const POLICY: &str = "@id(\"a\")\npermit (principal, action == Action::\"read\", resource)\nwhen { context.input.path like \"reports/*\" };\n";

fn files(manifest: &str, schema: &str, policy: &str) -> Files {
    [("bundle.toml", manifest), ("schema.cedarschema", schema), ("policies/p.dw", policy)]
        .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
        .into()
}

fn errors(manifest: &str, schema: &str, policy: &str) -> LoadErrors {
    Bundle::load(&files(manifest, schema, policy)).expect_err("it must not load")
}

/// The errors as a person sees them, snippets included.
fn shown(errors: &LoadErrors) -> String {
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100);
    let mut text = String::new();
    for error in errors.iter() {
        handler.render_report(&mut text, error).unwrap();
    }
    text
}

fn with_policy(policy: &str) -> String {
    shown(&errors(MANIFEST, SCHEMA, policy))
}

#[test]
fn a_bundle_loads_from_its_own_archive() {
    let bundle = Bundle::load(&files(MANIFEST, SCHEMA, POLICY)).unwrap();
    let again = Bundle::from_blob(bundle.blob()).unwrap();
    assert_eq!(again.digest(), bundle.digest());
    assert_eq!(again.blob(), bundle.blob());
    assert!(bundle.knows_tool("s", "read") && !bundle.knows_tool("s", "write"));
    let info = bundle.policy("a").unwrap();
    assert_eq!((info.effect, info.file.as_str(), info.line), ("permit", "policies/p.dw", 1));
    assert!(info.source.starts_with("@id(\"a\")") && info.source.ends_with("};"));
}

#[test]
fn the_empty_bundle_knows_nothing_and_comes_back() {
    let empty = Bundle::empty();
    assert_eq!(empty.blob(), br#"{"files":[],"v":1}"#);
    assert_eq!(Bundle::from_blob(empty.blob()).unwrap().digest(), empty.digest());
    assert_eq!(empty.policies().count(), 0);
}

#[test]
fn an_archive_in_any_other_form_is_refused() {
    for blob in [
        &br#"{"files":[], "v":1}"#[..],
        br#"{"files":[],"v":2}"#,
        br#"{"files":[],"more":1,"v":1}"#,
        br#"{"files":[{"bytes":"","path":"b"},{"bytes":"","path":"a"}],"v":1}"#,
        br#"{"files":[{"bytes":"","path":"a"},{"bytes":"","path":"a"}],"v":1}"#,
        br#"{"files":[{"bytes":"=","path":"a"}],"v":1}"#,
        br#"{"files":[{"bytes":"","mode":7,"path":"a"}],"v":1}"#,
        b"",
    ] {
        let errors = Bundle::from_blob(blob).expect_err("it must not load");
        assert_eq!(errors.iter().next().unwrap().code(), LoadCode::Archive);
    }
}

#[test]
fn a_misspelt_attribute() {
    insta::assert_snapshot!(with_policy(&POLICY.replace("input.path", "input.paht")));
}

#[test]
fn a_misspelt_attribute_of_an_entity() {
    insta::assert_snapshot!(with_policy(
        &POLICY.replace("when { ", "when { principal has team && principal.taem == \"x\" && ")
    ));
}

#[test]
fn a_misspelt_action() {
    insta::assert_snapshot!(with_policy(&POLICY.replace("Action::\"read\"", "Action::\"raed\"")));
}

#[test]
fn a_misspelt_action_in_a_temporal_condition() {
    let policy = "@id(\"a\") forbid (principal, action == Action::\"read\", resource)\nwhen temporal { formerly within 1h Action::\"raed\"::response{} };";
    insta::assert_snapshot!(with_policy(policy));
}

#[test]
fn a_misspelt_action_has_its_place_and_the_nearest_name() {
    let more = ["ping", "send_mail", "write"].map(|name| {
        format!("action {name} appliesTo {{ principal: Workload, resource: File }};\n")
    });
    let schema = format!("{SCHEMA}{}", more.concat());
    let scope = "(principal, action == Action::\"send_mial\", resource)";
    let temporal = "when temporal { formerly within 1h Action::\"read\"::response{} }";
    for (policy, near) in [
        (format!("@id(\"a\")\npermit {scope};"), "Action::\"send_mail\""),
        (format!("@id(\"a\")\nforbid {scope} {temporal};"), "send_mail"),
    ] {
        let errors = errors(MANIFEST, &schema, &policy);
        let about = |error: &&LoadError| error.message().contains("send_mial");
        let error = errors.iter().find(about).unwrap();
        assert_eq!(
            (error.file(), error.place().map(|place| place.line)),
            ("policies/p.dw", Some(2)),
            "{error:?}"
        );
        assert_eq!(error.nearest_name(), Some(near), "{error:?}");
    }
}

#[test]
fn a_misspelt_annotation() {
    insta::assert_snapshot!(with_policy(&POLICY.replace("permit", "@descripton(\"x\")\npermit")));
}

#[test]
fn an_annotation_of_a_later_version() {
    insta::assert_snapshot!(with_policy(
        &POLICY.replace("permit", "@approval(\"2 of x\")\npermit")
    ));
}

#[test]
fn a_policy_without_an_id() {
    insta::assert_snapshot!(with_policy(&POLICY.replace("@id(\"a\")", "@reason(\"why\")")));
}

#[test]
fn an_id_given_twice() {
    insta::assert_snapshot!(with_policy(&format!("{POLICY}\n{POLICY}")));
}

#[test]
fn a_deep_expression() {
    let deep = format!("when {{ {}true{} && ", "(".repeat(300), ")".repeat(300));
    let errors = errors(MANIFEST, SCHEMA, &POLICY.replace("when { ", &deep));
    insta::assert_snapshot!(errors.to_string());
}

#[test]
fn a_guardrail() {
    let policy = "@id(\"a\") permit (principal, action, resource)\nwhen guardrails { Pii::Score(context.input.path) > 3 };";
    insta::assert_snapshot!(with_policy(policy));
    let hidden = "@id(\"a\") permit (principal, action, resource)\nwhen { Pii::Score(context.input.path) > 3 };";
    insta::assert_snapshot!(with_policy(hidden));
}

#[test]
fn a_syntax_error() {
    insta::assert_snapshot!(with_policy(&POLICY.replace("when {", "when (")));
}

#[test]
fn an_unknown_key() {
    insta::assert_snapshot!(shown(&errors(
        &MANIFEST.replace("version", "versoin").replace("argument =", "arguments ="),
        SCHEMA,
        POLICY
    )));
}

#[test]
fn a_manifest_that_is_no_toml() {
    insta::assert_snapshot!(shown(&errors("name = \nversion = 1 2", SCHEMA, POLICY)));
}

#[test]
fn tools_that_do_not_fit_the_schema() {
    let manifest = format!(
        "{MANIFEST}[tools.\"s/a\"]\naction = \"raed\"\nresource = {{ type = \"File\", id = \"x\" }}\n\
         [tools.\"s/b\"]\naction = \"read\"\nresource = {{ type = \"Fiel\", argument = \"pth\" }}\n\
         [tools.\"s/c\"]\naction = \"read\"\nresource = {{ type = \"File\", id = \"x\" }}\nundeclared_arguments = \"bind\"\n"
    );
    insta::assert_snapshot!(errors(&manifest, SCHEMA, POLICY).to_string());
    let manifest = format!(
        "{MANIFEST}[tools.nowhere]\naction = \"read\"\nresource = {{ type = \"File\", id = \"x\" }}\n"
    );
    insta::assert_snapshot!(shown(&errors(&manifest, SCHEMA, POLICY)));
}

#[test]
fn a_context_that_nothing_supplies() {
    let schema = SCHEMA.replace("{ input:", "{ inputs:");
    insta::assert_snapshot!(shown(&errors(MANIFEST, &schema, "")));
}

#[test]
fn entities_that_do_not_fit_the_schema() {
    let mut files = files(MANIFEST, SCHEMA, POLICY);
    let entities = r#"[{"uid":{"type":"Workload","id":"w"},"attrs":{"taem":"x"},"parents":[]},{"uid":{"type":"Workloads","id":"w"}},{"uid":7}]"#;
    files.insert(ENTITIES.into(), entities.into());
    insta::assert_snapshot!(Bundle::load(&files).expect_err("it must not load").to_string());
}

#[test]
fn files_that_belong_to_no_bundle() {
    let mut files = files(MANIFEST, SCHEMA, POLICY);
    files.insert("polices/x.dw".into(), POLICY.into());
    files.insert("policies/sub/x.dw".into(), POLICY.into());
    files.insert("policies/bin.dw".into(), vec![0xff, 0xfe]);
    files.remove("schema.cedarschema");
    insta::assert_snapshot!(Bundle::load(&files).expect_err("it must not load").to_string());
}

#[test]
fn an_action_may_not_bear_the_name_of_unknown_tools() {
    let schema = SCHEMA.replace("action read", "action \"tools/call\"");
    let errors = errors(&MANIFEST.replace("= \"read\"", "= \"tools/call\""), &schema, "");
    assert!(errors.to_string().contains("stands for unknown tools"), "{errors}");
}

#[test]
fn many_policies_without_a_scope_are_warned_about() {
    let policy = |n: usize| format!("@id(\"p{n}\") permit (principal, action, resource);\n");
    let count = |many| {
        let policies: String = (0..many).map(policy).collect();
        Bundle::load(&files(MANIFEST, SCHEMA, &policies)).unwrap().warnings().len()
    };
    assert_eq!(count(20), 0);
    assert_eq!(count(21), 1);
}

#[test]
fn a_policy_that_never_applies_is_warned_about() {
    let policy = POLICY.replace("context.input.path like \"reports/*\"", "false");
    let bundle = Bundle::load(&files(MANIFEST, SCHEMA, &policy)).unwrap();
    insta::assert_snapshot!(bundle.warnings().iter().map(ToString::to_string).collect::<String>());
}

#[test]
fn macros_that_would_multiply_are_refused() {
    // More stack than a test's thread has.
    let thread = std::thread::Builder::new().stack_size(crate::limits::DECIDE_STACK_BYTES);
    thread.spawn(check_macros).unwrap().join().unwrap();
}

fn check_macros() {
    let nested = "def cedar twice(?x) { ?x && ?x };\n@id(\"a\") permit (principal, action, resource) when { twice(twice(twice(true))) };";
    assert!(with_policy(nested).contains("macro calls are nested"));
    let wide = format!("def cedar many(?x) {{ {} }};\n{POLICY}", ["?x"; 20].join(" && "));
    assert!(with_policy(&wide).contains("names parameters more than"));
    let fine = "def cedar twice(?x) { ?x && ?x };\n@id(\"a\") permit (principal, action, resource) when { twice(true) };";
    assert!(Bundle::load(&files(MANIFEST, SCHEMA, fine)).is_ok());
}

#[test]
fn tools_become_requests() {
    let bundle = Arc::new(Bundle::load(&files(MANIFEST, SCHEMA, POLICY)).unwrap());
    let agent = || crate::Entity::new("Workload", "w");
    let request = bundle.tool_request(agent(), "s", "read", r#"{"path":"reports/a"}"#);
    assert_eq!((request.action.as_str(), request.resource.id.as_str()), ("read", "reports/a"));
    let unknown = bundle.tool_request(agent(), "server", "ping", "{}");
    assert_eq!(unknown.action, "tools/call:server/ping");
    let nameless = bundle.tool_request(agent(), "s", "read", r#"{"path":7}"#);
    assert_eq!(nameless.resource.id, "");
}

#[test]
fn an_id_hidden_behind_a_comment_is_still_given_twice() {
    let hidden = POLICY.replace("@id(\"a\")", "@id // \"b\"\n(\"a\")");
    let errors = errors(MANIFEST, SCHEMA, &format!("{POLICY}\n{hidden}"));
    assert!(errors.to_string().contains("is the id of another policy too"), "{errors}");
}

#[test]
fn a_pinned_tool_is_listed_with_its_own_definition_only() {
    let pinned = Digest::of(b"definition");
    let pins =
        format!("{}pinned = \"{pinned}\"\n", MANIFEST.replace("semantics = 1", "semantics = 2"));
    let bundle = Bundle::load(&files(&pins, SCHEMA, POLICY)).unwrap();
    assert!(bundle.lists_tool("s", "read", &pinned));
    assert!(!bundle.lists_tool("s", "read", &Digest::of(b"another")));
    assert!(!bundle.lists_tool("s", "write", &pinned), "it is not known");
    let open = Bundle::load(&files(MANIFEST, SCHEMA, POLICY)).unwrap();
    assert!(open.lists_tool("s", "read", &Digest::of(b"another")));
    // An earlier decider would look at no definition.
    let earlier = pins.replace("semantics = 2", "semantics = 1");
    assert!(shown(&errors(&earlier, SCHEMA, POLICY)).contains("nothing looks at `pinned`"));
}
