//! `interlock decide` prints the same bytes whatever surrounds it: laws 3 and 5 rest on that.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use proof::digest::Digest;

use crate::support::BINARY;

/// What surrounds a run: a name, and how it is arranged.
type Surroundings = (&'static str, fn(Run) -> Run);

/// One run of `decide`, to be arranged.
struct Run {
    command: Command,
    reads_stdin: bool,
}

const STACKS: [Surroundings; 2] = [
    ("a main stack of 256 KiB", |run| run.under("ulimit -s 256")),
    ("a main stack of 8 MiB", |run| run.under("ulimit -s 8192")),
];

const ENVIRONMENTS: [Surroundings; 12] = [
    ("no environment at all", |mut run| {
        run.command.env_clear();
        run
    }),
    ("Turkish", |run| run.with(&[("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")])),
    ("the C locale", |run| run.with(&[("LANG", "C"), ("LC_ALL", "C")])),
    ("German numbers", |run| run.with(&[("LC_NUMERIC", "de_DE.UTF-8"), ("LC_COLLATE", "sv_SE")])),
    ("far in the west", |run| run.with(&[("TZ", "Pacific/Honolulu"), ("SOURCE_DATE_EPOCH", "1")])),
    ("far in the east", |run| run.with(&[("TZ", "Pacific/Kiritimati")])),
    ("no home, from another folder", |mut run| {
        run.command.env_remove("HOME").env_remove("USER").current_dir("/");
        run
    }),
    ("no colour, all traces", |run| {
        run.with(&[("NO_COLOR", "1"), ("RUST_BACKTRACE", "full"), ("RUST_LOG", "trace")])
    }),
    ("another allocator", |run| {
        run.with(&[
            ("MALLOC_ARENA_MAX", "1"),
            ("MALLOC_PERTURB_", "165"),
            ("RUST_MIN_STACK", "131072"),
        ])
    }),
    ("a large stack for threads", |run| {
        run.with(&[("RUST_MIN_STACK", "67108864"), ("TERM", "dumb")])
    }),
    ("a tight umask, low priority", |run| run.under("umask 0777; renice -n 15 $$ >/dev/null")),
    ("from standard input", |run| Run { reads_stdin: true, ..run }),
];

#[test]
fn stacks_and_environments_change_nothing() {
    let plain = decided(Path::new(BINARY), |run| run);
    assert!(plain.len() > 100 * 1024);
    let surroundings: Vec<Surroundings> = STACKS.into_iter().chain(ENVIRONMENTS).collect();
    let wanted = Digest::of(&plain);
    // Two at a time: each run is short of nothing then.
    std::thread::scope(|scope| {
        for half in surroundings.chunks(surroundings.len().div_ceil(2)) {
            scope.spawn(move || {
                for (name, arrange) in half {
                    let found = Digest::of(&decided(Path::new(BINARY), arrange));
                    assert_eq!(found, wanted, "{name}");
                }
            });
        }
    });
    println!("sha256 {} in {} surroundings", wanted.to_hex(), surroundings.len() + 1);
}

#[test]
fn debug_and_release_builds_print_the_same() {
    let other = match other_build() {
        Ok(other) => other,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let here = decided(Path::new(BINARY), |run| run);
    for (name, arrange) in STACKS {
        assert_eq!(Digest::of(&decided(&other, arrange)), Digest::of(&here), "{name}");
    }
}

/// What `decide` prints for the starter bundle's requests.
fn decided(program: &Path, arrange: impl Fn(Run) -> Run) -> Vec<u8> {
    let starter = root().join("bundles/starter");
    let requests = starter.join("tests/requests.jsonl");
    let command = Command::new(program);
    let Run { mut command, reads_stdin } = arrange(Run { command, reads_stdin: false });
    command.args(["decide", "--bundle"]).arg(&starter).arg("--requests");
    match reads_stdin {
        true => command.arg("-").stdin(File::open(&requests).unwrap()),
        false => command.arg(&requests).stdin(Stdio::null()),
    };
    let ended = command.output().unwrap();
    // Three of its lines are no requests.
    assert_eq!(ended.status.code(), Some(65), "{}", String::from_utf8_lossy(&ended.stderr));
    let lines = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines(&ended.stdout), lines(&std::fs::read(&requests).unwrap()));
    ended.stdout
}

impl Run {
    fn with(mut self, variables: &[(&str, &str)]) -> Run {
        self.command.envs(variables.iter().copied());
        self
    }

    /// The same program, in a shell that has done this first.
    fn under(self, first: &str) -> Run {
        let mut command = Command::new("sh");
        let script = format!("{first} && exec \"$0\" \"$@\"");
        command.arg("-c").arg(script).arg(self.command.get_program());
        Run { command, ..self }
    }
}

/// The program of the other profile: one that is newer than all that it is made of, or one built
/// now where that is asked for.
fn other_build() -> Result<PathBuf, String> {
    let folder = Path::new(BINARY).parent().unwrap();
    let (name, arguments): (_, &[&str]) = match folder.file_name().unwrap().to_str() {
        Some("debug") => ("release", &["build", "-q", "-p", "interlock", "--release"]),
        _ => ("debug", &["build", "-q", "-p", "interlock"]),
    };
    let program = folder.with_file_name(name).join("interlock");
    let asked =
        ["CI", "INTERLOCK_TEST_RELEASE"].iter().any(|name| std::env::var_os(name).is_some());
    if asked {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(arguments).arg("--target-dir").arg(folder.parent().unwrap());
        assert!(build.current_dir(root()).status().unwrap().success());
        return Ok(program);
    }
    let built = std::fs::metadata(&program).and_then(|found| found.modified());
    let built =
        built.map_err(|_| format!("no {name} build: INTERLOCK_TEST_RELEASE=1 makes one"))?;
    let changed =
        ["Cargo.lock", "Cargo.toml", "crates", "bundles"].map(|part| changed(&root().join(part)));
    match changed.into_iter().max() {
        Some(changed) if changed > built => Err(format!(
            "the {name} build is older than its sources: INTERLOCK_TEST_RELEASE=1 makes one"
        )),
        _ => Ok(program),
    }
}

/// When a program's file, or one in a folder, last changed. Tests are no part of the program.
fn changed(path: &Path) -> SystemTime {
    let found = std::fs::metadata(path).unwrap();
    if found.is_file() {
        return found.modified().unwrap();
    }
    let entries = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    let parts =
        entries.filter(|entry| entry.file_name() != "tests" && entry.file_name() != "tests.rs");
    parts.map(|entry| changed(&entry.path())).max().unwrap_or(SystemTime::UNIX_EPOCH)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
