//! Following a lineage log on all cores: records are read ahead by threads, and followed in order by one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{Builder, Scope};

use kernel::replay::{Ahead, Replay};
use ledger::ReadEntry;
use policy::Bundle;
use proof::digest::Digest;
use proof::merkle::leaf_hash;

use crate::limits::{AHEAD_BYTES, AHEAD_CHUNKS, AHEAD_RECORDS};
use crate::sealing::Opener;

/// A record that was read ahead.
pub struct Read {
    /// Its index.
    pub index: u64,
    /// Its leaf in the log's tree.
    pub leaf: Digest,
    /// What it says.
    pub ahead: Ahead,
}

/// Some records that follow one another, and the bundle to read their requests against.
type Chunk = (Arc<Bundle>, Vec<ReadEntry>);

/// A thread that reads ahead.
struct Lane {
    chunks: SyncSender<Chunk>,
    read: Receiver<Vec<Read>>,
}

/// How many cores there are.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Has `take` follow each entry in order. One opener is for this thread, and for each other there is a thread that reads
/// ahead. This one reads itself where the system gives no thread.
///
/// # Errors
/// The first error of the entries or of `take`: nothing after it was followed.
pub fn follow<E>(
    replay: &mut Replay<'_>,
    entries: impl Iterator<Item = Result<ReadEntry, E>>,
    mut openers: Vec<Opener>,
    mut take: impl FnMut(&mut Replay<'_>, Read) -> Result<(), E>,
) -> Result<(), E> {
    let mut chunks = Chunks { entries, failed: None };
    std::thread::scope(|scope| {
        let mut alone = openers.pop().unwrap_or_else(Opener::without_keys);
        let lanes: Vec<_> = openers.into_iter().map_while(|opener| lane(scope, opener)).collect();
        let mut busy: VecDeque<&Lane> = VecDeque::new();
        let mut turns = lanes.iter().cycle();
        loop {
            // Each lane has its turn, so that none waits for one that nobody hears.
            while busy.len() < lanes.len().saturating_mul(AHEAD_CHUNKS) {
                let chunk = chunks.next();
                let (false, Some(lane)) = (chunk.is_empty(), turns.next()) else { break };
                if lane.chunks.send((Arc::clone(replay.state().bundle()), chunk)).is_ok() {
                    busy.push_back(lane);
                }
            }
            let read = match busy.pop_front() {
                // A thread that has panicked ends the scope with its panic.
                Some(lane) => lane.read.recv().unwrap_or_default(),
                None => {
                    let bundle = Arc::clone(replay.state().bundle());
                    chunks.next().iter().map(|entry| read(&bundle, entry, &mut alone)).collect()
                }
            };
            if read.is_empty() {
                return chunks.failed.take().map_or(Ok(()), Err);
            }
            for read in read {
                take(replay, read)?;
            }
        }
    })
}

/// Entries in chunks, until one can't be read: what stands before it is followed first.
struct Chunks<I, E> {
    entries: I,
    failed: Option<E>,
}

impl<E, I: Iterator<Item = Result<ReadEntry, E>>> Chunks<I, E> {
    /// The next entries; none at the end.
    fn next(&mut self) -> Vec<ReadEntry> {
        let (mut chunk, mut bytes) = (Vec::new(), 0_usize);
        while self.failed.is_none() && chunk.len() < AHEAD_RECORDS && bytes < AHEAD_BYTES {
            match self.entries.next() {
                Some(Ok(entry)) => {
                    let sealed = entry.sealed.as_ref().map_or(0, Vec::len);
                    bytes = bytes.saturating_add(entry.record.len()).saturating_add(sealed);
                    chunk.push(entry);
                }
                Some(Err(why)) => self.failed = Some(why),
                None => break,
            }
        }
        chunk
    }
}

/// A thread with the stack that reading requests needs; none where the system gives none.
fn lane<'scope>(scope: &'scope Scope<'scope, '_>, mut opener: Opener) -> Option<Lane> {
    let (chunks, asked) = mpsc::sync_channel::<Chunk>(AHEAD_CHUNKS);
    let (done, read_ahead) = mpsc::channel();
    let run = move || {
        for (bundle, entries) in asked {
            let all = entries.iter().map(|entry| read(&bundle, entry, &mut opener)).collect();
            if done.send(all).is_err() {
                return;
            }
        }
    };
    let builder =
        Builder::new().name("read-ahead".to_owned()).stack_size(policy::limits::DECIDE_STACK_BYTES);
    builder.spawn_scoped(scope, run).ok()?;
    Some(Lane { chunks, read: read_ahead })
}

fn read(bundle: &Arc<Bundle>, entry: &ReadEntry, opener: &mut Opener) -> Read {
    let (index, record) = (entry.index, entry.record.as_slice());
    let sealed = entry.sealed.as_deref();
    let open = |of: Option<&str>, digest: &Digest| opener.part(of, (index, digest), sealed);
    let ahead = Ahead::of(bundle, record, open);
    Read { index, leaf: leaf_hash(record), ahead }
}
