use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy::{Bundle, History};
use proof::digest::Digest;
use proof::json::{Object, Span, Value};
use proof::record::Fields;
use record::lineage::SnapshotMark;

use super::builder::{BuiltPart, PartHead};
use super::page::{digests_of, members_of};
use super::{PieceOwner, Pieces, SnapshotBuilder, Unusable, monitors};
use crate::state::{Execution, GovernanceLog, NodeState, Sections, Unreadable};

/// A state that was put together again.
pub struct Restored {
    /// The fold of the first [`SnapshotMark::size`] records.
    pub state: NodeState,
    /// Builds the next snapshot.
    pub builder: SnapshotBuilder,
    /// Executions whose private part has no key: they must have been erased since.
    pub without_key: Vec<String>,
}

impl std::fmt::Debug for Restored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Restored(the fold of {} records)", self.state.size())
    }
}

/// Restores the state that a record refers to: of this node, over this governance log (all its
/// records) and the blobs beside it.
///
/// # Errors
/// When a piece is missing or has another digest, or the state is not one of this node and this
/// governance log.
pub fn restore(
    node: &str,
    governance: GovernanceLog<'_>,
    mark: &SnapshotMark,
    pieces: &mut dyn Pieces,
) -> Result<Restored, Unusable> {
    let restoring = Restoring::begin(node, governance, mark, pieces)?;
    let listed = restoring.private().iter();
    let parts = listed.map(|listed| PrivatePart::read(restoring.bundle(), listed, pieces));
    let parts = parts.collect::<Result<Vec<_>, Unusable>>()?;
    restoring.finish(parts)
}

/// Where the private part of an execution is found.
#[derive(Debug, Clone)]
pub struct PrivatePartRef {
    /// The execution.
    pub execution: String,
    /// The name of its first piece.
    pub name: Digest,
    /// The piece that may tell what its monitors know.
    monitors: Option<Digest>,
}

/// A state whose public part is restored. The private parts of its executions can be read on any
/// thread.
pub struct Restoring {
    state: NodeState,
    private: Vec<PrivatePartRef>,
    /// Pages of the public part.
    pages: BTreeSet<Digest>,
}

impl Restoring {
    /// Puts the public part together. As for [`restore`].
    ///
    /// # Errors
    /// As [`restore`].
    pub fn begin(
        node: &str,
        governance: GovernanceLog<'_>,
        mark: &SnapshotMark,
        pieces: &mut dyn Pieces,
    ) -> Result<Self, Unusable> {
        let mut reading = Reading { pieces, public: BTreeSet::new() };
        let mut index = reading.public("snapshot.public", &mark.public)?;
        let sections = reading.sections(index.remove("sections"))?;
        let state =
            NodeState::from_public_parts(node, &Value::Object(index), sections, governance)?;
        if state.size() != mark.size {
            return Err(Unusable::new("it is the state of another size of the log"));
        }
        let private = reading.private(&mark.private)?;
        if !private.keys().eq(state.executions().map(|(id, _)| id)) {
            return Err(Unusable::new("its private parts are not those of its executions"));
        }
        let mut monitors = monitors::monitors_index(mark, reading.pieces);
        let private = private.into_iter().map(|(execution, name)| {
            let monitors = monitors.remove(&execution);
            PrivatePartRef { execution, name, monitors }
        });
        Ok(Self { state, private: private.collect(), pages: reading.public })
    }

    /// Where the private parts of its executions are found.
    #[must_use]
    pub fn private(&self) -> &[PrivatePartRef] {
        &self.private
    }

    /// The bundle that their histories are judged by.
    #[must_use]
    pub fn bundle(&self) -> &Arc<Bundle> {
        self.state.bundle()
    }

    /// The state with the private parts of all executions, in the order of [`Self::private`].
    ///
    /// # Errors
    /// When they are not those.
    pub fn finish(self, parts: Vec<PrivatePart>) -> Result<Restored, Unusable> {
        let Self { mut state, private, pages } = self;
        if parts.len() != private.len() {
            return Err(Unusable::new("private parts are missing"));
        }
        let (mut known, mut without_key) = (BTreeMap::new(), Vec::new());
        for (listed, part) in private.into_iter().zip(parts) {
            let PrivatePartRef { execution: id, name, .. } = listed;
            let Some(execution) = state.execution_mut(&id) else { continue };
            match part {
                PrivatePart::Opened(opened) => {
                    known.insert(id, opened.into_execution(execution, name)?);
                }
                PrivatePart::LeftOut => execution.lose_history(Unreadable::Ended, &id),
                PrivatePart::WithoutKey => {
                    execution.lose_history(Unreadable::NoKey, &id);
                    without_key.push(id);
                }
            }
        }
        let builder = SnapshotBuilder::restored(state.size(), known, pages);
        Ok(Restored { state, builder, without_key })
    }
}

/// The private part of an execution.
pub enum PrivatePart {
    /// As it was read.
    Opened(Box<OpenedPart>),
    /// There is no key.
    WithoutKey,
    /// It is not read: governance says that the execution has ended, so no decision will need its
    /// history.
    LeftOut,
}

/// A private part as it was read.
pub struct OpenedPart {
    history: Option<History>,
    secret: Option<Digest>,
    /// The requests of open transitions.
    requests: Vec<Value>,
    intents: Value,
    known: BuiltPart,
    rest: Vec<Digest>,
}

impl OpenedPart {
    fn into_execution(
        self,
        execution: &mut Execution,
        name: Digest,
    ) -> Result<BuiltPart, Unusable> {
        let Self { history, secret, requests, intents, mut known, rest } = self;
        let restored = execution.restore_private(history, secret, &requests, &intents);
        restored.ok_or_else(|| damaged(&name))?;
        known.head = Some(PartHead { of: execution.version(), name, rest });
        Ok(known)
    }
}

impl PrivatePart {
    /// Reads the private part of an execution. Its monitors then know all its events: from their
    /// stored state, as far as that goes.
    ///
    /// # Errors
    /// As [`restore`].
    pub fn read(
        bundle: &Arc<Bundle>,
        listed: &PrivatePartRef,
        pieces: &mut dyn Pieces,
    ) -> Result<Self, Unusable> {
        let opened = Reading { pieces, public: BTreeSet::new() }.execution(listed, bundle)?;
        Ok(opened.map_or(Self::WithoutKey, |opened| Self::Opened(Box::new(opened))))
    }
}

struct Reading<'a> {
    pieces: &'a mut dyn Pieces,
    /// Pages of the public part.
    public: BTreeSet<Digest>,
}

impl Reading<'_> {
    /// A piece's bytes, if they have the digest that it is named by. None where there is no key.
    fn bytes(&mut self, of: Option<&str>, name: &Digest) -> Result<Option<Vec<u8>>, Unusable> {
        let bytes = match self.pieces.piece(of, name) {
            Ok(bytes) => bytes,
            Err(Unreadable::NoKey) if of.is_some() => return Ok(None),
            Err(Unreadable::Missing | Unreadable::NoKey | Unreadable::Ended) => {
                return Err(Unusable::new(format!("its piece `{}` is missing", name.to_hex())));
            }
            Err(Unreadable::Damaged) => return Err(damaged(name)),
        };
        if Digest::of(&bytes) == *name { Ok(Some(bytes)) } else { Err(damaged(name)) }
    }

    fn public(&mut self, type_name: &str, name: &Digest) -> Result<Object, Unusable> {
        let bytes = self.bytes(None, name)?.ok_or_else(|| damaged(name))?;
        members_of(type_name, &bytes)
    }

    fn sections(&mut self, sections: Option<Value>) -> Result<Sections<String>, Unusable> {
        let Some(Value::Object(sections)) = sections else {
            return Err(Unusable::new("its sections are missing"));
        };
        let mut read = Sections::new();
        for (section, names) in sections {
            let mut items = Vec::new();
            for name in digests_of(Some(&names))? {
                let mut page = self.public("snapshot.page", &name)?;
                self.public.insert(name);
                let of = page.remove("section");
                let Some(Value::Array(more)) = page.remove("items") else {
                    return Err(damaged(&name));
                };
                if of != Some(Value::from(section.as_str())) || !page.is_empty() {
                    return Err(damaged(&name));
                }
                items.extend(more);
            }
            read.insert(section.to_string(), items);
        }
        Ok(read)
    }

    /// The names of the private parts' first pieces, by execution.
    fn private(&mut self, name: &Digest) -> Result<BTreeMap<String, Digest>, Unusable> {
        let list = Value::Object(self.public("snapshot.private", name)?);
        let fields = Fields::of(&list, "private")?;
        fields.only(&["executions"])?;
        let one = |value: &Value| match value.as_array()? {
            [id, name] => Some((id.as_str()?.to_owned(), name.as_str()?.parse().ok()?)),
            _ => None,
        };
        let list = fields.array("executions")?.iter().map(one).collect::<Option<BTreeMap<_, _>>>();
        list.ok_or_else(|| damaged(name))
    }

    /// Reads the private part of an execution; none where there is no key.
    fn execution(
        &mut self,
        listed: &PrivatePartRef,
        bundle: &Arc<Bundle>,
    ) -> Result<Option<OpenedPart>, Unusable> {
        let (id, name) = (listed.execution.as_str(), &listed.name);
        let Some(bytes) = self.bytes(Some(id), name)? else { return Ok(None) };
        let (mut head, secret) = private_members("snapshot.execution", id, &bytes)?;
        let owner = PieceOwner { id, secret };
        let mut known = BuiltPart::default();
        let mut rest = Vec::new();
        let mut history = None;
        if let Some(names) = head.remove("history") {
            let is_full = head.remove("is_full").and_then(|value| value.as_bool());
            let is_full = is_full.ok_or_else(|| damaged(name))?;
            let mut pages = History::restoring(bundle, is_full);
            for name in digests_of(Some(&names))? {
                let bytes = self.bytes(Some(id), &name)?.ok_or_else(|| damaged(&name))?;
                let first = pages.events();
                history_page(owner, &bytes, &mut pages).ok_or_else(|| damaged(&name))?;
                match pages.page(first) {
                    Some(page) if page.is_full => known.pages.push((page.end, name)),
                    _ => rest.push(name),
                }
            }
            if let Some(name) = listed.monitors {
                let bytes = self.pieces.piece(Some(id), &name).unwrap_or_default();
                known.kept = monitors::resume(owner, &known.pages, &mut pages, &name, &bytes);
            }
            pages.build_monitors();
            history = Some(pages);
        }
        let mut requests = Vec::new();
        for name in digests_of(head.remove("open").as_ref())? {
            let mut page = self.page("snapshot.open", owner, &name)?;
            let Some(Value::Array(items)) = page.remove("items") else {
                return Err(damaged(&name));
            };
            requests.extend(items);
            rest.push(name);
        }
        let intents = head.remove("intents").ok_or_else(|| damaged(name))?;
        if !head.is_empty() {
            return Err(damaged(name));
        }
        Ok(Some(OpenedPart { history, secret, requests, intents, known, rest }))
    }

    fn page(
        &mut self,
        type_name: &str,
        owner: PieceOwner<'_>,
        name: &Digest,
    ) -> Result<Object, Unusable> {
        let bytes = self.bytes(Some(owner.id), name)?.ok_or_else(|| damaged(name))?;
        let (members, found) = private_members(type_name, owner.id, &bytes)?;
        if found == owner.secret { Ok(members) } else { Err(damaged(name)) }
    }
}

/// Adds the events of a page to a history. Nearly all that a start reads are these.
fn history_page(owner: PieceOwner<'_>, bytes: &[u8], history: &mut History) -> Option<()> {
    let mut members = Span::object(bytes)?.members()?;
    let events = members.next_if("events")?;
    let execution = members.next_if("execution")?.string()?;
    let frames = members.next_if("frames")?;
    let found = members.next_if("secret").map(|secret| secret.string()?.parse::<Digest>().ok());
    let is_type = members.next_if("type")?.text() == "\"snapshot.history\"";
    let is_version = members.next_if("v")?.text() == "1";
    let is_own = execution == owner.id && found == owner.secret.map(Some);
    if !is_own || !is_type || !is_version || !members.is_empty() {
        return None;
    }
    history.restore_page(events, frames)
}

/// The members of a piece of an execution's private part, and its secret.
fn private_members(
    type_name: &str,
    id: &str,
    bytes: &[u8],
) -> Result<(Object, Option<Digest>), Unusable> {
    let mut members = members_of(type_name, bytes)?;
    if members.remove("execution") != Some(Value::from(id)) {
        return Err(Unusable::new("a piece is another execution's"));
    }
    let secret = members.remove("secret").map(|secret| {
        let secret = secret.as_str().and_then(|text| text.parse().ok());
        secret.ok_or_else(|| Unusable::new("a piece has no good secret"))
    });
    Ok((members, secret.transpose()?))
}

fn damaged(name: &Digest) -> Unusable {
    Unusable::new(format!("its piece `{}` is not what was written", name.to_hex()))
}
