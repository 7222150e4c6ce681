//! Both logs of a demo, read by four programs, of which two have never heard of Interlock.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::found::{Found, or_skip, root};
use crate::support::{BINARY, run};

/// A program that judges a log's folder with the key beside it: 0 where everything holds, 2 where
/// not.
struct Tool {
    name: &'static str,
    command: Vec<PathBuf>,
    /// What stands between the folder and the key's file.
    option: Option<&'static str>,
}

impl Tool {
    fn accepts(&self, log: &Path) -> (bool, String) {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).arg(log).args(self.option).arg(log.join("vkey"));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let code = output.status.code();
        assert!(
            code == Some(0) || code == Some(2),
            "{} failed instead of judging: {said}",
            self.name
        );
        (code == Some(0), said)
    }
}

fn tools(scratch: &Path) -> Vec<Tool> {
    let script = root().join("spec/verify.py");
    let verify_py = vec![PathBuf::from("python3"), script, PathBuf::from("log")];
    let interlock = [BINARY, "log", "verify"].map(PathBuf::from).to_vec();
    let always = [
        Tool { name: "interlock log verify", command: interlock, option: Some("--vkey") },
        Tool { name: "verify.py", command: verify_py, option: Some("--vkey") },
    ];
    always.into_iter().chain([sumdb(scratch), aics()].into_iter().filter_map(or_skip)).collect()
}

/// Go's `golang.org/x/mod/sumdb`, built from `tests/tlog/go`.
fn sumdb(scratch: &Path) -> Found<Tool> {
    let source = "/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog";
    if !Path::new(source).is_dir() {
        return Err(format!("`{source}` is not there (Debian's golang-golang-x-mod-dev)"));
    }
    let program = scratch.join("check");
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(&program).arg(root().join("tests/tlog/go/check.go"));
    build.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode");
    build.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"));
    let built =
        build.output().map_err(|why| format!("`go` does not start: {why} (Debian's golang-go)"))?;
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Ok(Tool { name: "Go's sumdb", command: vec![program], option: None })
}

/// PyPI's `aics-tlog`, in the peers' Python 3.12.
fn aics() -> Found<Tool> {
    let python = root().join("target/peers/aics-tlog/bin/python");
    if !python.exists() {
        return Err(format!("`{}` is not there (`cargo xtask peers` makes it)", python.display()));
    }
    let script = root().join("tests/tlog/check_aics.py");
    Ok(Tool { name: "aics-tlog", command: vec![python, script], option: None })
}

#[test]
fn four_verifiers_agree_on_the_demos_logs() {
    let scratch = tempfile::tempdir().unwrap();
    let tools = tools(scratch.path());
    let domain = scratch.path().join("demo");
    let told = run(&["demo", "--exit", "--dir", &domain.display().to_string()]);
    assert_eq!(told.code, Some(0), "{}{}", told.stdout, told.stderr);
    let (mut accepted, mut refused) = (0, 0);
    for log in ["governance", "lineage"] {
        let log = domain.join(log);
        for tool in &tools {
            let (is_accepted, said) = tool.accepts(&log);
            assert!(is_accepted, "{} refuses {}: {said}", tool.name, log.display());
            accepted += 1;
        }
        each_record_is_read_by_its_page(&log);
        for (number, (file, place)) in flips(&log).into_iter().enumerate() {
            let copy = scratch.path().join(format!("copy-{number}"));
            copy_public(&log, &copy);
            let mut bytes = fs::read(copy.join(&file)).unwrap();
            bytes[place] ^= 1;
            fs::write(copy.join(&file), bytes).unwrap();
            for tool in &tools {
                let (is_accepted, said) = tool.accepts(&copy);
                assert!(
                    !is_accepted,
                    "{} accepts byte {place} of `{file}` flipped: {said}",
                    tool.name
                );
                refused += 1;
            }
            fs::remove_dir_all(&copy).unwrap();
        }
    }
    println!("{} tools: {accepted} logs accepted, {refused} flipped bytes refused", tools.len());
}

/// The second verifier reads every record by its type: governance accepts each, and each of the
/// lineage follows.
fn each_record_is_read_by_its_page(log: &Path) {
    let mut command = Command::new("python3");
    command.arg(root().join("spec/verify.py")).arg("records").arg(log).arg("--json");
    let said = command.output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(said["verified"], true, "{said}");
    let types = said["types"].as_object().unwrap().len();
    assert!(types >= 7, "{said}");
}

/// Places to flip a byte at: near the beginning, the middle and the end of each kind of file.
fn flips(log: &Path) -> Vec<(String, usize)> {
    let checkpoint = fs::read_to_string(log.join("checkpoint")).unwrap();
    let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    assert!((1..256).contains(&size), "a demo's log has one partial tile");
    let files = [
        "checkpoint".to_owned(),
        format!("tile/entries/000.p/{size}"),
        format!("tile/0/000.p/{size}"),
    ];
    let places = files.into_iter().flat_map(|file| {
        let last = fs::read(log.join(&file)).unwrap().len() - 1;
        [0, 1, last / 2, last - 1, last].map(|place| (file.clone(), place))
    });
    places.collect()
}

/// Copies what a log publishes.
fn copy_public(log: &Path, copy: &Path) {
    fs::create_dir_all(copy).unwrap();
    for name in ["checkpoint", "vkey"] {
        fs::copy(log.join(name), copy.join(name)).unwrap();
    }
    copy_tree(&log.join("tile"), &copy.join("tile"));
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => copy_tree(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}
