//! Whatever nests in a bundle or a request is bounded before anything recurses into it: what is
//! nested far too deep is refused, in every spelling, and no stack overflows.
#![expect(clippy::unwrap_used, reason = "a test that can't go on stops")]
use std::sync::Arc;

use interlock_policy::evaluation::{Evaluation, evaluate};
use interlock_policy::limits::{DECIDE_STACK_BYTES, FILE_BYTES_MAX};
use interlock_policy::{Bundle, Entity, Files};

const LEVELS: usize = 60_000;
const MANIFEST: &str = "name = \"n\"\nversion = \"1\"\nsemantics = 2\n";
const SCHEMA: &str = "entity W = { a?: Set<Long> }; entity R;\n\
    action read appliesTo { principal: W, resource: R, context: { input: { a?: String } } };\n";
const POLICY: &str = "@id(\"a\") permit (principal, action, resource)";

fn load(path: &str, text: &str) -> Result<Bundle, String> {
    assert!(text.len() <= FILE_BYTES_MAX, "the file itself is too long: {}", text.len());
    let mut files: Files = [
        ("bundle.toml", MANIFEST.to_owned()),
        ("schema.cedarschema", SCHEMA.to_owned()),
        ("policies/p.dw", format!("{POLICY};")),
    ]
    .map(|(path, text)| (path.to_owned(), text.into_bytes()))
    .into();
    files.insert(path.to_owned(), text.as_bytes().to_vec());
    let thread = std::thread::Builder::new().stack_size(DECIDE_STACK_BYTES);
    let work = move || Bundle::load(&files).map_err(|errors| errors.to_string());
    thread.spawn(work).unwrap().join().unwrap()
}

/// `open`, so many times, what is innermost, and as many times `close`.
fn nested(open: &str, inner: &str, close: &str) -> String {
    let levels = LEVELS.min(FILE_BYTES_MAX / 2 / (open.len() + close.len()));
    format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
}

/// Each of `count` lines, made from its number.
fn chain(count: usize, line: impl Fn(usize) -> String) -> String {
    (1..count).map(line).collect()
}

fn refuses(path: &str, text: &str) {
    load(path, text).unwrap_err();
}

#[test]
fn schema_brackets_in_comments_do_not_count() {
    for brackets in ["{", "<", "[", "("] {
        let text = format!("// {}\n{SCHEMA}", brackets.repeat(30));
        load("schema.cedarschema", &text).unwrap();
        let text = format!("{SCHEMA}// {}\n", brackets.repeat(LEVELS));
        load("schema.cedarschema", &text).unwrap();
    }
}

#[test]
fn schema_brackets_in_annotations_do_not_count() {
    let text = format!("@doc(\"{}\")\n{SCHEMA}", "{<[(".repeat(30));
    load("schema.cedarschema", &text).unwrap();
}

#[test]
fn schema_depth_can_not_be_hidden_by_comments() {
    refuses("schema.cedarschema", &format!("type T = {};", nested("Set< // >\n", "Long", ">")));
    let records = nested("{ // }\na: ", "Long", "}");
    refuses("schema.cedarschema", &format!("type T = {records};"));
}

#[test]
fn schema_depth_can_not_be_hidden_by_annotations() {
    let records = nested("{ @d(\"}\")\na: ", "Long", "}");
    refuses("schema.cedarschema", &format!("type T = {records};"));
}

#[test]
fn schema_types_that_name_one_another_are_bounded() {
    for (first, last) in [("Long", "String"), ("Set<T29999>", "String"), ("Long", "T29999")] {
        let sets = chain(30_000, |n| format!("type T{n} = Set<T{}>;\n", n - 1));
        let text = format!("type T0 = {first};\n{sets}{}", SCHEMA.replace("String", last));
        refuses("schema.cedarschema", &text);
    }
}

#[test]
fn schema_hierarchies_are_followed_without_recursion() {
    let entities = chain(200, |n| format!("entity E{n} in [E{}];\n", n - 1));
    let _ = load("schema.cedarschema", &format!("entity E0;\n{entities}{SCHEMA}")).is_ok();
    let groups = chain(200, |n| format!("action g{n} in [g{}];\n", n - 1));
    let _ = load("schema.cedarschema", &format!("action g0;\n{groups}{SCHEMA}")).is_ok();
}

#[test]
fn schema_paths_are_read_or_refused() {
    let path = vec!["A"; 5_000].join("::");
    let _ = load("schema.cedarschema", &format!("namespace {path} {{ entity A; }}")).is_ok();
}

#[test]
fn schema_types_that_multiply_are_bounded() {
    let types = chain(40, |n| format!("type T{n} = {{ a: T{0}, b: T{0} }};\n", n - 1));
    refuses("schema.cedarschema", &format!("type T0 = {{ a: Long }};\n{types}{SCHEMA}"));
}

#[test]
fn policy_depth_can_not_be_hidden_by_comments() {
    let brackets = nested("( // )\n", "true", ")");
    refuses("policies/p.dw", &format!("{POLICY} when {{ {brackets} }};"));
}

#[test]
fn braces_in_a_comment_of_a_block_are_bounded() {
    let comment = "{".repeat(LEVELS);
    let block = "Action::\"read\"::request{}";
    refuses("policies/p.dw", &format!("{POLICY} when temporal {{ // {comment}\n{block} }};"));
    let closed = format!("{comment}{}", "}".repeat(LEVELS));
    refuses("policies/p.dw", &format!("{POLICY} when temporal {{ // {closed}\n{block} }};"));
    refuses("policies/p.dw", &format!("def temporal m(?a) {{ // {closed}\n{block} }};{POLICY};"));
}

#[test]
fn a_comment_that_ends_a_block_hides_nothing() {
    let deep = nested("(", "true", ")");
    let block = "Action::\"read\"::request{}";
    for text in [
        format!("{POLICY} when temporal {{ {block} // }} when {{ {deep} }};"),
        format!("{POLICY} temporal {{ // }} \"\n {deep} }};"),
        format!("def cedar m(?a) {{ true // }}; {POLICY} when {{ {deep} }};"),
        format!("{POLICY} when temporal {{ {block} // \"\n && {deep} // \"\n }};"),
    ] {
        refuses("policies/p.dw", &text);
    }
}

#[test]
fn policy_chains_are_read_or_refused() {
    for condition in [
        nested("!", "true", ""),
        nested("-", "1", "") + " == 1",
        nested("if true then ", "true", " else true"),
        vec!["context"; LEVELS].join("."),
        vec!["context"; LEVELS].join("::"),
        format!("context has {}", vec!["a"; LEVELS].join(".")),
        nested("[", "", "]"),
        nested("{a: ", "1", "}"),
        vec!["true"; LEVELS].join(" && "),
        vec!["1"; LEVELS].join(" + ") + " == 1",
        vec!["1"; LEVELS].join(" * ") + " == 1",
    ] {
        refuses("policies/p.dw", &format!("{POLICY} when {{ {condition} }};"));
    }
}

#[test]
fn blocks_of_conditions_are_read_or_refused() {
    let event = "Action::\"read\"::request{}";
    for condition in [
        nested("!", event, ""),
        nested("(", event, ")"),
        nested("formerly within 1h ", event, ""),
        nested("previous within 1h ", event, ""),
        nested("exists (a: Long). ", event, ""),
        vec![event; 2_000].join(" && "),
        vec!["1"; LEVELS].join(" + ") + " == 1",
        format!("{event}{}", "{}".repeat(LEVELS)),
    ] {
        let _ =
            load("policies/p.dw", &format!("{POLICY} when temporal {{ {condition} }};")).is_ok();
    }
}

#[test]
fn entities_are_bounded() {
    refuses("entities.json", &nested("[", "", "]"));
    refuses("entities.json", &nested("{\"a\":", "1", "}"));
    let attribute = nested("[", "", "]");
    refuses(
        "entities.json",
        &format!("[{{\"uid\":{{\"type\":\"W\",\"id\":\"w\"}},\"attrs\":{{\"a\":{attribute}}}}}]"),
    );
}

#[test]
fn a_chain_of_parents_is_followed_without_recursion() {
    let schema = SCHEMA.replace("entity R;", "entity R in [R];");
    let parents = (1..200).map(|n| {
        format!(
            ",{{\"uid\":{{\"type\":\"R\",\"id\":\"{n}\"}},\"attrs\":{{}},\"parents\":[{{\"type\":\"R\",\"id\":\"{}\"}}]}}",
            n - 1
        )
    });
    let text = format!(
        "[{{\"uid\":{{\"type\":\"R\",\"id\":\"0\"}},\"attrs\":{{}},\"parents\":[]}}{}]",
        parents.collect::<String>()
    );
    let files: Files = [
        ("bundle.toml", MANIFEST.to_owned()),
        ("schema.cedarschema", schema),
        ("entities.json", text),
    ]
    .map(|(path, text)| (path.to_owned(), text.into_bytes()))
    .into();
    let thread = std::thread::Builder::new().stack_size(DECIDE_STACK_BYTES);
    thread.spawn(move || Bundle::load(&files).is_ok()).unwrap().join().unwrap();
}

#[test]
fn toml_is_bounded_in_every_spelling() {
    let keys = vec!["a"; LEVELS].join(".");
    for path in ["bundle.toml", "labels.toml", "detectors.toml", "meters.toml"] {
        for text in [
            format!("a = {}", nested("[", "", "]")),
            format!("a = {}", nested("{a = ", "1", "}")),
            format!("a = {}", nested("[ # ]\n", "", "]")),
            format!("{keys} = 1"),
            format!("[{keys}]\nb = 1"),
            format!("[[{keys}]]\nb = 1"),
        ] {
            refuses(path, &text);
        }
    }
}

#[test]
fn patterns_are_bounded() {
    for pattern in [
        format!("{}x{}", "(".repeat(450), ")".repeat(450)),
        format!("{}x{}", "(?:".repeat(240), ")".repeat(240)),
        format!("{}x{}", "[".repeat(450), "]".repeat(450)),
        "(x+)+".repeat(190),
        format!("x{}", "{2}".repeat(300)),
    ] {
        let text = format!(
            "[detectors.d]\npattern = '{pattern}'\nlooks_at = [\"results\"]\nadds = [\"l\"]\n"
        );
        refuses("detectors.toml", &text);
    }
}

#[test]
fn requests_are_bounded() {
    let bundle = Arc::new(load("README.md", "").unwrap());
    let ask = move || {
        for deep in [nested("[", "", "]"), nested("{\"a\":", "1", "}")] {
            let mut subject = Entity::new("W", "w");
            subject.properties =
                format!("{{\"a\":{}}}", nested("[", "", "]").get(..60_000).unwrap());
            let resource = Entity::new("R", "r");
            let context = format!("{{\"input\":{{\"a\":{deep}}}}}");
            let evaluation = Evaluation { subject, action: "read".into(), resource, context };
            assert_eq!(evaluate(&bundle, &evaluation).code(), "request.malformed");
        }
    };
    let thread = std::thread::Builder::new().stack_size(DECIDE_STACK_BYTES);
    thread.spawn(ask).unwrap().join().unwrap();
}
