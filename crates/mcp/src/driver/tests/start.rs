//! The server's process: what it inherits, and the errors if it can't be started.

use super::*;

fn command(program: &str) -> ServerCommand {
    ServerCommand { program: program.into(), ..python(&[]) }
}

async fn serves(server: ServerCommand) -> Result<SessionSummary, SessionError> {
    let (_near, far) = tokio::io::duplex(64);
    serve(Script::new(no_writes), server, streams(far), |_| ()).await
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let error = serves(command("no-such-server")).await.unwrap_err();
    assert!(matches!(error, SessionError::NotFound(_)));
    assert_eq!(
        error.to_string(),
        "the server's program `no-such-server` was not found; give its full path, or set `PATH` in the server's environment"
    );
    let error = serves(command("/etc")).await.unwrap_err();
    assert!(error.to_string().starts_with("the server's program `/etc` could not be started: "));
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let server = ServerCommand { directory: Some("/no/such/folder".into()), ..command("python3") };
    let error = serves(server).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server's folder `/no/such/folder` is not there, or is no folder"
    );
}

#[tokio::test]
async fn the_server_gets_only_the_given_environment_and_folder() {
    let (folder, log) = folder();
    let script = format!("(cat /proc/$$/environ; echo; pwd; cat /proc/$$/stat) > {log}; exit 0");
    let server = ServerCommand {
        guard: guard(),
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), script],
        environment: [("PATH", "/usr/bin:/bin"), ("TOKEN", "a secret")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        directory: Some(folder.path().into()),
        user: None,
    };
    Client::start(&Script::new(no_writes), &server).ends().await;
    let told = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "PATH=/usr/bin:/bin\0TOKEN=a secret\0");
    assert_eq!(Path::new(lines[1]), folder.path().canonicalize().unwrap());
    // proc(5), stat: the first field is the process, the fifth its group.
    let fields: Vec<&str> = lines[2].split(' ').collect();
    assert_eq!(fields[0], fields[4]);
}

#[tokio::test]
async fn a_servers_own_user_has_a_bounded_number_of_processes() {
    if std::fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me)).ok()
        != Some(0)
    {
        println!("skipped: only the superuser can start a process as somebody else");
        return;
    }
    let server = ServerCommand {
        program: "sh".into(),
        arguments: vec!["-c".into(), "grep 'Max processes' /proc/$$/limits >&2".into()],
        user: Some((65_534, 65_533)),
        ..python(&[])
    };
    let client = Client::start(&Script::new(no_writes), &server);
    let notes = Arc::clone(&client.notes);
    client.ends().await;
    let notes = notes.lock().unwrap();
    let Some(Note::Stderr(line)) = notes.get(1) else { panic!("{notes:?}") };
    let limits: Vec<u64> = line.split_whitespace().flat_map(str::parse).collect();
    assert_eq!(limits, [crate::limits::SERVER_PROCESSES_MAX; 2]);
}

#[tokio::test]
async fn the_server_runs_as_its_user_without_other_groups() {
    let (folder, log) = folder();
    if std::fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me)).ok()
        != Some(0)
    {
        println!("skipped: only the superuser can start a process as somebody else");
        return;
    }
    std::fs::write(&log, "").unwrap();
    for path in [folder.path(), Path::new(&log)] {
        std::os::unix::fs::chown(path, Some(65_534), Some(65_533)).unwrap();
    }
    let server = ServerCommand {
        program: "sh".into(),
        arguments: vec!["-c".into(), format!("(id -u; id -g; id -G) > {log}")],
        user: Some((65_534, 65_533)),
        ..python(&[])
    };
    Client::start(&Script::new(no_writes), &server).ends().await;
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "65534\n65533\n65533\n");
}
