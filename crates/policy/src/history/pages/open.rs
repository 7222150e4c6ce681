//! A page that is written as its events come.

use std::fmt::Write as _;
use std::sync::Arc;

use proof::json::{ObjectWriter, write_array, write_string};

use super::{ERROR, HistoryPage, REQUEST, RESPONSE, UNKNOWN};
use crate::history::History;
use crate::history::events::{EventKind, Recorded};
use crate::resolve::frame::EventFrame;

/// Some events of one history that follow one another, written ahead of their page's end.
#[derive(Debug, Clone)]
pub struct OpenPage {
    first: usize,
    end: usize,
    /// The object up to its last event.
    head: String,
    /// The frames of the events, in the order in which they first came. Each is here once, so that
    /// whatever becomes of the history, no other frame takes its place in memory.
    frames: Vec<Arc<EventFrame>>,
    /// The elements of the array of frames.
    frames_text: String,
}

impl OpenPage {
    /// One that begins with the event of this number, and has no event yet.
    #[must_use]
    pub fn new(first: usize) -> Self {
        let mut head = String::new();
        ObjectWriter::begin(&mut head).member("events").push('[');
        Self { first, end: first, head, frames: Vec::new(), frames_text: String::new() }
    }

    /// The first event's number.
    #[must_use]
    pub fn first(&self) -> usize {
        self.first
    }

    /// The number of the event after the last.
    #[must_use]
    pub fn end(&self) -> usize {
        self.end
    }

    /// Adds the events that it lacks of a page of its history, up to the one with which so many
    /// bytes are written.
    pub fn extend(&mut self, history: &History, page: HistoryPage, bytes_max: usize) {
        let before = self.written();
        let events = history.events.all.get(self.end..page.end).unwrap_or_default();
        for event in events {
            if self.written().saturating_sub(before) >= bytes_max {
                return;
            }
            self.add(event);
        }
    }

    /// What [`OpenPage::write`] begins with. Further events are added at its end.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// How many bytes its events and their frames take as they are written.
    #[must_use]
    pub fn written(&self) -> usize {
        self.head.len().saturating_add(self.frames_text.len())
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let frames = self.frames.capacity().saturating_mul(size_of::<Arc<EventFrame>>());
        let texts = self.head.capacity().saturating_add(self.frames_text.capacity());
        size_of::<Self>().saturating_add(texts).saturating_add(frames)
    }

    /// Begins an object at the end of a text with the members of the page: `events`, each
    /// `[at, frame, kind, input]` and of a response with a result that too; then what comes between
    /// by its names; then `frames`, each `[action, principal, resource]` with type, id and
    /// properties of both.
    pub fn write<'t>(
        &self,
        text: &'t mut String,
        between: impl FnOnce(&mut ObjectWriter<'_>),
    ) -> ObjectWriter<'t> {
        text.push_str(&self.head);
        text.push(']');
        let mut members = ObjectWriter::resume(text);
        between(&mut members);
        let frames = members.member("frames");
        frames.push('[');
        frames.push_str(&self.frames_text);
        frames.push(']');
        members
    }

    fn add(&mut self, event: &Recorded) {
        let known = self.frames.iter().rposition(|frame| Arc::ptr_eq(frame, &event.frame));
        let frame = known.unwrap_or_else(|| self.add_frame(&event.frame));
        if self.end > self.first {
            self.head.push(',');
        }
        write_event(event, frame, &mut self.head);
        self.end = self.end.saturating_add(1);
    }

    /// Adds a frame that no event had before; its number.
    fn add_frame(&mut self, frame: &Arc<EventFrame>) -> usize {
        let number = self.frames.len();
        if number > 0 {
            self.frames_text.push(',');
        }
        write_array(frame.texts(), &mut self.frames_text, write_string);
        self.frames.push(Arc::clone(frame));
        number
    }
}

fn write_event(event: &Recorded, frame: usize, text: &mut String) {
    let (kind, output) = match &event.kind {
        EventKind::Request => (REQUEST, None),
        EventKind::Response(output) => (RESPONSE, output.as_deref()),
        EventKind::Error => (ERROR, None),
        EventKind::Unknown => (UNKNOWN, None),
    };
    // Writing to a `String` cannot fail.
    let _written = write!(text, "[{},{frame}", event.at);
    for part in [Some(kind), Some(&event.input), output].into_iter().flatten() {
        text.push(',');
        write_string(part, text);
    }
    text.push(']');
}

#[cfg(test)]
mod tests;
