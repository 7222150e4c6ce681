//! What a node writes to a client, held against what must come.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::lines::Want;

/// A line of the node, as far as every reader of JSON takes it alike: what a server says may hold
/// whatever has one meaning.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    jsonrpc: String,
    id: Option<Value>,
    method: Option<String>,
    params: Option<IgnoredAny>,
    result: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

/// What a line of the node is.
#[derive(Debug)]
pub(super) enum Message {
    /// The server asks for something.
    Request { id: Value, method: String },
    /// It says something.
    Notification,
    /// An answer.
    Answer { id: Value, answer: Answer },
}

#[derive(Debug)]
pub(super) enum Answer {
    Result,
    /// The server's own error.
    ServerError,
    /// The gateway's error.
    Own(OwnError),
}

/// An error of the gateway's.
#[derive(Debug, Default)]
pub(super) struct OwnError {
    pub(super) number: i64,
    pub(super) code: String,
    pub(super) kind: String,
    pub(super) side: String,
    /// The decision's record.
    pub(super) index: Option<u64>,
}

/// The gateway's number for what a session's end leaves unanswered.
const ENDED: i64 = -32_003;
/// For what is not answered in time.
const OVERDUE: i64 = -32_007;
/// For what can't be passed on, or was not decided.
const REFUSED: i64 = -32_006;

/// What a line of the node is; what is wrong with it, where it is no message.
pub(super) fn read(line: &str) -> Result<Message, String> {
    let shown = || line.chars().take(400).collect::<String>();
    let written: Written =
        serde_json::from_str(line).map_err(|why| format!("no message: {why}: {}", shown()))?;
    let has = (written.params.is_some(), written.result.is_some(), written.error.is_some());
    match (written.jsonrpc.as_str(), written.id, written.method, has) {
        ("2.0", Some(id), Some(method), (_, false, false)) => Ok(Message::Request { id, method }),
        ("2.0", None, Some(_), (_, false, false)) => Ok(Message::Notification),
        ("2.0", Some(id), None, (false, true, false)) => {
            Ok(Message::Answer { id, answer: Answer::Result })
        }
        ("2.0", Some(id), None, (false, false, true)) => {
            Ok(Message::Answer { id, answer: error_of(line) })
        }
        _ => Err(format!("no kind of message: {}", shown())),
    }
}

fn error_of(line: &str) -> Answer {
    let Ok(mut whole) = serde_json::from_str::<Value>(line) else { return Answer::ServerError };
    let error = whole["error"].take();
    let text_of = |name: &str| error["data"][name].as_str().unwrap_or_default().to_owned();
    let number = error["code"].as_i64().unwrap_or_default();
    let message = error["message"].as_str().unwrap_or_default();
    let is_probe = message.starts_with("no such method: ");
    match !text_of("code").is_empty() || number == ENDED || is_probe {
        true => Answer::Own(OwnError {
            number,
            code: text_of("code"),
            kind: text_of("kind"),
            side: text_of("side"),
            index: error["data"]["index"].as_u64(),
        }),
        false => Answer::ServerError,
    }
}

impl OwnError {
    /// The session's end is the answer.
    pub(super) fn is_end(&self) -> bool {
        self.number == ENDED
    }

    /// What may come in the place of any answer, and is not the session's doing: the node was asked
    /// for more than it could do, an officer has ended the execution, or the server was too slow on
    /// a busy machine.
    pub(super) fn is_none_of_the_sessions(&self) -> bool {
        self.code == "refused.overload" || self.code.starts_with("execution.") || self.is_deadline()
    }

    /// The server did not answer in time.
    pub(super) fn is_deadline(&self) -> bool {
        self.number == OVERDUE && self.code == "server.deadline"
    }

    pub(super) fn is_unpassable(&self) -> bool {
        self.number == REFUSED && self.side == "server"
    }
}

impl Answer {
    /// Whether it, which is this line, is what must come.
    pub(super) fn is(&self, want: &Want, line: &str) -> bool {
        match (want, self) {
            (Want::Result(marker), Answer::Result)
            | (Want::ServerError(marker), Answer::ServerError) => line.contains(marker.as_str()),
            (Want::Unpassable, Answer::Own(error)) => error.is_unpassable(),
            (Want::Denied(code), Answer::Own(error)) => {
                error.code == *code && error.index.is_some()
            }
            (Want::Refused(kind), Answer::Own(error)) => {
                error.code == "refused.input"
                    && error.side == "client"
                    && kind.as_ref().is_none_or(|kind| *kind == error.kind)
            }
            (Want::Silence, Answer::Own(error)) => error.is_deadline(),
            (Want::Answer | Want::AnswerOrEnd | Want::Perhaps, _) => true,
            _ => false,
        }
    }
}

/// What the log must say of an answer.
#[derive(Debug, Clone)]
pub(super) enum Said {
    /// The decision at this place, with this code.
    Decision { index: u64, code: String },
    /// The call ended with this line, by its digest.
    Line(u64),
}

/// What the log must say of this answer, which was this line; none where nothing was decided, or
/// the session's end cut it off.
pub(super) fn said(answer: &Answer, line: &str) -> Option<Said> {
    match answer {
        Answer::Own(error) => match error.index {
            Some(index) => Some(Said::Decision { index, code: error.code.clone() }),
            None => error.is_unpassable().then(|| Said::Line(digest(line.as_bytes()))),
        },
        Answer::Result | Answer::ServerError => Some(Said::Line(digest(line.as_bytes()))),
    }
}

/// A short name of a line: to keep all of them would take too much memory.
pub(super) fn digest(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}
