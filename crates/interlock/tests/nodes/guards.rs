//! What becomes of a server whose guard is killed, and of what a node is left as process 1.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{BINARY, Client, Domain, Node, run, until};

/// Starts a daemon of its own session that heeds no signal but one, and then kills its own guard.
const KILLS_ITS_GUARD: &str = r#"
setsid sh -c 'trap "" TERM HUP INT
  (trap "" TERM HUP INT; exec sleep 600 </dev/null >/dev/null 2>&1) &
  echo $! > HERE/daemon.new; mv HERE/daemon.new HERE/daemon' &
wait
echo $$ > HERE/server.new; mv HERE/server.new HERE/server
until [ -e HERE/go ]; do sleep 0.01; done
kill -KILL $PPID
echo "killed $?" > HERE/tried.new; mv HERE/tried.new HERE/tried
exec sleep 600
"#;

/// Runs on, and so do the processes that it starts, faster than they can be killed one by one.
const KILLS_ITS_GUARD_AND_FORKS: &str = r#"
cat > HERE/fork <<'END'
trap "" TERM
sleep 600 &
[ "$1" = 8 ] && exec sleep 600
(sleep 0.02; exec sh "$0" $(($1 + 1))) &
(sleep 0.02; exec setsid sh "$0" $(($1 + 1))) &
exec sleep 0.01
END
kill -KILL $PPID
exec sh HERE/fork 0 </dev/null >/dev/null 2>&1
"#;

fn domain(script: &str) -> Domain {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("server.sh");
    let here = temporary.path().join("open");
    std::fs::create_dir(&here).unwrap();
    // Whoever the server runs as may write there, and may come there.
    std::fs::set_permissions(&here, PermissionsExt::from_mode(0o777)).unwrap();
    std::fs::set_permissions(temporary.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let here = here.display().to_string();
    std::fs::write(&path, script.replace("HERE", &here)).unwrap();
    let command = format!("/bin/sh {}", path.display());
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    Domain::within(temporary, &bundle, &["agent"], &[("server", &command)])
}

/// Where the server may write.
fn open(domain: &Domain) -> PathBuf {
    domain.around().join("open")
}

/// What the server wrote down under this name.
fn noted(domain: &Domain, name: &str) -> String {
    let path = open(domain).join(name);
    until(name, || std::fs::read_to_string(&path).ok()).trim().to_owned()
}

fn exists(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

/// The running processes whose command line or environment names this folder, but for the node.
fn naming(folder: &Path, node: &Node) -> usize {
    let text = folder.to_str().unwrap().as_bytes();
    let names = |process: &PathBuf| {
        let read = |name| std::fs::read(process.join(name)).unwrap_or_default();
        [read("cmdline"), read("environ")]
            .iter()
            .any(|bytes| bytes.windows(text.len()).any(|window| window == text))
    };
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|one| one.path());
    let node = Path::new("/proc").join(node.id().to_string());
    processes.filter(|process| *process != node && names(process)).count()
}

/// The children of the node that have ended and that nobody has waited for.
fn unreaped(node: u32) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|one| std::fs::read_to_string(one.path().join("stat")).ok());
    let node = node.to_string();
    let is_left = |stat: &String| {
        let mut fields = stat.rsplit(") ").next().unwrap().split(' ');
        fields.next() == Some("Z") && fields.next() == Some(&node)
    };
    stats.filter(is_left).count()
}

#[test]
fn a_server_gets_no_descriptor_that_the_node_inherits() {
    let domain = domain(
        "readlink /proc/$$/fd/* > HERE/open.new; mv HERE/open.new HERE/open; exec sleep 600",
    );
    let secret = domain.around().join("for-nobody-else");
    std::fs::write(&secret, "").unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"exec 9< "$1"; exec "$2" serve "$3""#, "sh"]);
    let node = Node::start_by(shell.arg(&secret).arg(BINARY).arg(domain.folder()));
    let client = Client::join(&domain.socket(), "agent", "server").unwrap();
    let open = noted(&domain, "open");
    assert!(open.contains("pipe:") && !open.contains("for-nobody-else"), "{open}");
    drop(client);
    assert!(node.stop().success());
}

#[test]
fn node_ends_the_processes_of_a_killed_guard() {
    let domain = domain(KILLS_ITS_GUARD);
    let mut node = Node::start(&domain.folder());
    let mut client = Client::join(&domain.socket(), "agent", "server").unwrap();
    let (daemon, server) = (noted(&domain, "daemon"), noted(&domain, "server"));
    assert!(exists(&daemon) && exists(&server));
    std::fs::write(open(&domain).join("go"), "").unwrap();
    until("both to be gone", || (!exists(&daemon) && !exists(&server)).then_some(()));
    assert_eq!(client.read().unwrap(), None, "the session has ended");
    until("all to be reaped", || (unreaped(node.id()) == 0).then_some(()));
    // Other guards are left alone, and waited for by whoever started them.
    std::fs::remove_file(open(&domain).join("go")).unwrap();
    std::fs::remove_file(open(&domain).join("daemon")).unwrap();
    let client = Client::join(&domain.socket(), "agent", "server").unwrap();
    let daemon = noted(&domain, "daemon");
    assert!(exists(&daemon));
    drop(client);
    until("it to end with its session", || (!exists(&daemon)).then_some(()));
    until("its guard to be reaped", || (unreaped(node.id()) == 0).then_some(()));
    assert!(node.is_running());
    assert!(node.stop().success());
}

#[test]
fn node_ends_forking_processes_of_a_killed_guard() {
    let domain = domain(KILLS_ITS_GUARD_AND_FORKS);
    let node = Node::start(&domain.folder());
    let _client = Client::join(&domain.socket(), "agent", "server");
    until("the first of them", || open(&domain).join("fork").exists().then_some(()));
    until("all to be gone", || (naming(domain.around(), &node) == 0).then_some(()));
    until("all to be reaped", || (unreaped(node.id()) == 0).then_some(()));
    assert!(node.stop().success());
}

#[test]
fn a_server_of_another_os_user_kills_no_guard() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("skipped: only root can start a server as somebody else");
    }
    let domain = domain(KILLS_ITS_GUARD);
    let config = domain.folder().join("interlock.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("danger_same_user = true", "user = \"65534\"")).unwrap();
    let node = Node::start(&domain.folder());
    let client = Client::join(&domain.socket(), "agent", "server").unwrap();
    let server = noted(&domain, "server");
    let owner = std::fs::metadata(Path::new("/proc").join(&server)).unwrap().uid();
    assert_eq!(owner, 65_534);
    std::fs::write(open(&domain).join("go"), "").unwrap();
    assert_eq!(noted(&domain, "tried"), "killed 1", "it may not");
    assert!(exists(&server));
    drop(client);
    until("it to end with its session", || (!exists(&server)).then_some(()));
    assert!(node.stop().success());
}

#[test]
fn node_as_process_1_reaps_orphans_and_ends_no_other() {
    let is_possible = Command::new("unshare").args(["--pid", "--fork", "true"]).status();
    if !is_possible.is_ok_and(|status| status.success()) {
        return eprintln!("skipped: no process namespace of its own can be had");
    }
    let domain = domain(KILLS_ITS_GUARD);
    let mut unshare = Command::new("unshare");
    unshare.args(["--pid", "--fork", "--kill-child", "--mount-proc", BINARY, "serve"]);
    let node = Node::start_by(unshare.arg(domain.folder()));
    let first = until("process 1", || child_of(node.id()));
    // As whoever looks into a container does: what is started so is left to process 1.
    let enter = |script: &str| {
        let mut entered = Command::new("nsenter");
        entered.args(["--target", &first.to_string(), "--pid", "sh", "-c", script]);
        assert!(entered.stdout(Stdio::null()).status().unwrap().success());
    };
    enter("sleep 0.1 & sleep 0.2 & true");
    enter(&format!("{{ sleep 600 & }}; echo $! > {}/guest", open(&domain).display()));
    let sleeping = || child_named(first, "sleep");
    until("the others to end and to be reaped", || {
        (unreaped(first) == 0 && sleeping().len() == 1).then_some(())
    });
    let client = Client::join(&domain.socket(), "agent", "server").unwrap();
    noted(&domain, "server");
    std::fs::write(open(&domain).join("go"), "").unwrap();
    until("what the killed guard left to be gone", || {
        (naming(domain.around(), &node) <= 1 && sleeping().len() == 1).then_some(())
    });
    until("all to be reaped", || (unreaped(first) == 0).then_some(()));
    assert_eq!(run(&["status", &domain.folder().display().to_string()]).code, Some(0));
    drop(client);
}

/// The first child of a process.
fn child_of(pid: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// The children of a process that run this program.
fn child_named(pid: u32, program: &str) -> Vec<u32> {
    let listed = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let children = listed.split_whitespace().flat_map(str::parse::<u32>);
    let name = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm"));
    children.filter(|pid| name(pid).is_ok_and(|name| name.trim() == program)).collect()
}
