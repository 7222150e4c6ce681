//! A client's requests without an answer, as its own end of the connection sees them.
//!
//! A node that is killed answers no request. The process that carries the session's bytes still
//! runs and answers instead: a client never waits for an answer that can't come.

use std::collections::BTreeSet;

use wire::json::Accept;
use wire::jsonrpc::{Id, Message, Outline, Outliner};
use wire::mcp::{Cancelled, Method, Party, Revision};

use crate::limits::{SHORT_LINE_BYTES, UNANSWERED_MAX};
use crate::session::node_ended;

/// The requests of one client that have no answer yet. No decision depends on it.
#[derive(Debug, Default)]
pub struct Unanswered {
    open: BTreeSet<Id>,
    from_client: LineScanner,
    from_node: LineScanner,
}

impl Unanswered {
    /// Records bytes from the client to the node. Call it before they are sent.
    pub fn record_client_bytes(&mut self, bytes: &[u8]) {
        let open = &mut self.open;
        self.from_client.push(bytes, |outline, text| match outline {
            Outline::Request(id) => insert_bounded(open, id),
            Outline::Batch(ids) => ids.into_iter().for_each(|id| insert_bounded(open, id)),
            // A cancelled request needs no answer.
            Outline::Notification => {
                if let Some(id) = cancelled_request(text) {
                    open.remove(&id);
                }
            }
            _ => {}
        });
    }

    /// Records bytes from the node to the client.
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

    /// An error line for each open request. If the node left a line unfinished, an LF ends it
    /// first.
    #[must_use]
    pub fn errors(&self) -> Vec<u8> {
        let unfinished = self.from_node.is_within_a_line.then_some(b'\n');
        let errors = self.open.iter().flat_map(|id| node_ended(id).into_iter().chain([b'\n']));
        unfinished.into_iter().chain(errors).collect()
    }
}

/// Adds an id up to the limit. The node refuses requests beyond it.
fn insert_bounded(open: &mut BTreeSet<Id>, id: Id) {
    if open.len() < UNANSWERED_MAX {
        open.insert(id);
    }
}

/// The request that a notification cancels.
fn cancelled_request(line: &[u8]) -> Option<Id> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let message = Message::parse_with(line, Accept::Request).ok()?;
    let method = Method::of(&message, Party::Client, Revision::LATEST);
    let is_one = method == Some(Method::Cancelled);
    let params = is_one.then(|| Cancelled::read(message.params()).ok()).flatten();
    params.map(|params| params.request_id)
}

/// Reads outlines of lines that arrive in parts.
#[derive(Debug, Default)]
struct LineScanner {
    line: Outliner,
    /// The start of the line, up to [`SHORT_LINE_BYTES`]. Only short lines are parsed again.
    text: Vec<u8>,
    is_within_a_line: bool,
}

impl LineScanner {
    /// Calls `on_line` for each line that ends in these bytes, with its outline and the stored
    /// start of its text.
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
