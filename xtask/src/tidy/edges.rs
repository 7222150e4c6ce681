//! Which crate may use which. Any edge that is not in this table fails, also in tests. `ARCHITECTURE.md` draws the edges that
//! there are, and no other.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use super::markdown::{cells, code_spans, unfenced};
use super::tree::Tree;
use super::workspace::Workspace;

const MAP: &str = "ARCHITECTURE.md";

const PURE: &[&str] = &["proof", "record", "wire", "policy", "kernel"];
const ALL: &[&str] = &[
    "proof",
    "record",
    "wire",
    "policy",
    "kernel",
    "api",
    "client",
    "ledger",
    "identity",
    "mcp",
    "egress",
    "supervisor",
    "console",
    "node",
];

/// The command line starts a node too.
const INTERLOCK: &[&str] = &[
    "proof", "record", "wire", "policy", "kernel", "api", "client", "ledger", "identity", "mcp",
    "node", "testkit",
];

/// What a crate may use of this repository; none for a crate that has no place yet.
fn allowed(short: &str) -> Option<&'static [&'static str]> {
    Some(match short {
        "proof" | "xtask" => &[],
        "record" | "wire" => &["proof"],
        "verifier-wasm" => &["proof", "record"],
        "policy" => &["proof", "record", "wire"],
        "kernel" => &["proof", "record", "policy"],
        "api" => PURE,
        "testkit" => &["record", "policy"],
        "ledger" | "identity" | "mcp" | "egress" | "supervisor" | "console" => PURE,
        "fuzz" => PURE,
        "optimised" => &["proof", "record", "policy", "testkit", "kernel", "ledger", "node"],
        "simulator" => &["proof", "record", "wire", "policy", "kernel", "ledger"],
        // What is outside a node speaks to it, and has no part of it.
        "client" => &["api", "proof", "record"],
        "node" => ALL,
        "interlock" => INTERLOCK,
        _ => return None,
    })
}

/// Every edge between crates of this repository is one that the architecture draws.
pub(super) fn check(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in &workspace.packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let Some(allowed) = allowed(package.short()) else {
            let what = format!(
                "the crate `{}` has no place in ARCHITECTURE.md's table of edges",
                package.short()
            );
            problems.push(Problem::new(&manifest, 0, what));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.ours) {
            let target = dependency.name.strip_prefix("interlock-").unwrap_or(&dependency.name);
            if !allowed.contains(&target) {
                let what = format!("`{}` may not use `{target}`", package.short());
                problems.push(Problem::new(&manifest, 0, what));
            }
        }
    }
    problems
}

/// The table of edges in `ARCHITECTURE.md` is what the crates use.
pub(super) fn drawn(tree: &Tree, workspace: &Workspace) -> Vec<Problem> {
    let mut rows = BTreeMap::new();
    for (number, line) in unfenced(tree.text(MAP).unwrap_or_default()) {
        if let Some([name, uses]) = cells(line).as_deref()
            && let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'))
        {
            rows.insert(name, (number, code_spans(uses).collect::<BTreeSet<&str>>()));
        }
    }
    let mut problems = Vec::new();
    for package in workspace.packages.iter().filter(|package| package.folder.starts_with("crates/"))
    {
        let ours = package.dependencies.iter().filter(|dependency| dependency.ours);
        let short = |name: &'_ str| name.strip_prefix("interlock-").unwrap_or(name).to_owned();
        let used: BTreeSet<String> = ours.map(|dependency| short(&dependency.name)).collect();
        let (number, drawn) = rows.remove(package.short()).unwrap_or_default();
        if used.iter().map(String::as_str).ne(drawn) {
            let used: Vec<&str> = used.iter().map(String::as_str).collect();
            let what = format!("`{}` uses: {}", package.short(), used.join(", "));
            problems.push(Problem::new(MAP, number, what));
        }
    }
    let unknown = rows.into_iter().map(|(name, (number, _))| {
        Problem::new(MAP, number, format!("there is no crate `{name}`"))
    });
    problems.extend(unknown);
    problems
}

#[cfg(test)]
mod tests;
