use std::collections::{BTreeMap, BTreeSet};

use policy::History;
use proof::digest::Digest;
use proof::json::{Object, Value};

use super::monitors::{self, StoredMonitors};
use super::page::{digests, pages, piece};
use super::partial_page::{PageBudget, PartialPage};
use super::{Piece, PieceOwner};
use crate::limits::{OPEN_PAGES_STEP_BYTES, REMEMBERED_SHARE};
use crate::state::{Execution, NodeState};

/// Builds snapshots of one log's fold. Pieces that the previous snapshot has are not built again.
#[derive(Debug, Clone, Default)]
pub struct SnapshotBuilder {
    /// Size of the log just after the record of the last snapshot.
    last: u64,
    executions: BTreeMap<String, BuiltPart>,
    public: BTreeSet<Digest>,
}

/// The pieces of an execution's private part that were built.
#[derive(Debug, Clone, Default)]
pub(super) struct BuiltPart {
    /// Where the full pages of its history end, and their names.
    pub(super) pages: Vec<(usize, Digest)>,
    /// How many events there were when full pages were looked for last.
    looked: usize,
    /// The page after those, as far as it is written.
    open: Option<PartialPage>,
    pub(super) head: Option<PartHead>,
    /// The last stored state of its monitors.
    pub(super) kept: Option<StoredMonitors>,
}

/// The first piece of a private part, and the pieces besides full pages that it lists.
#[derive(Debug, Clone)]
pub(super) struct PartHead {
    /// The version of the private part: it changes only with a record of its execution, or an event
    /// in its history.
    pub(super) of: (u64, usize),
    pub(super) name: Digest,
    pub(super) rest: Vec<Digest>,
}

/// A snapshot that was taken.
#[derive(Debug)]
pub struct Snapshot {
    /// Digest of the public part's index.
    pub public: Digest,
    /// Digest of the list of private parts; none where the private part of an execution cannot be
    /// read.
    pub private: Option<Digest>,
    /// The pieces that were not made before.
    pub pieces: Vec<Piece>,
    /// The names of all its pieces.
    pub names: BTreeSet<Digest>,
}

/// The pieces of a snapshot while it is taken: as in [`Snapshot`].
struct SnapshotDraft {
    pieces: Vec<Piece>,
    names: BTreeSet<Digest>,
    room: PageBudget,
}

impl SnapshotBuilder {
    /// For a log whose newest snapshot, if it has one, was recorded just before it had this size;
    /// the pieces of that snapshot are not known here.
    #[must_use]
    pub fn new(last: u64) -> Self {
        Self { last, ..Self::default() }
    }

    /// As restored: everything that a snapshot consists of is there.
    pub(super) fn restored(
        last: u64,
        executions: BTreeMap<String, BuiltPart>,
        public: BTreeSet<Digest>,
    ) -> Self {
        Self { last, executions, public }
    }

    /// Whether a snapshot is due: `records` have come since the last one, or, if more, a share of
    /// the executions that it lists one by one, all of which are written anew.
    #[must_use]
    pub fn is_due(&self, state: &NodeState, records: u64) -> bool {
        let remembered = state.remembered() / REMEMBERED_SHARE;
        state.size().saturating_sub(self.last) >= records.max(remembered)
    }

    /// The record of a snapshot was folded: the log has this size.
    pub fn recorded(&mut self, size: u64) {
        self.last = size;
    }

    /// Builds full pages of histories ahead of the next snapshot, at most `pages_max`; and the
    /// monitors' state of one execution that has many new events since it was stored. Pages that
    /// are not full are written as far as their events came, in steps of limited bytes.
    pub fn prepare(&mut self, state: &NodeState, mut pages_max: usize) -> Vec<Piece> {
        let mut room = self.room();
        let mut bytes_max = OPEN_PAGES_STEP_BYTES;
        let mut pieces = Vec::new();
        let mut has_monitors = false;
        for (id, execution) in state.executions() {
            let Some(history) = execution.history().filter(|_| pages_max > 0) else { continue };
            let is_new = self.executions.get(id).is_none_or(|one| one.lags(history));
            if !is_new {
                continue;
            }
            let known = self.executions.entry(id.to_owned()).or_default();
            let owner = PieceOwner::new(id, execution);
            let made = known.full_pages(owner, history, pages_max);
            pages_max = pages_max.saturating_sub(made.len());
            pieces.extend(made);
            let written = known.write_ahead(history, bytes_max, &mut room);
            bytes_max = bytes_max.saturating_sub(written);
            if !has_monitors {
                let monitors = known.monitors(owner, history, false);
                has_monitors = monitors.is_some();
                pieces.extend(monitors);
            }
        }
        pieces
    }

    /// Builds the slow pieces of the last snapshot before a stop ahead of it: the full pages of all
    /// histories, and the monitors' state, so that the next start replays no event. Each piece is
    /// handed over as it is built; the first answer of false ends the work. Returns whether
    /// everything was built.
    pub fn prepare_last(
        &mut self,
        state: &NodeState,
        mut hand_over: impl FnMut(Piece) -> bool,
    ) -> bool {
        for (id, execution) in state.executions() {
            let Some(history) = execution.history() else { continue };
            let known = self.executions.entry(id.to_owned()).or_default();
            let owner = PieceOwner::new(id, execution);
            while let Some(page) = known.full_pages(owner, history, 1).pop() {
                if !hand_over(page) {
                    return false;
                }
            }
            let monitors = known.monitors(owner, history, true);
            if monitors.is_some_and(|piece| !hand_over(piece)) {
                return false;
            }
        }
        true
    }

    /// Takes a snapshot of the state.
    pub fn take(&mut self, state: &NodeState) -> Snapshot {
        self.executions.retain(|id, _| state.execution(id).is_some());
        let mut made =
            SnapshotDraft { pieces: Vec::new(), names: BTreeSet::new(), room: self.room() };
        let private = self.private(state, &mut made);
        let (mut index, sections) = state.public_parts();
        let mut public = BTreeSet::new();
        let sections = sections.into_iter().map(|(section, items)| {
            let mut names = Vec::new();
            for items in pages(items) {
                let members = [("items", Value::Array(items)), ("section", Value::from(section))];
                names.push(self.add_public("snapshot.page", named(members), &mut made));
            }
            public.extend(names.iter().copied());
            (section.to_owned(), digests(&names))
        });
        let sections = sections.collect::<Object>();
        index.insert("sections", Value::Object(sections));
        let index = self.add_public("snapshot.public", index, &mut made);
        self.public = public;
        if let Some(private) = &private {
            self.list_monitors(&index, private, &mut made);
        }
        Snapshot { public: index, private, pieces: made.pieces, names: made.names }
    }

    /// Drops the parts of an execution whose key is destroyed: pages that are written ahead are
    /// plain text in memory.
    pub(crate) fn forget(&mut self, execution: &str) {
        self.executions.remove(execution);
    }

    fn room(&self) -> PageBudget {
        PageBudget::beside(self.executions.values().filter_map(|known| known.open.as_ref()))
    }

    /// Makes the private parts, and the list of them.
    fn private(&mut self, state: &NodeState, made: &mut SnapshotDraft) -> Option<Digest> {
        let mut list = Vec::new();
        let mut is_whole = true;
        for (id, execution) in state.executions() {
            if execution.is_lost() {
                is_whole = false;
                continue;
            }
            let known = self.executions.entry(id.to_owned()).or_default();
            let name = known.private(id, execution, made);
            list.push(Value::Array(vec![Value::from(id), name.to_value()]));
        }
        if !is_whole {
            return None;
        }
        let members = named([("executions", Value::Array(list))]);
        Some(self.add_public("snapshot.private", members, made))
    }

    /// Lists what was kept of monitors, which goes with the snapshot.
    fn list_monitors(&self, public: &Digest, private: &Digest, made: &mut SnapshotDraft) {
        let all = self.executions.iter();
        let kept: BTreeMap<&str, Digest> = all
            .filter_map(|(id, known)| Some((id.as_str(), known.kept.as_ref()?.name()?)))
            .collect();
        made.names.extend(kept.values().copied());
        let list = monitors::list(public, private, &kept);
        made.names.extend(list.as_ref().map(|list| list.name));
        made.pieces.extend(list);
    }

    /// A public piece: emitted unless the last snapshot had it too.
    fn add_public(&self, type_name: &str, members: Object, made: &mut SnapshotDraft) -> Digest {
        let (name, bytes) = piece(type_name, members);
        if made.names.insert(name) && !self.public.contains(&name) {
            made.pieces.push(Piece { name, execution: None, bytes });
        }
        name
    }
}

impl BuiltPart {
    /// The pages of the history that are full and not made yet, so many at most.
    fn full_pages(
        &mut self,
        owner: PieceOwner<'_>,
        history: &History,
        pages_max: usize,
    ) -> Vec<Piece> {
        let mut made = Vec::new();
        while made.len() < pages_max {
            let first = self.first_open();
            let Some(page) = history.page(first).filter(|page| page.is_full) else {
                self.looked = history.events();
                break;
            };
            let mut open = self.open.take().unwrap_or_else(|| PartialPage::new(first));
            open.extend(history, page, usize::MAX);
            let piece = open.piece(owner);
            self.pages.push((page.end, piece.name));
            made.push(piece);
        }
        made
    }

    /// Writes the page that is not full as far as its events came, at most `bytes_max` bytes.
    /// Returns the bytes written.
    fn write_ahead(&mut self, history: &History, bytes_max: usize, room: &mut PageBudget) -> usize {
        let bytes_max = bytes_max.min(room.bytes());
        if bytes_max == 0 || !self.has_new_events(history) {
            return 0;
        }
        let page = history.page(self.first_open()).filter(|page| !page.is_full);
        let Some(page) = page else { return 0 };
        let mut open = room.take(&mut self.open).unwrap_or_else(|| PartialPage::new(page.first));
        let written = open.extend(history, page, bytes_max);
        self.open = room.hold(open);
        written
    }

    /// The number of the first event that is on no full page.
    fn first_open(&self) -> usize {
        self.pages.last().map_or(0, |(end, _)| *end)
    }

    /// Whether events came since the last snapshot.
    fn has_new_events(&self, history: &History) -> bool {
        self.head.as_ref().is_none_or(|head| head.of.1 < history.events())
    }

    /// Whether there are events that were not looked at, or not written on the page that is.
    fn lags(&self, history: &History) -> bool {
        let is_behind = |open: &PartialPage| open.end() < history.events();
        self.looked < history.events() || self.open.as_ref().is_some_and(is_behind)
    }

    /// Whether all pages that are full have been made.
    pub(super) fn has_all_pages(&self, history: &History) -> bool {
        self.looked == history.events()
    }

    /// The execution's private part as it is now: the name of its first piece.
    fn private(&mut self, id: &str, execution: &Execution, made: &mut SnapshotDraft) -> Digest {
        let version = execution.version();
        let is_busy = execution.history().is_some_and(|history| self.has_new_events(history));
        let head = self.head.take().filter(|head| head.of == version);
        let head = head.unwrap_or_else(|| self.make(id, execution, made));
        if !is_busy {
            made.room.take(&mut self.open);
        }
        made.names.extend(self.pages.iter().map(|(_, name)| *name));
        made.names.extend(head.rest.iter().copied());
        made.names.insert(head.name);
        let name = head.name;
        self.head = Some(head);
        name
    }

    fn make(&mut self, id: &str, execution: &Execution, made: &mut SnapshotDraft) -> PartHead {
        let owner = PieceOwner::new(id, execution);
        let mut members = Object::new();
        let mut rest = Vec::new();
        let SnapshotDraft { pieces, room, .. } = made;
        let mut keep = |piece: Piece| {
            let name = piece.name;
            pieces.push(piece);
            name
        };
        if let Some(history) = execution.history() {
            self.full_pages(owner, history, usize::MAX).into_iter().for_each(|piece| {
                keep(piece);
            });
            if let Some(page) = history.page(self.first_open()) {
                let open = room.take(&mut self.open);
                let mut open = open.unwrap_or_else(|| PartialPage::new(page.first));
                open.extend(history, page, usize::MAX);
                rest.push(keep(open.piece(owner)));
                self.open = room.hold(open);
            }
            let full = self.pages.iter().map(|(_, name)| *name);
            let names: Vec<Digest> = full.chain(rest.iter().copied()).collect();
            members.insert("history", digests(&names));
            members.insert("is_full", Value::Bool(history.is_full()));
        }
        members.insert("intents", execution.intents());
        let open = pages(execution.open_requests()).into_iter().map(|items| {
            let members = named([("items", Value::Array(items))]);
            keep(private_piece("snapshot.open", owner, members))
        });
        let open: Vec<Digest> = open.collect();
        members.insert("open", digests(&open));
        rest.extend(open);
        let name = keep(private_piece("snapshot.execution", owner, members));
        PartHead { of: execution.version(), name, rest }
    }
}

/// A piece of an execution's private part, with its secret.
fn private_piece(type_name: &str, owner: PieceOwner<'_>, mut members: Object) -> Piece {
    members.insert("execution", Value::from(owner.id));
    if let Some(secret) = owner.secret {
        members.insert("secret", secret.to_value());
    }
    let (name, bytes) = piece(type_name, members);
    Piece { name, execution: Some(owner.id.to_owned()), bytes }
}

fn named<const N: usize>(members: [(&str, Value); N]) -> Object {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests;
