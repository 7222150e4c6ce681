//! What a hostile or broken server writes.

use super::*;
use crate::support::refusals;

#[test]
fn an_answer_given_twice_or_to_nothing_asked_goes_no_further() {
    let Some(mut probed) = Probed::start() else { return };
    let mut client = probed.client();
    for (number, text) in ["twice", "unasked", "garbled"].into_iter().enumerate() {
        let id = format!("{text}-{number}");
        let answer = client.call(&id, "note", &json!({"text": text}));
        assert_eq!(answer["result"]["content"][0]["text"], "noted", "{answer}");
        // The next answer on the line is the next call's: nothing else was handed on.
        probed.good_call(&mut client);
    }
    let folder = probed.domain.folder();
    drop(client);
    assert!(probed.node.stop().success());
    assert_eq!(refusals(&folder)["refused.input"], 1 + 1 + 4);
}

#[test]
fn unforwardable_answer_is_an_error_at_once() {
    let Some(mut probed) = Probed::start() else { return };
    let mut client = probed.client();
    for (text, kind) in [
        ("twice-named", "json.duplicate_key"),
        ("batched", "message.batch"),
        ("cut", "json.end"),
        ("long", "frame.too_long"),
    ] {
        let answer = client.call(text, "note", &json!({"text": text}));
        assert_eq!(answer["error"]["code"], -32_006, "{answer}");
        assert_eq!(member(&answer, "/error/data/kind"), kind, "{answer}");
        assert_eq!(member(&answer, "/error/data/side"), "server", "{answer}");
        probed.good_call(&mut client);
    }
    drop(client);
    let folder = probed.domain.folder();
    assert!(probed.node.stop().success());
    // The probe answers each of them a second time, which answers nothing.
    assert_eq!(refusals(&folder)["refused.input"], 2 * 4);
}

#[test]
fn an_answer_of_any_json_goes_on_as_its_own_bytes() {
    let Some(mut probed) = Probed::start() else { return };
    let mut client = probed.client();
    client.ask("any", "note", &json!({"text": "any"})).unwrap();
    let line = client.line().unwrap().unwrap();
    let expected = "\"n\":12345678901234567890.12345678901234567890,\"big\":1e400,\"zero\":-0.0,\"N\":\"\\u0000\\ud800\u{2028}\"}}}";
    assert!(line.ends_with(expected), "{line}");
    probed.good_call(&mut client);
}

#[test]
fn a_question_of_the_server_that_is_not_allowed_is_denied_to_it() {
    let Some(mut probed) = Probed::start() else { return };
    let mut client = probed.client();
    let answer = client.call("asks", "note", &json!({"text": "asks"}));
    assert!(answer.get("result").is_some(), "{answer}");
    probed.good_call(&mut client);
    let journal = probed.journal();
    let told = journal.iter().find(|line| line.contains(r#""id":"s1""#)).unwrap();
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!(told["error"]["code"], -32_005);
    assert_eq!(told["error"]["data"].get("policies"), None);
}

#[test]
fn a_tool_that_the_bundle_does_not_name_is_not_listed() {
    let Some(probed) = Probed::start() else { return };
    let mut client = probed.client();
    client.send_json(&json!({"id": 1, "jsonrpc": "2.0", "method": "tools/list"})).unwrap();
    let listed = client.read().unwrap().unwrap();
    let names: Vec<&str> = listed["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| member(tool, "/name"))
        .collect();
    assert_eq!(names, ["note"]);
}

#[test]
fn faulty_server_ends_only_its_own_session() {
    let Some(mut probed) = Probed::start() else { return };
    let mut other = probed.client();
    for text in ["floods", "dies", "endless"] {
        let mut client = probed.client();
        client.ask("last", "note", &json!({"text": text})).unwrap();
        let answer = client.read().unwrap().unwrap();
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&json!("last"), &json!(-32_003)),
            "{text}"
        );
        assert_eq!(client.read().unwrap(), None, "{text}");
        probed.good_call(&mut other);
    }
    probed.still_serves();
}
