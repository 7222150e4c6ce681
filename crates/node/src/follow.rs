//! Following a lineage log on all cores: records are read ahead by threads, and followed in order
//! by one.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, Scope};

use kernel::replay::{PrefetchedRecord, Replay};
use ledger::ReadEntry;
use policy::Bundle;
use proof::digest::Digest;
use proof::merkle::leaf_hash;

use crate::limits::{AHEAD_BYTES, AHEAD_CHUNKS, AHEAD_RECORDS};
use crate::machine::cores;
use crate::sealing::Opener;

/// A record that was read ahead.
pub struct Read {
    /// Its index.
    pub index: u64,
    /// Its leaf in the log's tree.
    pub leaf: Digest,
    /// What it says.
    pub ahead: PrefetchedRecord,
}

/// Some records that follow one another, and the bundle to read their requests against.
struct Chunk {
    bundle: Arc<Bundle>,
    entries: Vec<ReadEntry>,
    read: Sender<Vec<Read>>,
}

/// Chunks that no thread has begun to read. A thread that is idle takes the first.
type Unread<'q> = &'q Mutex<Receiver<Chunk>>;

/// Runs this on as many threads as there are cores, this one first, and on no more than there are
/// pieces of work. What each came to; where the system gives fewer threads, the others do all of
/// it.
pub(crate) fn on_all_cores<T: Send>(
    pieces: usize,
    run: impl Fn() -> T + Sync,
) -> Vec<std::thread::Result<T>> {
    let others = cores().min(pieces).saturating_sub(1);
    std::thread::scope(|scope| {
        let builder = || std::thread::Builder::new().stack_size(policy::limits::DECIDE_STACK_BYTES);
        let others: Vec<_> =
            (0..others).map_while(|_| builder().spawn_scoped(scope, &run).ok()).collect();
        let own = run();
        let others = others.into_iter().map(std::thread::ScopedJoinHandle::join);
        std::iter::once(Ok(own)).chain(others).collect()
    })
}

/// Has `take` follow each entry in order. One opener is for this thread, and for each other there
/// is a thread that reads ahead. This one reads too, where what comes next is not read yet.
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
    let mut own = openers.pop().unwrap_or_else(Opener::without_keys);
    let (chunks_to_read, unread) = mpsc::channel();
    let unread = Mutex::new(unread);
    std::thread::scope(|scope| {
        // It goes before the scope waits for the threads, which end with it.
        let chunks_to_read = chunks_to_read;
        let lanes = openers.into_iter().map_while(|opener| lane(scope, &unread, opener)).count();
        let ahead = lanes.saturating_add(1).saturating_mul(AHEAD_CHUNKS);
        let mut asked: VecDeque<Receiver<Vec<Read>>> = VecDeque::new();
        loop {
            while asked.len() < ahead {
                let entries = chunks.next();
                if entries.is_empty() {
                    break;
                }
                let (read, one) = mpsc::channel();
                let bundle = Arc::clone(replay.state().bundle());
                if chunks_to_read.send(Chunk { bundle, entries, read }).is_ok() {
                    asked.push_back(one);
                }
            }
            let Some(next) = asked.pop_front() else {
                return chunks.failed.take().map_or(Ok(()), Err);
            };
            let read = next_read(&next, &unread, &mut own);
            if read.is_empty() {
                // A thread has panicked, which ends the scope with its panic: nothing after it is
                // followed.
                return Ok(());
            }
            for read in read {
                take(replay, read)?;
            }
        }
    })
}

/// The records of the next chunk; none where the thread that read it has panicked. While another
/// thread reads that chunk, this one reads a chunk that no thread has begun.
fn next_read(next: &Receiver<Vec<Read>>, unread: Unread<'_>, own: &mut Opener) -> Vec<Read> {
    loop {
        if let Ok(read) = next.try_recv() {
            return read;
        }
        // A thread that waits for a chunk holds the lock: then there is none.
        match unread.try_lock().ok().and_then(|unread| unread.try_recv().ok()) {
            Some(chunk) => chunk.read(own),
            None => return next.recv().unwrap_or_default(),
        }
    }
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
fn lane<'scope>(
    scope: &'scope Scope<'scope, '_>,
    unread: Unread<'scope>,
    mut opener: Opener,
) -> Option<()> {
    let next = || unread.lock().unwrap_or_else(PoisonError::into_inner).recv();
    let run = move || {
        while let Ok(chunk) = next() {
            chunk.read(&mut opener);
        }
    };
    let builder =
        Builder::new().name("read-ahead".to_owned()).stack_size(policy::limits::DECIDE_STACK_BYTES);
    builder.spawn_scoped(scope, run).ok().map(drop)
}

impl Chunk {
    fn read(self, opener: &mut Opener) {
        let all = self.entries.iter().map(|entry| read(&self.bundle, entry, opener)).collect();
        // Nobody hears it where following has ended.
        let _ = self.read.send(all);
    }
}

fn read(bundle: &Arc<Bundle>, entry: &ReadEntry, opener: &mut Opener) -> Read {
    let (index, record) = (entry.index, entry.record.as_slice());
    let sealed = entry.sealed.as_deref();
    let open = |of: Option<&str>, digest: &Digest| opener.part(of, index, digest, sealed);
    let ahead = PrefetchedRecord::of(bundle, record, open);
    Read { index, leaf: leaf_hash(record), ahead }
}
