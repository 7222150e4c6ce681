//! Processes that the server started end with it, whatever they did to escape.

use super::*;

/// A server that starts processes which would outlive it, and writes the process ids of all on its
/// stderr.
fn parent(script: &str) -> ServerCommand {
    ServerCommand {
        program: "sh".into(),
        arguments: vec!["-c".into(), script.into()],
        ..python(&[])
    }
}

/// The process id that the server's stderr names after this word.
async fn named(notes: &Mutex<Vec<Note>>, word: &str) -> u32 {
    let found = || {
        notes.lock().unwrap().iter().find_map(|note| match note {
            Note::Stderr(line) => line.strip_prefix(word)?.trim().parse::<u32>().ok(),
            _ => None,
        })
    };
    until(|| found().is_some()).await;
    found().unwrap()
}

fn is_there(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// Forks twice, begins a session of its own, ignores every signal that can be, and holds no pipe.
const DAEMON: &str = r#"
setsid sh -c 'trap "" TERM HUP INT; (trap "" TERM HUP INT; exec sleep 600 </dev/null >/dev/null 2>&1) & echo "daemon $!" >&2; exit 0' &
wait
"#;

#[tokio::test]
async fn a_daemon_of_the_server_ends_with_the_session() {
    let client = Client::start(&Script::new(no_writes), &parent(&format!("{DAEMON} exec cat")));
    let daemon = named(&client.notes, "daemon").await;
    assert!(is_there(daemon));
    client.leaves().await;
    assert!(!is_there(daemon));
}

#[tokio::test]
async fn a_daemon_of_the_server_ends_with_a_stop_of_the_node() {
    let client =
        Client::start(&Script::new(no_writes), &parent(&format!("{DAEMON} exec sleep 600")));
    let daemon = named(&client.notes, "daemon").await;
    client.gate.stop.notify_one();
    client.ends().await;
    assert!(!is_there(daemon));
}

#[tokio::test]
async fn a_daemon_ends_when_its_server_exits() {
    let client = Client::start(&Script::new(no_writes), &parent(&format!("{DAEMON} exit 7")));
    let daemon = named(&client.notes, "daemon").await;
    let summary = client.ends().await;
    assert_eq!(summary.exit.unwrap().code(), Some(7));
    assert!(!is_there(daemon));
}

#[tokio::test]
async fn a_daemon_ends_when_its_session_is_dropped() {
    let client =
        Client::start(&Script::new(no_writes), &parent(&format!("{DAEMON} exec sleep 600")));
    let daemon = named(&client.notes, "daemon").await;
    client.session.abort();
    until(|| !is_there(daemon)).await;
}

#[tokio::test]
async fn processes_that_fork_on_and_on_are_overtaken() {
    // Each has two of the next generation, and there are nine: no more, so that the machine
    // outlives a failure.
    let script = r#"
echo "server $$" >&2
cat > "$FOLDER/fork" <<'END'
trap "" TERM
sleep 600 &
[ "$1" = 9 ] && exec sleep 600
(sleep 0.02; exec sh "$0" $(($1 + 1))) &
(sleep 0.02; exec setsid sh "$0" $(($1 + 1))) &
exec sleep 0.01
END
sh "$FOLDER/fork" 0 </dev/null >/dev/null 2>&1 &
exec sleep 600
"#;
    let (folder, _) = folder();
    let mut server = parent(script);
    let path = folder.path().display().to_string();
    server.environment.insert("FOLDER".to_owned(), path.clone());
    let client = Client::start(&Script::new(no_writes), &server);
    named(&client.notes, "server").await;
    until(|| holding(&path) > 20).await;
    client.gate.stop.notify_one();
    client.ends().await;
    until(|| holding(&path) == 0).await;
}

/// 150 processes at a time, each of which starts the next and ends. All end by themselves after 30
/// s, so that the machine outlives a failure.
const HOPS: &str = r#"
import os, sys, time
until = time.monotonic() + 30
for chain in range(150):
    if os.fork() == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)
        while time.monotonic() < until:
            if os.fork() != 0:
                os._exit(0)
            os.setsid()
        os._exit(0)
print("server", os.getpid(), file=sys.stderr, flush=True)
time.sleep(30)
"#;

#[tokio::test]
async fn processes_that_fork_without_pause_are_gone_in_a_second() {
    let (folder, _) = folder();
    let path = folder.path().display().to_string();
    let mut server = python(&[]);
    server.arguments = ["-S", "-E", "-c", HOPS].map(str::to_owned).to_vec();
    server.environment.insert("FOLDER".to_owned(), path.clone());
    let client = Client::start(&Script::new(no_writes), &server);
    named(&client.notes, "server").await;
    client.gate.stop.notify_one();
    let stopped = std::time::Instant::now();
    client.ends().await;
    until(|| holding(&path) == 0).await;
    let took = stopped.elapsed();
    if !crate::guard::ends_at_once() {
        return eprintln!(
            "skipped: without control groups nobody can say when they are gone: {took:?}"
        );
    }
    assert!(took < Duration::from_millis(1_000), "{took:?}");
}

/// Guards that scan for processes they have already killed take the CPU time that those need to
/// end.
#[tokio::test(flavor = "multi_thread")]
async fn many_busy_servers_that_are_stopped_at_once_are_gone_soon() {
    if !crate::guard::ends_at_once() {
        return eprintln!("skipped: this machine gives no control groups");
    }
    let (folder, _) = folder();
    let path = folder.path().display().to_string();
    let busy = r#"while :; do echo "$FOLDER" > /dev/null; done"#;
    let clients: Vec<Client> = (0..SERVERS)
        .map(|_| {
            let mut server = parent(busy);
            server.environment.insert("FOLDER".to_owned(), path.clone());
            Client::start(&Script::new(no_writes), &server)
        })
        .collect();
    until(|| holding(&path) >= SERVERS).await;
    let stopped = std::time::Instant::now();
    clients.iter().for_each(|client| client.gate.stop.notify_one());
    for client in clients {
        client.ends().await;
    }
    until(|| holding(&path) == 0).await;
    let took = stopped.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    println!("{SERVERS} servers were gone after {took:?}");
}

/// Many more than the machine has cores.
const SERVERS: usize = 32;

/// How many processes have this text in their environment.
fn holding(text: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let environments = processes.filter_map(|one| std::fs::read(one.path().join("environ")).ok());
    environments
        .filter(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
        .count()
}

#[tokio::test]
async fn a_server_that_heeds_sigterm_may_clean_up() {
    let (_folder, log) = folder();
    let script = format!(
        "trap 'echo clean > {log}; exit 4' TERM; echo \"server $$\" >&2; while :; do sleep 0.05; done"
    );
    let client = Client::start(&Script::new(no_writes), &parent(&script));
    named(&client.notes, "server").await;
    let summary = client.leaves().await;
    assert_eq!(summary.exit.unwrap().code(), Some(4));
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "clean\n");
}

#[tokio::test]
async fn a_server_that_ignores_sigterm_is_killed() {
    let script = r#"trap "" TERM; echo "server $$" >&2; while :; do sleep 0.05; done"#;
    let client = Client::start(&Script::new(no_writes), &parent(script));
    named(&client.notes, "server").await;
    let summary = client.leaves().await;
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&summary.exit.unwrap()), Some(9));
}

#[tokio::test]
async fn a_server_has_no_terminal_no_new_rights_and_no_core_file() {
    let script = r#"
read -r stat < /proc/$$/stat; set -- ${stat##*) }; echo "terminal $5" >&2
echo "session $4 $PPID" >&2
grep NoNewPrivs /proc/$$/status >&2
echo "core $(ulimit -H -c)" >&2
echo "end 1" >&2
exec cat
"#;
    let client = Client::start(&Script::new(no_writes), &parent(script));
    named(&client.notes, "end").await;
    let notes = client.notes.lock().unwrap().clone();
    let said = |text: &str| notes.contains(&Note::Stderr(text.to_owned()));
    assert!(said("terminal 0"), "{notes:?}");
    assert!(said("NoNewPrivs: 1"), "{notes:?}");
    assert!(said("core 0"), "{notes:?}");
    client.leaves().await;
}

#[tokio::test]
async fn a_guard_that_is_terminated_takes_its_server_with_it() {
    let script = r#"echo "guard $PPID" >&2; exec sleep 600"#;
    let client = Client::start(&Script::new(no_writes), &parent(script));
    let guard = named(&client.notes, "guard").await;
    let guard = rustix::process::Pid::from_raw(guard.try_into().unwrap()).unwrap();
    rustix::process::kill_process(guard, rustix::process::Signal::TERM).unwrap();
    let summary = client.ends().await;
    assert_eq!(summary.ended, SessionEnd::Server);
}
