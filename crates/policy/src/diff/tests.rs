use super::*;
use crate::bundle::Files;
use crate::cases;

const SCHEMA: &str =
    "entity W; entity T; action act, other appliesTo { principal: W, resource: T };";

fn bundle(manifest: &str, policies: &str) -> Arc<Bundle> {
    let manifest = format!("name = \"d\"\nversion = \"1\"\nsemantics = 2\n{manifest}");
    let files =
        [("bundle.toml", &*manifest), ("schema.cedarschema", SCHEMA), ("policies/p.dw", policies)];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}")))
}

fn turn(old: &str, new: &str) -> Option<VerdictChange> {
    let line = r#"{"subject":{"type":"W","id":"w"},"action":{"name":"act"},"resource":{"type":"T","id":"t"}}"#;
    let (old, new) = (bundle("", old), bundle("", new));
    answers(&old, &new, &cases::read(line).unwrap()).2
}

const PERMIT: &str = "@id(\"p\") permit (principal, action, resource);\n";
const FORBID: &str = "@id(\"f\") forbid (principal, action, resource);\n";
const APPROVED: &str =
    "@id(\"p\") @approval(\"1 of finance within 10m\") permit (principal, action, resource);\n";

#[test]
fn an_answer_turns_by_its_verdict_first_and_by_its_reasons_last() {
    let both = format!("{PERMIT}{FORBID}");
    assert_eq!(turn(PERMIT, PERMIT), None);
    assert_eq!(turn("", PERMIT), Some(VerdictChange::Allowed));
    assert_eq!(turn(APPROVED, PERMIT), Some(VerdictChange::Allowed));
    assert_eq!(turn(PERMIT, &both), Some(VerdictChange::Denied));
    assert_eq!(turn(APPROVED, ""), Some(VerdictChange::Denied));
    assert_eq!(turn(PERMIT, APPROVED), Some(VerdictChange::Waits));
    assert_eq!(turn("", APPROVED), Some(VerdictChange::Waits));
    // Denied for want of a permit, then by a forbid; then permitted by another policy.
    assert_eq!(turn("", &both), Some(VerdictChange::Otherwise));
    assert_eq!(turn(PERMIT, &PERMIT.replace("\"p\"", "\"q\"")), Some(VerdictChange::Otherwise));
}

#[test]
fn parts_are_told_by_name() {
    let tool = |name: &str, action: &str| {
        format!(
            "[tools.\"s/{name}\"]\naction = \"{action}\"\nresource = {{ type = \"T\", id = \"t\" }}\n"
        )
    };
    let old = bundle(&[tool("a", "act"), tool("b", "act")].concat(), &format!("{PERMIT}{FORBID}"));
    // The tool `b` stands further up, and means the same.
    let new = bundle(
        &[tool("b", "act"), tool("c", "act"), tool("a", "other")].concat(),
        &format!("{APPROVED}{}", FORBID.replace("\"f\"", "\"g\"")),
    );
    let found = parts(&old, &new);
    let names = |added: &[&str], removed: &[&str], changed: &[&str]| {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        NameChanges { added: list(added), removed: list(removed), changed: list(changed) }
    };
    assert_eq!(found.policies, names(&["g"], &["f"], &["p"]));
    assert_eq!(found.tools, names(&["s/c"], &[], &["s/a"]));
    assert_eq!(found.files, names(&[], &[], &["bundle.toml", "policies/p.dw"]));
    assert_eq!(parts(&old, &old), BundleChanges::default());
    assert!(found.tools.removed.is_empty() && found.tools != NameChanges::default());
}
