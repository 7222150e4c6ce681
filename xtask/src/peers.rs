//! Installs the programs of other people that the tests talk to, by package name and at the versions pinned in
//! `tests/peers/`, into `target/peers/`:
//!
//! ```text
//! target/peers/mcp        a Python environment with the MCP SDK of PyPI
//! target/peers/mcp-1      the same with the major version before
//! target/peers/aics-tlog  a Python 3.12 environment with a transparency log's client of PyPI
//! target/peers/schemathesis  a Python environment with PyPI's fuzzer of interfaces
//! target/peers/npm        the reference MCP servers and the TypeScript SDK of npm, under node_modules/
//! target/peers/inspector  npm's MCP inspector, and a node that is new enough for it
//! ```
//!
//! and, as root where `apt-get` is, the Debian packages in [`DEBIAN`]. What can't be had here is a skip with its
//! reason; a test that needs it says so again.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, output, works};

/// Debian packages, each with a file that shows that it is installed.
const DEBIAN: [(&str, &str); 3] = [
    ("strace", "/usr/bin/strace"),
    ("golang-go", "/usr/bin/go"),
    ("golang-golang-x-mod-dev", "/usr/share/gocode/src/golang.org/x/mod/sumdb/note"),
];

/// Makes every peer ready that can be had here.
pub(crate) fn run(root: &Root) -> anyhow::Result<Outcome> {
    let mut missing = Vec::new();
    let mut say = |name: &str, result: anyhow::Result<()>| match result {
        Ok(()) => println!("  {name}: ready"),
        Err(why) => {
            println!("  {name}: not here: {why:#}");
            missing.push(name.to_owned());
        }
    };
    say("mcp (PyPI)", python_peer(root, "mcp", (3, 10)));
    say("mcp, major version 1 (PyPI)", python_peer(root, "mcp-1", (3, 10)));
    say("aics-tlog (PyPI)", python_peer(root, "aics-tlog", (3, 12)));
    say("schemathesis (PyPI)", python_peer(root, "schemathesis", (3, 10)));
    say("MCP servers and SDK (npm)", npm_peers(root, "npm", "tests/peers"));
    say("MCP inspector (npm)", npm_peers(root, "inspector", "tests/peers/inspector"));
    for (package, shown_by) in DEBIAN {
        say(&format!("{package} (Debian)"), debian_package(root, package, Path::new(shown_by)));
    }
    if missing.is_empty() {
        return Ok(Outcome::Passed);
    }
    Ok(Outcome::Skipped(format!("not to be had here: {}", missing.join(", "))))
}

/// A virtual environment with what `tests/peers/requirements-NAME.txt` pins, on Python `version` or later.
fn python_peer(root: &Root, name: &str, version: (u32, u32)) -> anyhow::Result<()> {
    let pins = format!("tests/peers/requirements-{name}.txt");
    let folder = root.join("target/peers").join(name);
    let stamp = Stamp::new(root, &folder, &[&pins])?;
    if stamp.holds() {
        return Ok(());
    }
    let python = find_python(root, version)?;
    fresh(&folder)?;
    let shown = folder.display().to_string();
    output(command(root.path(), python, &["-m", "venv", &shown]))?;
    let pip = folder.join("bin/pip");
    output(command(root.path(), pip, &["install", "--quiet", "--requirement", &pins]))?;
    stamp.write()
}

/// The first Python that is new enough: the default one, one named by its version, or one that pyenv keeps.
fn find_python(root: &Root, (major, minor): (u32, u32)) -> anyhow::Result<PathBuf> {
    let mut candidates =
        vec![PathBuf::from("python3"), PathBuf::from(format!("python{major}.{minor}"))];
    if let Some(home) = std::env::var_os("HOME") {
        let versions = Path::new(&home).join(".pyenv/versions");
        let mut kept: Vec<PathBuf> = std::fs::read_dir(versions)
            .map(|entries| {
                entries.flatten().map(|entry| entry.path().join("bin/python3")).collect()
            })
            .unwrap_or_default();
        kept.sort();
        candidates.extend(kept);
    }
    let test = format!("import sys, venv; sys.exit(sys.version_info < ({major}, {minor}))");
    candidates
        .into_iter()
        .find(|python| works(command(root.path(), python, &["-c", &test])))
        .with_context(|| format!("it needs Python {major}.{minor} or later, and none was found"))
}

/// The npm packages which `package-lock.json` in `pins` pins, in `target/peers/NAME`.
fn npm_peers(root: &Root, name: &str, pins: &str) -> anyhow::Result<()> {
    const PINS: [&str; 2] = ["package.json", "package-lock.json"];
    let folder = root.join("target/peers").join(name);
    let sources = PINS.map(|file| format!("{pins}/{file}"));
    let stamp = Stamp::new(root, &folder, &sources.each_ref().map(String::as_str))?;
    if stamp.holds() {
        return Ok(());
    }
    fresh(&folder)?;
    for (name, source) in PINS.iter().zip(&sources) {
        std::fs::copy(root.join(source), folder.join(name))?;
    }
    output(command(&folder, "npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]))?;
    stamp.write()
}

fn debian_package(root: &Root, package: &str, shown_by: &Path) -> anyhow::Result<()> {
    if shown_by.exists() {
        return Ok(());
    }
    if output(command(root.path(), "id", &["-u"]))?.trim() != "0" {
        bail!("only root may install it (`apt-get install {package}`)");
    }
    if apt(root, &["install", package]).is_err() {
        apt(root, &["update"])?;
        apt(root, &["install", package])?;
    }
    anyhow::ensure!(
        shown_by.exists(),
        "`{}` is missing though {package} is installed",
        shown_by.display()
    );
    Ok(())
}

fn apt(root: &Root, arguments: &[&str]) -> anyhow::Result<()> {
    let mut apt: Command =
        command(root.path(), "apt-get", &["-qq", "-y", "--no-install-recommends"]);
    apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    output(apt).map(|_| ())
}

fn fresh(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(())
}

/// Says that a peer was installed from exactly these pins: a copy of them, written last.
struct Stamp {
    path: PathBuf,
    pins: String,
}

impl Stamp {
    fn new(root: &Root, folder: &Path, pins: &[&str]) -> anyhow::Result<Stamp> {
        let read = |path: &&str| {
            std::fs::read_to_string(root.join(path))
                .with_context(|| format!("`{path}` can't be read"))
        };
        let pins: Vec<String> = pins.iter().map(read).collect::<anyhow::Result<_>>()?;
        Ok(Stamp { path: folder.join("installed-from"), pins: pins.concat() })
    }

    fn holds(&self) -> bool {
        std::fs::read_to_string(&self.path).is_ok_and(|text| text == self.pins)
    }

    fn write(&self) -> anyhow::Result<()> {
        std::fs::write(&self.path, &self.pins)
            .with_context(|| format!("`{}` can't be written", self.path.display()))
    }
}
