//! What a client asked and has no answer to, as its own end of a connection sees it.
//!
//! A node that is killed answers nobody. The process that carries the session's bytes goes on, and answers in its place:
//! a client never waits for an answer that can't come any more.

use std::collections::BTreeMap;

use wire::jsonrpc::{Id, Outline, Outliner, error_response};

use crate::ErrorNumber;
use crate::limits::UNANSWERED_MAX;

/// The code of an error for what a node did not answer before it ended.
const NODE_ENDED: &str = "node.ended";

/// The requests of one client that have no answer yet. Nothing is decided by it.
#[derive(Debug, Default)]
pub struct Unanswered {
    open: BTreeMap<String, Id>,
    asked: Lines,
    answered: Lines,
}

impl Unanswered {
    /// Takes bytes that go from the client to the node, before they go.
    pub fn ask(&mut self, bytes: &[u8]) {
        for line in self.asked.push(bytes) {
            let ids = match line {
                Outline::Request(id) => vec![id],
                Outline::Batch(ids) => ids,
                _ => continue,
            };
            // What a client asks beyond that, the node has refused or will.
            let room = UNANSWERED_MAX.saturating_sub(self.open.len());
            self.open.extend(ids.into_iter().take(room).map(|id| (id.raw().to_owned(), id)));
        }
    }

    /// Takes bytes that come from the node to the client.
    pub fn answer(&mut self, bytes: &[u8]) {
        for line in self.answered.push(bytes) {
            if let Outline::Response(id) = line {
                self.open.remove(id.raw());
            }
        }
    }

    /// Whether every request has its answer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// An error for each request that is open, as lines, after the end of a line that the node did not finish.
    #[must_use]
    pub fn errors(&self) -> Vec<u8> {
        let unfinished = (!self.answered.is_between_lines).then_some(b'\n');
        let message =
            "the node ended before it answered: whether the call was carried out is not known";
        let errors = self.open.values().flat_map(|id| {
            let mut line = ended(id, message);
            line.push(b'\n');
            line
        });
        unfinished.into_iter().chain(errors).collect()
    }
}

fn ended(id: &Id, message: &str) -> Vec<u8> {
    let data = format!(r#"{{"code":"{NODE_ENDED}"}}"#);
    let data = wire::json::Value::parse(data.as_bytes()).ok();
    error_response(id, ErrorNumber::Ended.number(), message, data.as_ref())
}

/// Lines that come in parts.
#[derive(Debug)]
struct Lines {
    line: Outliner,
    is_between_lines: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self { line: Outliner::new(), is_between_lines: true }
    }
}

impl Lines {
    /// The outlines of the lines that end in these bytes.
    fn push(&mut self, bytes: &[u8]) -> Vec<Outline> {
        let mut outlines = Vec::new();
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.line.push(part);
            if parts.peek().is_some() {
                outlines.push(std::mem::take(&mut self.line).finish());
                self.is_between_lines = true;
            } else if !part.is_empty() {
                self.is_between_lines = false;
            }
        }
        outlines
    }
}

#[cfg(test)]
mod tests;
