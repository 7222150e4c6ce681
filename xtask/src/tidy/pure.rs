//! What the pure crates promise: the bans are denied in their `lib.rs`, and nothing they use brings the world in.

use super::Problem;
use super::tree::Tree;
use super::workspace::{Package, Workspace};

const PURE: [&str; 5] = ["proof", "record", "wire", "policy", "kernel"];

/// The line that turns `clippy.toml`'s bans on.
const DENIED: &str = "#![deny(clippy::disallowed_methods, clippy::disallowed_types)]";

/// Crates that bring a clock, randomness, files, sockets, threads or an executor.
const FORBIDDEN: [&str; 24] = [
    "async-std",
    "axum",
    "chrono",
    "crossbeam",
    "fastrand",
    "futures",
    "getrandom",
    "hyper",
    "libc",
    "mio",
    "nix",
    "rand",
    "rand_core",
    "rayon",
    "reqwest",
    "rmcp",
    "rustix",
    "rustls",
    "smol",
    "socket2",
    "tempfile",
    "time",
    "tokio",
    "uuid",
];

/// Pure crates keep their promises; every crate takes the workspace's lints.
pub(super) fn check(tree: &Tree, workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for package in &workspace.packages {
        problems.extend(lints(tree, package));
        if PURE.contains(&package.short()) {
            problems.extend(bans(tree, package));
            problems.extend(dependencies(package));
        }
    }
    problems
}

fn lints(tree: &Tree, package: &Package) -> Option<Problem> {
    let manifest = format!("{}/Cargo.toml", package.folder);
    let text = tree.text(&manifest).unwrap_or_default();
    let outside = package.folder == "fuzz";
    (!outside && !text.contains("[lints]\nworkspace = true")).then(|| {
        Problem::new(
            &manifest,
            0,
            "the workspace's lints are not taken: `[lints] workspace = true`",
        )
    })
}

fn bans(tree: &Tree, package: &Package) -> Option<Problem> {
    let library = format!("{}/src/lib.rs", package.folder);
    let denied = tree.text(&library).unwrap_or_default().lines().any(|line| line == DENIED);
    (!denied).then(|| Problem::new(&library, 0, format!("a pure crate says `{DENIED}`")))
}

fn dependencies(package: &Package) -> Vec<Problem> {
    let manifest = format!("{}/Cargo.toml", package.folder);
    let brought = package.dependencies.iter().filter(|dependency| {
        !dependency.development && FORBIDDEN.contains(&dependency.name.as_str())
    });
    brought
        .map(|dependency| {
            let what =
                format!("`{}` is pure and may not use `{}`", package.short(), dependency.name);
            Problem::new(&manifest, 0, what)
        })
        .collect()
}

#[cfg(test)]
mod tests;
