use super::*;

fn errors(unanswered: &Unanswered) -> String {
    String::from_utf8(unanswered.errors()).unwrap()
}

#[test]
fn each_open_request_gets_an_error_under_its_own_id() {
    let mut unanswered = Unanswered::default();
    unanswered.record_client_bytes(
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n{\"jsonrpc\":\"2.0\",\"id\":\"b",
    );
    unanswered.record_client_bytes(
        b"\",\"method\":\"tools/call\"}\r\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n",
    );
    unanswered.record_node_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"resu");
    assert!(errors(&unanswered).contains("\"id\":1,"), "half an answer is none");
    unanswered.record_node_bytes(b"lt\":{}}\n");
    let told = errors(&unanswered);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(
        told.starts_with("{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"error\":{\"code\":-32003,"),
        "{told}"
    );
    assert!(told.contains("\"data\":{\"code\":\"node.ended\"}"), "{told}");
    unanswered.record_node_bytes(
        b"{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"error\":{\"code\":1,\"message\":\"no\"}}\n",
    );
    assert!(unanswered.is_empty() && errors(&unanswered).is_empty());
}

#[test]
fn an_error_stands_on_a_line_of_its_own() {
    let mut unanswered = Unanswered::default();
    unanswered.record_client_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\n");
    unanswered.record_node_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":7");
    assert!(errors(&unanswered).starts_with("\n{\"jsonrpc\":\"2.0\",\"id\":7,"));
}

#[test]
fn a_request_that_the_client_cancels_is_not_awaited() {
    let mut unanswered = Unanswered::default();
    unanswered.record_client_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\"}\n");
    let of = |id: &str| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{{\"requestId\":{id}}}}}\r\n"
        )
    };
    unanswered.record_client_bytes(of("8").as_bytes());
    assert!(!unanswered.is_empty());
    unanswered.record_client_bytes(of("7.0").as_bytes());
    assert!(unanswered.is_empty(), "an id is its value, however it is written");
}

#[test]
fn server_requests_and_client_answers_are_not_awaited() {
    let mut unanswered = Unanswered::default();
    unanswered.record_node_bytes(
        b"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"sampling/createMessage\"}\n",
    );
    unanswered.record_client_bytes(b"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}\n");
    assert!(unanswered.is_empty());
}

#[test]
fn the_number_of_remembered_requests_is_bounded() {
    let mut unanswered = Unanswered::default();
    for id in 0..=UNANSWERED_MAX {
        unanswered.record_client_bytes(
            format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n").as_bytes(),
        );
    }
    assert_eq!(errors(&unanswered).lines().count(), UNANSWERED_MAX);
}
