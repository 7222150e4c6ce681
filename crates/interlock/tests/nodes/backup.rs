//! Backups and copies of a node that decides meanwhile: each verifies, replays, starts and goes on.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use api::execution::ExecutionQuery;
use serde_json::{Value, json};

use crate::support::{BINARY, Client, Domain, Node, run, until};

/// Who calls at a time, each in a session of its own.
const CALLERS: [&str; 16] = [
    "agent", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ida", "jim", "kim", "leo", "mia",
    "ned", "ola", "pam",
];
/// Calls of each that wait for their answers.
const IN_FLIGHT: u64 = 4;
/// Calls of one execution. An OS user's executions have room for some 500,000 in all.
const CALLS_PER_EXECUTION: u64 = 4_000;
/// Calls of all in a second, at most: what is copied grows with them.
const CALLS_PER_SECOND: u64 = 480;
/// The fewest that a deep run is to have.
const DEEP_CALLS_PER_SECOND: f64 = 400.0;
/// How many backups and copies a push makes, and how many a deep run.
const ROUNDS: [usize; 2] = [3, 50];

fn domain() -> Domain {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    let command = format!("{BINARY} office-server --root OFFICE");
    Domain::new(&bundle, &CALLERS, &[("office", &command)])
}

fn draft(id: u64) -> Value {
    json!({"text": "x", "path": format!("drafts/{}.txt", id % 8)})
}

/// Calls until it is over, by one execution after the other.
fn caller(domain: &Domain, workload: &str, calls: &AtomicU64, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        call_by_one_execution(&domain.socket(), workload, calls, is_over);
        end_executions(&domain.folder(), workload);
    }
}

/// Has an officer end what a workload did so far: its next session begins a new execution.
fn end_executions(folder: &Path, workload: &str) {
    let sockets = ["officer.sock", "node.sock"].map(|name| folder.join(name));
    let [officers, agents] = sockets;
    let node = client::Client::new(folder.to_owned(), officers, agents);
    let query = ExecutionQuery { workload: Some(workload.to_owned()), ..ExecutionQuery::default() };
    for one in node.executions(&query).unwrap().executions {
        ok(&["end", folder.to_str().unwrap(), &one.execution]);
    }
}

/// Calls without a pause but to keep its share of the pace, until it is over or its execution has
/// as much as it should.
fn call_by_one_execution(socket: &Path, workload: &str, calls: &AtomicU64, is_over: &AtomicBool) {
    let mut client = Client::join(socket, workload, "office").unwrap();
    client.greet().unwrap();
    let step = Duration::from_secs(CALLERS.len() as u64) / u32::try_from(CALLS_PER_SECOND).unwrap();
    let (mut next, mut waiting, mut asked) = (Instant::now(), 0, 0);
    while waiting > 0 || (asked < CALLS_PER_EXECUTION && !is_over.load(Ordering::Relaxed)) {
        let asks =
            waiting < IN_FLIGHT && asked < CALLS_PER_EXECUTION && !is_over.load(Ordering::Relaxed);
        match next.checked_duration_since(Instant::now()) {
            None if asks => {
                let id = calls.fetch_add(1, Ordering::Relaxed);
                client.ask(&id.to_string(), "write_file", &draft(id)).unwrap();
                waiting += 1;
                asked += 1;
                // What a busy machine kept it from is not made up for.
                next = (next + step).max(Instant::now() - step);
            }
            // A pace, not a wait for something.
            Some(pause) if waiting == 0 => std::thread::sleep(pause),
            _ => {
                let answer = client.read().unwrap().unwrap();
                // On a loaded machine a turn, or the disk, may take too long.
                let is_late = answer["error"]["data"]["code"] == "refused.overload";
                assert!(answer.get("result").is_some() || is_late, "{answer}");
                waiting -= 1;
            }
        }
    }
}

/// Does this while callers keep a node busy, after it has served some calls.
fn under_load(domain: &Domain, mut test: impl FnMut(usize)) {
    let (is_over, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    let is_deep = std::env::var_os("INTERLOCK_DEEP").is_some();
    std::thread::scope(|scope| {
        for workload in CALLERS {
            scope.spawn(|| caller(domain, workload, &calls, &is_over));
        }
        let began = Instant::now();
        let rounds = ROUNDS[usize::from(is_deep)];
        let test = std::panic::AssertUnwindSafe(|| {
            for round in 0..rounds {
                println!("round {round}, {:?}", began.elapsed());
                let wanted = calls.load(Ordering::Relaxed) + 150;
                until("calls", || (calls.load(Ordering::Relaxed) > wanted).then_some(()));
                test(round);
            }
        });
        let outcome = std::panic::catch_unwind(test);
        is_over.store(true, Ordering::Relaxed);
        let (took, calls) = (began.elapsed(), calls.load(Ordering::Relaxed));
        let rate = f64::from(u32::try_from(calls).unwrap()) / took.as_secs_f64();
        println!("{rounds} rounds in {took:?} beside {calls} calls, {rate:.0} in a second");
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        assert!(!is_deep || rate >= DEEP_CALLS_PER_SECOND, "the load was no load");
    });
}

fn ok(arguments: &[&str]) -> String {
    let ended = run(arguments);
    assert_eq!(ended.code, Some(0), "{arguments:?}: {}{}", ended.stdout, ended.stderr);
    ended.stdout
}

/// A folder that was made while a node decided is whole: it verifies, replays, starts and decides,
/// and verifies then.
fn is_whole(folder: &Path) {
    let shown = folder.to_str().unwrap();
    ok(&["log", "verify", shown]);
    let replayed: Value = serde_json::from_str(&ok(&["replay", shown, "--json"])).unwrap();
    assert_eq!((&replayed["different"], &replayed["not_replayable"]), (&json!(0), &json!(0)));
    assert!(replayed["identical"].as_u64().unwrap() > 100, "{replayed}");
    let node = Node::start(folder);
    let mut client = Client::join(&folder.join("node.sock"), "agent", "office").unwrap();
    client.greet().unwrap();
    assert!(client.call("0", "write_file", &draft(0)).get("result").is_some());
    drop(client);
    assert!(node.stop().success());
    ok(&["log", "verify", shown]);
}

#[test]
fn a_backup_of_a_busy_node_is_whole() {
    let domain = domain();
    let node = Node::start(&domain.folder());
    let folder = domain.folder();
    under_load(&domain, |round| {
        let file = domain.around().join(format!("{round}.tar"));
        let (file, to) = (file.to_str().unwrap(), domain.around().join(format!("to-{round}")));
        ok(&["backup", folder.to_str().unwrap(), file]);
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        ok(&["restore", file, to.to_str().unwrap()]);
        fs::remove_file(file).unwrap();
        is_whole(&to);
        fs::remove_dir_all(to).unwrap();
    });
    assert!(node.stop().success());
}

/// The commands of `docs/book/how-to/back-up-and-restore.md` that copy a running node's folder, for
/// this folder.
fn documented(folder: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/book/how-to/back-up-and-restore.md")).unwrap();
    let blocks = text.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    let mut copying = blocks.filter(|block| block.contains("flock"));
    let commands = copying.next().expect("the commands that copy a folder");
    assert!(copying.next().is_none(), "they stand there once");
    commands.replace("office-copy", "COPY").replace("office", folder.to_str().unwrap())
}

#[test]
fn a_copy_of_a_busy_node_by_the_documented_commands_is_whole() {
    let domain = domain();
    let node = Node::start(&domain.folder());
    let commands = documented(&domain.folder());
    under_load(&domain, |round| {
        let to = domain.around().join(format!("copy-{round}"));
        let commands = commands.replace("COPY", to.to_str().unwrap());
        let ended = Command::new("sh").args(["-e", "-c", &commands]).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        is_whole(&to);
        fs::remove_dir_all(to).unwrap();
    });
    assert!(node.stop().success());
}

fn backed_up(domain: &Domain) -> PathBuf {
    let file = domain.around().join("domain.tar");
    ok(&["backup", domain.folder().to_str().unwrap(), file.to_str().unwrap()]);
    file
}

#[test]
fn nothing_is_overwritten_by_a_backup_or_a_restore() {
    let domain = domain();
    let (folder, file) = (domain.folder(), backed_up(&domain));
    let (folder, file) = (folder.to_str().unwrap(), file.to_str().unwrap());
    let before = fs::read(file).unwrap();
    assert_eq!(run(&["backup", folder, file]).code, Some(74));
    assert_eq!(fs::read(file).unwrap(), before);
    let elsewhere = domain.around().join("something");
    fs::create_dir(&elsewhere).unwrap();
    assert_eq!(run(&["restore", file, elsewhere.to_str().unwrap(), "--yes"]).code, Some(64));
    // A domain is put aside, after a question, and what is lost of it is told.
    ok(&["halt", folder, "workload:agent"]);
    let asked = run(&["restore", file, folder]);
    assert_eq!(asked.code, Some(64), "nobody is here to ask");
    assert!(asked.stdout.contains("the halt of workload:agent"), "{}", asked.stdout);
    let node = Node::start(&domain.folder());
    assert_eq!(run(&["restore", file, folder, "--yes"]).code, Some(1), "a node serves it");
    assert!(node.stop().success());
    ok(&["restore", file, folder, "--yes"]);
    let aside = format!("{folder}.before-restore");
    assert!(ok(&["log", "show", &aside, "--log", "governance"]).contains("halt"));
    assert!(!ok(&["log", "show", folder, "--log", "governance"]).contains("halt"));
    assert!(Node::start(&domain.folder()).stop().success());
    let again = run(&["restore", file, folder, "--yes"]);
    assert_eq!(again.code, Some(64), "an earlier one is aside: {}", again.stderr);
}

#[test]
fn a_backup_that_was_changed_or_cut_is_not_put_in_place() {
    let domain = domain();
    let bytes = fs::read(backed_up(&domain)).unwrap();
    let (file, to) = (domain.around().join("bad.tar"), domain.around().join("to"));
    let refused = |bytes: &[u8], what: &str| {
        fs::write(&file, bytes).unwrap();
        let ended = run(&["restore", file.to_str().unwrap(), to.to_str().unwrap()]);
        assert!([Some(2), Some(65)].contains(&ended.code), "{what}: {}", ended.stderr);
        assert!(!to.exists(), "{what}");
    };
    let length = bytes.len();
    for end in [0, 512, length / 2, length - 1024 - 512, length - 4096] {
        refused(&bytes[..end], &format!("cut at {end}"));
    }
    let find = |text: &[u8]| bytes.windows(text.len()).position(|one| one == text).unwrap();
    for at in [find(b"ILWAL001") + 300, find(b"interlock.backup"), length / 3, 700] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        refused(&changed, &format!("changed at {at}"));
    }
    let left: Vec<_> = fs::read_dir(domain.around()).unwrap().map(|one| one.unwrap()).collect();
    let is_rest = |name: &str| name.starts_with(".restoring");
    assert!(!left.iter().any(|one| is_rest(&one.file_name().to_string_lossy())));
}

#[test]
fn a_backup_without_keys_verifies_and_has_none() {
    let domain = domain();
    let (file, to) = (domain.around().join("public.tar"), domain.around().join("to"));
    let (file, folder) = (file.to_str().unwrap(), domain.folder());
    ok(&["backup", folder.to_str().unwrap(), file, "--without-keys"]);
    assert!(ok(&["restore", file, to.to_str().unwrap()]).contains("no keys"));
    ok(&["log", "verify", to.to_str().unwrap()]);
    assert!(!to.join("keys").exists() && !to.join("lineage/keys").exists());
}

/// A node whose sockets are gone runs as before.
#[test]
fn nothing_is_put_in_place_under_a_node_without_sockets() {
    let domain = domain();
    let (folder, file) = (domain.folder(), backed_up(&domain));
    let node = Node::start(&folder);
    for socket in ["node.sock", "officer.sock"] {
        fs::remove_file(folder.join(socket)).unwrap();
    }
    let (file, shown) = (file.to_str().unwrap(), folder.to_str().unwrap());
    for arguments in [
        &["restore", file, shown, "--yes"][..],
        &["restore", shown, "--yes"],
        &["restore", shown, "--new-lineage", "node-2", "--yes"],
    ] {
        let refused = run(arguments);
        assert_eq!(refused.code, Some(1), "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("a node serves"), "{}", refused.stderr);
    }
    assert!(!Path::new(&format!("{shown}.before-restore")).exists());
    assert!(node.stop().success());
}

#[test]
fn no_node_starts_while_a_restore_is_under_way() {
    let domain = domain();
    let (folder, file) = (domain.folder(), fs::read(backed_up(&domain)).unwrap());
    let mut restore = Command::new(BINARY);
    restore.args(["restore", "-", folder.to_str().unwrap(), "--yes"]);
    let mut restore = restore.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut pipe = restore.stdin.take().unwrap();
    let is_unpacking = || {
        let mut names = fs::read_dir(domain.around()).unwrap().map(|one| one.unwrap().file_name());
        names.any(|name| name.to_string_lossy().starts_with(".restoring-")).then_some(())
    };
    until("it to unpack", is_unpacking);
    let unpacking = fs::read_dir(domain.around()).unwrap().map(|one| one.unwrap());
    let is_open = |one: &fs::DirEntry| one.metadata().unwrap().permissions().mode() & 0o077 != 0;
    let mut unpacking =
        unpacking.filter(|one| one.file_name().to_string_lossy().starts_with(".restoring-"));
    assert!(!unpacking.any(|one| is_open(&one)), "keys come there");
    let (_, said) = Node::refuses(&folder);
    assert!(said.contains("in use by another process"), "{said}");
    let halted = run(&["halt", folder.to_str().unwrap(), "workload:agent"]);
    assert_ne!(halted.code, Some(0), "{}", halted.stdout);
    pipe.write_all(&file).unwrap();
    drop(pipe);
    assert!(restore.wait().unwrap().success());
    assert!(Node::start(&folder).stop().success());
}

#[test]
fn a_node_whose_folder_is_replaced_ends_and_binds_nothing_there() {
    let domain = domain();
    let (folder, file) = (domain.folder(), backed_up(&domain));
    let (aside, new) = (domain.around().join("aside"), domain.around().join("new"));
    ok(&["restore", file.to_str().unwrap(), new.to_str().unwrap()]);
    let mut node = Node::start(&folder);
    fs::rename(&folder, &aside).unwrap();
    fs::rename(&new, &folder).unwrap();
    until("it to end", || (!node.is_running()).then_some(()));
    assert!(node.stderr().contains("is not the folder any more"), "{}", node.stderr());
    assert!(!folder.join("node.sock").exists() && !folder.join("officer.sock").exists());
    ok(&["halt", folder.to_str().unwrap(), "workload:agent"]);
    assert!(Node::start(&folder).stop().success());
}

#[test]
fn a_restored_folder_is_as_private_as_the_one_it_replaces() {
    let domain = domain();
    let (folder, file) = (domain.folder(), backed_up(&domain));
    let (file, shown) = (file.to_str().unwrap(), folder.to_str().unwrap());
    let configuration = folder.join("interlock.toml");
    for (path, mode) in [(&configuration, 0o600), (&folder, 0o711)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    ok(&["restore", file, shown, "--yes"]);
    assert_eq!((mode(&folder), mode(&configuration)), (0o711, 0o600));
    // As it was backed up, where nothing is replaced.
    let (later, new) = (domain.around().join("later.tar"), domain.around().join("new"));
    ok(&["restore", file, new.to_str().unwrap()]);
    assert_eq!((mode(&new), mode(&new.join("interlock.toml"))), (0o755, 0o644));
    for private in ["keys", "governance", "lineage", "marks"] {
        assert_eq!(mode(&new.join(private)), 0o700, "{private}");
    }
    let (later, private) = (later.to_str().unwrap(), domain.around().join("private"));
    ok(&["backup", shown, later]);
    ok(&["restore", later, private.to_str().unwrap()]);
    assert_eq!(mode(&private.join("interlock.toml")), 0o600);
}
