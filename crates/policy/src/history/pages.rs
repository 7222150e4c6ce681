//! A history in pages: what a snapshot of it is made of.
//!
//! Events are only ever added, so a page that is full never changes again. What the conditions know
//! of the events is made from them anew, whatever bundle decides then.

mod open;

use std::sync::Arc;

use proof::json::Span;

use super::History;
use super::events::{EventKind, Events, Recorded};
use crate::bundle::Bundle;
use crate::limits::{
    HISTORY_EVENTS_MAX, HISTORY_PAGE_BYTES, HISTORY_PAGE_EVENTS, INPUT_BYTES_MAX, OUTPUT_BYTES_MAX,
    SERVER_EVENTS_MAX,
};
use crate::request::Entity;
use crate::resolve::frame::EventFrame;
pub use open::OpenPage;

/// Some events of a history that follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPage {
    /// The first event's number.
    pub first: usize,
    /// The number of the event after the last.
    pub end: usize,
    /// Whether it stays as it is, whatever comes.
    pub is_full: bool,
}

impl History {
    /// Whether more came than a history holds.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.events.is_full()
    }

    /// The page that begins with the event of this number; none at the end. It ends with the last
    /// event, or where one more would make too many events or bytes.
    #[must_use]
    pub fn page(&self, first: usize) -> Option<HistoryPage> {
        let events = self.events.all.get(first..).filter(|events| !events.is_empty())?;
        let (mut count, mut bytes) = (0_usize, 0_usize);
        for event in events.iter().take(HISTORY_PAGE_EVENTS) {
            bytes = bytes.saturating_add(event.bytes());
            if count > 0 && bytes > HISTORY_PAGE_BYTES {
                break;
            }
            count = count.saturating_add(1);
        }
        let is_full = count == HISTORY_PAGE_EVENTS || count < events.len();
        Some(HistoryPage { first, end: first.saturating_add(count), is_full })
    }

    /// A history made of pages, to be added in order; `is_full` as it was.
    #[must_use]
    pub fn restoring(bundle: &Arc<Bundle>, is_full: bool) -> History {
        let live = std::sync::OnceLock::new();
        let events = Events::restoring(is_full);
        History { bundle: Arc::clone(bundle), events, live, version: 0 }
    }

    /// Adds the events of the next page, read where they stand in what [`OpenPage::write`]
    /// wrote; none where they are not exactly that.
    #[must_use]
    pub fn restore_page(&mut self, events: Span<'_>, frames: Span<'_>) -> Option<()> {
        let frames = frames.elements()?.map(frame_of).collect::<Option<Vec<_>>>()?;
        let frames: Vec<Arc<EventFrame>> = frames
            .into_iter()
            .map(|frame| self.events.interned(frame.digest(), || frame))
            .collect();
        events.elements()?.try_for_each(|event| self.restore_event(event, &frames))
    }

    fn restore_event(&mut self, event: Span<'_>, frames: &[Arc<EventFrame>]) -> Option<()> {
        let mut parts = event.elements()?;
        let at = parts.next()?.integer()?;
        let frame = frames.get(usize::try_from(parts.next()?.integer()?).ok()?)?;
        let kind = parts.next()?.string()?;
        let input = text(parts.next()?).filter(|input| input.len() <= INPUT_BYTES_MAX)?;
        let output = parts
            .next()
            .map(|output| text(output).filter(|output| output.len() <= OUTPUT_BYTES_MAX).ok_or(()));
        let kind = match (&*kind, output.transpose().ok()?) {
            (REQUEST, None) => EventKind::Request,
            (ERROR, None) => EventKind::Error,
            (UNKNOWN, None) => EventKind::Unknown,
            (RESPONSE, output) => EventKind::Response(output),
            _ => return None,
        };
        if parts.next().is_some() || self.events.len() >= HISTORY_EVENTS_MAX + SERVER_EVENTS_MAX {
            return None;
        }
        self.events.push(at, Arc::clone(frame), input, kind);
        Some(())
    }
}

const REQUEST: &str = "request";
const RESPONSE: &str = "response";
const ERROR: &str = "error";
const UNKNOWN: &str = "unknown";

impl Recorded {
    /// About the bytes of text that it holds of its own.
    fn bytes(&self) -> usize {
        self.input.len().saturating_add(self.kind.bytes()).saturating_add(self.frame.bytes())
    }
}

fn frame_of(span: Span<'_>) -> Option<EventFrame> {
    let texts = span.elements()?.map(|text| Some(text.string()?.into_owned()));
    let texts: Vec<String> = texts.collect::<Option<_>>()?;
    let [action, a, b, c, d, e, f] = texts.try_into().ok()?;
    let entity = |kind, id, properties| Entity { kind, id, properties };
    Some(EventFrame { action, principal: entity(a, b, c), resource: entity(d, e, f) })
}

fn text(span: Span<'_>) -> Option<Box<str>> {
    span.string().map(|text| text.into_owned().into_boxed_str())
}

#[cfg(test)]
mod tests;
