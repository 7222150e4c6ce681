use super::*;

fn read(text: &str) -> Result<Manifest, Vec<LoadError>> {
    Manifest::read(&Arc::from(text))
}

const TOP: &str = "name = \"n\"\nversion = \"1\"\nsemantics = 1\n";

#[test]
fn a_whole_manifest() {
    let tool = "[tools.\"s/t/u\"]\naction = \"a\"\nresource = { type = \"R\", id = \"r\" }\nundeclared_arguments = \"bind\"\npinned = \"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\"\n";
    let manifest = read(&format!("{TOP}trust_minimum = \"trusted\"\n{tool}")).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.trust_minimum), ("n", Trust::Trusted));
    let tool = manifest.tools.get(&ToolName::new("s", "t/u")).unwrap();
    assert_eq!((tool.action.as_str(), tool.undeclared), ("a", Undeclared::Ignore));
    assert_eq!(tool.pinned, Some(proof::digest::Digest::of(b"")));
    assert!(matches!(&tool.resource_id, ResourceId::Fixed(id) if id == "r"));
}

#[test]
fn missing_keys_have_defaults() {
    let manifest = read(TOP).unwrap();
    assert_eq!(manifest.trust_minimum, Trust::Degraded);
    assert!(manifest.tools.is_empty());
}

#[test]
fn each_wrong_value_is_one_error() {
    for (text, what) in [
        (TOP.replace("semantics = 1", "semantics = 3"), "`semantics` is 1 or 2 or 4"),
        (TOP.replace("semantics = 1", "semantics = \"1\""), "`semantics` can't be"),
        (TOP.replace("\"n\"", "\"\""), "`name` is empty"),
        (TOP.replace("name = \"n\"", ""), "`name` is missing"),
        (format!("{TOP}trust_minimum = \"fine\""), "`trust_minimum` is one of"),
        (format!("{TOP}tools = 3"), "`tools` can't be"),
        (format!("{TOP}tools.\"s/t\" = 3"), "a tool is a table"),
        (format!("{TOP}tools.\"/t\".action = \"a\""), "is not `SERVER/TOOL`"),
        (format!("{TOP}tools.\"s/t\" = {{ action = \"a\" }}"), "`resource` is missing"),
        (
            format!(
                "{TOP}tools.\"s/t\" = {{ action = \"a\", resource = {{ type = \"R\", id = \"i\", argument = \"b\" }} }}"
            ),
            "either `argument` or `id`",
        ),
        (
            format!(
                "{TOP}tools.\"s/t\" = {{ action = \"a\", resource = {{ type = \"R\", id = \"i\" }}, undeclared_arguments = \"ask\" }}"
            ),
            "`undeclared_arguments` is",
        ),
        (
            format!(
                "{TOP}tools.\"s/t\" = {{ action = \"a\", resource = {{ type = \"R\", id = \"i\" }}, pinned = \"e3b0\" }}"
            ),
            "`pinned` is the digest",
        ),
        (format!("{TOP}name = \"again\""), "duplicate key"),
    ] {
        let errors = read(&text).unwrap_err();
        assert_eq!(errors.len(), 1, "{text}: {errors:?}");
        assert!(errors[0].message().contains(what), "{text}: {}", errors[0]);
        assert!(errors[0].place().is_some());
    }
}
