//! The steps that are one call of cargo.

use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, has_cargo_tool, output, run, works};

/// Every file is as `rustfmt` writes it.
pub(crate) fn format(root: &Root) -> anyhow::Result<Outcome> {
    run(command(root.path(), "cargo", &["fmt", "--all", "--check"]))?;
    Ok(Outcome::Passed)
}

/// No warning in any target of any crate.
pub(crate) fn clippy(root: &Root) -> anyhow::Result<Outcome> {
    let arguments =
        ["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "-D", "warnings"];
    run(command(root.path(), "cargo", &arguments))?;
    Ok(Outcome::Passed)
}

/// `deny.toml`: banned crates, licences, where crates come from.
pub(crate) fn deny(root: &Root) -> anyhow::Result<Outcome> {
    if !has_cargo_tool(root.path(), "deny") {
        return Ok(Outcome::Skipped(missing("cargo-deny")));
    }
    let arguments =
        ["deny", "--locked", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    run(command(root.path(), "cargo", &arguments))?;
    Ok(Outcome::Passed)
}

/// Known vulnerabilities, where their database can be reached.
pub(crate) fn advisories(root: &Root) -> anyhow::Result<Outcome> {
    if !has_cargo_tool(root.path(), "deny") {
        return Ok(Outcome::Skipped(missing("cargo-deny")));
    }
    let mut fetch = command(root.path(), "timeout", &["60", "cargo", "deny", "fetch", "db"]);
    fetch.env("GIT_TERMINAL_PROMPT", "0");
    if !works(fetch) {
        let why = "the advisory database can't be reached from here (`cargo deny fetch db`)";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    let arguments = ["deny", "--locked", "check", "advisories"];
    run(command(root.path(), "cargo", &arguments))?;
    Ok(Outcome::Passed)
}

/// `proof` builds for the browser: what verifies must run where the reader is.
pub(crate) fn wasm(root: &Root) -> anyhow::Result<Outcome> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let library =
        output(command(root.path(), "rustc", &["--print", "target-libdir", "--target", TARGET]))?;
    if !std::path::Path::new(library.trim()).is_dir() {
        let why = format!("the target {TARGET} is not installed (`rustup target add {TARGET}`)");
        return Ok(Outcome::Skipped(why));
    }
    let arguments =
        ["build", "--quiet", "--locked", "--package", "interlock-proof", "--target", TARGET];
    run(command(root.path(), "cargo", &arguments))?;
    Ok(Outcome::Passed)
}

fn missing(tool: &str) -> String {
    format!("{tool} is not installed (`cargo install --locked {tool}`)")
}
