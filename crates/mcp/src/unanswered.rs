//! What a client asked and has no answer to, as its own end of a connection sees it.
//!
//! A node that is killed answers nobody. The process that carries the session's bytes goes on, and answers in its place:
//! a client never waits for an answer that can't come any more.

use std::collections::BTreeSet;

use wire::json::Accept;
use wire::jsonrpc::{Id, Message, Outline, Outliner};
use wire::mcp::{Cancelled, Method, Party, Revision};

use crate::limits::{SHORT_LINE_BYTES, UNANSWERED_MAX};
use crate::session::node_ended;

/// The requests of one client that have no answer yet. Nothing is decided by it.
#[derive(Debug, Default)]
pub struct Unanswered {
    open: BTreeSet<Id>,
    from_client: LineScanner,
    from_node: LineScanner,
}

impl Unanswered {
    /// Takes bytes that go from the client to the node, before they go.
    pub fn record_client_bytes(&mut self, bytes: &[u8]) {
        let open = &mut self.open;
        self.from_client.push(bytes, |outline, text| match outline {
            Outline::Request(id) => insert_bounded(open, id),
            Outline::Batch(ids) => ids.into_iter().for_each(|id| insert_bounded(open, id)),
            // What is taken back need not be answered.
            Outline::Notification => {
                if let Some(id) = cancelled_request(text) {
                    open.remove(&id);
                }
            }
            _ => {}
        });
    }

    /// Takes bytes that come from the node to the client.
    pub fn record_node_bytes(&mut self, bytes: &[u8]) {
        let open = &mut self.open;
        self.from_node.push(bytes, |outline, _| {
            if let Outline::Response(id) = outline {
                open.remove(&id);
            }
        });
    }

    /// Whether every request has its answer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// An error for each request that is open, as lines, after the end of a line that the node did not finish.
    #[must_use]
    pub fn errors(&self) -> Vec<u8> {
        let unfinished = self.from_node.is_within_a_line.then_some(b'\n');
        let errors = self.open.iter().flat_map(|id| node_ended(id).into_iter().chain([b'\n']));
        unfinished.into_iter().chain(errors).collect()
    }
}

/// What a client asks beyond the limit, the node has refused or will.
fn insert_bounded(open: &mut BTreeSet<Id>, id: Id) {
    if open.len() < UNANSWERED_MAX {
        open.insert(id);
    }
}

/// The request that a notification takes back.
fn cancelled_request(line: &[u8]) -> Option<Id> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let message = Message::parse_with(line, Accept::Request).ok()?;
    let method = Method::of(&message, Party::Client, Revision::LATEST);
    let is_one = method == Some(Method::Cancelled);
    let params = is_one.then(|| Cancelled::read(message.params()).ok()).flatten();
    params.map(|params| params.request_id)
}

/// Lines that come in parts.
#[derive(Debug, Default)]
struct LineScanner {
    line: Outliner,
    /// The line so far, of one that is short: no other is read again.
    text: Vec<u8>,
    is_within_a_line: bool,
}

impl LineScanner {
    /// Tells each line that ends in these bytes: its outline, and its text as far as that is held.
    fn push(&mut self, bytes: &[u8], mut on_line: impl FnMut(Outline, &[u8])) {
        let mut parts = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.line.push(part);
            let room = SHORT_LINE_BYTES.saturating_sub(self.text.len());
            self.text.extend_from_slice(part.get(..room).unwrap_or(part));
            self.is_within_a_line |= !part.is_empty();
            if parts.peek().is_some() {
                on_line(std::mem::take(&mut self.line).finish(), &self.text);
                self.text.clear();
                self.is_within_a_line = false;
            }
        }
    }
}

#[cfg(test)]
mod tests;
