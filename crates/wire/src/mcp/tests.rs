use super::*;
use crate::json::Value;
use crate::jsonrpc::Message;
use crate::limits::{TOOL_NAME_BYTES_MAX, TOOLS_MAX};
use Kind::{Notification, Request};
use Party::{Client, Server};
use Revision::{V2024_11_05, V2025_03_26, V2025_06_18, V2025_11_25};

fn parse(text: &str) -> Value<'_> {
    Value::parse(text.as_bytes()).unwrap()
}

fn names(sender: Party, kind: Kind, revision: Revision) -> Vec<&'static str> {
    let all = Method::ALL.iter().map(|(_, name, ..)| *name);
    let known =
        |name: &&str| !matches!(Method::classify(name, kind, sender, revision), Method::Unknown(_));
    let mut names: Vec<_> = all.filter(known).collect();
    names.sort_unstable();
    names
}

#[test]
fn the_methods_of_2025_06_18_are_those_of_its_schema() {
    assert_eq!(
        names(Client, Request, V2025_06_18),
        [
            "completion/complete",
            "initialize",
            "logging/setLevel",
            "ping",
            "prompts/get",
            "prompts/list",
            "resources/list",
            "resources/read",
            "resources/subscribe",
            "resources/templates/list",
            "resources/unsubscribe",
            "tools/call",
            "tools/list",
        ]
    );
    assert_eq!(
        names(Client, Notification, V2025_06_18),
        [
            "notifications/cancelled",
            "notifications/initialized",
            "notifications/progress",
            "notifications/roots/list_changed",
        ]
    );
    assert_eq!(
        names(Server, Request, V2025_06_18),
        ["elicitation/create", "ping", "roots/list", "sampling/createMessage",]
    );
    assert_eq!(
        names(Server, Notification, V2025_06_18),
        [
            "notifications/cancelled",
            "notifications/message",
            "notifications/progress",
            "notifications/prompts/list_changed",
            "notifications/resources/list_changed",
            "notifications/resources/updated",
            "notifications/tools/list_changed",
        ]
    );
}

#[test]
fn the_older_revisions_lack_elicitation() {
    for (sender, kind) in [(Client, Request), (Client, Notification), (Server, Notification)] {
        for older in [V2024_11_05, V2025_03_26] {
            assert_eq!(names(sender, kind, older), names(sender, kind, V2025_06_18));
        }
    }
    for older in [V2024_11_05, V2025_03_26] {
        assert_eq!(names(Server, Request, older), ["ping", "roots/list", "sampling/createMessage"]);
    }
}

#[test]
fn null_stands_for_what_may_be_left_out() {
    let call = parse(r#"{"name":"t","arguments":null,"_meta":null,"task":null}"#);
    let call = ToolCall::read(Some(&call), V2025_11_25).unwrap();
    assert!(call.arguments.is_none() && call.meta.is_none() && call.task.is_none());
    assert_eq!((call.besides().as_str(), call.pending().unwrap()), ("{}", None));
    let cancelled = parse(r#"{"requestId":1,"reason":null,"_meta":null}"#);
    assert_eq!(Cancelled::read(Some(&cancelled)).unwrap().reason, None);
    assert_eq!(request_token(Some(&parse(r#"{"_meta":null}"#))).unwrap(), None);
    let list = parse(r#"{"tools":[],"nextCursor":null}"#);
    assert_eq!(ToolList::read(&list).unwrap().next_cursor(), None);
}

#[test]
fn tasks_and_url_elicitation_came_with_2025_11_25() {
    let tasks = ["tasks/cancel", "tasks/get", "tasks/list", "tasks/result"];
    for sender in [Client, Server] {
        let new = |kind| -> Vec<&str> {
            let old = names(sender, kind, V2025_06_18);
            names(sender, kind, V2025_11_25)
                .into_iter()
                .filter(|name| !old.contains(name))
                .collect()
        };
        assert_eq!(new(Request), tasks);
        let status = "notifications/tasks/status";
        let complete = "notifications/elicitation/complete";
        let notifications = if sender == Client { vec![status] } else { vec![complete, status] };
        assert_eq!(new(Notification), notifications);
    }
}

#[test]
fn a_method_from_the_wrong_side_is_unknown() {
    for (name, kind, sender) in [
        ("tools/call", Request, Server),
        ("tools/call", Notification, Client),
        ("sampling/createMessage", Request, Client),
        ("notifications/initialized", Request, Client),
        ("notifications/message", Notification, Client),
        ("Tools/call", Request, Client),
        ("tools/call ", Request, Client),
        ("server/discover", Request, Client),
        ("subscriptions/listen", Request, Client),
        ("initialize", Notification, Client),
    ] {
        let method = Method::classify(name, kind, sender, V2025_11_25);
        assert_eq!(method, Method::Unknown(name.to_owned()));
        assert_eq!(method.as_str(), name);
    }
    for (method, name, ..) in Method::ALL {
        assert_eq!(method.as_str(), *name);
    }
    let message = Message::parse(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#).unwrap();
    assert_eq!(Method::of(&message, Client, V2025_06_18), Some(Method::CallTool));
    assert_eq!(
        Method::of(&message, Server, V2025_06_18),
        Some(Method::Unknown("tools/call".into()))
    );
    let message = Message::parse(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#).unwrap();
    assert_eq!(Method::of(&message, Client, V2025_06_18), None);
}

#[test]
fn revisions_are_read_by_their_exact_name() {
    for revision in Revision::ALL {
        assert_eq!(Revision::parse(revision.as_str()), Some(revision));
    }
    for text in ["", "2025-06-18 ", "2024-10-07", "2026-07-28"] {
        assert_eq!(Revision::parse(text), None);
    }
    assert!(V2025_06_18 < Revision::LATEST);
}

#[test]
fn initialize_names_a_revision_that_need_not_be_known() {
    let params = parse(r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{}}"#);
    assert_eq!(Initialize::read(Some(&params)).unwrap().revision(), Some(V2025_06_18));
    let params = parse(r#"{"protocolVersion":"2026-07-28"}"#);
    let newer = Initialize::read(Some(&params)).unwrap();
    assert_eq!((newer.protocol_version.as_str(), newer.revision()), ("2026-07-28", None));
    let result = parse(r#"{"protocolVersion":"2025-11-25"}"#);
    assert_eq!(InitializeResult::read(&result).unwrap().revision(), Some(V2025_11_25));
    assert_eq!(Initialize::read(None).unwrap_err().code(), "message.missing_member");
    for (text, code) in [
        ("{}", "message.missing_member"),
        (r#"{"protocolVersion":1}"#, "message.wrong_type"),
        (r#"{"protocolVersion":""}"#, "message.wrong_value"),
        (r#"{"ProtocolVersion":"2025-06-18"}"#, "message.unknown_member"),
    ] {
        assert_eq!(Initialize::read(Some(&parse(text))).unwrap_err().code(), code, "{text}");
        assert_eq!(InitializeResult::read(&parse(text)).unwrap_err().code(), code, "{text}");
    }
}

#[test]
fn a_tool_call_gives_the_very_bytes_of_its_arguments() {
    let params = parse(r#"{"name":"write\u005ffile","arguments":{ "a" : 1 },"_meta":{"x":1}}"#);
    let call = ToolCall::read(Some(&params), V2025_06_18).unwrap();
    assert_eq!(call.name, "write_file");
    assert_eq!(call.arguments.unwrap().raw(), r#"{ "a" : 1 }"#);
    assert_eq!(call.meta.unwrap().raw(), r#"{"x":1}"#);
    let params = parse(r#"{"name":"a"}"#);
    assert_eq!(ToolCall::read(Some(&params), V2025_06_18).unwrap().arguments, None);
    let params = parse(r#"{"name":"a","task":{"ttl":1}}"#);
    assert!(ToolCall::read(Some(&params), V2025_11_25).unwrap().task.is_some());
    assert_eq!(ToolCall::read(Some(&params), V2025_06_18).unwrap_err().member(), Some("task"));
    assert_eq!(ToolCall::read(None, V2025_11_25).unwrap_err().member(), Some("params"));
}

#[test]
fn a_tool_call_with_other_than_object_arguments_is_refused() {
    for (text, code, member) in [
        ("{}", "message.missing_member", "name"),
        (r#"{"name":1}"#, "message.wrong_type", "name"),
        (r#"{"name":""}"#, "message.wrong_value", "name"),
        (r#"{"Name":"a","name":"b"}"#, "message.unknown_member", "Name"),
        (r#"{"name":"a","arguments":[]}"#, "message.wrong_type", "arguments"),
        (r#"{"name":"a","arguments":"null"}"#, "message.wrong_type", "arguments"),
        (r#"{"name":"a","arguments":"{}"}"#, "message.wrong_type", "arguments"),
        (r#"{"name":"a","arguments":7}"#, "message.wrong_type", "arguments"),
        (r#"{"name":"a","_meta":[]}"#, "message.wrong_type", "_meta"),
        (r#"{"name":"a","Arguments":{}}"#, "message.unknown_member", "Arguments"),
        (r#"{"name":"a","inputResponses":{}}"#, "message.unknown_member", "inputResponses"),
    ] {
        let Ok(params) = Value::parse(text.as_bytes()) else {
            assert!(text.contains("Name"), "{text}");
            continue;
        };
        let error = ToolCall::read(Some(&params), V2025_11_25).unwrap_err();
        assert_eq!((error.code(), error.member()), (code, Some(member)), "{text}");
    }
    let named = |n| format!(r#"{{"name":"{}"}}"#, "t".repeat(n));
    ToolCall::read(Some(&parse(&named(TOOL_NAME_BYTES_MAX))), V2025_11_25).unwrap();
    let long = named(TOOL_NAME_BYTES_MAX + 1);
    let error = ToolCall::read(Some(&parse(&long)), V2025_11_25).unwrap_err();
    assert_eq!(error.code(), "message.too_long");
}

#[test]
fn a_tool_list_is_read_and_filtered_without_re_encoding() {
    let text = r#"{ "_meta":{"a":1}, "t\u006fols" : [ {"name":"a", "x":1.50} , {"name":"b"} ],"nextCursor":"n" }"#;
    let result = parse(text);
    let list = ToolList::read(&result).unwrap();
    assert_eq!(list.next_cursor(), Some("n"));
    let tools: Vec<_> =
        list.tools().iter().map(|tool| (tool.name, tool.definition.raw())).collect();
    assert_eq!(tools, [("a", r#"{"name":"a", "x":1.50}"#), ("b", r#"{"name":"b"}"#)]);
    assert_eq!(
        list.filtered(|tool| tool.name == "a"),
        r#"{"_meta":{"a":1},"tools":[{"name":"a", "x":1.50}],"nextCursor":"n"}"#
    );
    assert_eq!(list.filtered(|_| false), r#"{"_meta":{"a":1},"tools":[],"nextCursor":"n"}"#);
    let all = list.filtered(|_| true);
    assert_eq!(ToolList::read(&parse(&all)).unwrap().tools().len(), 2);
}

#[test]
fn a_tool_list_that_can_be_read_in_two_ways_is_refused() {
    for (text, code) in [
        ("{}", "message.missing_member"),
        (r#"{"tools":{}}"#, "message.wrong_type"),
        (r#"{"Tools":[]}"#, "message.unknown_member"),
        (r#"{"tools":[1]}"#, "message.wrong_type"),
        (r#"{"tools":[{}]}"#, "message.missing_member"),
        (r#"{"tools":[{"name":7}]}"#, "message.wrong_type"),
        (r#"{"tools":[{"name":"a"},{"name":"\u0061"}]}"#, "message.contradiction"),
        (r#"{"tools":[],"nextCursor":7}"#, "message.wrong_type"),
    ] {
        assert_eq!(ToolList::read(&parse(text)).unwrap_err().code(), code, "{text}");
    }
    let many = |n: usize| {
        let tools: Vec<_> = (0..n).map(|i| format!(r#"{{"name":"t{i}"}}"#)).collect();
        format!(r#"{{"tools":[{}]}}"#, tools.join(","))
    };
    ToolList::read(&parse(&many(TOOLS_MAX))).unwrap();
    let error = ToolList::read(&parse(&many(TOOLS_MAX + 1))).unwrap_err().code();
    assert_eq!(error, "message.too_long");
}

#[test]
fn cancellations_and_progress_name_requests_by_their_ids() {
    let params = parse(r#"{"requestId":"\u0061","reason":"tired"}"#);
    let cancelled = Cancelled::read(Some(&params)).unwrap();
    assert_eq!(cancelled.request_id.as_str(), Some("a"));
    assert_eq!(cancelled.reason.as_deref(), Some("tired"));
    for (text, code) in [
        ("{}", "message.missing_member"),
        (r#"{"requestId":null}"#, "message.wrong_type"),
        (r#"{"requestId":1,"reason":2}"#, "message.wrong_type"),
        (r#"{"requestId":1,"x":2}"#, "message.unknown_member"),
    ] {
        assert_eq!(Cancelled::read(Some(&parse(text))).unwrap_err().code(), code, "{text}");
    }
    let params = parse(r#"{"_meta":{"progressToken":7}}"#);
    assert_eq!(request_token(Some(&params)).unwrap().unwrap().as_i64(), Some(7));
    assert_eq!(request_token(Some(&parse("{}"))).unwrap(), None);
    assert_eq!(request_token(None).unwrap(), None);
    request_token(Some(&parse(r#"{"_meta":{"progressToken":[]}}"#))).unwrap_err();
    request_token(Some(&parse(r#"{"_meta":1}"#))).unwrap_err();
    let params = parse(r#"{"progressToken":"t","progress":1}"#);
    assert_eq!(progress_token(Some(&params)).unwrap().as_str(), Some("t"));
    progress_token(Some(&parse("{}"))).unwrap_err();
}

#[test]
fn probes_for_newer_revisions_are_recognised() {
    let probes = |text: &str| probe(&Message::parse(text.as_bytes()).unwrap());
    let meta = format!(r#""_meta":{{"{META_PROTOCOL_VERSION}":"2026-07-28"}}"#);
    assert!(probes(r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#));
    assert!(probes(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{{{meta}}}}}"#
    )));
    assert!(probes(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{meta}}}}}"#
    )));
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2026-07-28"}}"#,
        r#"{"jsonrpc":"2.0","method":"server/discover"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    ] {
        assert!(!probes(text), "{text}");
    }
}

#[test]
fn a_retry_names_its_pending_decision_and_says_the_same_besides() {
    let read = |params: &str| {
        let params = parse(params);
        let call = ToolCall::read(Some(&params), V2025_11_25).unwrap();
        (call.pending().map(|id| id.map(str::to_owned)), call.besides())
    };
    let named = |id: &str| Ok(Some(id.to_owned()));
    for (params, pending, besides) in [
        (r#"{"name":"t"}"#, Ok(None), "{}"),
        (r#"{"name":"t","_meta":{}}"#, Ok(None), "{}"),
        (r#"{"name":"t","_meta":{"interlock/pending":"x"}}"#, named("x"), "{}"),
        // Whatever the name is written as, it is that name.
        (r#"{"name":"t","_meta":{"interlock\u002fpending":"x"}}"#, named("x"), "{}"),
        (
            r#"{"_meta":{"a": 1.50,"interlock/pending":"","b":"\u0041"},"task":{"ttl": 1},"name":"t"}"#,
            named(""),
            r#"{"_meta":{"a":1.50,"b":"\u0041"},"task":{"ttl": 1}}"#,
        ),
        (
            r#"{"name":"t","_meta":{"nested":{"interlock/pending":"x"}}}"#,
            Ok(None),
            r#"{"_meta":{"nested":{"interlock/pending":"x"}}}"#,
        ),
        (r#"{"name":"t","_meta":{"progressToken":7,"a":1}}"#, Ok(None), r#"{"_meta":{"a":1}}"#),
        (r#"{"name":"t","_meta":{"progressToken":"x"}}"#, Ok(None), "{}"),
        (
            r#"{"name":"t","_meta":{"traceparent":"00-ab-cd-01","tracestate":"a=b","baggage":"c=d","x":1}}"#,
            Ok(None),
            r#"{"_meta":{"x":1}}"#,
        ),
        (
            r#"{"name":"t","_meta":{"traceparent":["x"],"Baggage":"x"}}"#,
            Ok(None),
            r#"{"_meta":{"traceparent":["x"],"Baggage":"x"}}"#,
        ),
        (
            r#"{"name":"t","_meta":{"progressToken":{"to":"x"}}}"#,
            Ok(None),
            r#"{"_meta":{"progressToken":{"to":"x"}}}"#,
        ),
    ] {
        assert_eq!(read(params), (pending, besides.to_owned()), "{params}");
    }
    let error = |params: &str| read(params).0.unwrap_err().kind();
    let wrong = r#"{"name":"t","_meta":{"interlock/pending":7}}"#;
    assert_eq!(error(wrong), crate::ErrorKind::WrongType);
    let other_case = r#"{"name":"t","_meta":{"Interlock/pending":"x"}}"#;
    assert_eq!(error(other_case), crate::ErrorKind::UnknownMember);
}
