//! What anybody can check who has the log, now and then and at the end of a world.

use std::collections::{BTreeMap, BTreeSet};

use kernel::replay::Counts;
use kernel::state::{Execution, NodeState};
use ledger::Entry;
use ledger::simulation::MemoryDevice;
use proof::digest::Digest;
use proof::json::Value;
use proof::log::{LogFiles, LogReader, ReadError};
use proof::merkle::{Frontier, leaf_hash};

use super::World;
use crate::broken::{Broken, Law, holds};
use crate::names::LINEAGE;
use crate::node::signer;
use crate::replay::{fold, read};

impl World {
    /// All that waits is committed and published; then everything is read again and held against
    /// what is known.
    pub(super) fn audit(&mut self) -> Result<(), Broken> {
        let crashes = self.crashes;
        // What becomes durable may sequence more: a permit that is withheld, a delegation that is
        // carried out.
        while !self.node.waiting.is_empty() && self.crashes == crashes {
            self.commit(usize::MAX)?;
        }
        if self.crashes != crashes || self.is_full {
            return Ok(());
        }
        let head = self.node.ledger.publish().map_err(Broken::run)?;
        self.heads.push((head.size, head.root));
        let log = read(&self.device)?;
        same(&log, &self.model.log)?;
        chains(&log)?;
        self.proofs(&log)?;
        self.keys_hold()?;
        self.keys_gone()?;
        self.model.executions.keys().try_for_each(|id| self.carries(id))?;
        let readable = self.node.keys.readable().map_err(Broken::run)?;
        let (folded, counts) = fold(&log, &self.authority, &readable)?;
        self.replayed(&log, counts)?;
        let (live, folded) = (summary(self.node.kernel.state()), summary(&folded));
        holds(live == folded, Law::Bytes, || {
            format!("the live state is not the log's: {live:?}, {folded:?}")
        })
    }

    /// Exactly the decisions of what was erased cannot be derived, and those that its tree made
    /// after it.
    fn replayed(&self, log: &[Entry], counts: Counts) -> Result<(), Broken> {
        let mut must = Counts::default();
        let mut roots: BTreeMap<String, String> = BTreeMap::new();
        let mut lost: BTreeSet<String> = BTreeSet::new();
        for entry in log {
            let record = Value::parse(&entry.record).map_err(Broken::run)?;
            let text = |name: &str| record.get(name).and_then(Value::as_str);
            let id = text("execution").unwrap_or_default();
            match text("type") {
                Some("execution.started") => {
                    let parent = record.get("delegation").and_then(|one| one.get("parent"));
                    let parent = parent.and_then(Value::as_str);
                    let root = parent.and_then(|parent| roots.get(parent)).cloned();
                    roots.insert(id.to_owned(), root.unwrap_or_else(|| id.to_owned()));
                }
                Some("transition.decided") => {
                    let root = roots.get(id).cloned().unwrap_or_default();
                    if self.model.over.get(id).is_some_and(Option::is_some) {
                        lost.insert(root.clone());
                    }
                    let is_lost = lost.contains(&root);
                    *(if is_lost { &mut must.erased } else { &mut must.identical }) += 1;
                }
                _ => {}
            }
        }
        holds(counts == must, Law::Bytes, || format!("replay counts {counts:?}, must {must:?}"))
    }

    /// An execution carries the labels of what it has touched.
    pub(super) fn carries(&self, id: &str) -> Result<(), Broken> {
        let live = self.node.kernel.state().execution(id).map(Execution::labels);
        let must = self.model.executions.get(id).map(|one| one.carried.names());
        let (live, must) = (live.unwrap_or_default(), must.unwrap_or_default());
        holds(live.iter().eq(must.iter().copied()), Law::Closed, || {
            format!("{id} carries {live:?}, must carry {must:?}")
        })
    }

    /// The published log verifies, and every checkpoint that ever was is of this log.
    fn proofs(&self, log: &[Entry]) -> Result<(), Broken> {
        let key = signer()?.verifier();
        let broken = |why: proof::log::Error| Broken::new(Law::Checked, why.to_string());
        let reader = LogReader::open(Published(&self.device), &key, LINEAGE).map_err(broken)?;
        reader.verify_range(0..reader.size(), &mut |_| {}).map_err(broken)?;
        let mut roots = BTreeMap::new();
        let mut frontier = Frontier::new();
        roots.insert(0, frontier.root());
        for entry in log {
            frontier.push(leaf_hash(&entry.record));
            roots.insert(frontier.size(), frontier.root());
        }
        let is_own = |(size, root): &(u64, Digest)| roots.get(size) == Some(root);
        holds(self.heads.iter().all(is_own), Law::Checked, || {
            "a published head was taken back".to_owned()
        })
    }
}

/// The log holds exactly what was sequenced, sealed parts included.
fn same(log: &[Entry], sequenced: &[Entry]) -> Result<(), Broken> {
    let other = log.iter().zip(sequenced).position(|(found, own)| found != own);
    let is_same = log.len() == sequenced.len() && other.is_none();
    holds(is_same, Law::Durable, || {
        let (found, own) = (log.len(), sequenced.len());
        format!(
            "the log has {found} records, {own} were sequenced; the first that differs is {other:?}"
        )
    })
}

/// A device as the files of a published log.
struct Published<'a>(&'a MemoryDevice);

impl LogFiles for Published<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.0.content(path))
    }
}

/// Each execution's records follow one another without a gap, time never falls, and each permit
/// ends once.
fn chains(log: &[Entry]) -> Result<(), Broken> {
    let mut heads: BTreeMap<String, (i64, Digest)> = BTreeMap::new();
    let mut permits: BTreeSet<(String, i64)> = BTreeSet::new();
    let mut results: BTreeSet<(String, i64)> = BTreeSet::new();
    let mut at = 0;
    for (index, entry) in log.iter().enumerate() {
        let record = Value::parse(&entry.record).map_err(Broken::run)?;
        let number = |name: &str| record.get(name).and_then(Value::as_i64);
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let now = number("at").unwrap_or(-1);
        holds(now >= at, Law::Bytes, || format!("record {index}: time falls"))?;
        at = now;
        let Some(id) = text("execution").map(str::to_owned) else { continue };
        let seq = number("seq").unwrap_or(-1);
        let prev = text("prev").map(str::to_owned);
        let expected = heads.get(&id).map(|(seq, digest)| (seq + 1, Some(digest.to_string())));
        let is_next = (seq, prev) == expected.unwrap_or((0, None));
        holds(is_next, Law::Bytes, || {
            format!("record {index} does not follow its execution's last")
        })?;
        heads.insert(id.clone(), (seq, Digest::of(&entry.record)));
        let decision = record.get("decision").and_then(|one| one.get("decision"));
        if decision.and_then(Value::as_str) == Some("permit") {
            permits.insert((id.clone(), seq));
        }
        if let Some(decided) = number("decided_seq") {
            // A result that is on record may be withheld, once.
            let (of, kind) = ((id, decided), text("type"));
            let was_open = match kind {
                Some("transition.withheld") => permits.remove(&of) || results.remove(&of),
                _ => permits.remove(&of),
            };
            if kind == Some("transition.completed") {
                results.insert(of);
            }
            holds(was_open, Law::Permit, || format!("record {index} ends what was not open"))?;
        }
    }
    Ok(())
}

/// What can be seen of a state from outside.
fn summary(state: &NodeState) -> Vec<String> {
    let executions = state.executions().map(|(id, one)| {
        let open: Vec<u64> = one.open().collect();
        format!(
            "{id} {} {} {open:?} {:?} {:?}",
            one.workload(),
            one.seq(),
            one.held(),
            state.standing(id)
        )
    });
    let head = format!("{} {:?} {:?}", state.size(), state.governance().position(), state.bundle());
    executions.chain([head]).collect()
}
