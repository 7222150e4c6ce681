//! Any bytes: refused, or a message of which every view is refused or read, and whose id can be echoed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::json::{Numbers, Value};
use wire::jsonrpc::{Message, Outcome, error_response, result_response};
use wire::mcp::{self, Cancelled, Initialize, Method, Party, Revision, ToolCall, ToolList};

fuzz_target!(|bytes: &[u8]| {
    let message = match Message::parse_with(bytes, Numbers::Exact) {
        Ok(message) => message,
        Err(error) => {
            assert!(error.offset() <= bytes.len());
            if let Some(id) = error.id() {
                echo(id);
            }
            return;
        }
    };
    for revision in Revision::ALL {
        for sender in [Party::Client, Party::Server] {
            let method = Method::of(&message, sender, revision);
            assert_eq!(method.as_ref().map(Method::as_str), message.method());
        }
        if let Ok(call) = ToolCall::read(message.params(), revision) {
            assert!(call.arguments.is_none_or(|arguments| arguments.as_object().is_some()));
            let _ = call.pending();
            assert!(Value::parse(call.besides().as_bytes()).is_ok());
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
        assert!(Message::parse_with(&bytes, Numbers::Exact).is_ok());
        filter(result);
    }
});

fn echo(id: &wire::jsonrpc::Id) {
    let bytes = error_response(Some(id), -32_601, "method not found", None);
    assert_eq!(Message::parse(&bytes).expect("it is a message").id(), Some(id));
}

/// A list with tools left out is a list of the others.
fn filter(result: &Value<'_>) {
    let Ok(list) = ToolList::read(result) else { return };
    let filtered = list.filtered(|tool| tool.name.len() % 2 == 0);
    let value = Value::parse_with(filtered.as_bytes(), Numbers::Exact).expect("it is JSON");
    let kept = ToolList::read(&value).expect("it is a list of tools");
    let raw = |list: &ToolList<'_, '_>| -> Vec<String> {
        list.tools().iter().map(|tool| tool.definition.raw().to_owned()).collect()
    };
    let mut all = raw(&list);
    all.retain(|definition| raw(&kept).contains(definition));
    assert_eq!(raw(&kept), all);
    assert_eq!(kept.next_cursor(), list.next_cursor());
}
