//! Re-derives every decision of a lineage log from the logs, blobs and sealed parts, and compares bytes.
//!
//! A node's restart goes the same way: what cannot be re-derived is not gone on from.

mod ahead;
mod part;
mod tally;
#[cfg(test)]
mod tests;

pub use ahead::Ahead;
pub use part::Part;
pub use tally::{Counts, Tally};

use std::sync::Arc;

use policy::{Bundle, Decision, Labels, Semantics};
use proof::digest::Digest;
use proof::json::Value;

use crate::lineage::{Body, Charged, Completion, Decided, Header, LineageRecord, Sealed};
use crate::members::Malformed;
use crate::read::Read;
use crate::snapshot::{Maker, Mark};
use crate::state::{
    About, Asked as Waiting, AskedFor, Blobs, Execution, Found, Lost, NodeState, Opened,
};
use crate::step::outcome;
use ahead::{Asked, ended_by, open, open_intent, open_message, open_request};

/// What came of one record.
#[derive(Debug, Clone, PartialEq)]
pub enum Fed {
    /// Not a decision.
    Followed,
    /// A decision whose bytes were derived again.
    Identical,
    /// A decision, or a snapshot of the state, that comes out otherwise.
    Different {
        /// The decision, or the digests, on record.
        recorded: Value,
        /// The same as derived now.
        derived: Value,
    },
    /// A decision whose inputs are not there.
    NotReplayable {
        /// The execution whose inputs are not there: its own, or one whose events stand in the same history.
        execution: String,
        /// Why they are not. A key that is not there was erased if the log says so by its end: see [`Tally`].
        why: Lost,
    },
}

/// Why a lineage log cannot be followed any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// A record is not one of this version.
    #[error("record {index} cannot be read: {why}")]
    Malformed {
        /// Its index.
        index: u64,
        /// Why.
        why: Malformed,
    },
    /// A record does not continue the log, its execution's chain, or the governance it names.
    #[error(
        "record {index} does not continue what stands before it: node, time, `seq`, `prev` or governance"
    )]
    Broken {
        /// Its index.
        index: u64,
    },
    /// The governance log does not hold what the node adopted.
    #[error("record {index} adopts governance that the governance log does not hold: {why}")]
    Governance {
        /// Its index.
        index: u64,
        /// Why.
        why: String,
    },
}

/// Follows a lineage log from its first record.
pub struct Replay<'a> {
    state: NodeState,
    governance: &'a [Vec<u8>],
    blobs: &'a dyn Blobs,
    snapshots: Maker,
}

impl<'a> Replay<'a> {
    /// Replays a node's log against a governance log (all its records) and the blobs beside it.
    #[must_use]
    pub fn new(node: &str, origin: &str, governance: &'a [Vec<u8>], blobs: &'a dyn Blobs) -> Self {
        Self::resume(NodeState::new(node, origin), Maker::default(), (governance, blobs))
    }

    /// Goes on from a state that was restored.
    #[must_use]
    pub fn resume(
        state: NodeState,
        snapshots: Maker,
        (governance, blobs): (&'a [Vec<u8>], &'a dyn Blobs),
    ) -> Self {
        Self { state, governance, blobs, snapshots }
    }

    /// Decides with this bundle throughout, whatever was published.
    #[must_use]
    pub fn under(mut self, bundle: Arc<Bundle>) -> Self {
        self.state.fix_bundle(bundle);
        self
    }

    /// Decides by this version of the decider throughout, whatever the published bundles name.
    #[must_use]
    pub fn under_semantics(mut self, semantics: Semantics) -> Self {
        self.state.suppose(semantics);
        self
    }

    /// The folded state, to go on from.
    #[must_use]
    pub fn into_state(self) -> NodeState {
        self.state
    }

    /// What has been folded so far.
    #[must_use]
    pub fn state(&self) -> &NodeState {
        &self.state
    }

    /// Follows the next record, with its sealed part.
    ///
    /// # Errors
    /// When the log cannot be followed: see [`ReplayError`].
    pub fn feed<'p>(
        &mut self,
        record: &[u8],
        sealed: impl Into<Part<'p>>,
    ) -> Result<Fed, ReplayError> {
        self.feed_sealed(record, |_, _| sealed.into())
    }

    /// Follows the next record; `open` opens its sealed part, told whose it is (none: the node's), and
    /// the record's index and digest.
    ///
    /// # Errors
    /// When the log cannot be followed: see [`ReplayError`].
    pub fn feed_sealed<'p>(
        &mut self,
        record: &[u8],
        open: impl FnOnce(Option<&str>, (u64, &Digest)) -> Part<'p>,
    ) -> Result<Fed, ReplayError> {
        let (index, bundle) = (self.state.size(), Arc::clone(self.state.bundle()));
        let open = |execution: Option<&str>, digest: &Digest| open(execution, (index, digest));
        self.feed_ahead(Ahead::of(&bundle, record, open))
    }

    /// Follows the next record, which was read ahead. One that was read against another bundle than the one that decides by
    /// then is read again.
    ///
    /// # Errors
    /// When the log cannot be followed: see [`ReplayError`].
    pub fn feed_ahead(&mut self, ahead: Ahead) -> Result<Fed, ReplayError> {
        let index = self.state.size();
        let Ahead { record, digest, sealed, asked, found } = ahead;
        let record = record.map_err(|why| ReplayError::Malformed { index, why })?;
        if let Body::Adopted { verified, .. } = &record.body {
            self.adopt(index, &record.header, *verified)?;
        }
        if !self.state.is_continued_by(&record) {
            return Err(ReplayError::Broken { index });
        }
        let execution = record.header.link.as_ref().map(|link| link.execution.as_str());
        let fed =
            self.follow(&record, &sealed, (asked, found)).ok_or(ReplayError::Broken { index })?;
        if let Ok(sealed) = &sealed {
            self.state.admit_sealed(execution, || sealed.to_bytes());
        }
        self.state.admit(&record.header, digest);
        self.note_approvals(&record, &sealed);
        Ok(fed)
    }

    fn adopt(&mut self, index: u64, header: &Header, verified: bool) -> Result<(), ReplayError> {
        let error = |why: &str| ReplayError::Governance { index, why: why.to_owned() };
        let from = usize::try_from(self.state.governance().position().size);
        let to = usize::try_from(header.governance.size);
        let range = from.ok().zip(to.ok()).map(|(from, to)| from..to);
        let records = range.and_then(|range| self.governance.get(range));
        let records = records.ok_or_else(|| error("it is shorter"))?;
        if let crate::state::Adopted::StoppedAt { why, .. } = self.state.adopt(records, self.blobs)
        {
            return Err(error(&why));
        }
        if self.state.governance().position() != header.governance {
            return Err(error("its root differs"));
        }
        if !verified {
            self.state.stop_adoption();
        }
        Ok(())
    }

    fn follow(
        &mut self,
        record: &LineageRecord,
        sealed: &Result<Sealed, Lost>,
        (asked, found): (Option<Result<Asked, Lost>>, Option<Found>),
    ) -> Option<Fed> {
        let link = record.header.link.as_ref();
        match (&record.body, link) {
            (Body::Adopted { .. } | Body::Refused { .. } | Body::ClockStepped { .. }, None) => {
                Some(Fed::Followed)
            }
            (Body::Snapshot(mark), None) => self.compare_snapshot(mark),
            (Body::Erased { execution, .. }, None) => {
                self.state.erase(execution).then_some(Fed::Followed)
            }
            (Body::Ordered { proposal }, None) => {
                let is_reduction = self.state.take_away(proposal) == Ok(true);
                is_reduction.then_some(Fed::Followed)
            }
            (Body::Started { workload, os_user, delegation }, Some(link)) => {
                let is_new = self.state.execution(&link.execution).is_none();
                let delegation = delegation.as_deref().cloned();
                is_new.then(|| {
                    self.state.begin(&link.execution, (workload, *os_user), delegation);
                })?;
                Some(Fed::Followed)
            }
            (Body::Delegated { decided_seq, .. }, Some(link)) => {
                let end = (*decided_seq, Completion::Result, Ok(None));
                self.complete(record.header.at, &link.execution, end, (&[], &Labels::NONE))
            }
            (Body::Approved(approval), Some(link)) => {
                let of = self.state.may_approve(record.header.at, approval);
                (of.as_ref() == Ok(&link.execution)).then_some(Fed::Followed)
            }
            (Body::Ended { .. }, Some(link)) => {
                self.state.end(&link.execution, record.header.at);
                Some(Fed::Followed)
            }
            (Body::Decided(decided), Some(link)) => {
                let labels = decided.decision.labels()?;
                let of = (link.execution.as_str(), link.seq);
                let fed = self.decide(of, decided, (sealed, asked?));
                self.state.begin_labels(&link.execution, link.seq, &labels);
                Some(fed)
            }
            (Body::Withheld { decided_seq, .. }, Some(link)) => {
                self.state.execution(&link.execution)?;
                self.state.withhold(record.header.at, (&link.execution, *decided_seq));
                self.state.give_back(&link.execution, *decided_seq);
                Some(Fed::Followed)
            }
            (
                Body::Completed {
                    decided_seq,
                    outcome: end,
                    withheld,
                    charges,
                    labels,
                    commitments,
                },
                Some(link),
            ) => {
                self.is_withheld_alike(&link.execution, withheld.as_deref()).then_some(())?;
                let ended = (&*link.execution, *decided_seq);
                let message = ended_by(commitments, sealed);
                self.is_labelled_alike(ended, (message, found), labels).then_some(())?;
                let output = commitments.get("output").map(|digest| open(sealed, "output", digest));
                let output = output.transpose().map(|bytes| bytes.map(<[u8]>::to_vec));
                let end = (*decided_seq, *end, output);
                self.complete(record.header.at, &link.execution, end, (charges, labels))
            }
            _ => None,
        }
    }

    /// Takes the snapshot again that a record speaks of. The private digest cannot be derived where an execution's
    /// private part cannot be read: it was erased since.
    fn compare_snapshot(&mut self, mark: &Mark) -> Option<Fed> {
        if mark.size != self.state.size() {
            return None;
        }
        let taken = self.snapshots.take(&self.state);
        self.snapshots.recorded(mark.size.saturating_add(1));
        let recorded = (mark.public, taken.private.map(|_| mark.private));
        if recorded == (taken.public, taken.private) {
            return Some(Fed::Followed);
        }
        Some(Fed::Different {
            recorded: Mark::compared(recorded.0, recorded.1),
            derived: Mark::compared(taken.public, taken.private),
        })
    }

    /// Derives a decision again. Where what it was made from cannot be read, the history of its execution
    /// is lost from here on; what the public header says happens all the same.
    fn decide(
        &mut self,
        (id, seq): (&str, u64),
        decided: &Decided,
        (sealed, asked): (&Result<Sealed, Lost>, Result<Asked, Lost>),
    ) -> Fed {
        let lost = |why: Lost| Fed::NotReplayable { execution: id.to_owned(), why };
        let is_permit = decided.decision.verdict() == Some("permit");
        let asked = asked.and_then(|Asked { read, named }| {
            let message = (decided.direction, open_message(decided, sealed)?);
            Ok((read.against(self.state.bundle(), message), named))
        });
        let (read, named) = match asked {
            Ok(asked) => asked,
            Err(why) => {
                if is_permit {
                    self.state.permit(id, seq, opened(None, decided), decided.charges.clone());
                }
                self.state.lose_history(id, why);
                return lost(why);
            }
        };
        let asks = decided.hands_on.as_ref().map(|hands_on| &hands_on.grant);
        let about = About {
            hands_on: asks,
            named: named.as_ref(),
            tool: decided.called(),
            detected: read.detected.clone(),
        };
        let derived = self.state.decide(id, &decided.facts, &read.formed, about);
        let given = named.map(|named| self.state.given(id, &named.pending));
        if is_permit {
            let opened = opened(Some(read), decided);
            self.state.permit(id, seq, opened, decided.charges.clone());
        }
        let Some(decision) = derived else {
            let earlier = self.state.lost(id);
            let (why, execution) = earlier.unwrap_or_else(|| (Lost::Damaged, id.to_owned()));
            return Fed::NotReplayable { execution, why };
        };
        let is_alike = self.state.charged(id, decision.charges()) == decided.charges
            && given.as_ref() == decided.retry.as_ref().map(|retry| &retry.given);
        compare(decided, sealed, (&decision, is_alike)).unwrap_or_else(lost)
    }

    /// What waits for approval, and what was said about it, is known by the digests of the records: once they are folded.
    fn note_approvals(&mut self, record: &LineageRecord, sealed: &Result<Sealed, Lost>) {
        let Some(link) = &record.header.link else { return };
        let (id, at) = (link.execution.as_str(), record.header.at);
        match &record.body {
            Body::Approved(approval) => self.state.give(id, at, approval),
            Body::Decided(decided) => {
                if let (Some(retry), Some("permit")) = (&decided.retry, decided.decision.verdict())
                {
                    self.state.use_approval(id, &retry.pending);
                }
                let waits = decided.commitments.contains_key("intent");
                let pending = self.state.execution(id).and_then(Execution::head);
                if let (Some("pending"), true, Some(pending)) =
                    (decided.decision.verdict(), waits, pending)
                {
                    let request = open_request(decided, sealed);
                    let intent = request.and_then(|one| open_intent(decided, &one, sealed)).ok();
                    let index = self.state.size().saturating_sub(1);
                    let asked =
                        Waiting::new((pending, index, at), decided.decision.awaits(), intent);
                    self.state.wait(id, asked);
                }
            }
            _ => {}
        }
    }

    fn complete(
        &mut self,
        at: i64,
        id: &str,
        (seq, end, output): (u64, Completion, Result<Option<Vec<u8>>, Lost>),
        (charges, labels): (&[Charged], &Labels),
    ) -> Option<Fed> {
        let text = output
            .and_then(|bytes| bytes.map(String::from_utf8).transpose().map_err(|_| Lost::Damaged));
        let is_settled_alike = self.is_settled_alike((id, seq), &text, charges);
        self.state.use_up((id, seq), at, charges);
        self.state.execution(id)?;
        let text = text.unwrap_or_else(|why| {
            self.state.lose_history(id, why);
            None
        });
        let was_open = self.state.complete(at, (id, seq), &outcome(end, text));
        let follows = was_open || !self.state.is_intact(id);
        self.state.end_labels(id, seq, end == Completion::Result, labels);
        (follows && is_settled_alike).then_some(Fed::Followed)
    }

    /// Whether what stops an execution now is what a record says that its message was withheld for. Older versions withheld
    /// none.
    fn is_withheld_alike(&self, id: &str, withheld: Option<&str>) -> bool {
        withheld.is_none() || self.state.is_hypothetical() || self.state.objection(id) == withheld
    }

    /// Whether detectors find in the message that ended a transition what the record of that says. What can't be read, or is
    /// looked at by another bundle, is taken from the record.
    fn is_labelled_alike(
        &self,
        (id, seq): (&str, u64),
        (message, ahead): (Result<Option<&[u8]>, Lost>, Option<Found>),
        labels: &Labels,
    ) -> bool {
        let Ok(message) = message else { return true };
        if !self.state.is_intact(id) || self.state.is_hypothetical() {
            return true;
        }
        let derived = self.state.detected((id, seq), message, ahead);
        // Of a message that was too large to be sealed the record's word is taken, if detectors can bring that.
        let was_seen = message.is_none() && self.state.bundle().semantics() >= Semantics::V4;
        derived == *labels || (was_seen && labels.iter().all(|label| derived.contains(label)))
    }

    /// Whether a result says what the record of it charges. What can't be read, or is decided by another bundle, is taken
    /// from the record.
    fn is_settled_alike(
        &self,
        (id, seq): (&str, u64),
        output: &Result<Option<String>, Lost>,
        charges: &[Charged],
    ) -> bool {
        let Ok(output) = output else { return true };
        let can_tell = self.state.is_intact(id);
        !can_tell
            || self.state.is_hypothetical()
            || self.state.settled(id, seq, output.as_deref()) == charges
    }
}

/// A permitted transition, as its record has it.
fn opened(read: Option<Read>, decided: &Decided) -> Opened {
    let (hands_on, direction) = (decided.hands_on.clone(), decided.direction);
    let asked = read.map(|read| AskedFor::Formed(read.formed));
    Opened { asked, hands_on, direction }
}

fn compare(
    decided: &Decided,
    sealed: &Result<Sealed, Lost>,
    (derived, is_alike): (&Decision, bool),
) -> Result<Fed, Lost> {
    let digest = decided.commitments.get("decision").ok_or(Lost::Damaged)?;
    let recorded = open(sealed, "decision", digest)?;
    let is_identical = recorded == derived.to_bytes() && is_alike;
    if is_identical && derived.to_open_text() == decided.decision.text() {
        return Ok(Fed::Identical);
    }
    let recorded = Value::parse(recorded).unwrap_or_else(|_| decided.decision.to_value());
    Ok(Fed::Different { recorded, derived: derived.to_value() })
}
