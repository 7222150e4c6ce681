//! The state of the executions' monitors, stored beside a snapshot: a start reads it in the place
//! of every event.
//!
//! No record mentions it. A piece states itself which events of which execution it covers, and
//! under which conditions. A piece that is missing, cut, of another execution or of other events is
//! not used, and the monitors are built from the events. It is sealed under the execution's key, so
//! that nobody without the key can make one that is used.

use std::collections::BTreeMap;

use policy::{History, HistoryPage};
use proof::digest::Digest;
use proof::json::{Object, Value, number};
use proof::record::Fields;
use record::lineage::SnapshotMark;

use super::builder::BuiltPart;
use super::page::{members_of, piece};
use super::partial_page::PartialPage;
use super::{Piece, PieceOwner, Pieces};
use crate::limits::{MONITORS_BYTES_MAX, MONITORS_BYTES_PER_EVENT, MONITORS_EVENTS_MIN};

const LIST: &str = "snapshot.monitors";
const STATE: &str = "snapshot.streams";
const LIST_CONTEXT: &[u8] = b"interlock.snapshot.monitors.v1\n";

/// The last stored state of an execution's monitors.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoredMonitors {
    /// By what the events were judged.
    of: Digest,
    /// How many events they had taken.
    events: usize,
    /// How many bytes it took.
    bytes: usize,
    /// None where those were too many.
    name: Option<Digest>,
}

impl StoredMonitors {
    pub(super) fn name(&self) -> Option<Digest> {
        self.name
    }

    /// New events after which it is worth being kept again.
    fn events_next(&self) -> usize {
        self.bytes / MONITORS_BYTES_PER_EVENT
    }
}

/// The header of a piece, before the monitors' state.
struct MonitorsHeader<'a> {
    owner: PieceOwner<'a>,
    of: Digest,
    events: usize,
    /// Tells the events that they had taken from all others.
    past: Digest,
}

impl MonitorsHeader<'_> {
    fn to_object(&self) -> Object {
        let events = u64::try_from(self.events).unwrap_or(u64::MAX);
        let mut members = Object::new();
        members.insert("events", number(events));
        members.insert("execution", Value::from(self.owner.id));
        members.insert("of", self.of.to_value());
        members.insert("past", self.past.to_value());
        if let Some(secret) = self.owner.secret {
            members.insert("secret", secret.to_value());
        }
        members
    }
}

impl BuiltPart {
    /// A piece with the monitors' state, if the events since the last one are worth its bytes; with
    /// `is_last`, if there are any new events.
    pub(super) fn monitors(
        &mut self,
        owner: PieceOwner<'_>,
        history: &History,
        is_last: bool,
    ) -> Option<Piece> {
        let (of, events) = (history.monitors_digest(), history.events());
        let kept = self.kept.filter(|kept| kept.of == of);
        let new = events.saturating_sub(kept.map_or(0, |kept| kept.events));
        let enough = kept.map_or(0, |kept| kept.events_next()).max(MONITORS_EVENTS_MIN);
        let enough = if is_last { 1 } else { enough };
        if new < enough || events < MONITORS_EVENTS_MIN || !self.has_all_pages(history) {
            return None;
        }
        let state = history.monitors()?;
        let head =
            MonitorsHeader { owner, of, events, past: past(owner, &self.pages, history, events) };
        let (_, mut bytes) = piece(STATE, head.to_object());
        bytes.push(b'\n');
        bytes.extend(state);
        let is_kept = bytes.len() <= MONITORS_BYTES_MAX;
        let name = Digest::of(&bytes);
        self.kept =
            Some(StoredMonitors { of, events, bytes: bytes.len(), name: is_kept.then_some(name) });
        is_kept.then(|| Piece { name, execution: Some(owner.id.to_owned()), bytes })
    }
}

/// A digest that distinguishes the first events of a history from all others: by the full pages
/// before them, and by the events between.
fn past(
    owner: PieceOwner<'_>,
    pages: &[(usize, Digest)],
    history: &History,
    events: usize,
) -> Digest {
    // Of a page that ends with them it is not known whether it was full when they were the last.
    let full: Vec<&(usize, Digest)> = pages.iter().take_while(|(end, _)| *end < events).collect();
    let first = full.last().map_or(0, |(end, _)| *end);
    let rest = HistoryPage { first, end: events, is_full: false };
    let mut page = PartialPage::new(first);
    page.extend(history, rest, usize::MAX);
    let rest = page.piece(owner).name;
    let names = full.iter().map(|(_, name)| name).chain([&rest]);
    let parts: Vec<&[u8]> = names.map(|name| name.as_bytes().as_slice()).collect();
    Digest::of_parts(&parts)
}

/// The piece that says which pieces tell of monitors, to be found by what the record says.
pub(super) fn list(
    public: &Digest,
    private: &Digest,
    kept: &BTreeMap<&str, Digest>,
) -> Option<Piece> {
    if kept.is_empty() {
        return None;
    }
    let item = |(id, name): (&&str, &Digest)| Value::Array(vec![Value::from(*id), name.to_value()]);
    let mut members = Object::new();
    members.insert("executions", Value::Array(kept.iter().map(item).collect()));
    let (_, bytes) = piece(LIST, members);
    Some(Piece { name: list_name(public, private), execution: None, bytes })
}

fn list_name(public: &Digest, private: &Digest) -> Digest {
    Digest::of_parts(&[LIST_CONTEXT, public.as_bytes(), private.as_bytes()])
}

/// The pieces that hold the monitors of a snapshot's executions. It only says where to look:
/// nothing in it is trusted.
pub(super) fn monitors_index(
    mark: &SnapshotMark,
    pieces: &mut dyn Pieces,
) -> BTreeMap<String, Digest> {
    let mut read = || {
        let bytes = pieces.piece(None, &list_name(&mark.public, &mark.private)).ok()?;
        let list = Value::Object(members_of(LIST, &bytes).ok()?);
        let item = |value: &Value| match value.as_array()? {
            [id, name] => Some((id.as_str()?.to_owned(), name.as_str()?.parse().ok()?)),
            _ => None,
        };
        let items = Fields::of(&list, "list").ok()?.array("executions").ok()?;
        items.iter().map(item).collect::<Option<_>>()
    };
    read().unwrap_or_default()
}

/// Restores the monitors of a history from a piece, if it covers the history's first events.
/// Returns what is stored of them, then.
pub(super) fn resume(
    owner: PieceOwner<'_>,
    pages: &[(usize, Digest)],
    history: &mut History,
    name: &Digest,
    bytes: &[u8],
) -> Option<StoredMonitors> {
    let (events, state) = parse_monitors(owner, pages, history, name, bytes)?;
    let of = history.monitors_digest();
    let kept = StoredMonitors { of, events, bytes: bytes.len(), name: Some(*name) };
    history.resume_monitors(events, state).then_some(kept)
}

/// The number of events that a piece covers, and the monitors' state; none where it is not of these
/// events under these conditions.
fn parse_monitors<'b>(
    owner: PieceOwner<'_>,
    pages: &[(usize, Digest)],
    history: &History,
    name: &Digest,
    bytes: &'b [u8],
) -> Option<(usize, &'b [u8])> {
    if Digest::of(bytes) != *name {
        return None;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (head, state) = bytes.split_at_checked(end)?;
    let said = members_of(STATE, head).ok()?;
    let events = said.get("events").and_then(Value::as_i64)?;
    let events = usize::try_from(events).ok().filter(|events| *events <= history.events())?;
    let past = past(owner, pages, history, events);
    let head = MonitorsHeader { owner, of: history.monitors_digest(), events, past };
    (said == head.to_object()).then_some((events, state.get(1..)?))
}
