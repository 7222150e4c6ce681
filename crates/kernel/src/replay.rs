//! Re-derives every decision of a lineage log from the logs, blobs and sealed parts, and compares
//! bytes.
//!
//! A node's restart does the same: it does not start from a log that cannot be re-derived.

mod prefetched;
mod sealed_part;
mod tally;
/// A snapshot's digests as they are shown; without the private one where it cannot be derived.
fn compared(public: Digest, private: Option<Digest>) -> Value {
    let private = private.map(|digest| ("private", digest.to_value()));
    object([("public", public.to_value())].into_iter().chain(private))
}

#[cfg(test)]
mod tests;

pub use prefetched::PrefetchedRecord;
pub use sealed_part::SealedPart;
pub use tally::{Counts, Tally};

use std::sync::Arc;

use policy::{Bundle, Decision, ResolvedRequest, Semantics};
use proof::digest::Digest;
use proof::json::{Value, object};
use record::lineage::{
    Body, Charged, Commitments, Decided, Header, LineageRecord, Sealed, SnapshotMark,
};
use record::{Labels, MalformedRecord};

use crate::lineage::called_tool;
use crate::snapshot::SnapshotBuilder;
use crate::state::{
    BlobSource, CommittedInputs, DecisionInputs, DetectedLabels, NodeState, TransitionRef,
    Unfounded, Unreadable,
};
use prefetched::{RecordedRequest, ending_message, open, open_intent, open_message, open_request};

/// The outcome of one record.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplayOutcome {
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
        /// The execution whose inputs are missing: its own, or one whose events stand in the same
        /// history.
        execution: String,
        /// Why they are missing. A missing key was erased if the log says so by its end: see
        /// [`Tally`].
        why: Unreadable,
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
        why: MalformedRecord,
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
    blobs: &'a dyn BlobSource,
    snapshots: SnapshotBuilder,
}

impl<'a> Replay<'a> {
    /// Replays a node's log against a governance log (all its records) and the blobs beside it.
    #[must_use]
    pub fn new(
        node: &str,
        origin: &str,
        governance: &'a [Vec<u8>],
        blobs: &'a dyn BlobSource,
    ) -> Self {
        Self::resume(NodeState::new(node, origin), SnapshotBuilder::default(), governance, blobs)
    }

    /// Goes on from a state that was restored, with the snapshots of its log; governance and blobs
    /// as for [`Self::new`].
    #[must_use]
    pub fn resume(
        state: NodeState,
        snapshots: SnapshotBuilder,
        governance: &'a [Vec<u8>],
        blobs: &'a dyn BlobSource,
    ) -> Self {
        Self { state, governance, blobs, snapshots }
    }

    /// Decides with this bundle throughout, whatever was published.
    #[must_use]
    pub fn under(mut self, bundle: Arc<Bundle>) -> Self {
        self.state.override_bundle(bundle);
        self
    }

    /// Decides by this version of the decider throughout, whatever the published bundles name.
    #[must_use]
    pub fn under_semantics(mut self, semantics: Semantics) -> Self {
        self.state.override_semantics(semantics);
        self
    }

    /// The folded state, to go on from.
    #[must_use]
    pub fn into_state(self) -> NodeState {
        self.state
    }

    /// The state of the fold so far.
    #[must_use]
    pub fn state(&self) -> &NodeState {
        &self.state
    }

    /// Applies the next record, with its sealed part.
    ///
    /// # Errors
    /// When the log cannot be followed: see [`ReplayError`].
    pub fn apply<'p>(
        &mut self,
        record: &[u8],
        sealed: impl Into<SealedPart<'p>>,
    ) -> Result<ReplayOutcome, ReplayError> {
        self.apply_sealed(record, |_, _, _| sealed.into())
    }

    /// Applies the next record. `open` opens its sealed part, given its execution (none: it is the
    /// node's), and the record's index and digest.
    ///
    /// # Errors
    /// When the log cannot be followed: see [`ReplayError`].
    pub fn apply_sealed<'p>(
        &mut self,
        record: &[u8],
        open: impl FnOnce(Option<&str>, u64, &Digest) -> SealedPart<'p>,
    ) -> Result<ReplayOutcome, ReplayError> {
        let (index, bundle) = (self.state.size(), Arc::clone(self.state.bundle()));
        let open = |execution: Option<&str>, digest: &Digest| open(execution, index, digest);
        self.apply_prefetched(PrefetchedRecord::of(&bundle, record, open))
    }

    /// Applies the next record, which was read ahead. It is read again if another bundle decides by
    /// then.
    ///
    /// # Errors
    /// When the log cannot be followed: see [`ReplayError`].
    pub fn apply_prefetched(
        &mut self,
        ahead: PrefetchedRecord,
    ) -> Result<ReplayOutcome, ReplayError> {
        let index = self.state.size();
        let PrefetchedRecord { record, digest, sealed, asked, detected } = ahead;
        let record = record.map_err(|why| ReplayError::Malformed { index, why })?;
        if let Body::Adopted { verified, .. } = &record.body {
            self.adopt(index, &record.header, *verified)?;
        }
        if !self.state.is_continued_by(&record) {
            return Err(ReplayError::Broken { index });
        }
        let rederived = self.rederive(&record, &sealed, asked, detected);
        let (outcome, behind) = rederived.ok_or(ReplayError::Broken { index })?;
        if let Ok(sealed) = &sealed {
            let execution = record.header.link.as_ref().map(|link| link.execution.as_str());
            self.state.admit_sealed(execution, || sealed.to_bytes());
        }
        let applied = self.state.apply(&record, digest, behind);
        applied.map_err(|Unfounded| ReplayError::Broken { index })?;
        Ok(outcome)
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

    /// Derives the contents of a record again, where they can be derived. Nothing is folded but a
    /// decision's own request. None where a record that is no decision differs.
    fn rederive(
        &mut self,
        record: &LineageRecord,
        sealed: &Result<Sealed, Unreadable>,
        asked: Option<Result<RecordedRequest, Unreadable>>,
        detected: Option<DetectedLabels>,
    ) -> Option<(ReplayOutcome, CommittedInputs)> {
        match (&record.body, &record.header.link) {
            (Body::Snapshot(mark), None) => {
                Some((self.compare_snapshot(mark)?, CommittedInputs::Nothing))
            }
            (Body::Decided(decided), Some(link)) => {
                let of = link.execution.as_str();
                let intent = decided.waits().then(|| {
                    let request = open_request(decided, sealed).ok()?;
                    open_intent(decided, &request, sealed).ok()
                });
                let (outcome, resolved) = self.decide(of, decided, sealed, asked?);
                Some((outcome, CommittedInputs::Decided { resolved, intent: intent.flatten() }))
            }
            (
                Body::Completed { decided_seq, withheld, charges, labels, commitments, .. },
                Some(link),
            ) => {
                let ended = TransitionRef::new(link.execution.as_str(), *decided_seq);
                self.is_withheld_alike(ended.execution, withheld.as_deref()).then_some(())?;
                let message = ending_message(commitments, sealed);
                self.is_labelled_alike(ended, message, detected, labels).then_some(())?;
                let output = structured_output(commitments, sealed);
                self.is_settled_alike(ended, &output, charges).then_some(())?;
                Some((ReplayOutcome::Followed, CommittedInputs::Completed(output)))
            }
            _ => Some((ReplayOutcome::Followed, CommittedInputs::Nothing)),
        }
    }

    /// Takes the recorded snapshot again. The private digest cannot be derived where the private
    /// part of an execution cannot be read: it was erased since.
    fn compare_snapshot(&mut self, mark: &SnapshotMark) -> Option<ReplayOutcome> {
        if mark.size != self.state.size() {
            return None;
        }
        let taken = self.snapshots.take(&self.state);
        self.snapshots.recorded(mark.size.saturating_add(1));
        let recorded = (mark.public, taken.private.map(|_| mark.private));
        if recorded == (taken.public, taken.private) {
            return Some(ReplayOutcome::Followed);
        }
        Some(ReplayOutcome::Different {
            recorded: compared(recorded.0, recorded.1),
            derived: compared(taken.public, taken.private),
        })
    }

    /// Derives a decision again, and returns its request. Where the inputs cannot be read, the
    /// history of its execution is lost from here on; the public header takes effect all the same.
    fn decide(
        &mut self,
        id: &str,
        decided: &Decided,
        sealed: &Result<Sealed, Unreadable>,
        asked: Result<RecordedRequest, Unreadable>,
    ) -> (ReplayOutcome, Result<ResolvedRequest, Unreadable>) {
        let lost = |why: Unreadable| ReplayOutcome::NotReplayable { execution: id.to_owned(), why };
        let asked = asked.and_then(|RecordedRequest { inspected, retry_ref }| {
            let message = open_message(decided, sealed)?;
            let inspected = inspected.against(self.state.bundle(), decided.direction, message);
            Ok((inspected, retry_ref))
        });
        let (inspected, retry_ref) = match asked {
            Ok(asked) => asked,
            Err(why) => return (lost(why), Err(why)),
        };
        let asks = decided.delegates.as_ref().map(|delegates| &delegates.grant);
        let about = DecisionInputs {
            delegates: asks,
            retry_ref: retry_ref.as_ref(),
            tool: called_tool(decided),
            detected: inspected.detected.clone(),
        };
        let derived = self.state.decide(id, &decided.facts, &inspected.resolved, about);
        let votes = retry_ref.map(|retry_ref| self.state.vote_records(id, &retry_ref.pending));
        let Some(decision) = derived else {
            let earlier = self.state.lost(id);
            let (why, execution) = earlier.unwrap_or_else(|| (Unreadable::Damaged, id.to_owned()));
            return (ReplayOutcome::NotReplayable { execution, why }, Ok(inspected.resolved));
        };
        let is_alike = self.state.charged(id, decision.charges()) == decided.charges
            && votes.as_ref() == decided.retry.as_ref().map(|retry| &retry.votes);
        let outcome = compare(decided, sealed, &decision, is_alike).unwrap_or_else(lost);
        (outcome, Ok(inspected.resolved))
    }

    /// Whether the execution is stopped now for the recorded reason that its message was withheld
    /// for. Older versions withheld none.
    fn is_withheld_alike(&self, id: &str, withheld: Option<&str>) -> bool {
        withheld.is_none() || self.state.is_what_if() || self.state.objection(id) == withheld
    }

    /// Whether detectors find the recorded labels in the message that ended a transition. Where the
    /// message can't be read, or another bundle looks at it, the record counts.
    fn is_labelled_alike(
        &self,
        transition: TransitionRef<'_>,
        message: Result<Option<&[u8]>, Unreadable>,
        ahead: Option<DetectedLabels>,
        labels: &Labels,
    ) -> bool {
        let Ok(message) = message else { return true };
        if !self.state.is_intact(transition.execution) || self.state.is_what_if() {
            return true;
        }
        let derived = self.state.detected(transition, message, ahead);
        // For a message that was too large to be sealed the record counts, if detectors can bring
        // its labels.
        let was_seen = message.is_none() && self.state.bundle().semantics() >= Semantics::V4;
        derived == *labels || (was_seen && labels.iter().all(|label| derived.contains(label)))
    }

    /// Whether a result settles the recorded charges. Where the result can't be read, or another
    /// bundle decides, the record counts.
    fn is_settled_alike(
        &self,
        transition: TransitionRef<'_>,
        output: &Result<Option<String>, Unreadable>,
        charges: &[Charged],
    ) -> bool {
        let Ok(output) = output else { return true };
        let TransitionRef { execution: id, seq } = transition;
        !self.state.is_intact(id)
            || self.state.is_what_if()
            || self.state.settled(id, seq, output.as_deref()) == charges
    }
}

/// The JSON text of the structured result that ended a transition, if there was one.
fn structured_output(
    commitments: &Commitments,
    sealed: &Result<Sealed, Unreadable>,
) -> Result<Option<String>, Unreadable> {
    let output = commitments.get("output").map(|digest| open(sealed, "output", digest));
    let output = output.transpose()?.map(|bytes| String::from_utf8(bytes.to_vec()));
    output.transpose().map_err(|_| Unreadable::Damaged)
}

fn compare(
    decided: &Decided,
    sealed: &Result<Sealed, Unreadable>,
    derived: &Decision,
    is_alike: bool,
) -> Result<ReplayOutcome, Unreadable> {
    let digest = decided.commitments.get("decision").ok_or(Unreadable::Damaged)?;
    let recorded = open(sealed, "decision", digest)?;
    let is_identical = recorded == derived.to_bytes() && is_alike;
    if is_identical && derived.to_public_text() == decided.decision.text() {
        return Ok(ReplayOutcome::Identical);
    }
    let recorded = Value::parse(recorded).unwrap_or_else(|_| decided.decision.to_value());
    Ok(ReplayOutcome::Different { recorded, derived: derived.to_value() })
}
