//! The node's state machine: prepare, sequence, (write,) release, settle.
//!
//! | input | result |
//! |---|---|
//! | `Approve` | an officer's vote on a pending request, on record ([`approve`](self)) |
//! | `End` | an execution that descends from another ends ([`delegate`](self)) |
//! | `Join` | the execution that the peer speaks for, begun if it is the first time |
//! | `Request` | a decision on record ([`sequence`](self)); it is answered once durable |
//! | `Durable` | the answers whose records are on stable storage ([`release`](self)) |
//! | `Outcome` | the completion of a permitted transition ([`settle`](self)) |
//! | `Governance` | the new records of the governance log are adopted |
//! | `Erase` | an ended execution may be erased, once that is on record and durable |
//! | `Reduce` | a signed halt or lowered trust acts at once |
//! | `Snapshot` | the digests of the state on record, and its pieces |
//! | `Refused`, `Probe`, `Tick` | counts of refusals, and their record |

mod approve;
mod clock;
mod delegate;
mod erase;
mod held_bytes;
mod prepare;
mod quota;
mod release;
mod sequence;
mod settle;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use proof::digest::Digest;
use record::ApprovalRule;
use record::governance::SignedProposal;
use record::lineage::{Body, Completion, ErasedFor, RefusalCounts, SignedApproval};

use crate::Prepared;
use crate::lineage::SealingScope;
use crate::snapshot::{Piece, SnapshotBuilder};
use crate::state::{BlobSource, CommittedInputs, NodeState, Unfounded};

use erase::EraseInput;
use prepare::{JoinInput, Peer};
use sequence::RequestInput;

pub use prepare::execution_id;

/// The driver's clocks at one step.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Milliseconds since the Unix epoch. May step back; records never do.
    pub wall_ms: i64,
    /// Nanoseconds of a clock that never steps back.
    pub monotonic_ns: u64,
}

/// The driver's name for one request, until its outcome.
pub type Ticket = u64;

/// An input of the state machine.
pub enum Input {
    /// A peer wants to speak for a workload.
    Join {
        /// Names the answer.
        ticket: Ticket,
        /// The workload's name.
        workload: String,
        /// The peer's OS user (uid), as the kernel of the machine vouches for it.
        os_user: u32,
        /// The delegated execution that is meant, where it is one.
        execution: Option<String>,
        /// 32 fresh bytes.
        entropy: [u8; 32],
    },
    /// An execution asks for one transition.
    Request {
        /// Names the answer.
        ticket: Ticket,
        /// The execution.
        execution: String,
        /// The requested transition.
        transition: Box<Prepared>,
        /// 32 fresh bytes.
        entropy: [u8; 32],
    },
    /// An execution ends one that it, or one below it, had delegated to.
    End {
        /// Names the answer.
        ticket: Ticket,
        /// The execution that ends it.
        execution: String,
        /// The one that ends, with all who descend from it.
        child: String,
    },
    /// A permitted transition ended.
    Outcome {
        /// The request's ticket.
        ticket: Ticket,
        /// How it ended.
        outcome: Completion,
        /// The message that ended it, if any, as it is forwarded.
        message: Vec<u8>,
        /// JSON text of its structured result, if any.
        output: Option<String>,
        /// 32 fresh bytes.
        entropy: [u8; 32],
    },
    /// The lineage log is on stable storage up to this size.
    Durable {
        /// How many records are durable.
        size: u64,
    },
    /// A signed change has reached the node: a reduction acts now, before any log has it.
    Reduce {
        /// Names the answer.
        ticket: Ticket,
        /// The change with its signatures.
        proposal: Box<SignedProposal>,
    },
    /// New records of the governance log, in order, after those adopted.
    Governance {
        /// The records' bytes.
        records: Vec<Vec<u8>>,
        /// Where bundles are found.
        blobs: Arc<dyn BlobSource + Send + Sync>,
    },
    /// An officer approves a pending request, or refuses it.
    Approve {
        /// Names the answer.
        ticket: Ticket,
        /// The officer's signed vote.
        approval: Box<SignedApproval>,
    },
    /// The sealed parts of an ended execution are to become unreadable, for good.
    Erase {
        /// Names the answer.
        ticket: Ticket,
        /// The execution.
        execution: String,
        /// The OS user (uid) that asks, as the kernel of the machine vouches for it.
        os_user: u32,
        /// Why.
        reason: ErasedFor,
    },
    /// An enforcement point refused input before it came to a request.
    Refused {
        /// The code.
        code: &'static str,
        /// How often, since the last such input.
        count: u64,
    },
    /// A record that shows that the log commits: it counts refusals, and is written also where
    /// there were none.
    Probe,
    /// Time passed.
    Tick,
    /// A snapshot of the state is wanted.
    Snapshot,
}

/// An effect that the driver must carry out, in order.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Append a record to the lineage log, with its sealed part.
    Append {
        /// The record's index: one more than that of the `Append` before.
        index: u64,
        /// The key that the sealed part is sealed under. A new key is on stable storage before the
        /// record.
        scope: SealingScope,
        /// Digest of the record's bytes.
        digest: Digest,
        /// Canonical bytes.
        record: Vec<u8>,
        /// The sealed part's bytes.
        sealed: Vec<u8>,
    },
    /// A join's answer: the execution, or a refusal's code.
    Joined {
        /// The join's ticket.
        ticket: Ticket,
        /// The execution's id, or a code.
        result: Result<String, &'static str>,
    },
    /// A request's answer.
    Answer {
        /// The request's ticket.
        ticket: Ticket,
        /// The answer.
        answer: Answer,
    },
    /// A permitted delegation was carried out.
    Delegated {
        /// The request's ticket.
        ticket: Ticket,
        /// The new execution's id.
        child: String,
    },
    /// An execution was asked to end.
    Ended {
        /// The ticket of [`Input::End`].
        ticket: Ticket,
        /// A refusal's code where that execution may not end it.
        result: Result<(), &'static str>,
    },
    /// A signed change was looked at.
    Reduced {
        /// The ticket of [`Input::Reduce`].
        ticket: Ticket,
        /// Whether it acts already: no reduction waits for governance. The error says why it is not
        /// acceptable.
        result: Result<bool, String>,
    },
    /// An outcome is sequenced, and durable where a later decision can look at it: its message may
    /// be forwarded.
    Settled {
        /// The request's ticket.
        ticket: Ticket,
    },
    /// An outcome is on record, and its message goes nowhere: the execution may not go on.
    Withheld {
        /// The request's ticket.
        ticket: Ticket,
        /// The code of what stopped the execution.
        code: &'static str,
    },
    /// An outcome settles nothing: its ticket is not open. Its message goes nowhere.
    Unsettled {
        /// The ticket.
        ticket: Ticket,
    },
    /// An approval's answer: the index of its record, which is durable now; or the code of its
    /// refusal: `approval.unknown` (no request waits under that digest), `.used`, `.late`, `.role`
    /// (the request waits for no role of that officer), `.signature`, `.twice` or `.quota`.
    Approved {
        /// The approval's ticket.
        ticket: Ticket,
        /// The record's index, or a code.
        result: Result<u64, &'static str>,
    },
    /// An erasure's answer: the index of its record, which is durable now, so that the execution's
    /// key must be destroyed; or the code of its refusal: `execution.live`, `execution.unknown`, or
    /// `execution.line` where its events still decide for its ancestors.
    Erased {
        /// The erasure's ticket.
        ticket: Ticket,
        /// The execution.
        execution: String,
        /// The record's index, or a code.
        result: Result<u64, &'static str>,
    },
    /// A snapshot was taken, whose record is appended with it: its pieces may be stored beside the
    /// log.
    StorePieces {
        /// Index of the record.
        index: u64,
        /// Pieces that were not handed out before.
        pieces: Vec<Piece>,
        /// The names of all pieces that it consists of.
        names: BTreeSet<Digest>,
    },
    /// The decider met a limit of its engine: the node must stop.
    Halt {
        /// The limit.
        why: String,
    },
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The transition may be made, once, now.
    Permit {
        /// Index of the decision's record.
        index: u64,
    },
    /// It may not.
    Deny {
        /// Index of the record that says so.
        index: u64,
        /// The reason code.
        code: String,
        /// Ids of the policies that determined it.
        policies: Vec<String>,
        /// The advice to the agent.
        advice: Vec<String>,
    },
    /// It may if officers approve, and only when it is asked for again by the record's digest.
    Pending {
        /// Index of the record that says so.
        index: u64,
        /// The record's digest.
        pending: Digest,
        /// The approvals that it waits for.
        awaits: Vec<ApprovalRule>,
        /// Ids of the policies that permit it.
        policies: Vec<String>,
        /// The advice to the agent.
        advice: Vec<String>,
    },
    /// No decision was made.
    Refused {
        /// The refusal's code.
        code: &'static str,
    },
}

/// A record that is to be appended, with all that the fold needs.
struct NewRecord {
    body: Body,
    /// The inputs that it commits to.
    behind: CommittedInputs,
    /// The sealed part's bytes.
    sealed: Vec<u8>,
}

/// The state machine.
pub struct Kernel {
    state: NodeState,
    pending: VecDeque<release::PendingAnswer>,
    open: BTreeMap<Ticket, (String, u64)>,
    erasures: VecDeque<erase::PendingErasure>,
    approvals: VecDeque<approve::PendingApproval>,
    /// Ends that later decisions can look at and that are not durable yet, in the order of their
    /// records.
    settling: VecDeque<settle::PendingCompletion>,
    refusals: RefusalCounts,
    snapshots: SnapshotBuilder,
    /// The clocks at the last tick.
    clock: Now,
    held: held_bytes::HeldBytes,
    /// A record was made that does not follow from the state: nothing of the step may happen.
    broken: Option<Unfounded>,
    executions: quota::Executions,
}

impl Kernel {
    /// Goes on from a folded log. Transitions that were open when the node ended are completed as
    /// `unknown`: the first effects to be carried out.
    #[must_use]
    pub fn start(state: NodeState, now: Now) -> (Self, Vec<Effect>) {
        let mut kernel = Self {
            held: held_bytes::HeldBytes::by(&state),
            executions: quota::Executions::of(&state),
            state,
            pending: VecDeque::new(),
            open: BTreeMap::new(),
            erasures: VecDeque::new(),
            approvals: VecDeque::new(),
            settling: VecDeque::new(),
            refusals: RefusalCounts::new(),
            broken: None,
            snapshots: SnapshotBuilder::default(),
            clock: now,
        };
        let mut effects = kernel.record_clock_behind(now);
        effects.extend(kernel.complete_unknown(now));
        // An end whose record was lost with the power is made up for.
        effects.extend(kernel.end_by_officer(now));
        let effects = kernel.unbroken(effects);
        (kernel, effects)
    }

    /// The node's state.
    #[must_use]
    pub fn state(&self) -> &NodeState {
        &self.state
    }

    /// One step: the only way in.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let effects = self.handle(now, input);
        self.unbroken(effects)
    }

    /// INVARIANT: a record that the kernel makes follows from its state. Where one does not, no
    /// effect of the step is carried out.
    fn unbroken(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        match self.broken.take() {
            None => effects,
            Some(why) => vec![Effect::Halt { why: format!("internal.invariant: {why}") }],
        }
    }

    fn handle(&mut self, now: Now, input: Input) -> Vec<Effect> {
        match input {
            Input::Join { ticket, workload, os_user, execution, entropy } => {
                let peer = Peer { workload: &workload, os_user };
                let execution = execution.as_deref();
                self.join(now, ticket, JoinInput { peer, execution, entropy: &entropy })
            }
            Input::End { ticket, execution, child } => {
                self.end_child(now, ticket, &execution, &child)
            }
            Input::Request { ticket, execution, transition, entropy } => {
                let (execution, prepared) = (execution.as_str(), *transition);
                self.request(now, RequestInput { ticket, execution, prepared, entropy: &entropy })
            }
            Input::Outcome { ticket, outcome, message, output, entropy } => {
                let end = settle::ReportedEnd { outcome, message, output, withheld: None };
                self.settle(now, ticket, end, &entropy)
            }
            Input::Durable { size } => self.release(now, size),
            Input::Governance { records, blobs } => self.govern(now, &records, blobs.as_ref()),
            Input::Reduce { ticket, proposal } => self.reduce(now, ticket, proposal),
            Input::Approve { ticket, approval } => self.approve(now, ticket, approval),
            Input::Erase { ticket, execution, os_user, reason } => {
                self.erase(now, EraseInput { ticket, execution, os_user, reason })
            }
            Input::Refused { code, count } => {
                self.count_refusals(code, count);
                Vec::new()
            }
            Input::Probe => {
                let counts = std::mem::take(&mut self.refusals);
                vec![self.append(now, None, Body::Refused { counts }, Vec::new())]
            }
            Input::Tick => {
                let mut effects = self.record_clock(now);
                effects.extend(self.record_refusals(now));
                effects
            }
            Input::Snapshot => self.snapshot(now),
        }
    }

    /// Takes away at once. The record has its place before every decision that sees it.
    fn reduce(&mut self, now: Now, ticket: Ticket, proposal: Box<SignedProposal>) -> Vec<Effect> {
        match self.state.acts_at_once(now.wall_ms, &proposal) {
            Ok(true) => {
                let ordered = self.append(now, None, Body::Ordered { proposal }, Vec::new());
                vec![ordered, Effect::Reduced { ticket, result: Ok(true) }]
            }
            Ok(false) => vec![Effect::Reduced { ticket, result: Ok(false) }],
            Err(why) => vec![Effect::Reduced { ticket, result: Err(why.to_string()) }],
        }
    }

    fn govern(&mut self, now: Now, records: &[Vec<u8>], blobs: &dyn BlobSource) -> Vec<Effect> {
        if records.is_empty() || !self.state.is_verified() {
            return Vec::new();
        }
        self.state.adopt(records, blobs);
        let body = Body::Adopted {
            verified: self.state.is_verified(),
            bundle: self.state.governance().bundle(),
        };
        let mut effects = vec![self.append(now, None, body, Vec::new())];
        effects.extend(self.end_by_officer(now));
        effects
    }

    fn count_refusals(&mut self, code: &'static str, more: u64) {
        let count = self.refusals.entry(code.to_owned()).or_default();
        *count = count.saturating_add(more);
    }

    fn record_refusals(&mut self, now: Now) -> Vec<Effect> {
        if self.refusals.is_empty() {
            return Vec::new();
        }
        let counts = std::mem::take(&mut self.refusals);
        vec![self.append(now, None, Body::Refused { counts }, Vec::new())]
    }

    fn append(&mut self, now: Now, execution: Option<&str>, body: Body, sealed: Vec<u8>) -> Effect {
        self.append_with(
            now,
            execution,
            NewRecord { body, behind: CommittedInputs::Nothing, sealed },
        )
    }

    /// Makes the next record and folds it, with what lies behind its commitments.
    fn append_with(&mut self, now: Now, execution: Option<&str>, record: NewRecord) -> Effect {
        let NewRecord { body, behind, sealed } = record;
        let index = self.state.size();
        let at = self.state.time(now.wall_ms);
        let scope = self.state.scope(execution);
        let record = self.state.next_record(at, execution, body);
        let bytes = record.to_bytes();
        let digest = Digest::of(&bytes);
        if let Err(why) = self.state.apply(&record, digest, behind) {
            self.broken = Some(why);
        }
        self.state.admit_sealed(execution, || sealed.clone());
        Effect::Append { index, scope, digest, record: bytes, sealed }
    }
}
