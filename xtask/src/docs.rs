//! Runs the commands that the documents give, so that none of them goes stale.
//!
//! A fenced block whose info string is `sh ci` is a script; in one marked `console ci` the lines that begin
//! with `$ ` are. The blocks of one document run in their order, as one bash script, in one temporary folder
//! which has `bundles`, `spec` and `interlock` (in `PATH`) in it. A block marked `sh ci repository` runs at the
//! root of the repository.

use std::path::Path;

use anyhow::Context as _;

use crate::build;
use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, output, run as run_command};

/// Seconds that the commands of one document may take, a release build included.
const DOCUMENT_SECONDS: &str = "1200";

/// Runs the marked blocks of `README.md` and of everything under `docs/`.
pub(crate) fn run(root: &Root) -> anyhow::Result<Outcome> {
    build::programs(root)?;
    let target = build::target_folder(root)?;
    let (binaries, scratch) = (target.join("debug"), target.join("docs-commands"));
    let listed = output(command(root.path(), "git", &["ls-files", "README.md", "docs/*.md"]))?;
    let mut count = 0_usize;
    for document in listed.lines() {
        let text = std::fs::read_to_string(root.join(document))?;
        for script in scripts(&text) {
            println!("  {document}:");
            count += 1;
            run_script(root, &script, &binaries, &scratch)
                .with_context(|| format!("a command of `{document}` failed"))?;
        }
    }
    anyhow::ensure!(count > 0, "no document has a block marked `sh ci`");
    println!("  {count} scripts");
    Ok(Outcome::Passed)
}

/// Where a script runs.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Place {
    Temporary,
    Repository,
}

#[derive(Debug, PartialEq, Eq)]
struct Script {
    place: Place,
    text: String,
}

/// The marked blocks of a document: one script for each place, in the order of their first blocks.
fn scripts(document: &str) -> Vec<Script> {
    let mut scripts: Vec<Script> = Vec::new();
    let mut open: Option<(Option<Place>, bool)> = None;
    for line in document.lines() {
        let line_end = line.trim_start();
        match (open, line_end.strip_prefix("```")) {
            (None, Some(info)) => open = Some((place(info), info.starts_with("console"))),
            (Some(_), Some("")) => open = None,
            (Some((Some(place), console)), _) => {
                let wanted = if console { line_end.strip_prefix("$ ") } else { Some(line) };
                push(&mut scripts, place, wanted);
            }
            _ => {}
        }
    }
    scripts
}

fn place(info: &str) -> Option<Place> {
    match info.trim() {
        "sh ci" | "console ci" => Some(Place::Temporary),
        "sh ci repository" | "console ci repository" => Some(Place::Repository),
        _ => None,
    }
}

fn push(scripts: &mut Vec<Script>, place: Place, line: Option<&str>) {
    let Some(line) = line else { return };
    let text = match scripts.iter_mut().position(|script| script.place == place) {
        Some(index) => scripts.get_mut(index).map(|script| &mut script.text),
        None => {
            scripts.push(Script { place, text: String::new() });
            scripts.last_mut().map(|script| &mut script.text)
        }
    };
    if let Some(text) = text {
        text.push_str(line);
        text.push('\n');
    }
}

/// Runs a script with `binaries` first in `PATH`; `scratch` is made anew for it.
fn run_script(root: &Root, script: &Script, binaries: &Path, scratch: &Path) -> anyhow::Result<()> {
    if scratch.exists() {
        std::fs::remove_dir_all(scratch)?;
    }
    std::fs::create_dir_all(scratch)?;
    for shared in ["bundles", "spec"] {
        std::os::unix::fs::symlink(root.join(shared), scratch.join(shared))?;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(binaries.to_path_buf()).chain(std::env::split_paths(&path));
    let directory = match script.place {
        Place::Temporary => scratch,
        Place::Repository => root.path(),
    };
    let options = [DOCUMENT_SECONDS, "bash", "-euxo", "pipefail", "-c", &script.text];
    let mut bash = command(directory, "timeout", &options);
    bash.env("PATH", std::env::join_paths(folders)?);
    run_command(bash)
}

#[cfg(test)]
mod tests;
