//! Which crate may use which. Any edge that is not in this table fails, also in tests.

use super::Problem;
use super::workspace::Workspace;

const PURE: &[&str] = &["proof", "wire", "policy", "kernel"];
const ALL: &[&str] = &[
    "proof",
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
    "proof", "wire", "policy", "kernel", "api", "client", "ledger", "identity", "mcp", "node",
    "testkit",
];

/// What a crate may use of this repository; none for a crate that has no place yet.
fn allowed(short: &str) -> Option<&'static [&'static str]> {
    Some(match short {
        "proof" | "xtask" => &[],
        "wire" | "verifier-wasm" => &["proof"],
        "policy" => &["proof", "wire"],
        "kernel" => &["proof", "policy"],
        "api" => PURE,
        "testkit" => &["policy"],
        "ledger" | "identity" | "mcp" | "egress" | "supervisor" | "console" => PURE,
        "fuzz" => PURE,
        "optimised" => &["proof", "policy", "testkit", "kernel", "ledger", "node"],
        "simulator" => &["proof", "wire", "policy", "kernel", "ledger"],
        // What is outside a node speaks to it, and has no part of it.
        "client" => &["api", "proof"],
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

#[cfg(test)]
mod tests;
