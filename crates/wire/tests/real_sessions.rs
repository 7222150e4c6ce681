//! What real clients and servers write is accepted, line by line, and each message is what it was
//! meant to be.

use std::collections::BTreeMap;
use std::path::Path;

use interlock_wire::frame::Lines;
use interlock_wire::json::Accept;
use interlock_wire::jsonrpc::{Id, Message, Outcome};
use interlock_wire::limits::LINE_BYTES_MAX;
use interlock_wire::mcp::{Initialize, Method, Party, Revision, ToolCall, ToolList, probe};

#[test]
fn the_python_client_probes_and_falls_back() {
    let session = read("python-mcp-2.3.0.txt");
    assert_eq!(
        session.methods,
        [
            "server/discover",
            "initialize",
            "notifications/initialized",
            "tools/list",
            "tools/call read_text_file",
            "tools/call nope",
            "ping",
        ]
    );
    assert_eq!((session.probes, session.tools), (1, 2));
}

#[test]
fn a_session_of_the_node_client_has_calls_in_both_directions() {
    let session = read("node-sdk-1.32.2.txt");
    assert_eq!(
        session.methods,
        [
            "initialize",
            "notifications/initialized",
            "roots/list",
            "tools/list",
            "tools/call read_text_file",
            "tools/call directory_tree",
            "notifications/cancelled",
            "ping",
        ]
    );
    assert_eq!((session.probes, session.tools), (0, 2));
}

#[derive(Default)]
struct Session {
    methods: Vec<String>,
    probes: usize,
    tools: usize,
}

#[cfg(test)]
fn read(name: &str) -> Session {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/sessions").join(name);
    let text = std::fs::read(file).unwrap();
    let mut lines = Lines::new(LINE_BYTES_MAX);
    let read: Vec<Vec<u8>> = lines.push(&text).into_iter().map(Result::unwrap).collect();
    lines.finish().unwrap();
    let mut session = Session::default();
    let mut open: BTreeMap<(Party, Id), String> = BTreeMap::new();
    for line in read {
        let (sender, accept) = match line[0] {
            b'>' => (Party::Client, Accept::Request),
            _ => (Party::Server, Accept::Result),
        };
        let message = Message::parse_with(&line[2..], accept).unwrap();
        session.note(&message, sender, &mut open);
    }
    assert!(open.is_empty(), "unanswered: {open:?}");
    session
}

impl Session {
    #[cfg(test)]
    fn note(
        &mut self,
        message: &Message<'_>,
        sender: Party,
        open: &mut BTreeMap<(Party, Id), String>,
    ) {
        if let Message::Response(response) = message {
            let asker = if sender == Party::Client { Party::Server } else { Party::Client };
            let method = open.remove(&(asker, response.id.clone())).unwrap();
            if let (Outcome::Result(result), "tools/list") = (&response.outcome, &*method) {
                self.tools = ToolList::read(result).unwrap().tools().len();
            }
            return;
        }
        let method = Method::of(message, sender, Revision::LATEST).unwrap();
        self.probes += usize::from(probe(message));
        assert_eq!(matches!(method, Method::Unknown(_)), probe(message), "{method:?}");
        match method {
            Method::CallTool => {
                let call = ToolCall::read(message.params(), Revision::LATEST).unwrap();
                self.methods.push(format!("tools/call {}", call.name));
            }
            Method::Initialize => {
                assert_eq!(
                    Initialize::read(message.params()).unwrap().revision(),
                    Some(Revision::LATEST)
                );
                self.methods.push("initialize".to_owned());
            }
            _ => self.methods.push(method.as_str().to_owned()),
        }
        if let Message::Request(request) = message {
            open.insert((sender, request.id.clone()), request.method.clone());
        }
    }
}
