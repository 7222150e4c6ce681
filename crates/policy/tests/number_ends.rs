//! The ends of every number type, and their neighbours, in each place where a bundle or a request
//! holds a number: each is read or refused, and nothing panics.
#![expect(clippy::unwrap_used, reason = "a test that can't go on stops")]
use std::sync::Arc;

use interlock_policy::evaluation::{Evaluation, evaluate};
use interlock_policy::limits::DECIDE_STACK_BYTES;
use interlock_policy::{Bundle, Entity, Files};

/// The same numbers are seeds of fuzzing.
const NUMBERS: &str = include_str!("../../../fuzz/seeds/numbers.txt");

const MANIFEST: &str = "name = \"n\"\nversion = \"1\"\nsemantics = 2\n";
const SCHEMA: &str = "entity W = { level?: Long, share?: decimal };\nentity R;\n\
    action pay appliesTo { principal: W, resource: R, context: { \
    input: { n?: Long, d?: decimal, t?: datetime, s?: duration, many?: Set<Long> }, \
    facts: { at_ms: Long }, output?: { n: Long, d?: decimal } } };\n";
const METERS: &str = "[meters.m]\nunit = \"cents\"\nlimit = 9007199254740991\nper = \"node\"\n\
    [[charges]]\nmeter = \"m\"\naction = \"pay\"\namount = \"input.n\"\ndecimals = 2\n\
    [meters.d]\nunit = \"cents\"\nlimit = 5\nper = \"node\"\n\
    [[charges]]\nmeter = \"d\"\naction = \"pay\"\namount = \"input.d\"\ndecimals = 4\n";
const POLICIES: &str = "@id(\"a\") permit (principal, action, resource) when { \
    context.facts.at_ms + 1 > 0 || (context.input has n && context.input.n * 2 - 1 > -context.input.n) };\n\
    @id(\"b\") forbid (principal, action, resource) when temporal { \
    5 < sum_within(b, 24h, Action::\"pay\"::response{ output.n: b }) };\n\
    @id(\"c\") forbid (principal, action, resource) when temporal { \
    5 < count_within(24h, Action::\"pay\"::request{ input.n: context.input.n }) };\n";

fn files(changed: &[(&str, String)]) -> Files {
    let mut files: Files = [
        ("bundle.toml", MANIFEST),
        ("schema.cedarschema", SCHEMA),
        ("meters.toml", METERS),
        ("policies/p.dw", POLICIES),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .into();
    for (path, text) in changed {
        files.insert((*path).to_owned(), text.as_bytes().to_vec());
    }
    files
}

/// Does the work on a thread with the stated stack.
fn run(work: fn()) {
    let thread = std::thread::Builder::new().stack_size(DECIDE_STACK_BYTES);
    thread.spawn(work).unwrap().join().unwrap();
}

fn numbers() -> impl Iterator<Item = &'static str> {
    NUMBERS.lines()
}

/// Those that a bundle is loaded with: loading takes longer than asking.
fn integers() -> impl Iterator<Item = &'static str> {
    numbers().filter(|number| !number.contains(['.', 'e']))
}

fn ask(bundle: &Arc<Bundle>, context: String, properties: String) -> &'static str {
    let mut subject = Entity::new("W", "w");
    subject.properties = properties;
    let resource = Entity::new("R", "r");
    evaluate(bundle, &Evaluation { subject, action: "pay".into(), resource, context }).code()
}

#[test]
fn numbers_of_a_request_are_read_or_refused() {
    run(|| {
        let bundle = Arc::new(Bundle::load(&files(&[])).unwrap());
        for number in numbers() {
            for value in [number.to_owned(), format!("\"{number}\""), format!("\"{number}d\"")] {
                for context in [
                    format!(r#"{{"input":{{"n":{value}}},"meters":{{"m":0,"d":0}}}}"#),
                    format!(r#"{{"input":{{"n":1,"d":{value}}},"meters":{{"m":0,"d":0}}}}"#),
                    format!(r#"{{"input":{{"n":1,"t":{value}}}}}"#),
                    format!(r#"{{"input":{{"n":1,"s":{value}}}}}"#),
                    format!(r#"{{"input":{{"n":1,"many":[{value},{value}]}}}}"#),
                    format!(r#"{{"facts":{{"at_ms":{value}}}}}"#),
                    format!(r#"{{"input":{{"n":1}},"meters":{{"m":{value},"d":{value}}}}}"#),
                    format!(r#"{{"grant":{{"calls_max":{value}}}}}"#),
                    format!(r#"{{"grant":{{"depth_max":{value}}}}}"#),
                    format!(r#"{{"grant":{{"until_ms":{value}}}}}"#),
                    format!(
                        r#"{{"history":[{{"event":"response","at_ms":{value},"action":"pay","input":{{"n":{value}}},"output":{{"n":{value},"d":{value}}}}}]}}"#
                    ),
                ] {
                    ask(&bundle, context, "{}".to_owned());
                }
                ask(&bundle, "{}".to_owned(), format!(r#"{{"level":{value}}}"#));
                ask(&bundle, "{}".to_owned(), format!(r#"{{"share":{value}}}"#));
            }
        }
    });
}

#[test]
fn numbers_of_policies_are_read_or_refused() {
    run(|| {
        for number in integers() {
            for condition in [
                format!("when {{ context.input has n && context.input.n < {number} }}"),
                format!(
                    "when {{ context.input has n && context.input.n * {number} - {number} == -{number} }}"
                ),
                format!(
                    "when {{ context.input has d && context.input.d.lessThan(decimal(\"{number}\")) }}"
                ),
                format!("when {{ duration(\"{number}d\") < duration(\"{number}ms\") }}"),
                format!("when {{ datetime(\"{number}-01-01\") < datetime(\"2026-01-01\") }}"),
                format!(
                    "when temporal {{ formerly within {number}d Action::\"pay\"::request{{}} }}"
                ),
                format!(
                    "when temporal {{ formerly within 1h Action::\"pay\"::request{{ input.n: {number} }} }}"
                ),
                format!(
                    "when temporal {{ {number} < count_within({number}s, Action::\"pay\"::request{{}}) }}"
                ),
                format!(
                    "when temporal {{ {number} < sum_within(b, {number}h, Action::\"pay\"::response{{ output.n: b }}) }}"
                ),
            ] {
                let policy =
                    format!("@id(\"a\") permit (principal, action, resource) {condition};");
                if let Ok(bundle) = Bundle::load(&files(&[("policies/p.dw", policy)])) {
                    let context = r#"{"input":{"n":9007199254740991},"meters":{"m":0,"d":0}}"#;
                    ask(&Arc::new(bundle), context.to_owned(), "{}".to_owned());
                }
            }
        }
    });
}

#[test]
fn numbers_of_a_bundles_files_are_read_or_refused() {
    run(|| {
        for number in integers() {
            let charge = "[[charges]]\nmeter = \"m\"\naction = \"pay\"";
            let meter = |limit: &str, window: &str| {
                format!(
                    "[meters.m]\nunit = \"c\"\nlimit = {limit}\nwindow = \"{window}\"\nper = \"node\"\n"
                )
            };
            let _ = [
                ("bundle.toml", format!("name = \"n\"\nversion = \"1\"\nsemantics = {number}\n")),
                ("meters.toml", meter(number, "1d")),
                ("meters.toml", meter("1", &format!("{number}d"))),
                ("meters.toml", format!("{}{charge}\namount = {number}\n", meter("1", "1d"))),
                ("meters.toml", format!("{}{charge}\namount = \"input.n\"\ndecimals = {number}\n", meter("1", "1d"))),
                ("policies/p.dw", format!("@id(\"a\") @approval(\"{number} of finance within {number}d\") permit (principal, action, resource);")),
                ("entities.json", format!(r#"[{{"uid":{{"type":"W","id":"w"}},"attrs":{{"level":{number}}},"parents":[]}}]"#)),
                ("entities.json", format!(r#"[{{"uid":{{"type":"W","id":"w"}},"attrs":{{"share":{{"__extn":{{"fn":"decimal","arg":"{number}"}}}}}},"parents":[]}}]"#)),
            ]
            .map(|changed| Bundle::load(&files(&[changed])).is_ok());
        }
    });
}
