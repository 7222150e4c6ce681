//! However a session ends, nothing more is forwarded and every ticket is completed once.

use super::*;

fn told(id: &str, message: &str) -> SessionEffect {
    let code = match message {
        "the server ended" => "server.ended",
        "the node is stopping" => "node.stopping",
        _ => "client.ended",
    };
    let data = format!(r#"{{"code":"{code}"}}"#);
    SessionEffect::Write {
        lane: None,
        to: ToClient,
        line: error(id, -32_003, message, &data).into(),
    }
}

#[test]
fn open_requests_end_as_unknown_when_the_server_ends() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.opens(ToServer, &request(r#""b""#, "ping"), 2);
    play.opens(ToClient, &request("1", "roots/list"), 3);
    let effects = play.session.step(NOW, SessionInput::Closed(ToClient));
    assert_eq!(
        effects,
        [
            SessionEffect::End,
            lost(1, &request("1", "ping")),
            told("1", "the server ended"),
            lost(2, &request(r#""b""#, "ping")),
            told(r#""b""#, "the server ended"),
            unknown(3)
        ]
    );
    assert_eq!(play.session.ended(), Some(&SessionEnd::Server));
    assert_eq!(play.session.step(NOW, SessionInput::End(SessionEnd::Stopped)), [], "it ends once");
}

#[test]
fn a_request_sent_before_the_servers_end_is_answered() {
    let mut play = Play::new();
    assert!(!play.session.answers_after_end(), "it goes on");
    play.session.step(NOW, SessionInput::Closed(ToClient));
    assert!(play.session.answers_after_end());
    let mut after = |line: &str| play.session.answer_after_end(Ok(line.into()));
    assert_eq!(after(&request("1", "initialize")), [told("1", "the server ended")]);
    assert_eq!(after(&request("1", "notifications/unheard-of")), [told("1", "the server ended")]);
    let unreadable = r#"{"jsonrpc":"2.0","id":"a","method":"ping","params":{"x":1,"x":2}}"#;
    assert_eq!(after(unreadable), [told(r#""a""#, "the server ended")]);
    let batch = format!("[{},{}]", request("7", "ping"), request("8", "ping"));
    assert_eq!(after(&batch), [told("7", "the server ended"), told("8", "the server ended")]);
    for silent in [r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, &result("3"), "x"] {
        assert_eq!(after(silent), [], "{silent} asks nothing");
    }
}

#[test]
fn a_client_that_ended_or_was_stopped_gets_no_late_answers() {
    for why in
        [SessionEnd::Client, SessionEnd::Stopped, SessionEnd::Ordered("execution.halted".into())]
    {
        let mut play = Play::new();
        play.session.step(NOW, SessionInput::End(why));
        assert!(!play.session.answers_after_end());
    }
    let mut play = Play::new();
    play.session.step(NOW, SessionInput::Closed(ToServer));
    play.session.step(NOW, SessionInput::Closed(ToClient));
    assert!(!play.session.answers_after_end(), "the client is gone");
}

#[test]
fn when_the_client_ends_its_side_the_server_may_still_answer() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.opens(ToServer, &request("2", "ping"), 2);
    assert_eq!(
        play.session.step(NOW, SessionInput::Closed(ToServer)),
        [SessionEffect::CloseServer]
    );
    assert!(play.session.is_draining() && !play.session.wants(ToServer));
    play.closes(ToClient, &result("1"), 1);
    // A request of the server can no longer be answered: its denial is dropped.
    play.asks(ToClient, &request("9", "roots/list"));
    assert_eq!(play.answer(ToClient, deny()), []);
    assert!(play.session.wants(ToClient));
    assert_eq!(
        play.session.step(NOW, SessionInput::Closed(ToClient)),
        [
            SessionEffect::End,
            lost(2, &request("2", "ping")),
            told("2", "the client ended its side before the server answered")
        ]
    );
    assert_eq!(play.session.ended(), Some(&SessionEnd::Client));
}

#[test]
fn a_client_that_takes_no_writes_gets_none() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.asks(ToServer, &request("2", "ping"));
    assert_eq!(
        play.session.step(NOW, SessionInput::Failed(ToClient, 0)),
        [SessionEffect::End, lost(1, &request("1", "ping"))]
    );
    assert_eq!(play.answer(ToServer, permit(2)), [lost(2, "")]);
}

#[test]
fn a_decision_that_comes_after_the_end_forwards_nothing() {
    for (answer, expected) in [
        (permit(5), vec![lost(5, ""), told("1", "the server ended")]),
        (
            GateAnswer::Refused { code: "refused.storage".into() },
            vec![SessionEffect::Write {
                lane: None,
                to: ToClient,
                line: error(
                    "1",
                    -32_006,
                    "refused.storage: the node can't keep a record of it now; try again later",
                    r#"{"code":"refused.storage"}"#,
                )
                .into(),
            }],
        ),
        (GateAnswer::Stopped(Stop::Node), vec![told("1", "the node is stopping")]),
    ] {
        let mut play = Play::new();
        play.asks(ToServer, &request("1", "ping"));
        play.session.step(NOW, SessionInput::Closed(ToClient));
        assert_eq!(play.answer(ToServer, answer), expected);
        assert!(!play.session.wants(ToServer));
    }
    let mut play = Play::new();
    play.asks(ToClient, &request("1", "roots/list"));
    play.session.step(NOW, SessionInput::End(SessionEnd::Stopped));
    assert_eq!(play.answer(ToClient, permit(5)), [unknown(5)]);
}

#[test]
fn a_stopping_node_ends_the_session_at_a_decision() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.asks(ToServer, &request("2", "ping"));
    assert_eq!(
        play.answer(ToServer, GateAnswer::Stopped(Stop::Node)),
        [
            SessionEffect::End,
            lost(1, &request("1", "ping")),
            told("1", "the node is stopping"),
            told("2", "the node is stopping")
        ]
    );
    assert_eq!(play.session.ended(), Some(&SessionEnd::Stopped));
}

#[test]
fn a_result_whose_completion_was_not_sequenced_is_not_forwarded() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.line(ToClient, &result("1"));
    assert_eq!(
        play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Stopped)),
        [SessionEffect::End, told("1", "the node is stopping")]
    );

    let mut play = Play::new();
    play.opens(ToClient, &request("1", "roots/list"), 1);
    play.asks(ToServer, &result("1"));
    play.answer(ToServer, permit(2));
    assert_eq!(
        play.session.step(NOW, SessionInput::Completed(ToServer, CompletionAnswer::Stopped)),
        [lost(2, ""), SessionEffect::End]
    );

    let mut play = Play::new();
    play.asks(ToServer, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    play.answer(ToServer, permit(1));
    play.session.step(NOW, SessionInput::Written(ToServer));
    assert_eq!(
        play.session.step(NOW, SessionInput::Completed(ToServer, CompletionAnswer::Stopped)),
        [SessionEffect::End]
    );
    assert!(!play.session.wants(ToServer));
}

#[test]
fn a_result_being_completed_at_the_end_reaches_the_client() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    let line = result("1");
    play.line(ToClient, &line);
    assert_eq!(play.session.step(NOW, SessionInput::End(SessionEnd::Server)), [SessionEffect::End]);
    assert_eq!(
        play.session.step(NOW, SessionInput::Completed(ToClient, CompletionAnswer::Forward)),
        [SessionEffect::Write { lane: None, to: ToClient, line: line.into() }]
    );
    // But a client's response does not reach a server that is being stopped.
    let mut play = Play::new();
    play.opens(ToClient, &request("1", "roots/list"), 1);
    play.asks(ToServer, &result("1"));
    play.answer(ToServer, permit(2));
    play.session.step(NOW, SessionInput::End(SessionEnd::Stopped));
    assert_eq!(
        play.session.step(NOW, SessionInput::Completed(ToServer, CompletionAnswer::Forward)),
        [lost(2, "")]
    );
}

#[test]
fn a_tool_list_being_filtered_at_the_end_ends_as_unknown() {
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "tools/list"), 1);
    play.line(ToClient, r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#);
    assert_eq!(
        play.session.step(NOW, SessionInput::End(SessionEnd::Stopped)),
        [
            SessionEffect::End,
            lost(1, &request("1", "tools/list")),
            told("1", "the node is stopping")
        ]
    );
    assert_eq!(play.session.step(NOW, SessionInput::Filtered(vec![])), []);
}

#[test]
fn a_server_that_takes_nothing_more_gets_nothing_more() {
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let mut play = Play::new();
    play.opens(ToServer, &request("1", "ping"), 1);
    play.asks(ToServer, note);
    play.answer(ToServer, permit(2));
    let cut = SessionEffect::CompleteUnknown { ticket: 2, written: Written::Bytes(17) };
    assert_eq!(play.session.step(NOW, SessionInput::Failed(ToServer, 17)), [cut]);
    assert!(play.session.is_draining());
    play.closes(ToClient, &result("1"), 1);

    for line in [note, &request("1", "ping")] {
        let mut play = Play::new();
        play.asks(ToServer, line);
        assert_eq!(play.session.step(NOW, SessionInput::Failed(ToServer, 0)), []);
        let mut effects = play.answer(ToServer, permit(7));
        effects.extend(play.session.step(NOW, SessionInput::Closed(ToClient)));
        assert_eq!(written(&effects, ToServer), [] as [&str; 0]);
        assert_eq!(effects.iter().filter(|effect| **effect == lost(7, "")).count(), 1);
        assert_eq!(play.session.ended(), Some(&SessionEnd::Server));
    }
}

#[test]
fn order_during_a_decision_ends_the_session_as_an_order() {
    let mut play = Play::new();
    play.asks(ToServer, &request("1", "ping"));
    let stop = Stop::Ordered { code: "execution.halted".into() };
    let effects = play.answer(ToServer, GateAnswer::Stopped(stop));
    assert!(effects.contains(&SessionEffect::End), "{effects:?}");
    assert!(!effects.contains(&told("1", "the node is stopping")), "{effects:?}");
    assert_eq!(play.session.ended(), Some(&SessionEnd::Ordered("execution.halted".into())));
}
