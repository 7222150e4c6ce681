//! What a hostile client writes.

use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use super::*;
use crate::support::{joined, refusals};

/// A call of the tool `note` whose arguments hold this text as it is; it must not reach the server.
fn smuggled(arguments: &str) -> Vec<u8> {
    let params = format!(r#"{{"name":"note","arguments":{arguments}}}"#);
    format!(r#"{{"jsonrpc":"2.0","id":"smuggled","method":"tools/call","params":{params}}}"#).into()
}

fn whole(line: &str) -> Vec<u8> {
    line.as_bytes().to_vec()
}

/// Lines that are refused, with their kind, and answered under their id.
fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let call = r#""jsonrpc":"2.0","id":"smuggled","method":"tools/call""#;
    let good = String::from_utf8(smuggled(r#"{"text":"smuggled"}"#)).unwrap();
    let raw_cr = whole(&good.replace("\"text\":", "\"text\":\r"));
    vec![
        ("json.duplicate_key", smuggled(r#"{"text":"smuggled","text":"smuggled"}"#)),
        ("json.duplicate_key", smuggled(r#"{"text":"smuggled","te\u0078t":"x"}"#)),
        ("json.duplicate_key", smuggled(r#"{"text":"smuggled","TEXT":"x"}"#)),
        ("json.duplicate_key", smuggled(r#"{"text":"smuggled","deep":[{"a":{"k":1,"K":2}}]}"#)),
        ("json.duplicate_key", smuggled("{\"text\":\"smuggled\",\"k\":1,\"\u{212a}\":2}")),
        (
            "json.duplicate_key",
            whole(&good.replace(r#""name":"note""#, r#""name":"note","name":"x""#)),
        ),
        ("frame.carriage_return", raw_cr),
        ("json.control", smuggled("{\"text\":\"smuggled\t\"}")),
        ("json.control", smuggled("{\"text\":\"smuggled\u{0}\"}")),
        ("json.control", smuggled("{\u{b}\"text\":\"smuggled\"}")),
        ("json.surrogate", smuggled(r#"{"text":"smuggled\ud800"}"#)),
        ("json.surrogate", smuggled(r#"{"text":"smuggled\udc00\ud800"}"#)),
        ("json.nul", smuggled(r#"{"text":"smuggled\u0000"}"#)),
        ("json.utf8", [&smuggled(r#"{"text":"smuggled"#)[..], b"\xff\"}}}"].concat()),
        ("json.utf8", [&smuggled(r#"{"text":"smuggled"#)[..], b"\xed\xa0\x80\"}}}"].concat()),
        ("json.number_not_finite", smuggled(r#"{"text":"smuggled","n":1e400}"#)),
        ("json.too_deep", smuggled(&format!("{}{}", "[".repeat(70), "]".repeat(70)))),
        ("message.batch", whole(&format!("[{good}]"))),
        ("message.wrong_type", smuggled("[]")),
        ("message.wrong_type", smuggled("7")),
        ("message.wrong_type", smuggled(r#""{}""#)),
        (
            "message.unknown_member",
            whole(&format!(r#"{{{call},"params":{{"name":"note"}},"x":1}}"#)),
        ),
        ("frame.too_long", smuggled(&format!(r#"{{"text":"{}"}}"#, "x".repeat(9 * 1024 * 1024)))),
        ("session.unknown_id", whole(r#"{"jsonrpc":"2.0","id":"smuggled","result":{}}"#)),
    ]
}

/// Lines that are refused, with their kind, and of which nobody can tell the id.
fn unclear() -> Vec<(&'static str, Vec<u8>)> {
    let call = r#""jsonrpc":"2.0","id":"smuggled","method":"tools/call""#;
    let good = String::from_utf8(smuggled(r#"{"text":"smuggled"}"#)).unwrap();
    let with_id =
        |id: &str| whole(&good.replace(r#""smuggled","method""#, &format!(r#"{id},"method""#)));
    let two = format!("{{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}}\r{good}");
    vec![
        ("json.duplicate_key", whole(&format!(r#"{{{call},"method":"ping","params":{{}}}}"#))),
        ("frame.carriage_return", whole(&two)),
        ("json.too_deep", smuggled(&"[".repeat(100_000))),
        ("json.end", whole(good.strip_suffix('}').unwrap())),
        ("json.trailing", whole(&format!("{good} {good}"))),
        ("message.wrong_type", with_id("null")),
        ("message.wrong_type", with_id("1.5")),
    ]
}

#[test]
fn refused_message_without_an_id_ends_the_session() {
    let Some(mut probed) = Probed::start() else { return };
    for (kind, line) in unclear() {
        let mut client = probed.client();
        client.ask("waits", "note", &json!({"text": "hold"})).unwrap();
        client.send(&line).unwrap();
        let answer = client.read().unwrap().unwrap();
        assert_eq!(member(&answer, "/id"), "waits", "{answer}");
        assert_eq!(answer["error"]["code"], -32_003, "{answer}");
        assert_eq!(member(&answer, "/error/data/kind"), kind, "{answer}");
        // The client is told why, though not under an id.
        let told = client.read().unwrap().unwrap();
        assert_eq!(member(&told, "/method"), "notifications/message", "{told}");
        assert_eq!(member(&told, "/params/data/kind"), kind, "{told}");
        assert!(told.get("id").is_none(), "{told}");
        assert!(client.read().unwrap().is_none(), "the session has ended");
    }
    assert!(!probed.journal().iter().any(|line| line.contains("smuggled")));
    probed.still_serves();
}

#[test]
fn ambiguous_messages_are_never_forwarded() {
    let Some(mut probed) = Probed::start() else { return };
    let mut client = probed.client();
    let lines = refused();
    let greeted = probed.journal().len();
    for (kind, line) in &lines {
        let shown = String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
        client.send(line).unwrap();
        // A response is never answered: nobody asked for one.
        if *kind != "session.unknown_id" {
            let answer = client.read().unwrap().unwrap();
            assert_eq!(member(&answer, "/id"), "smuggled", "{shown}: {answer}");
            assert_eq!(member(&answer, "/error/data/code"), "refused.input", "{shown}: {answer}");
            assert_eq!(member(&answer, "/error/data/kind"), *kind, "{shown}: {answer}");
        }
        probed.good_call(&mut client);
    }
    let journal = probed.journal();
    assert!(!journal.iter().any(|line| line.contains("smuggled")), "{journal:?}");
    assert_eq!(journal.len(), greeted.max(2) + lines.len());
    drop(client);
    probed.still_serves();
    let folder = probed.domain.folder();
    assert!(probed.node.stop().success());
    assert_eq!(refusals(&folder)["refused.input"], lines.len() as u64);
}

#[test]
fn denied_messages_are_never_forwarded() {
    let Some(mut probed) = Probed::start() else { return };
    let mut client = probed.client();
    let call = |params: &str| {
        whole(&format!(
            r#"{{"jsonrpc":"2.0","id":"smuggled","method":"tools/call","params":{params}}}"#
        ))
    };
    let method =
        |name: &str| whole(&format!(r#"{{"jsonrpc":"2.0","id":"smuggled","method":"{name}"}}"#));
    let lines = [
        ("tool.unknown", call(r#"{"name":"smuggled","arguments":{}}"#)),
        ("tool.unknown", call(r#"{"name":"Note","arguments":{"text":"smuggled"}}"#)),
        ("request.malformed", call(r#"{"name":"note","arguments":{}}"#)),
        ("request.malformed", call(r#"{"name":"note","arguments":{"text":7}}"#)),
        ("request.malformed", call(r#"{"name":"note","arguments":{"text":"smuggled","more":1}}"#)),
        ("tool.unknown", method("smuggled/method")),
        ("tool.unknown", method("resources/list")),
    ];
    for (code, line) in &lines {
        client.send(line).unwrap();
        let answer = client.read().unwrap().unwrap();
        let shown = String::from_utf8_lossy(line);
        let number = if shown.contains("smuggled/method") { -32_601 } else { -32_005 };
        assert_eq!(answer["error"]["code"], number, "{shown}: {answer}");
        assert_eq!(member(&answer, "/error/data/code"), *code, "{shown}: {answer}");
        probed.good_call(&mut client);
    }
    // A notification is denied in silence.
    client.send(br#"{"jsonrpc":"2.0","method":"notifications/smuggled"}"#).unwrap();
    probed.good_call(&mut client);
    let journal = probed.journal();
    assert!(!journal.iter().any(|line| line.contains("smuggled")), "{journal:?}");
    assert_eq!(journal.len(), 2 + lines.len() + 1);
}

#[test]
fn an_id_that_still_waits_is_not_asked_again() {
    let Some(mut probed) = Probed::start() else { return };
    let mut client = probed.client();
    client.ask("same", "note", &json!({"text": "hold"})).unwrap();
    // The server has taken the first one before it answers the next.
    probed.good_call(&mut client);
    client.ask("same", "note", &json!({"text": "hold"})).unwrap();
    // An error for the second would be taken for the answer to the first: the session ends.
    let answers: Vec<Value> = std::iter::from_fn(|| client.read().unwrap()).collect();
    let [first, told] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(member(first, "/error/data/kind"), "session.duplicate_id", "{first}");
    assert_eq!(member(told, "/params/data/kind"), "session.duplicate_id", "{told}");
    let asked = probed.journal().iter().filter(|line| line.contains("same")).count();
    assert_eq!(asked, 1);
    probed.still_serves();
}

#[test]
fn a_line_without_end_ends_the_session_and_nothing_else() {
    let Some(mut probed) = Probed::start() else { return };
    let mut client = probed.client();
    probed.good_call(&mut client);
    let chunk = vec![b'x'; 1024 * 1024];
    let mut sent = 0;
    // The node stops reading at its bound, and then the pipe breaks.
    while sent < 200 && client.write(&chunk).is_ok() {
        sent += 1;
    }
    assert!((60..200).contains(&sent), "{sent} MiB");
    drop(client);
    probed.still_serves();
    assert!(!probed.journal().iter().any(|line| line.contains("xxxx")));
}

#[test]
fn a_bad_first_line_is_refused() {
    let Some(mut probed) = Probed::start() else { return };
    let first = [
        "GET / HTTP/7.7",
        "get / HTTP/1.1\r",
        " POST / HTTP/1.1\r",
        r#"{"type":"mcp","v":1,"server":"probe","workload":"agent"}"#,
        r#"{"server":"probe","server":"probe","type":"mcp","v":1,"workload":"agent"}"#,
        r#"{"type":"root","v":1}"#,
        "\u{0}",
        &"[".repeat(100_000),
        &"x".repeat(100_000),
    ];
    for line in first {
        let answer = answer_to(&probed, line);
        assert!(answer.contains(r#""code":"refused.input""#), "{line:.100}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 4"), "{line:.100}: {answer}");
    }
    assert_eq!(answer_to(&probed, ""), "", "an empty line is no request");
    probed.still_serves();
    assert!(probed.journal().len() <= 3);
}

#[test]
fn unknown_workloads_and_servers_are_refused() {
    let Some(mut probed) = Probed::start() else { return };
    let ask = |server: &str, workload: &str| -> Value {
        let refused = joined(&probed.domain.socket(), workload, None, server).err().unwrap();
        serde_json::from_str(&refused.to_string()).unwrap()
    };
    let answer = ask("probe", "stranger");
    assert_eq!((&answer["status"], member(&answer, "/code")), (&json!(403), "refused.peer"));
    let answer = ask("prob", "agent");
    assert_eq!((&answer["status"], member(&answer, "/code")), (&json!(400), "refused.input"));
    assert!(member(&answer, "/detail").contains("probe"), "{answer}");
    assert_eq!(probed.journal(), [] as [&str; 0]);
    probed.still_serves();
}

/// What a client writes before it has the reply is MCP already, and none of it is lost.
#[test]
fn bytes_behind_the_request_belong_to_the_session() {
    let Some(mut probed) = Probed::start() else { return };
    let mut stream = UnixStream::connect(probed.domain.socket()).unwrap();
    let head = "POST /v1/sessions?server=probe&workload=agent HTTP/1.1\r\nhost: node\r\n\
                connection: upgrade\r\nupgrade: interlock-mcp\r\n\r\n";
    let ping = |id: usize| format!("{{\"id\":{id},\"jsonrpc\":\"2.0\",\"method\":\"ping\"}}\n");
    // More than is read of a head at a time.
    let pings: String = (0..1_000).map(ping).collect();
    let (first, rest) = pings.split_at(pings.len() / 2 + 3);
    stream.write_all(format!("{head}{first}").as_bytes()).unwrap();
    stream.write_all(rest.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("HTTP/1.1 101 "));
    let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert!(head.iter().any(|line| line.starts_with("interlock-execution: ")), "{head:?}");
    assert!(!head.iter().any(|line| line.starts_with("content-length")), "{head:?}");
    for id in 0..1_000 {
        let answer: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
        assert_eq!(answer["id"], id, "{answer}");
    }
    probed.still_serves();
}

/// Says this as the first line and no more; what the node answers.
fn answer_to(probed: &Probed, line: &str) -> String {
    let mut stream = UnixStream::connect(probed.domain.socket()).unwrap();
    // The node may close before it has read all.
    let _closed = stream.write_all(format!("{line}\n").as_bytes());
    let _closed = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}
