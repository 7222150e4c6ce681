use super::*;
use crate::bundle::Files;
use crate::error::LoadErrors;
use crate::request::Entity;

const PLACES: &str = r#"
forgets = ["File old/*"]
[labels]
untrusted = "nobody vouches for it"
[[places]]
type = "File"
id = "Shared/*"
[[places]]
type = "File"
id = "*.md"
"#;

fn load(labels: &str) -> Result<Bundle, LoadErrors> {
    let files: Files = [
        ("bundle.toml", "name = \"p\"\nversion = \"1\"\nsemantics = 2\n"),
        ("schema.cedarschema", "entity Workload, File, Page;\n"),
        ("labels.toml", labels),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .into();
    Bundle::load(&files)
}

fn places(bundle: &Bundle, kind: &str, id: &str) -> Vec<String> {
    let request = Request {
        principal: Entity::new("Workload", "agent"),
        action: "write".into(),
        resource: Entity::new(kind, id),
        input: "{}".into(),
    };
    bundle.places(&request).into_iter().collect()
}

#[test]
fn a_resource_is_in_every_fitting_place_or_the_rest() {
    let bundle = load(PLACES).unwrap();
    assert_eq!(places(&bundle, "File", "shared/x"), ["File shared/*"]);
    assert_eq!(places(&bundle, "File", "SHARED/a.MD"), ["File *.md", "File shared/*"]);
    let rest = places(&bundle, "File", "notes");
    assert!(rest.len() == 1 && rest[0].starts_with("File/rest/"), "{rest:?}");
    assert_eq!(places(&bundle, "File", "other"), rest, "one for all");
    assert_eq!(places(&bundle, "Page", "notes"), ["Page/rest"]);
    assert_eq!(places(&bundle, "Nothing", "notes"), [] as [&str; 0]);
    for known in ["File shared/*", "File *.md", rest[0].as_str(), "Page/rest"] {
        assert!(bundle.knows_place(known), "{known}");
    }
    for unknown in ["", "File", "File/rest", "File Shared/*", "Page shared/*", "Other/rest"] {
        assert!(!bundle.knows_place(unknown), "{unknown}");
    }
    assert!(bundle.forgets_place("File old/*") && !bundle.forgets_place("File shared/*"));
}

#[test]
fn a_new_place_renames_the_rest() {
    let before = load(&PLACES.replace("*.md", "*.txt")).unwrap();
    let after = load(PLACES).unwrap();
    let rest = places(&before, "File", "a.md").remove(0);
    assert!(before.knows_place(&rest) && !after.knows_place(&rest));
    assert!(after.knows_place(&places(&after, "File", "a.txt")[0]));
}

#[test]
fn an_unknown_key_is_an_error_with_its_place() {
    let cases = [
        ("type = \"File\"", "type = \"Fill\"", "did you mean `File`?"),
        ("id = \"*.md\"", "id = \"a*b\"", "`id` is an id"),
        ("id = \"*.md\"", "path = \"x\"", "unknown key `path` of a place"),
        ("forgets = [\"File old/*\"]", "forgets = [1]", "`forgets` names places"),
        ("[[places]]", "[[place]]", "did you mean `places`?"),
    ];
    for (from, to, expected) in cases {
        let errors = load(&PLACES.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(errors.contains(expected) && errors.contains("labels.toml:"), "{to}: {errors}");
    }
}

#[test]
fn more_or_longer_places_than_the_limits_are_refused() {
    let one = |id: &str| format!("[[places]]\ntype = \"File\"\nid = \"{id}\"\n");
    let many = |more: usize| load(&format!("{PLACES}{}", one("x").repeat(more)));
    assert!(many(PLACES_MAX - 2).is_ok());
    assert!(many(PLACES_MAX - 1).expect_err("many").to_string().contains("64"));
    let fits = "x".repeat(PLACE_BYTES_MAX - "File ".len());
    assert!(load(&format!("{PLACES}{}", one(&fits))).is_ok());
    assert!(load(&format!("{PLACES}{}", one(&format!("{fits}x")))).is_err());
}
