//! The definitions that a session records from its server's tool lists, and the one that a call
//! carries.

use proof::digest::Digest;

use super::*;

const CALL: &str =
    r#"{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"read","arguments":{}}}"#;
const TOOL: &str =
    r#"{"name":"read","description":"reads a file","inputSchema":{"type":"object","maximum":1.5}}"#;

/// The digest that a call of `read` carries now.
fn forwarded_definition(play: &mut Play) -> Option<Digest> {
    let step = play.asks(ToServer, CALL);
    let effects = play.answer(ToServer, deny());
    assert_eq!(written(&effects, ToClient).len(), 1);
    assert_eq!(play.session.step(NOW, SessionInput::Written(ToServer)), []);
    step.definition
}

/// The server lists these tools.
fn lists(play: &mut Play, tools: &str) {
    play.opens(ToServer, &request("1", "tools/list"), 1);
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{tools}]}}}}"#);
    let effects = play.line(ToClient, &line);
    let [SessionEffect::FilterTools(tools)] = effects.as_slice() else { panic!("{effects:?}") };
    let listed = vec![true; tools.len()];
    play.session.step(NOW, SessionInput::Filtered(listed));
    play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Forward));
    assert_eq!(play.session.step(NOW, SessionInput::Written(ToClient)), []);
}

fn listed(tools: &str) -> Option<Digest> {
    let mut play = Play::new();
    lists(&mut play, tools);
    forwarded_definition(&mut play)
}

#[test]
fn a_call_carries_the_definition_its_session_listed_last() {
    let mut play = Play::new();
    assert_eq!(forwarded_definition(&mut play), None, "nothing was listed");
    lists(&mut play, r#"{"name":"write"}"#);
    assert_eq!(forwarded_definition(&mut play), None, "another tool was");
    lists(&mut play, TOOL);
    let first = forwarded_definition(&mut play);
    let canonical = r#"{"description":"reads a file","inputSchema":{"maximum":1.5,"type":"object"},"name":"read"}"#;
    assert_eq!(first, Some(Digest::of(canonical.as_bytes())));
    // A later page has other tools.
    lists(&mut play, r#"{"name":"write"}"#);
    assert_eq!(forwarded_definition(&mut play), first);
    lists(&mut play, &TOOL.replace("reads", "reads and mails"));
    let changed = forwarded_definition(&mut play);
    assert!(changed.is_some() && changed != first);
    assert_eq!(listed(TOOL), first, "the other session saw the first definition");
}

#[test]
fn a_definition_digest_ignores_only_order_and_spelling() {
    let same = [
        r#"{"inputSchema":{"maximum":15e-1,"type":"object"},"name":"read","description":"reads a file"}"#,
        r#"{"name":"r\u0065ad" , "description":"reads a\u0020file","inputSchema": {"type":"object","maximum":1.50}}"#,
    ];
    for tool in same {
        assert_eq!(listed(tool), listed(TOOL), "{tool}");
    }
    let others = [
        TOOL.replace("reads a", "reads\u{200b} a"),
        TOOL.replace("reads a", "reads\u{e0041} a"),
        TOOL.replace("reads a", r"reads\u00a0a"),
        TOOL.replace("1.5", "2.5"),
        TOOL.replace("{\"name\"", "{\"title\":\"Read\",\"name\""),
        TOOL.replace("{\"name\"", "{\"annotations\":{\"readOnlyHint\":true},\"name\""),
        TOOL.replace("{\"name\"", "{\"_meta\":{},\"name\""),
    ];
    for tool in others {
        assert_ne!(listed(&tool), listed(TOOL), "{tool}");
    }
}

#[test]
fn a_changed_or_contradictory_tool_list_is_forgotten() {
    let mut play = Play::new();
    lists(&mut play, TOOL);
    play.asks(ToClient, r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
    play.answer(ToClient, deny());
    assert_eq!(forwarded_definition(&mut play), None, "also where the client is not told");
    lists(&mut play, TOOL);
    assert!(forwarded_definition(&mut play).is_some());

    play.opens(ToServer, &request("2", "tools/list"), 2);
    let twice = format!(r#"{{"jsonrpc":"2.0","id":2,"result":{{"tools":[{TOOL},{TOOL}]}}}}"#);
    play.line(ToClient, &twice);
    play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Forward));
    play.session.step(NOW, SessionInput::Written(ToClient));
    assert_eq!(forwarded_definition(&mut play), None);
}

#[test]
fn an_unrequested_tool_list_is_not_recorded() {
    let mut play = Play::new();
    let line = format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"tools":[{TOOL}]}}}}"#);
    assert_eq!(play.refused(ToClient, &line, "session.unknown_id"), [] as [&str; 0]);
    assert_eq!(forwarded_definition(&mut play), None);
    // Nor is one in the answer to another request.
    play.opens(ToServer, &request("1", "prompts/list"), 1);
    play.closes(ToClient, &line.replace("7", "1"), 1);
    assert_eq!(forwarded_definition(&mut play), None);
}
