//! Any bytes: refused, or a message of which every view is refused or read, and whose id can be echoed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::json::{Accept, Value};
use wire::jsonrpc::{Message, Outcome, Outline, error_response, result_response};
use wire::mcp::{self, Cancelled, Initialize, Method, Party, Revision, ToolCall, ToolList};

fuzz_target!(|bytes: &[u8]| {
    let message = match Message::parse_with(bytes, Accept::Result) {
        Ok(message) => message,
        Err(error) => {
            assert!(error.offset() <= bytes.len());
            if let Outline::Request(id) | Outline::Response(id) = Outline::of(bytes) {
                let bytes = error_response(&id, -32_600, "refused", None);
                assert_eq!(Outline::of(&bytes), Outline::Response(id));
            }
            return;
        }
    };
    let expected = match &message {
        Message::Request(request) => Outline::Request(request.id.clone()),
        Message::Notification(_) => Outline::Notification,
        Message::Response(response) => Outline::Response(response.id.clone()),
    };
    // An id with half of a surrogate pair can't be told.
    assert!([expected, Outline::Unclear].contains(&Outline::of(bytes)));
    for revision in Revision::ALL {
        for sender in [Party::Client, Party::Server] {
            let method = Method::of(&message, sender, revision);
            assert_eq!(method.as_ref().map(Method::as_str), message.method());
        }
        if let Ok(call) = ToolCall::read(message.params(), revision) {
            assert!(call.arguments.is_none_or(|arguments| arguments.as_object().is_some()));
            let _ = call.pending();
            assert!(Value::parse_with(call.besides().as_bytes(), Accept::Result).is_ok());
        }
    }
    mcp::probe(&message);
    let _ = Initialize::read(message.params());
    let _ = Cancelled::read(message.params());
    let _ = mcp::request_token(message.params());
    let _ = mcp::progress_token(message.params());
    if let Some(id) = message.id() {
        echo(id);
    }
    if let Message::Response(response) = &message
        && let Outcome::Result(result) = &response.outcome
    {
        let bytes = result_response(&response.id, result);
        assert!(Message::parse_with(&bytes, Accept::Result).is_ok());
        filter(result);
    }
});

fn echo(id: &wire::jsonrpc::Id) {
    let bytes = error_response(id, -32_601, "method not found", None);
    let message = Message::parse_with(&bytes, Accept::Result).expect("it is a message");
    assert_eq!(message.id(), Some(id));
}

/// A list with tools left out is a list of the others.
fn filter(result: &Value<'_>) {
    let Ok(list) = ToolList::read(result) else { return };
    let filtered = list.filtered(|tool| tool.name.len() % 2 == 0);
    let value = Value::parse_with(filtered.as_bytes(), Accept::Result).expect("it is JSON");
    let kept = ToolList::read(&value).expect("it is a list of tools");
    let raw = |list: &ToolList<'_, '_>| -> Vec<String> {
        list.tools().iter().map(|tool| tool.definition.raw().to_owned()).collect()
    };
    let mut all = raw(&list);
    all.retain(|definition| raw(&kept).contains(definition));
    assert_eq!(raw(&kept), all);
    assert_eq!(kept.next_cursor(), list.next_cursor());
}
