//! Cases from the field, live: each client against the raw server of `tests/e2e/clients` and
//! servers of npm, through a node.
//!
//! A row of the table is judged against what the same client sees without Interlock. All rows of a
//! client are run, and what is wrong is told together.

mod library;
mod processes;
mod sessions;
mod starter;
mod table;
mod world;

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Value, json};

use self::library::{Library, Live};
use self::table::{Asked, PATIENCE, Row, Sees, rows};
use self::world::World;
use crate::found::or_skip;

#[test]
fn the_cases_with_pypi_mcp() {
    run(Library::Python);
}

#[test]
fn the_cases_with_pypi_mcp_of_the_major_version_before() {
    run(Library::PythonBefore);
}

#[test]
fn the_cases_with_npm_sdk() {
    run(Library::TypeScript);
}

#[test]
fn the_cases_with_npm_inspector() {
    run(Library::Inspector);
}

#[test]
fn the_cases_with_a_raw_client() {
    run(Library::Raw);
}

#[test]
fn the_cases_with_a_raw_client_that_ends_lines_with_cr_lf() {
    run(Library::RawWithCrLf);
}

/// A client on the raw server itself, and the same client with Interlock between them.
struct Pair {
    library: Library,
    direct: Live,
    governed: Live,
    world: World,
}

fn run(library: Library) {
    let peers =
        library.command().and_then(|command| Ok((command, library.command()?, World::new()?)));
    let Some((direct, governed, world)) = or_skip(peers) else { return };
    let direct = Live::start(direct, &world.scratch("direct"));
    let governed = Live::start(governed, &world.scratch("governed"));
    let mut pair = Pair { library, direct, governed, world };
    let mut wrong = table(&mut pair);
    wrong.extend(sessions::all(&mut pair));
    assert!(wrong.is_empty(), "{library:?}, {} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Runs all rows; what is wrong.
fn table(pair: &mut Pair) -> Vec<String> {
    let Pair { library, direct, governed, world } = pair;
    direct.open(&world.direct("raw"));
    governed.open(&world.governed("raw"));
    let mut wrong = Vec::new();
    let rows = rows_for(*library);
    for row in &rows {
        let (tool, arguments) = question(&row.asked);
        let began = Instant::now();
        let seen = governed.call(tool, &arguments, PATIENCE);
        let took = began.elapsed().as_millis();
        let judged = match row.sees {
            Sees::Error(..) => judge(*library, row, &seen, &Value::Null),
            _ => judge(*library, row, &seen, &direct.call(tool, &arguments, PATIENCE)),
        };
        println!("{library:?} {} {}: {took} ms, {}", row.case, row.name, cut(&seen, 160));
        wrong.extend(judged.map(|why| format!("{} {}: {why}", row.case, row.name)));
    }
    wrong
}

/// The inspector is a process for each call: it runs one row of each kind of outcome, against what
/// a result must be.
fn rows_for(library: Library) -> Vec<Row> {
    let mut seen = BTreeSet::new();
    let mut is_new = |row: &Row| {
        let kind = match row.sees {
            Sees::Result => (0, "result", row.case),
            Sees::SameAsDirect => return false,
            Sees::Error(number, code, "") => (number, code, 0),
            Sees::Error(number, _, kind) => (number, kind, 0),
        };
        seen.insert(kind)
    };
    let rows = rows().into_iter().filter(|row| row.is_for(library));
    match library {
        Library::Inspector => rows.filter(|row| is_new(row)).collect(),
        _ => rows.collect(),
    }
}

/// So many characters of it.
fn cut(value: &Value, most: usize) -> String {
    value.to_string().chars().take(most).collect()
}

fn question(asked: &Asked) -> (&'static str, Value) {
    match asked {
        Asked::Call(tool, arguments) => (tool, arguments.clone()),
        Asked::Answered(line) => ("any", json!({"b64": proof::base64url::encode(line)})),
    }
}

fn judge(library: Library, row: &Row, seen: &Value, direct: &Value) -> Option<String> {
    let same =
        || (seen != direct).then(|| format!("{}, directly {}", cut(seen, 600), cut(direct, 600)));
    match row.sees {
        Sees::Result if seen.get("result").is_none() => Some(cut(seen, 600)),
        Sees::Result | Sees::SameAsDirect => same(),
        Sees::Error(number, code, kind) => {
            (!is_error(library, seen, (number, code, kind))).then(|| cut(seen, 600))
        }
    }
}

/// Whether it is this error of Interlock's. The inspector tells its message alone, which begins
/// with the code.
fn is_error(library: Library, seen: &Value, (number, code, kind): (i64, &str, &str)) -> bool {
    let error = &seen["error"];
    let begins =
        error["message"].as_str().is_some_and(|message| message.contains(&format!("{code}: ")));
    let data = &error["data"];
    let is_kind = kind.is_empty() || data["kind"] == kind;
    begins
        && (library == Library::Inspector
            || (error["code"] == number && data["code"] == code && is_kind))
}
