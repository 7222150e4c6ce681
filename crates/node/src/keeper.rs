use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

use identity::{KeyError, PieceSealer};
use ledger::{Disk, Snapshots};
use proof::digest::Digest;

use crate::Error;
use crate::priority::give_way;

/// The way to the thread that seals and writes snapshots. What it cannot write is told and left: a
/// snapshot is only a faster start.
pub(crate) struct Keeper {
    jobs: Sender<Job>,
    shared: Arc<KeeperState>,
    thread: JoinHandle<()>,
}

enum Job {
    Piece(WaitingPiece),
    Finish(u64, BTreeSet<Digest>),
    /// What comes next needs nothing that came before.
    Anew,
}

/// A piece that is to be written.
pub(crate) struct WaitingPiece {
    pub(crate) name: Digest,
    /// Plain bytes.
    pub(crate) bytes: Vec<u8>,
    /// What seals it as it is written; none where it is public.
    pub(crate) sealer: Option<PieceSealer>,
}

/// Why something of a snapshot is not kept.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(
        "an execution of which it has events was erased meanwhile, which is no fault; the next one \
         is made anew ({0})"
    )]
    Seal(#[from] KeyError),
    #[error(transparent)]
    Write(#[from] ledger::Error),
}

impl WaitingPiece {
    fn write<D: Disk>(&self, snapshots: &Snapshots<D>) -> Result<(), KeepError> {
        let Self { name, bytes, sealer } = self;
        let sealed = sealer.as_ref().map(|sealer| sealer.seal(name, bytes)).transpose()?;
        Ok(snapshots.keep(name, sealed.as_ref().unwrap_or(bytes))?)
    }
}

#[derive(Default)]
struct KeeperState {
    waiting_bytes: AtomicUsize,
    has_failed: AtomicBool,
    /// Until when something is written, once that is known.
    until: OnceLock<Instant>,
}

impl KeeperState {
    fn has_time(&self) -> bool {
        self.until.get().is_none_or(|until| Instant::now() < *until)
    }

    fn failed(&self, why: &dyn Display) {
        if !self.has_failed.swap(true, Ordering::Relaxed) {
            crate::say(format_args!("a snapshot of the state could not be kept: {why}"));
        }
    }
}

impl Keeper {
    pub(crate) fn start<D: Disk>(snapshots: Snapshots<D>) -> Result<Self, Error> {
        let (jobs, waiting) = channel();
        let shared = Arc::new(KeeperState::default());
        let thread = std::thread::Builder::new().name("snapshots".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                give_way();
                write(&snapshots, &waiting, &shared);
            }
        });
        let thread = thread.map_err(|why| Error::ledger("lineage", &why))?;
        Ok(Self { jobs, shared, thread })
    }

    /// Bytes of pieces that were handed over and are not written.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.shared.waiting_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn keep(&self, piece: WaitingPiece) {
        self.shared.waiting_bytes.fetch_add(piece.bytes.len(), Ordering::Relaxed);
        self.tell(Job::Piece(piece));
    }

    pub(crate) fn finish(&self, index: u64, names: BTreeSet<Digest>) {
        self.tell(Job::Finish(index, names));
    }

    /// Something of a snapshot cannot be handed over.
    pub(crate) fn failed(&self, why: &dyn Display) {
        self.shared.failed(why);
    }

    /// Whether something could not be kept since this was asked last. Then no snapshot is finished
    /// before the caller hands over all of its pieces again.
    pub(crate) fn take_failure(&self) -> bool {
        let has_failed = self.shared.has_failed.swap(false, Ordering::Relaxed);
        if has_failed {
            self.tell(Job::Anew);
        }
        has_failed
    }

    /// Waits until everything that was handed over is written. What has not begun to be written by
    /// then is left, and nothing is finished after it.
    pub(crate) fn close(self, until: Instant) {
        let _is_set = self.shared.until.set(until);
        drop(self.jobs);
        let _ended = self.thread.join();
    }

    fn tell(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            self.failed(&"the thread that writes them has ended");
        }
    }
}

/// Writes what comes, until nobody can send any more. Once a piece could not be written, no
/// snapshot is finished that might need it.
fn write<D: Disk>(snapshots: &Snapshots<D>, jobs: &Receiver<Job>, shared: &KeeperState) {
    let mut is_whole = true;
    while let Ok(job) = jobs.recv() {
        if !shared.has_time() {
            return;
        }
        let kept = match &job {
            Job::Anew => {
                is_whole = true;
                continue;
            }
            Job::Piece(piece) => {
                let kept = if is_whole { piece.write(snapshots) } else { Ok(()) };
                shared.waiting_bytes.fetch_sub(piece.bytes.len(), Ordering::Relaxed);
                kept
            }
            Job::Finish(index, names) if is_whole => {
                snapshots.finish(*index, names).map_err(KeepError::from)
            }
            Job::Finish(..) => Ok(()),
        };
        if let Err(why) = kept {
            is_whole = false;
            shared.failed(&why);
        }
    }
}

#[cfg(test)]
mod tests;
