//! `docs/book/reference/errors.md` lists every value of `data.code`, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The sources that answer clients.
const ANSWERING: [&str; 6] = [
    "../api/src/problem.rs",
    "../kernel/src",
    "../mcp/src/session",
    "../mcp/src/session.rs",
    "../node/src",
    "../policy/src/check_id.rs",
];

/// How codes of clients' errors begin.
const FAMILIES: [&str; 15] = [
    "client.",
    "execution.ended",
    "execution.halted",
    "governance.unverified",
    "grant.",
    "identity.",
    "lineage.",
    "meter.",
    "node.",
    "policy.",
    "refused.",
    "request.",
    "server.",
    "tool.",
    "trust.",
];

/// Literals of these sources that begin so and are no codes of clients' errors: types of records,
/// files, and what officers are told.
const OTHERS: [&str; 10] = [
    "node.registered",
    "node.sock",
    "policy.unsupported",
    "server.unknown",
    "tool.unpermitted",
    "trust.changed",
    "trust.signalled",
    "trust.widened",
    "meter.uncharged",
    "node.key",
];

fn sources(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name != "tests" && name != "tests.rs") {
                sources(&path, found);
            }
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        found.push(path.to_owned());
    }
}

/// The literals of a source that look like codes.
fn codes_of(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let is_code = |literal: &&str| {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || b"._".contains(&byte);
        let begins = FAMILIES.iter().any(|family| literal.starts_with(family));
        begins && literal.bytes().all(is_plain) && !literal.ends_with('.')
    };
    let literals = text.split('"').filter(is_code).map(str::to_owned);
    literals.filter(|literal| !OTHERS.contains(&literal.as_str())).collect()
}

#[test]
fn the_page_of_codes_lists_each_that_a_client_can_get() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("src/command/mcp.rs")];
    ANSWERING.iter().for_each(|path| sources(&root.join(path), &mut files));
    assert!(files.len() > 100, "{files:?}");
    let mut answered = BTreeSet::from(["approval.required".to_owned()]);
    for file in &files {
        answered.extend(codes_of(&fs::read_to_string(file).unwrap()));
    }
    let page = fs::read_to_string(root.join("../../docs/book/reference/errors.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let listed: BTreeSet<String> = rows.map(|(code, _)| code.to_owned()).collect();
    assert_eq!(listed, answered);
    for check in policy::Semantics::V4.checks() {
        let code = check.as_str();
        assert!(listed.contains(code), "{code}");
    }
}
