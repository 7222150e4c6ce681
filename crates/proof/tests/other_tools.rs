//! Logs that `proof` writes, read by programs that share no code with it: Go's `sumdb`, PyPI's
//! `aics-tlog`, and `spec/verify.py`. Each must accept every log, and refuse it when one byte of an
//! entry, a tile or a checkpoint was changed. A tool that this machine lacks is skipped, and the
//! reason is printed.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::Command;

use proof::json::Value;
use proof::log::{Builder, Error, LogFiles, LogReader, ReadError};
use proof::note::{Ed25519Signer, Signer};
use proof::record::Record;

const ORIGIN: &str = "acme.example/lineage/n1";

/// What checks `DIR VKEY` and says by its exit code whether it holds.
struct Tool {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
}

impl Tool {
    fn accepts(&self, folder: &Path) -> (bool, String) {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        // `verify.py` names its options; the two others take them in order.
        match self.name {
            "verify.py" => command.arg(folder).arg("--vkey").arg(folder.join("vkey")),
            _ => command.arg(folder).arg(folder.join("vkey")),
        };
        let output = command.output().expect("the tool starts");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        let code = output.status.code().expect("the tool ends by itself");
        assert!(code == 0 || code == 2, "{} failed instead of judging: {said}", self.name);
        (code == 0, said)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

fn go(scratch: &Path) -> Result<Tool, String> {
    let source = "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog";
    if !Path::new(source).is_dir() {
        return Err(format!("`{source}` is not there (Debian's golang-golang-x-mod-dev)"));
    }
    let program = scratch.join("check");
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(root().join("tests/tlog/go/check.go"))
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOCACHE", scratch.join("go-cache"))
        .output()
        .map_err(|error| format!("`go` does not start: {error} (Debian's golang-go)"))?;
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Ok(Tool { name: "Go's sumdb", program, arguments: Vec::new() })
}

fn aics() -> Result<Tool, String> {
    let program = root().join("target/peers/aics-tlog/bin/python");
    if !program.exists() {
        return Err("`target/peers/aics-tlog` is not there (`cargo xtask peers` makes it)".into());
    }
    let script = root().join("tests/tlog/check_aics.py").display().to_string();
    Ok(Tool { name: "aics-tlog", program, arguments: vec![script] })
}

fn verify_py() -> Result<Tool, String> {
    if Command::new("python3").arg("--version").output().is_err() {
        return Err("`python3` does not start".into());
    }
    let script = root().join("spec/verify.py").display().to_string();
    let arguments = vec![script, "log".to_owned()];
    Ok(Tool { name: "verify.py", program: "python3".into(), arguments })
}

fn tools(scratch: &Path) -> Vec<Tool> {
    let found = [go(scratch), aics(), verify_py()];
    found
        .into_iter()
        .filter_map(|tool| tool.map_err(|why| eprintln!("SKIPPED: {why}")).ok())
        .collect()
}

/// A folder with a log of so many records, of many lengths, the largest that there can be among
/// them.
fn write_log(folder: &Path, entries: u64) {
    let signer = Ed25519Signer::from_seed(ORIGIN, &[42; 32]).expect("a key");
    let mut builder = Builder::new();
    for index in 0..entries {
        let filler = if index == 1 { 65_490 } else { usize::try_from(index % 300).expect("small") };
        let members = [
            ("filler".to_owned(), Value::from("é".repeat(filler / 2) + &"x".repeat(filler % 2))),
            ("n".to_owned(), Value::try_from(index).expect("small")),
        ];
        let record = Record::new("test.entry", members.into()).expect("a record");
        builder.push(record.bytes()).expect("an entry");
        // Published twice on the way, as a log that grows is.
        if index == entries / 3 || index == entries / 2 {
            write_files(folder, &mut builder);
        }
    }
    write_files(folder, &mut builder);
    let checkpoint = builder.checkpoint(&signer).expect("a checkpoint");
    std::fs::write(folder.join("checkpoint"), checkpoint).expect("a write");
    std::fs::write(folder.join("vkey"), format!("{}\n", signer.verifier())).expect("a write");
}

fn write_files(folder: &Path, builder: &mut Builder) {
    for file in builder.take_files().expect("files") {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, file.bytes).expect("a write");
    }
}

struct Folder<'a>(&'a Path);

impl LogFiles for Folder<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        match std::fs::read(self.0.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ReadError::new(&error.to_string())),
        }
    }
}

fn verify_here(folder: &Path) -> Result<u64, Error> {
    let signer = Ed25519Signer::from_seed(ORIGIN, &[42; 32]).expect("a key");
    let log = LogReader::open(Folder(folder), &signer.verifier(), ORIGIN)?;
    Ok(log.verify_all(&mut |_| {})?.records)
}

/// The files to change a byte in, of each kind one: what must be told, and the path.
fn targets(entries: u64) -> Vec<(&'static str, String)> {
    let mut targets = vec![("checkpoint", "checkpoint".to_owned())];
    if entries > 0 {
        let place = if entries >= 256 { "000".to_owned() } else { format!("000.p/{entries}") };
        targets.push(("entry", format!("tile/entries/{place}")));
        targets.push(("tile", format!("tile/0/{place}")));
    }
    if entries > 256 {
        let edge = format!("{:03}.p/{}", entries / 256, entries % 256);
        targets.push(("entry", format!("tile/entries/{edge}")));
        targets.push(("tile", format!("tile/0/{edge}")));
        targets.push(("tile", format!("tile/1/000.p/{}", entries / 256)));
    }
    targets
}

fn told_apart(kind: &str, error: &Error) -> bool {
    match kind {
        "checkpoint" => matches!(error, Error::Checkpoint(_)),
        "tile" => matches!(error, Error::Tile { .. } | Error::Edge { .. }),
        _ => matches!(error, Error::Entry { .. }),
    }
}

#[test]
fn other_tools_accept_our_logs_and_refuse_a_changed_byte() {
    let scratch = tempfile::tempdir().expect("a folder");
    let tools = tools(scratch.path());
    for entries in [0, 1, 2, 255, 256, 257, 1000] {
        let folder = scratch.path().join(format!("log-{entries}"));
        std::fs::create_dir(&folder).expect("a folder");
        write_log(&folder, entries);
        assert_eq!(verify_here(&folder), Ok(entries));
        for tool in &tools {
            let (accepted, said) = tool.accepts(&folder);
            assert!(accepted, "{} refuses a log of {entries}: {said}", tool.name);
            assert!(said.contains(&entries.to_string()), "{} counts otherwise: {said}", tool.name);
        }
        for (kind, path) in targets(entries) {
            let path = folder.join(path);
            let whole = std::fs::read(&path).expect("a file");
            let mut changed = whole.clone();
            // Inside of a hash, an entry's text, or the checkpoint's size or root.
            let at = if kind == "checkpoint" { ORIGIN.len() + 5 } else { 21 };
            changed[at] ^= 1;
            std::fs::write(&path, &changed).expect("a write");
            let error = verify_here(&folder).expect_err("a changed byte is found");
            assert!(told_apart(kind, &error), "{entries}, {}: {error}", path.display());
            for tool in &tools {
                let (accepted, said) = tool.accepts(&folder);
                assert!(!accepted, "{} accepts {}: {said}", tool.name, path.display());
            }
            std::fs::write(&path, &whole).expect("a write");
        }
        assert_eq!(verify_here(&folder), Ok(entries));
    }
    let names: Vec<_> = tools.iter().map(|tool| tool.name).collect();
    eprintln!("checked with {}", names.join(", "));
}
