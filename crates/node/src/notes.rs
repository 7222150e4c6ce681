//! Lines for a person, on a way that never holds up the node.
//!
//! The reader of the node's standard error may stop reading. A thread of its own writes the lines,
//! so that no other thread waits for that reader. Lines wait for it in a bounded queue; lines that
//! do not fit are counted and dropped.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use proof::shown::Shown;

use crate::limits::{NOTE_BYTES_MAX, NOTES_MAX};

/// Standard error, for a node that serves. Commands that end by themselves write to it directly.
static STDERR: OnceLock<Notes> = OnceLock::new();

/// Where lines for a person go. Taking one never blocks.
#[derive(Debug, Clone)]
pub struct Notes(Option<Arc<NoteQueue>>);

#[derive(Debug)]
struct NoteQueue {
    lines: SyncSender<String>,
    /// Lines that were taken, and lines that were written or could not be.
    taken: AtomicU64,
    done: AtomicU64,
    dropped: AtomicU64,
}

impl Notes {
    /// Nobody listens.
    #[must_use]
    pub fn unheard() -> Self {
        Self(None)
    }

    /// Standard error, from here on for [`say`] too.
    ///
    /// # Errors
    /// There is no standard error, or no thread can be started.
    pub fn stderr() -> io::Result<Self> {
        if let Some(notes) = STDERR.get() {
            return Ok(notes.clone());
        }
        // Not the standard library's own: that one is locked while it waits, and a panic would wait
        // with it.
        let file = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        let notes = Self::to(file)?;
        Ok(STDERR.get_or_init(|| notes).clone())
    }

    /// Whatever can be written to.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn to(writer: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(NOTES_MAX);
        let queue = Arc::new(NoteQueue {
            lines,
            taken: AtomicU64::new(0),
            done: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        });
        let weak = Arc::downgrade(&queue);
        std::thread::Builder::new().name("notes".to_owned()).spawn(move || {
            let mut writer = writer;
            while let Some(queue) = write_next(&mut writer, &waiting, || weak.upgrade()) {
                queue.done.fetch_add(1, Ordering::Release);
            }
        })?;
        Ok(Self(Some(queue)))
    }

    /// Takes one line, or counts it as dropped. What a terminal would act on is shown as an escape.
    pub fn say(&self, line: impl Display) {
        let Some(queue) = &self.0 else { return };
        let mut line = Shown(&line.to_string()).to_string();
        if line.len() > NOTE_BYTES_MAX {
            line.truncate(line.floor_char_boundary(NOTE_BYTES_MAX));
        }
        queue.taken.fetch_add(1, Ordering::AcqRel);
        if queue.lines.try_send(line).is_err() {
            queue.dropped.fetch_add(1, Ordering::Relaxed);
            queue.done.fetch_add(1, Ordering::Release);
        }
    }

    /// Waits until what was taken is written, but no longer than this.
    pub fn flush(&self, limit: Duration) {
        let Some(queue) = &self.0 else { return };
        let (began, taken) = (Instant::now(), queue.taken.load(Ordering::Acquire));
        while queue.done.load(Ordering::Acquire) < taken && began.elapsed() < limit {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Writes one line, and before it how many were dropped. None where no more lines can come.
fn write_next(
    writer: &mut impl Write,
    waiting: &Receiver<String>,
    queue: impl Fn() -> Option<Arc<NoteQueue>>,
) -> Option<Arc<NoteQueue>> {
    let line = waiting.recv().ok()?;
    let dropped = queue().map_or(0, |queue| queue.dropped.swap(0, Ordering::Relaxed));
    if dropped > 0 {
        let _gone = writeln!(writer, "interlock: {dropped} lines were dropped: nobody read them");
    }
    // The reader may have gone.
    let _gone = writer.write_all(format!("interlock: {line}\n").as_bytes());
    let _gone = writer.flush();
    queue()
}

/// One line on standard error. What a terminal would act on is shown as an escape.
pub fn say(line: impl Display) {
    match STDERR.get() {
        Some(notes) => notes.say(line),
        None => {
            let line = format!("interlock: {}\n", Shown(&line.to_string()));
            // Nothing is left to be told where standard error is closed.
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }
}

/// Waits for standard error, but no longer than this.
pub fn flush(limit: Duration) {
    if let Some(notes) = STDERR.get() {
        notes.flush(limit);
    }
}

/// What a session says, with whose it is.
#[derive(Debug, Clone)]
pub(crate) struct SessionNotes {
    notes: Notes,
    /// Server, session and workload, for a person.
    whose: String,
}

/// Sessions of this process so far. A number tells apart those that run at the same time.
static SESSIONS: AtomicU64 = AtomicU64::new(0);

impl SessionNotes {
    pub(crate) fn new(notes: &Notes, server: &str, workload: &str) -> Self {
        let number = SESSIONS.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let whose = format!("`{server}`, session {number}, `{workload}`");
        Self { notes: notes.clone(), whose }
    }

    pub(crate) fn say(&self, what: impl Display) {
        self.notes.say(format_args!("{}: {what}", self.whose));
    }
}

impl mcp::Sink for SessionNotes {
    fn note(&self, note: mcp::Note) {
        self.say(note);
    }
}

#[cfg(test)]
mod tests;
