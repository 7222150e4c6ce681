use std::sync::Arc;

use super::*;
use crate::bundle::Files;
use crate::cases;
use crate::evaluation::evaluate;

fn bundle(version: &str) -> Arc<Bundle> {
    let manifest = format!("name = \"x\"\nversion = \"{version}\"\nsemantics = 1");
    let schema = "entity W; entity T; action act appliesTo { principal: W, resource: T };";
    let policies = "// First.\n@id(\"all\") permit (principal, action, resource);\n\n@id(\"never\")\n@description(\"Not this one.\")\n@reason(\"It is broken.\")\nforbid (principal, action, resource == T::\"t\");\n";
    let files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", schema),
        ("policies/p.dw", policies),
    ];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

const LINE: &str = r#"{"subject":{"type":"W","id":"w"},"action":{"name":"act"},"resource":{"type":"T","id":"t"},"context":{"facts":{"halted":true}}}"#;

#[test]
fn a_denial_is_explained_with_its_policies() {
    let bundle = bundle("1");
    let decision = evaluate(&bundle, &cases::read(LINE).unwrap());
    insta::assert_snapshot!(explain(&bundle, &decision.to_value()).join("\n"));
}

#[test]
fn a_permit_names_who_permits_it() {
    let bundle = bundle("1");
    let line = LINE.replace(":\"t\"}", ":\"u\"}").replace("true", "false");
    let decision = evaluate(&bundle, &cases::read(&line).unwrap());
    insta::assert_snapshot!(explain(&bundle, &decision.to_value()).join("\n"));
}

#[test]
fn a_decision_of_another_bundle_is_not_quoted() {
    let decision = evaluate(&bundle("1"), &cases::read(LINE).unwrap());
    insta::assert_snapshot!(explain(&bundle("2"), &decision.to_value()).join("\n"));
}

#[test]
fn explaining_a_non_decision_does_not_fail() {
    for text in ["{}", "[]", r#"{"checks":[1,{"check":7}],"decision":4,"policies":{}}"#] {
        let value = Value::parse(text.as_bytes()).unwrap();
        assert!(!explain(&bundle("1"), &value).is_empty());
    }
}
