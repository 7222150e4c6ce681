//! What an agent's client writes: lines of every kind, each with what must come of it.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::shapes::{self, Outcome};
use super::site::Kind;
use crate::random::Random;

/// What must come of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Want {
    /// The server's result, which holds this text.
    Result(String),
    /// The server's error, which holds this text.
    ServerError(String),
    /// An error in the place of the server's answer.
    Unpassable,
    /// Denied, with this code.
    Denied(&'static str),
    /// Refused without a decision, for this kind of reason where one is named.
    Refused(Option<String>),
    /// An error, once the server had its time.
    Silence,
    /// Any answer.
    Answer,
    /// Any answer, or the session's end.
    AnswerOrEnd,
    /// Perhaps an answer.
    Perhaps,
}

/// What a line does to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Never,
    /// It may end it.
    May,
    /// It ends it by the client's own fault.
    OfClient,
    /// It has the server end it.
    OfServer,
}

/// A line without its end, and what must come of it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    /// The requests in it: each id, and what it must get.
    pub(super) asks: Vec<(Value, Want)>,
    pub(super) ends: Ends,
    /// The request that it cancels.
    pub(super) cancels: Option<Value>,
    /// What it says was changed at random, so that its ids may be others.
    pub(super) is_wild: bool,
}

impl Line {
    fn plain(bytes: impl Into<Vec<u8>>) -> Line {
        let bytes = bytes.into();
        Line { bytes, asks: Vec::new(), ends: Ends::Never, cancels: None, is_wild: false }
    }

    fn asking(bytes: impl Into<Vec<u8>>, id: Value, want: Want) -> Line {
        Line { asks: vec![(id, want)], ..Line::plain(bytes) }
    }

    fn ending(self, ends: Ends) -> Line {
        Line { ends, ..self }
    }
}

/// What of the session a line may speak of.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Requests that wait for their answers, and would for some time.
    pub(super) open: Vec<Value>,
    /// Requests that were answered.
    pub(super) answered: Vec<Value>,
    /// What the server asks: id and method.
    pub(super) asked: Option<(Value, String)>,
}

/// Makes the lines of one session.
pub(super) struct Lines {
    random: Random,
    kind: Kind,
    /// Begins each id and each marker, so that none is another session's.
    session: u64,
    count: u64,
    root: String,
}

impl Lines {
    pub(super) fn new(random: Random, kind: Kind, session: u64, root: &Path) -> Lines {
        let root = root.display().to_string();
        Lines { random, kind, session, count: 0, root }
    }

    /// A request that is denied at once: once it is answered, all that came before it was looked
    /// at.
    pub(super) fn sentinel(&mut self) -> Line {
        self.count += 1;
        self.unknown_tool()
    }

    /// The next line.
    pub(super) fn next(&mut self, known: &Known) -> Line {
        self.count += 1;
        if let Some((id, method)) = &known.asked {
            return self.answer(id, method);
        }
        let faults = if self.kind == Kind::Raw { 12 } else { 1 };
        match self.random.below(1000) {
            0..480 => self.call(),
            480..540 => self.malformed(),
            540..580 => self.forbidden(),
            580..610 => self.unknown_tool(),
            610..670 => self.protocol(),
            670..710 => self.unknown_method(),
            710..720 => self.probe(),
            720..800 => self.odd_json(),
            800..830 => self.repeated_id(known),
            830..870 => self.notification(),
            870..900 => self.cancellation(known.open.first()),
            900..920 => self.cancellation(None),
            920..940 => self.response_to_nothing(),
            940..960 => self.says_nothing(),
            960..975 => self.batch(),
            975..985 => self.broken_frame(),
            at if at < 985 + faults => self.fault(known),
            _ => self.call(),
        }
    }

    /// An id that is written in one way only.
    fn plain_id(&self) -> Value {
        json!(format!("id-{}", self.session * 1_000_000 + self.count))
    }

    fn id(&mut self) -> Value {
        let number = self.session * 1_000_000 + self.count;
        match self.random.below(4) {
            0 => json!(number),
            1 => json!(-i64::try_from(number).unwrap()),
            2 => json!(format!("{number}/é\u{2028}\"")),
            _ => self.plain_id(),
        }
    }

    /// A request's text. Names and values that policy must not see differently are as they are; the
    /// rest varies.
    fn request(&mut self, id: &Value, method: &str, params: &str) -> Vec<u8> {
        // A raw U+2028 is no part of a request.
        let id = id.to_string().replace('\u{2028}', "\\u2028");
        let members = [
            r#""jsonrpc":"2.0""#.to_owned(),
            format!(r#""id":{id}"#),
            format!(r#""method":"{method}""#),
            format!(r#""params":{params}"#),
        ];
        let turn = usize::try_from(self.random.below(4)).unwrap();
        let space = self.random.one_of(["", " ", "  "]);
        let turned: Vec<&str> =
            members.iter().cycle().skip(turn).take(4).map(String::as_str).collect();
        format!("{{{space}{}{space}}}", turned.join(&format!("{space},"))).into_bytes()
    }

    fn tool_call(&mut self, id: &Value, name: &str, arguments: &str) -> Vec<u8> {
        let meta = match self.random.below(4) {
            0 => format!(r#","_meta":{{"progressToken":"token-{}"}}"#, self.count),
            // Servers made with the SDK of TypeScript never answer a message that has it.
            1 if self.kind == Kind::Raw => r#","_meta":null"#.to_owned(),
            _ => String::new(),
        };
        let params = format!(r#"{{"name":"{name}","arguments":{arguments}{meta}}}"#);
        self.request(id, "tools/call", &params)
    }

    fn marker(&self, tool: &str) -> String {
        let found = if tool == "find" { "FOUND-" } else { "" };
        format!("{found}marker-{}-{}", self.session, self.count)
    }

    /// A good call of a tool that the server has.
    fn call(&mut self) -> Line {
        let id = self.id();
        if self.kind == Kind::Raw {
            return self.raw_call(id);
        }
        let (tool, arguments, text) = self.good_call();
        Line::asking(self.tool_call(&id, tool, &arguments.to_string()), id, Want::Result(text))
    }

    fn raw_call(&mut self, id: Value) -> Line {
        let tool = self.random.one_of(["note", "note", "note", "bind", "look", "find"]);
        let (shape, outcome) = shapes::draw(&mut self.random);
        let marker = self.marker(tool);
        let arguments = json!({"marker": marker, "shape": shape}).to_string();
        let line =
            Line::asking(self.tool_call(&id, tool, &arguments), id.clone(), outcome.want(&marker));
        match outcome {
            Outcome::Unclear => line.ending(Ends::May),
            Outcome::End => line.ending(Ends::OfServer),
            _ => line,
        }
    }

    /// A tool of a server that other people wrote, its arguments, and what its result holds.
    fn good_call(&mut self) -> (&'static str, Value, String) {
        let marker = self.marker("");
        let file = format!("drafts/{}.txt", self.random.below(8));
        match self.kind {
            Kind::Office => match self.random.below(2) {
                0 => ("write_file", json!({"path": file, "text": marker}), String::new()),
                _ => ("read_file", json!({"path": "notes/x.md"}), String::new()),
            },
            Kind::Files => {
                let root = &self.root;
                match self.random.below(3) {
                    0 => ("list_directory", json!({"path": root}), String::new()),
                    1 => ("get_file_info", json!({"path": root}), String::new()),
                    _ => ("read_text_file", json!({"path": format!("{root}/none")}), String::new()),
                }
            }
            Kind::Memory => match self.random.below(3) {
                0 => {
                    let name = format!("entity {}", self.random.below(20));
                    let entity =
                        json!({"name": name, "entityType": "x", "observations": ["é\u{7}"]});
                    ("create_entities", json!({"entities": [entity]}), String::new())
                }
                1 => ("search_nodes", json!({"query": "entity"}), String::new()),
                _ => ("read_graph", json!({}), String::new()),
            },
            Kind::Everything | Kind::Raw => match self.random.below(20) {
                0..10 => ("echo", json!({"message": marker}), marker),
                10..14 => ("get-sum", json!({"a": 1, "b": 2}), "3".to_owned()),
                14 => ("get-tiny-image", json!({}), String::new()),
                15..19 => ("get-structured-content", json!({"location": "Chicago"}), String::new()),
                _ => (
                    "trigger-long-running-operation",
                    json!({"duration": 1, "steps": 2}),
                    String::new(),
                ),
            },
        }
    }

    /// Arguments that the schema does not allow.
    fn malformed(&mut self) -> Line {
        let id = self.id();
        let (tool, declared) = match self.kind {
            Kind::Raw => ("note", "marker"),
            Kind::Office | Kind::Files => {
                (if self.kind == Kind::Office { "read_file" } else { "get_file_info" }, "path")
            }
            Kind::Everything => ("echo", "message"),
            Kind::Memory => return self.forbidden(),
        };
        let arguments = match self.random.below(6) {
            0 => "{}".to_owned(),
            1 => format!(r#"{{"{declared}":7}}"#),
            2 => format!(r#"{{"{declared}":null}}"#),
            3 => format!(r#"{{"{declared}":["x"],"more":{{}}}}"#),
            4 => format!(r#"{{"{declared}":{{"a":1.5e3}}}}"#),
            _ => format!(r#"{{"{declared}":true,"shape":"valid"}}"#),
        };
        let bytes = self.tool_call(&id, tool, &arguments);
        Line::asking(bytes, id, Want::Denied("request.malformed"))
    }

    fn forbidden(&mut self) -> Line {
        let id = self.id();
        let (tool, arguments) = match self.kind {
            Kind::Raw => ("note", json!({"marker": "forbidden-x", "shape": "valid"})),
            Kind::Office => ("read_file", json!({"path": "secret"})),
            Kind::Files => ("get_file_info", json!({"path": "/a/secret"})),
            Kind::Memory | Kind::Everything => return self.unknown_tool(),
        };
        let bytes = self.tool_call(&id, tool, &arguments.to_string());
        Line::asking(bytes, id, Want::Denied("policy.denied"))
    }

    fn unknown_tool(&mut self) -> Line {
        let id = self.id();
        let tool =
            self.random.one_of(["no-such-tool", "Note", "n\u{f6}te", "note ", "delete_entities"]);
        Line::asking(self.tool_call(&id, tool, "{}"), id, Want::Denied("tool.unknown"))
    }

    fn protocol(&mut self) -> Line {
        let id = self.id();
        let methods = ["ping", "ping", "tools/list", "resources/list", "prompts/list"];
        let method = self.random.one_of(methods);
        let params = match self.random.below(3) {
            0 if self.kind == Kind::Raw => "null",
            1 => r#"{"_meta":{"x":[1.0]}}"#,
            _ => "{}",
        };
        // What a server says to what it can't do is its own affair.
        Line::asking(self.request(&id, method, params), id, Want::Answer)
    }

    fn unknown_method(&mut self) -> Line {
        let id = self.id();
        match self.random.below(3) {
            0 => {
                let bytes = self.request(&id, "sampling/createMessage", "{}");
                let kind = Some("session.misplaced_method".to_owned());
                Line::asking(bytes, id, Want::Refused(kind))
            }
            1 => {
                let bytes = self.request(&id, "no/such/method", r#"{"x":[null,-0.0,1e-400]}"#);
                Line::asking(bytes, id, Want::Denied("tool.unknown"))
            }
            _ => {
                let bytes = self.request(&id, "resources/subscribe", r#"{"uri":"x:y"}"#);
                Line::asking(bytes, id, Want::Denied("tool.unknown"))
            }
        }
    }

    fn probe(&mut self) -> Line {
        let id = self.id();
        Line::asking(self.request(&id, "server/discover", "{}"), id, Want::Answer)
    }

    /// A call that holds one of the nasty texts of `wire`.
    fn odd_json(&mut self) -> Line {
        let at = usize::try_from(self.random.below(CORPUS.len() as u64)).unwrap();
        let (code, text) = &CORPUS[at];
        let id = self.plain_id();
        let (tool, marker) = match self.kind {
            Kind::Raw => ("bind", self.marker("bind")),
            _ => ("no-such-tool", String::new()),
        };
        let before = format!(r#"{{"marker":"{marker}","shape":"valid","odd":"#);
        let place = "\u{1}";
        let whole = self.tool_call(&id, tool, &format!("{before}{place}}}"));
        let (head, tail) = whole.split_at(whole.iter().position(|byte| *byte == 1).unwrap());
        let bytes = [head, text, &tail[1..]].concat();
        let depth = text.iter().filter(|byte| b"[{".contains(byte)).count();
        let keeps_its_outline = [
            "json.duplicate_key",
            "json.reserved_key",
            "json.number_not_finite",
            "json.nul",
            "json.surrogate",
            "json.line_separator",
        ];
        if code == "ok" && depth < 40 {
            let want = match self.kind {
                Kind::Raw => Want::Result(marker),
                _ => Want::Denied("tool.unknown"),
            };
            return Line::asking(bytes, id, want);
        }
        if keeps_its_outline.contains(&code.as_str()) {
            return Line::asking(bytes, id, Want::Refused(Some(code.clone())));
        }
        // It may be whole for some reader, and its lines may be two: who asked is told, or the
        // session ends.
        if self.kind != Kind::Raw && self.random.below(8) > 0 {
            return self.call();
        }
        let line = Line::asking(bytes, id, Want::AnswerOrEnd).ending(Ends::May);
        Line { is_wild: true, ..line }
    }

    /// The id of a request that was answered may come again.
    fn repeated_id(&mut self, known: &Known) -> Line {
        match known.answered.last() {
            Some(id) => {
                let id = id.clone();
                let bytes = self.tool_call(&id, "no-such-tool", "{}");
                Line::asking(bytes, id, Want::Denied("tool.unknown"))
            }
            None => self.call(),
        }
    }

    fn notification(&mut self) -> Line {
        let token = format!(r#"{{"progressToken":"token-{}","progress":1}}"#, self.count);
        let (method, params) = match self.random.below(4) {
            0 => ("notifications/progress", token.as_str()),
            1 => ("notifications/roots/list_changed", "{}"),
            2 => ("notifications/no-such", r#"{"a":[1e3]}"#),
            _ => ("notifications/initialized", "null"),
        };
        Line::plain(format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#))
    }

    fn cancellation(&mut self, open: Option<&Value>) -> Line {
        let id = open.cloned().unwrap_or_else(|| json!(format!("never-asked-{}", self.count)));
        let shown = id.to_string().replace('\u{2028}', "\\u2028");
        let reason = self.random.one_of([r#","reason":"no more""#, r#","reason":null"#, ""]);
        let params = format!(r#"{{"requestId":{shown}{reason}}}"#);
        let line = Line::plain(format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{params}}}"#
        ));
        Line { cancels: open.cloned(), ..line }
    }

    fn response_to_nothing(&mut self) -> Line {
        let outcome = self.random.one_of([
            r#""result":{}"#,
            r#""error":{"code":-1,"message":"x"}"#,
            r#""result":[]"#,
            r#""result":{"a":1,"a":2}"#,
        ]);
        Line::plain(format!(r#"{{"jsonrpc":"2.0","id":"nothing-{}",{outcome}}}"#, self.count))
    }

    /// What the server asks is answered in some way, once or twice: calls of a server that waits
    /// for its client wait with it.
    pub(super) fn answer(&mut self, id: &Value, method: &str) -> Line {
        let good = match method {
            "roots/list" => r#"{"roots":[]}"#,
            _ => "{}",
        };
        let outcome = match self.random.below(12) {
            0 => r#""result":{"a":1,"A":2}"#.to_owned(),
            1 => r#""result":[7]"#.to_owned(),
            2 => r#""error":{"code":-32601,"message":"no such method"}"#.to_owned(),
            3 => r#""error":{"code":1.5,"message":null}"#.to_owned(),
            _ => format!(r#""result":{good}"#),
        };
        let line = format!(r#"{{"jsonrpc":"2.0","id":{id},{outcome}}}"#);
        Line::plain(match self.random.below(10) {
            0 => format!("{line}\n{line}"),
            _ => line,
        })
    }

    fn says_nothing(&mut self) -> Line {
        Line::plain(self.random.one_of([
            "",
            "   ",
            "\r",
            "hello",
            "GET / HTTP/1.1",
            "\u{fffd}",
            "7",
        ]))
    }

    fn batch(&mut self) -> Line {
        let (first, second) = (self.id(), json!(format!("second-{}-{}", self.session, self.count)));
        let refused = || Want::Refused(Some("message.batch".to_owned()));
        let requests = [self.request(&first, "ping", "{}"), self.request(&second, "ping", "{}")];
        let bytes = [b"[", &requests.join(&b","[..])[..], b"]"].concat();
        Line { asks: vec![(first, refused()), (second, refused())], ..Line::plain(bytes) }
    }

    /// A carriage return within, or a line that is too long: now and then, since it takes time to
    /// write.
    fn broken_frame(&mut self) -> Line {
        let id = self.id();
        let mut bytes = self.request(&id, "ping", "{}");
        let kind = match self.random.below(40) {
            0 => {
                let long = format!(r#"{{"x":"{}"}}"#, "x".repeat(9 * 1024 * 1024));
                bytes = self.request(&id, "ping", &long);
                "frame.too_long"
            }
            1..20 => {
                bytes.push(b'\r');
                return Line::asking(bytes, id, Want::Answer);
            }
            _ => {
                let at = bytes.iter().position(|byte| *byte == b'{').unwrap();
                bytes.insert(at + 1, b'\r');
                "frame.carriage_return"
            }
        };
        Line::asking(bytes, id, Want::Refused(Some(kind.to_owned())))
    }

    /// What ends the session, or may.
    fn fault(&mut self, known: &Known) -> Line {
        let id = self.id();
        let good = String::from_utf8(self.request(&id, "ping", "{}")).unwrap();
        let shown = id.to_string().replace('\u{2028}', "\\u2028");
        let with = |other: &str| good.replace(&format!(r#""id":{shown}"#), other);
        match self.random.below(10) {
            0 => Line::plain(with(r#""id":null"#)).ending(Ends::OfClient),
            1 => Line::plain(with(r#""id":1.5"#)).ending(Ends::OfClient),
            2 => Line::plain(with(r#""id":{}"#)).ending(Ends::OfClient),
            3 => Line::plain(with(&format!(r#""id":{shown},"id":7"#))).ending(Ends::OfClient),
            4 => Line::plain(good.trim_end_matches('}')).ending(Ends::OfClient),
            5 => Line::plain(format!("{good} {good}")).ending(Ends::OfClient),
            6 => match known.open.first() {
                Some(open) => {
                    let bytes = self.request(open, "ping", "{}");
                    let line = Line::asking(bytes, open.clone(), Want::Perhaps).ending(Ends::May);
                    Line { is_wild: true, ..line }
                }
                None => self.call(),
            },
            _ => self.changed(),
        }
    }

    /// A good call with some of its bytes changed.
    fn changed(&mut self) -> Line {
        let id = self.plain_id();
        let mut bytes = self.tool_call(&id, "no-such-tool", r#"{"a":[1,"x"]}"#);
        for _ in 0..=self.random.below(3) {
            let at = usize::try_from(self.random.below(bytes.len() as u64)).unwrap();
            match self.random.below(3) {
                0 => bytes[at] = u8::try_from(self.random.below(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, self.random.one_of(*b"\"\\{}[],:\r\n\0 ")),
            }
        }
        let line = Line::asking(bytes, id, Want::Perhaps).ending(Ends::May);
        Line { is_wild: true, ..line }
    }
}

/// Each text of `wire`'s corpus with its code.
static CORPUS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wire/tests/corpus/texts.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let split = lines.map(|line| line.split_once(' ').unwrap());
    split.map(|(code, text)| (code.to_owned(), unescape(text))).collect()
});

fn unescape(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (hex, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(hex, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}
