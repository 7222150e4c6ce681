//! Kernel and log, and the loop that carries effects out: what `node`'s driver does, without
//! threads.

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::lineage::SealingScope;
use kernel::snapshot::SnapshotBuilder;
use kernel::state::NodeState;
use kernel::step::{Answer, Effect, Input, Kernel, Now, Ticket};
use ledger::simulation::{MemoryDevice, MemoryDisk};
use ledger::{Entry, Ledger, Sizes};
use proof::json::Value;
use proof::note::{Ed25519Signer, Signer};

use crate::authority::SimulatedAuthority;
use crate::broken::{Broken, Law};
use crate::keys::Keys;
use crate::limits::{RESERVE_BYTES, SEGMENT_BYTES};
use crate::names::LINEAGE;
use crate::replay::{fold, read};
use crate::snapshots::{self, StoredSnapshots};

const SIZES: Sizes = Sizes { segment_bytes: SEGMENT_BYTES, reserve_bytes: RESERVE_BYTES };

/// A bug to plant in the loop: each breaks a law, and a run must find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The loop says that records are durable before they are synced.
    ReleaseBeforeSync,
    /// Now and then a record names another one than the last of its execution.
    SkippedPrev,
    /// A permit is made use of twice.
    ReusedPermit,
    /// Governance is acknowledged before the kernel has it: decisions are made at a stale version.
    StaleVersion,
    /// The kernel sees the approved arguments, and other ones are forwarded.
    OtherArguments,
    /// Now and then a read is shown to the kernel as one of something without labels: its label
    /// comes with a later one.
    LateLabel,
    /// A snapshot is listed although its record may be lost yet.
    EarlyList,
    /// A result is handed on before it is part of the history: what it adds comes late.
    LateResult,
    /// A result is handed on once it is sequenced, also where it brings a label.
    EarlyResult,
    /// What a declassification takes away goes although it failed.
    EarlyClear,
    /// The end of what writes is not told before the next start: what the writer touched since its
    /// permit is not left.
    LateWrite,
    /// A list that the server takes back or changes is not heard: the definition of the first one
    /// is held against the pin.
    OldDefinition,
    /// A key is destroyed once its erasure is sequenced.
    EarlyErasure,
    /// A start does not complete the erasures that a crash cut short.
    CutErasure,
    /// A permit is made use of although its execution was stopped before it was released.
    PermitAfterStop,
    /// A result is handed on although its execution was stopped before it came.
    ResultAfterStop,
    /// A result is handed on although its execution has ended.
    ResultAfterEnd,
    /// A result that a condition looks back at is handed on once it is sequenced.
    EarlyPage,
    /// The result of a declassification is handed on once it is sequenced.
    EarlyCleared,
    /// What nobody knows the end of is told as sent one way.
    UnknownAsSent,
    /// A reduction is answered, and not given to the kernel.
    LostReduction,
    /// A reduction is judged at the time of the log.
    LateReduction,
    /// A reduction that acts is judged at the time of the governance log when it is brought there.
    LateOrder,
    /// Trust that one officer raises is not held against what acts on the node alone.
    LonelyRaise,
    /// A workload is moved out of a zone that is stopped on the node alone.
    FreedByMove,
    /// Each execution has a history of its own.
    OwnHistory,
    /// An execution stands as its own workload does, whatever becomes of those that it descends
    /// from.
    OwnStanding,
    /// The kernel is shown a wall clock that never steps back.
    SmoothClock,
}

/// Something that the node's loop did, for the world to check.
#[derive(Debug)]
pub(crate) enum NodeEvent {
    /// A record was sequenced.
    Appended {
        index: u64,
        entry: Entry,
    },
    Answered {
        ticket: Ticket,
        answer: Answer,
    },
    /// A result may go on to its agent.
    Settled {
        ticket: Ticket,
    },
    /// A result goes nowhere: its execution may not go on.
    Withheld {
        ticket: Ticket,
    },
    /// A result settles nothing.
    Unsettled {
        ticket: Ticket,
    },
    /// The record that erases an execution is said to be durable, or why there is none.
    Erased {
        execution: String,
        result: Result<u64, &'static str>,
    },
    /// The process is gone.
    Died,
}

/// A kernel, a ledger and their keys on a simulated disk, and the loop that joins them.
pub(crate) struct SimulatedNode {
    pub(crate) kernel: Kernel,
    pub(crate) ledger: Ledger<MemoryDisk>,
    pub(crate) keys: Keys,
    pub(crate) waiting: VecDeque<Entry>,
    /// Governance records that the kernel was given.
    pub(crate) adopted: usize,
    bug: Option<Bug>,
    appended: u64,
    /// The latest time that the wall clock showed.
    latest_ms: i64,
    kept: StoredSnapshots,
    /// Whether it went on from a snapshot.
    pub(crate) is_resumed: bool,
}

pub(crate) fn signer() -> Result<Box<dyn Signer + Send>, Broken> {
    let signer = Ed25519Signer::from_seed(LINEAGE, &[3; 32]).map_err(Broken::run)?;
    Ok(Box::new(signer))
}

impl SimulatedNode {
    /// Makes the log on an empty device.
    pub(crate) fn create(device: &MemoryDevice) -> Result<(), Broken> {
        Ledger::create_with(device.mount(), signer()?, LINEAGE, SIZES)
            .map(drop)
            .map_err(Broken::run)
    }

    /// Recovers the log, folds it, and goes on.
    pub(crate) fn open(
        device: &MemoryDevice,
        authority: &SimulatedAuthority,
        now: Now,
        bug: Option<Bug>,
    ) -> Result<(Self, Vec<NodeEvent>), Broken> {
        let opened = Ledger::open_with(device.mount(), signer()?, LINEAGE, SIZES);
        let (ledger, _) = opened
            .map_err(|why| Broken::new(Law::Durable, format!("the log does not open: {why}")))?;
        let (log, keys) = (read(device)?, Keys::on(device));
        let readable = keys.readable().map_err(Broken::run)?;
        let (state, _) = fold(&log, authority, &readable)?;
        let resumed = snapshots::resume(&ledger, &log, authority, &readable)?;
        let is_resumed = resumed.is_some();
        let (state, maker) = match resumed {
            Some((resumed, maker)) => {
                snapshots::same(&resumed, &state)?;
                (resumed, maker)
            }
            None => (state, SnapshotBuilder::default()),
        };
        if bug != Some(Bug::CutErasure) {
            complete(&keys, &state)?;
        }
        let adopted = usize::try_from(state.governance().position().size).map_err(Broken::run)?;
        let (mut kernel, effects) = Kernel::start(state, now);
        kernel.resume_snapshots(maker);
        let (appended, waiting) = (ledger.size(), VecDeque::new());
        let kept = StoredSnapshots::new(ledger.snapshots());
        let latest_ms = now.wall_ms;
        let mut node = Self {
            kernel,
            ledger,
            keys,
            waiting,
            adopted,
            bug,
            appended,
            latest_ms,
            kept,
            is_resumed,
        };
        let told = node.carry_out(effects);
        Ok((node, told))
    }

    pub(crate) fn step(&mut self, mut now: Now, input: Input) -> Vec<NodeEvent> {
        if self.bug == Some(Bug::SmoothClock) {
            self.latest_ms = self.latest_ms.max(now.wall_ms);
            now.wall_ms = self.latest_ms;
        }
        let effects = self.kernel.step(now, input);
        self.carry_out(effects)
    }

    /// Hands over all of governance that the kernel has not.
    pub(crate) fn adopt(&mut self, now: Now, authority: &SimulatedAuthority) -> Vec<NodeEvent> {
        let records = authority.records.get(self.adopted..).unwrap_or_default().to_vec();
        self.adopted = authority.records.len();
        self.step(now, Input::Governance { records, blobs: Arc::clone(&authority.shelf) as _ })
    }

    /// Writes and syncs so many of the appends that wait, and says what became durable.
    pub(crate) fn commit(&mut self, now: Now, count: usize) -> Vec<NodeEvent> {
        let entries: Vec<Entry> = self.waiting.drain(..count.min(self.waiting.len())).collect();
        if entries.is_empty() {
            return Vec::new();
        }
        match self.ledger.commit_reserved(&entries) {
            Ok(_) => {
                self.list_snapshot();
                self.step(now, Input::Durable { size: self.ledger.size() })
            }
            // What was sequenced could not be kept: the node's process ends itself.
            Err(_) => vec![NodeEvent::Died],
        }
    }

    /// Makes a snapshot, or some of its pieces ahead.
    pub(crate) fn keep(&mut self, now: Now, is_whole: bool) -> Vec<NodeEvent> {
        if self.kept.is_unlisted() {
            return Vec::new();
        }
        if is_whole {
            return self.step(now, Input::Snapshot);
        }
        let pieces = self.kernel.prepare_snapshot(2);
        let kept = self.kept.pieces(pieces);
        self.hold(kept);
        Vec::new()
    }

    fn list_snapshot(&mut self) {
        let listed = self.kept.list(self.ledger.size());
        self.hold(listed);
    }

    /// What could not be kept is made anew, and nothing else comes of it.
    fn hold(&mut self, kept: Result<(), ledger::Error>) {
        if kept.is_err() {
            self.kept.forget();
            self.kernel.resume_snapshots(SnapshotBuilder::new(self.kernel.state().size()));
        }
    }

    /// What the bug makes of time passing: records are called durable that are not.
    pub(crate) fn misbehave(&mut self, now: Now) -> Vec<NodeEvent> {
        match self.bug {
            Some(Bug::ReleaseBeforeSync) => self.step(now, Input::Durable { size: self.appended }),
            _ => Vec::new(),
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Vec<NodeEvent> {
        let mut told = Vec::new();
        for effect in effects {
            match effect {
                Effect::Append { index, scope, record, sealed, .. } => {
                    // A key that begins is on stable storage before the record.
                    if let SealingScope::Begun(id) = &scope
                        && self.keys.begin(id).is_err()
                    {
                        told.push(NodeEvent::Died);
                        return told;
                    }
                    let entry = Entry { record: self.tampered(index, record), sealed };
                    self.appended = index.saturating_add(1);
                    self.waiting.push_back(entry.clone());
                    told.push(NodeEvent::Appended { index, entry });
                }
                Effect::Answer { ticket, answer } => {
                    if self.bug == Some(Bug::ReusedPermit) && ticket.is_multiple_of(97) {
                        told.push(NodeEvent::Answered { ticket, answer: answer.clone() });
                    }
                    told.push(NodeEvent::Answered { ticket, answer: self.misheard(answer) });
                }
                Effect::StorePieces { index, pieces, names } => {
                    let kept = self.kept.whole(index, pieces, names);
                    self.hold(kept);
                    if self.bug == Some(Bug::EarlyList) {
                        let listed = self.kept.list(u64::MAX);
                        self.hold(listed);
                    }
                }
                // The records say the same, and those are looked at.
                Effect::Joined { .. }
                | Effect::Approved { .. }
                | Effect::Delegated { .. }
                | Effect::Reduced { .. }
                | Effect::Ended { .. } => {}
                Effect::Unsettled { ticket } => told.push(NodeEvent::Unsettled { ticket }),
                Effect::Withheld { ticket, .. } => told.push(match self.bug {
                    Some(Bug::ResultAfterStop) => NodeEvent::Settled { ticket },
                    _ => NodeEvent::Withheld { ticket },
                }),
                Effect::Erased { execution, result, .. } => {
                    // What is left of a key whose destruction fails, the next start destroys.
                    let _cut_off = result.map(|_| self.keys.destroy(&execution));
                    told.push(NodeEvent::Erased { execution, result });
                }
                Effect::Settled { ticket } => told.push(NodeEvent::Settled { ticket }),
                Effect::Halt { .. } => told.push(NodeEvent::Died),
            }
        }
        told
    }

    /// What the bug makes of an answer.
    fn misheard(&self, answer: Answer) -> Answer {
        match answer {
            Answer::Deny { index, code, .. }
                if self.bug == Some(Bug::PermitAfterStop) && code == "execution.halted" =>
            {
                Answer::Permit { index }
            }
            answer => answer,
        }
    }

    /// What the bug makes of an erasure that is on record.
    pub(crate) fn destroy_early(&self, execution: &str) {
        if self.bug == Some(Bug::EarlyErasure) {
            let _cut_off = self.keys.destroy(execution);
        }
    }

    fn tampered(&self, index: u64, record: Vec<u8>) -> Vec<u8> {
        if self.bug != Some(Bug::SkippedPrev) || !index.is_multiple_of(101) {
            return record;
        }
        match Value::parse(&record) {
            Ok(Value::Object(mut members)) if members.contains_key("prev") => {
                let other = proof::digest::Digest::of(b"another");
                members.insert("prev", other.to_value());
                Value::Object(members).to_bytes()
            }
            _ => record,
        }
    }
}

/// Destroys what a crash left of the keys of executions that were erased.
fn complete(keys: &Keys, state: &NodeState) -> Result<(), Broken> {
    let all = keys.executions().map_err(Broken::run)?;
    let mut erased = all.iter().filter(|id| state.erased(id).is_some());
    erased.try_for_each(|id| keys.destroy(id)).map_err(Broken::run)
}
