//! Kernel and log, and the loop that carries effects out: what `node`'s driver does, without threads.

use std::collections::VecDeque;
use std::sync::Arc;

use kernel::replay::{Fed, Replay};
use kernel::snapshot::Maker;
use kernel::state::NodeState;
use kernel::step::{Answer, Effect, Input, Kernel, Now, Ticket};
use ledger::simulation::{MemoryDevice, MemoryDisk};
use ledger::{Entry, Ledger, Reader, Sizes};
use proof::json::Value;
use proof::note::{Ed25519Signer, Signer};

use crate::authority::{Authority, ORIGIN};
use crate::broken::{Broken, Law};
use crate::limits::{RESERVE_BYTES, SEGMENT_BYTES};
use crate::snapshots::{self, Kept};

pub(crate) const NODE: &str = "node-1";
pub(crate) const LINEAGE: &str = "sim.test/lineage/node-1";

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
    /// What was approved is shown to the kernel, and something else is forwarded.
    OtherArguments,
    /// Now and then a read is shown to the kernel as one of something without labels: its label comes with a later one.
    LateLabel,
    /// A snapshot is listed although its record may be lost yet.
    EarlyList,
    /// A result is handed on before it is part of the history: what it adds comes late.
    LateResult,
    /// A result is handed on once it is sequenced, also where it brings a label.
    EarlyResult,
}

/// What the loop tells the world.
#[derive(Debug)]
pub(crate) enum Told {
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
    /// The process is gone.
    Died,
}

pub(crate) struct Node {
    pub(crate) kernel: Kernel,
    pub(crate) ledger: Ledger<MemoryDisk>,
    pub(crate) waiting: VecDeque<Entry>,
    /// Governance records that the kernel was given.
    pub(crate) adopted: usize,
    bug: Option<Bug>,
    appended: u64,
    kept: Kept,
    /// Whether it went on from a snapshot.
    pub(crate) is_resumed: bool,
}

pub(crate) fn signer() -> Result<Box<dyn Signer + Send>, Broken> {
    let signer = Ed25519Signer::from_seed(LINEAGE, &[3; 32]).map_err(Broken::run)?;
    Ok(Box::new(signer))
}

impl Node {
    /// Makes the log on an empty device.
    pub(crate) fn create(device: &MemoryDevice) -> Result<(), Broken> {
        Ledger::create_with(device.mount(), signer()?, LINEAGE, SIZES)
            .map(drop)
            .map_err(Broken::run)
    }

    /// Recovers the log, folds it, and goes on.
    pub(crate) fn open(
        device: &MemoryDevice,
        authority: &Authority,
        now: Now,
        bug: Option<Bug>,
    ) -> Result<(Self, Vec<Told>), Broken> {
        let opened = Ledger::open_with(device.mount(), signer()?, LINEAGE, SIZES);
        let (ledger, _) = opened
            .map_err(|why| Broken::new(Law::Durable, format!("the log does not open: {why}")))?;
        let log = read(device)?;
        let state = fold(&log, authority)?;
        let resumed = snapshots::resume(&ledger, &log, authority)?;
        let is_resumed = resumed.is_some();
        let (state, maker) = match resumed {
            Some((resumed, maker)) => {
                snapshots::same(&resumed, &state)?;
                (resumed, maker)
            }
            None => (state, Maker::default()),
        };
        let adopted = usize::try_from(state.governance().position().size).map_err(Broken::run)?;
        let (mut kernel, effects) = Kernel::start(state, now);
        kernel.resume_snapshots(maker);
        let (appended, waiting) = (ledger.size(), VecDeque::new());
        let kept = Kept::new(ledger.snapshots());
        let mut node = Self { kernel, ledger, waiting, adopted, bug, appended, kept, is_resumed };
        let told = node.carry_out(effects);
        Ok((node, told))
    }

    pub(crate) fn step(&mut self, now: Now, input: Input) -> Vec<Told> {
        let effects = self.kernel.step(now, input);
        self.carry_out(effects)
    }

    /// Hands over all of governance that the kernel has not.
    pub(crate) fn adopt(&mut self, now: Now, authority: &Authority) -> Vec<Told> {
        let records = authority.records.get(self.adopted..).unwrap_or_default().to_vec();
        self.adopted = authority.records.len();
        self.step(now, Input::Governance { records, blobs: Arc::clone(&authority.shelf) as _ })
    }

    /// Writes and syncs so many of the appends that wait, and says what became durable.
    pub(crate) fn commit(&mut self, now: Now, count: usize) -> Vec<Told> {
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
            Err(_) => vec![Told::Died],
        }
    }

    /// Makes a snapshot, or some of its pieces ahead.
    pub(crate) fn keep(&mut self, now: Now, is_whole: bool) -> Vec<Told> {
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
            self.kernel.resume_snapshots(Maker::new(self.kernel.state().size()));
        }
    }

    /// What the bug makes of time passing: records are called durable that are not.
    pub(crate) fn misbehave(&mut self, now: Now) -> Vec<Told> {
        match self.bug {
            Some(Bug::ReleaseBeforeSync) => self.step(now, Input::Durable { size: self.appended }),
            _ => Vec::new(),
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Vec<Told> {
        let mut told = Vec::new();
        for effect in effects {
            match effect {
                Effect::Append { index, record, sealed, .. } => {
                    let entry = Entry { record: self.tampered(index, record), sealed };
                    self.appended = index.saturating_add(1);
                    self.waiting.push_back(entry.clone());
                    told.push(Told::Appended { index, entry });
                }
                Effect::Answer { ticket, answer } => {
                    if self.bug == Some(Bug::ReusedPermit) && ticket.is_multiple_of(97) {
                        told.push(Told::Answered { ticket, answer: answer.clone() });
                    }
                    told.push(Told::Answered { ticket, answer });
                }
                Effect::Keep { index, pieces, names } => {
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
                | Effect::Erased { .. }
                | Effect::Reduced { .. }
                | Effect::Ended { .. }
                | Effect::Unsettled { .. } => {}
                Effect::Settled { ticket } => told.push(Told::Settled { ticket }),
                Effect::Halt { .. } => told.push(Told::Died),
            }
        }
        told
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

/// Everything in the log now, by the reader that looks on.
pub(crate) fn read(device: &MemoryDevice) -> Result<Vec<Entry>, Broken> {
    let reader = Reader::over(device.mount()).map_err(Broken::run)?;
    let entries = reader.entries(0).map_err(Broken::run)?;
    let entry = |entry: Result<ledger::ReadEntry, ledger::Error>| {
        let entry = entry.map_err(Broken::run)?;
        Ok(Entry { record: entry.record, sealed: entry.sealed.unwrap_or_default() })
    };
    entries.map(entry).collect()
}

/// Derives the state from the log alone: every decision must come out to the byte.
pub(crate) fn fold(log: &[Entry], authority: &Authority) -> Result<NodeState, Broken> {
    let mut replay = Replay::new(NODE, ORIGIN, &authority.records, authority.shelf.as_ref());
    for (index, entry) in log.iter().enumerate() {
        match replay.feed(&entry.record, &entry.sealed) {
            Ok(Fed::Followed | Fed::Identical) => {}
            Ok(other) => {
                return Err(Broken::new(
                    Law::Bytes,
                    format!("record {index} replays as {other:?}"),
                ));
            }
            Err(why) => return Err(Broken::new(Law::Bytes, format!("record {index}: {why}"))),
        }
    }
    Ok(replay.into_state())
}
