//! The sample office over real MCP: the scripted agent is one process, the server another.

use std::path::Path;

use crate::run::{BINARY, interlock, interlock_reading};

fn office(folder: &Path) -> String {
    let folder = folder.to_str().unwrap().to_owned();
    assert_eq!(interlock(&["office-server", "--seed", &folder]).code, 0);
    folder
}

#[test]
fn an_agent_calls_the_tools_and_sees_errors_and_refusals() {
    let folder = tempfile::tempdir().unwrap();
    let root = office(folder.path());
    let calls = br#"{"tool":"read_mail","arguments":{"folder":"inbox"}}
{"tool":"send_mail","arguments":{"to":"dana@example.com","subject":"Steel","body":"905 against 940"}}
{"tool":"close_ticket","arguments":{"ticket":7}}
{"tool":"no_such_tool"}
"#;
    let agent = ["office-agent", "--", BINARY, "office-server", "--root", &root];
    let ended = interlock_reading(&agent, calls);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(lines.len(), 5);
    assert_eq!(
        lines[0],
        r#"{"tools":["close_ticket","create_ticket","delete_file","fetch_page","list_files","pay","read_file","read_mail","send_mail","write_file"]}"#
    );
    assert!(lines[1].contains(r#""outcome":"result""#) && lines[1].contains("Dock 4"));
    assert_eq!(lines[2], r#"{"outcome":"result","text":"sent mail 1 to dana@example.com"}"#);
    assert_eq!(lines[3], r#"{"outcome":"error","text":"there is no open ticket 7"}"#);
    assert!(
        lines[4].starts_with(r#"{"code":-32602,"#) && lines[4].contains(r#""outcome":"refused""#)
    );
    assert!(folder.path().join("mail/sent/0001.eml").exists());
}

#[test]
fn a_program_that_is_no_server_is_told() {
    let ended = interlock(&["office-agent", "--", "true"]);
    assert_eq!(ended.code, 1);
    assert!(ended.stderr.starts_with("error: the MCP session failed\n"));
    assert_eq!(interlock(&["office-server", "--root", "/no/such/folder"]).code, 66);
}
