use std::fs;
use std::path::Path;

/// Writes the small bundle under the second semantics into this folder, with more of schema and
/// policies.
pub(crate) fn second_semantics(folder: &Path, schema: &str, policies: &str) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    fs::create_dir_all(folder.join("policies")).unwrap();
    let copy = |path: &str, change: &dyn Fn(String) -> String| {
        let text = fs::read_to_string(from.join(path)).unwrap();
        fs::write(folder.join(path), change(text)).unwrap();
    };
    copy("bundle.toml", &|text| text.replace("semantics = 1", "semantics = 2"));
    copy("entities.json", &|text| text);
    copy("schema.cedarschema", &|text| text + schema);
    copy("policies/small.dw", &|text| text + policies);
}
