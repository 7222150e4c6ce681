//! A node does not start from a set-up that gives away what it guards, and says at its start what
//! is weak.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::{BINARY, Domain, Node, run, until};

fn domain() -> Domain {
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    Domain::new(&bundle, &["agent"], &[("files", "cat")])
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Changes the text of the domain's configuration.
fn rewrite(domain: &Domain, from: &str, to: &str) {
    let path = domain.folder().join("interlock.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// The node refuses to start with the exit code of a wrong configuration, and says all of these.
fn refuses(domain: &Domain, said: &[&str]) {
    let (code, stderr) = Node::refuses(&domain.folder());
    assert_eq!(code, Some(78), "{stderr}");
    for text in said {
        assert!(stderr.contains(text), "{text}: {stderr}");
    }
}

#[test]
fn a_server_as_the_nodes_own_user_is_refused_without_the_switch() {
    let domain = domain();
    rewrite(&domain, "danger_same_user = true\n", "");
    refuses(&domain, &["the server `files`", "`user` of its own", "danger_same_user = true"]);
}

#[test]
fn a_server_whose_program_is_missing_is_named_at_the_start() {
    let domain = domain();
    rewrite(&domain, "\"cat\"", "\"no-such-server\"");
    refuses(&domain, &["the server `files`", "`no-such-server`", "not found"]);
}

#[test]
fn a_server_whose_folder_is_missing_is_named_at_the_start() {
    let domain = domain();
    rewrite(
        &domain,
        "danger_same_user = true\n",
        "danger_same_user = true\ndirectory = \"gone\"\n",
    );
    refuses(&domain, &["the server `files`", "gone` is not there"]);
}

#[test]
fn a_folder_above_that_others_can_write_is_refused() {
    let domain = domain();
    fs::set_permissions(domain.around(), fs::Permissions::from_mode(0o777)).unwrap();
    let remedy = format!("`chmod go-w {}`", domain.around().canonicalize().unwrap().display());
    refuses(&domain, &["loose permissions", &remedy]);
    // In a sticky folder only its owner replaces a file.
    fs::set_permissions(domain.around(), fs::Permissions::from_mode(0o1777)).unwrap();
    assert!(Node::start(&domain.folder()).stop().success());
}

#[test]
fn foreign_files_and_folders_are_refused() {
    if !is_root() {
        println!("skipped: only the superuser can give a file away");
        return;
    }
    let domain = domain();
    for path in ["interlock.toml", "keys/lineage.skey", "keys", "governance", "lineage", "."] {
        let path = domain.folder().join(path);
        chown(&path, Some(12_345), None).unwrap();
        refuses(&domain, &["belongs to somebody else", "`chown 0 "]);
        chown(&path, Some(0), None).unwrap();
    }
    assert!(Node::start(&domain.folder()).stop().success());
}

#[test]
fn a_start_says_what_is_cooperative_and_which_key_lies_beside() {
    let domain = domain();
    let node = Node::start(&domain.folder());
    let said = until("what the node says of its set-up", || {
        let said = node.stderr();
        said.contains("officer.skey").then_some(said)
    });
    for text in ["the server `files` runs as the node's own OS user", "the workload `agent` is "] {
        assert!(said.contains(text), "{text}: {said}");
    }
    assert!(node.stop().success());
}

#[test]
fn init_gives_each_server_a_user_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("office");
    let shown = path.display().to_string();
    let made = run(&["init", &shown, "--server", "a=cat", "--server", "b=cat"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let text = fs::read_to_string(path.join("interlock.toml")).unwrap();
    let users: Vec<&str> = text.lines().filter(|line| line.starts_with("user = ")).collect();
    let switches = text.lines().filter(|line| *line == "danger_same_user = true").count();
    match is_root() {
        true => {
            assert_eq!((users.len(), switches), (2, 0), "{text}");
            assert_ne!(users[0], users[1]);
        }
        false => assert_eq!((users.len(), switches), (0, 2), "{text}"),
    }
    assert!(Node::start(&path).stop().success());
}

#[test]
fn nothing_waits_for_a_fifo_in_a_folder() {
    let domain = domain();
    assert!(Node::start(&domain.folder()).stop().success());
    for path in [
        "governance/vkey",
        "lineage/vkey",
        "lineage/checkpoint",
        "keys/lineage.skey",
        "keys/sealing.key",
        "interlock.toml",
    ] {
        let path = domain.folder().join(path);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for words in [["log", "verify"].as_slice(), &["replay"], &["log", "show"], &["serve"]] {
            // A command that waits is ended by `timeout`, with 124.
            let mut command = Command::new("timeout");
            let ended = command.arg("20").arg(BINARY).args(words).arg(domain.folder()).output();
            let ended = ended.unwrap();
            assert_ne!(ended.status.code(), Some(124), "{words:?} waits for {}", path.display());
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Runs `interlock mcp` with this on its standard input, which stays open until `then` is done.
fn mcp(domain: &Domain, input: &str, then: impl FnOnce()) -> Output {
    let mut command = Command::new(BINARY);
    command.arg("mcp").arg(domain.folder()).args(["--server", "files", "--workload", "agent"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    then();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    output
}

#[test]
fn a_server_that_cannot_start_is_an_error_of_the_first_request() {
    let domain = domain();
    let program = domain.around().join("server");
    fs::copy("/bin/cat", &program).unwrap();
    rewrite(&domain, "\"cat\"", &format!("\"{}\"", program.display()));
    let node = Node::start(&domain.folder());
    fs::remove_file(&program).unwrap();
    let asked = "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"initialize\",\"params\":{}}\n";
    let ended = mcp(&domain, asked, || ());
    assert_eq!(ended.status.code(), Some(78));
    let answer: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(
        (&answer["id"], &answer["error"]["data"]["code"]),
        (&7.into(), &"server.start".into())
    );
    let (said, told) = (String::from_utf8_lossy(&ended.stderr), answer["error"].to_string());
    for text in [said.as_ref(), told.as_str(), node.stderr().as_str()] {
        assert!(text.contains("was not found"), "{text}");
    }
    assert!(node.stop().success());
}

#[test]
fn a_client_whose_node_is_killed_is_told() {
    let domain = domain();
    let mut node = Node::start(&domain.folder());
    let ended = mcp(&domain, "", || {
        until("the session", || node.stderr().contains("the server runs as process").then_some(()));
        node.kill();
    });
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("the node ended the session"), "{said}");
}

/// Puts the domain's sockets into this folder.
fn put_sockets(domain: &Domain, folder: &Path) {
    let text = format!(
        "[node]\nsocket = \"{0}/node.sock\"\nofficer_socket = \"{0}/officer.sock\"\n",
        folder.display()
    );
    rewrite(domain, "[node]\n", &text);
}

#[test]
fn sockets_in_a_folder_that_others_can_write_are_refused() {
    let (domain, elsewhere) = (domain(), tempfile::tempdir().unwrap());
    let folder = elsewhere.path().join("run");
    fs::create_dir(&folder).unwrap();
    put_sockets(&domain, &folder);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    refuses(&domain, &["another OS user could answer", "`socket`", "`chmod go-w "]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o777)).unwrap();
    refuses(&domain, &["another OS user could answer", "others can put other files in it"]);
    fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    assert!(Node::start(&domain.folder()).stop().success());
}

#[test]
fn sockets_in_a_folder_of_somebody_else_are_refused() {
    if !is_root() {
        return println!("skipped: only the superuser can give a folder away");
    }
    let (domain, elsewhere) = (domain(), tempfile::tempdir().unwrap());
    let (folder, link) = (elsewhere.path().join("run"), elsewhere.path().join("link"));
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(&folder, &link).unwrap();
    put_sockets(&domain, &link);
    chown(&folder, Some(12_345), None).unwrap();
    refuses(&domain, &["another OS user could answer", "belongs to somebody else"]);
    chown(&folder, Some(0), None).unwrap();
    std::os::unix::fs::lchown(&link, Some(12_345), None).unwrap();
    refuses(&domain, &["another OS user could answer", "belongs to somebody else"]);
    std::os::unix::fs::lchown(&link, Some(0), None).unwrap();
    assert!(Node::start(&domain.folder()).stop().success());
}

/// Listens at a path in the name of another OS user.
fn listen_as(user: u32, path: std::path::PathBuf) -> std::os::unix::net::UnixListener {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
    let listens = move || {
        let listener = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        // Of this thread alone, which ends here.
        rustix::thread::set_thread_uid(rustix::process::Uid::from_raw(user)).unwrap();
        listen(&listener, 8).unwrap();
        listener.into()
    };
    std::thread::spawn(listens).join().unwrap()
}

#[test]
fn no_order_is_given_to_a_process_of_another_os_user() {
    if !is_root() {
        return println!("skipped: only the superuser can be another OS user");
    }
    let domain = domain();
    let folder = domain.folder().display().to_string();
    for name in ["officer.sock", "node.sock"] {
        let path = domain.folder().join(name);
        let listener = listen_as(12_345, path.clone());
        for words in [&["halt", &folder, "domain"][..], &["status", &folder], &["meters", &folder]]
        {
            let ended = run(words);
            assert_eq!(ended.code, Some(78), "{words:?}: {}", ended.stderr);
            assert!(ended.stderr.contains("the OS user 12345 listens there"), "{}", ended.stderr);
            let mut got = Vec::new();
            let (mut stream, _) = listener.accept().unwrap();
            std::io::Read::read_to_end(&mut stream, &mut got).unwrap();
            assert!(got.is_empty(), "{words:?}");
        }
        fs::remove_file(path).unwrap();
    }
}
