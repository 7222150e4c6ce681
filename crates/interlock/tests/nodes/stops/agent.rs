//! An agent that calls and calls, in one session after the other, and notes when it got its last
//! byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::now_ns;
use super::session::Session;

/// Calls that wait for their answer at a time.
const WINDOW: usize = 4;

/// A pause after each answer, so that the log of a long run can be looked at whole.
const PAUSE: Duration = Duration::from_millis(1);

/// What is known of the session that goes on.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    /// How many sessions there have been, this one included.
    pub(super) sessions: u64,
    /// Whose it is, from its beginning on: also where the first message is refused.
    pub(super) execution: String,
    /// The process of its server.
    pub(super) server: String,
    pub(super) answers: u64,
    /// When the last byte came, in nanoseconds since 1970.
    pub(super) last_byte_ns: u128,
    pub(super) is_open: bool,
    /// How the session before it ended.
    pub(super) ended_by: String,
    ends: bool,
}

/// The agent, on a thread of its own.
pub(super) struct Agent {
    shared: Arc<(Mutex<Seen>, Condvar)>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Agent {
    pub(super) fn start(socket: PathBuf) -> Agent {
        let shared = Arc::new((Mutex::new(Seen::default()), Condvar::new()));
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                while !shared.0.lock().unwrap().ends {
                    // One that is refused, or cut, is what a halt brings.
                    let ended = serve(&socket, &shared);
                    change(&shared, |seen| {
                        (seen.is_open, seen.ended_by) = (false, format!("{ended:?}"));
                    });
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        });
        Agent { shared, thread: Some(thread) }
    }

    pub(super) fn seen(&self) -> Seen {
        self.shared.0.lock().unwrap().clone()
    }

    /// Waits until this holds. What is seen then; none where it takes longer than this.
    pub(super) fn wait(&self, most: Duration, holds: impl Fn(&Seen) -> bool) -> Option<Seen> {
        let seen = self.shared.0.lock().unwrap();
        let (seen, timed_out) =
            self.shared.1.wait_timeout_while(seen, most, |seen| !holds(seen)).unwrap();
        (!timed_out.timed_out()).then(|| seen.clone())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        change(&self.shared, |seen| seen.ends = true);
        // One that panicked has ended too.
        let _ended = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn change(shared: &(Mutex<Seen>, Condvar), change: impl FnOnce(&mut Seen)) {
    change(&mut shared.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    shared.1.notify_all();
}

/// Notes when bytes come.
struct Noting<'a> {
    stream: UnixStream,
    shared: &'a (Mutex<Seen>, Condvar),
}

impl Read for Noting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.stream.read(buffer)?;
        if count > 0 {
            let came = now_ns();
            change(self.shared, |seen| seen.last_byte_ns = came);
        }
        Ok(count)
    }
}

fn serve(socket: &Path, shared: &(Mutex<Seen>, Condvar)) -> std::io::Result<()> {
    let session = Session::join(socket, "agent", "noting")?;
    let mut stream = session.stream;
    let number = change_and_number(shared, session.execution);
    let mut reader = BufReader::new(Noting { stream: stream.try_clone()?, shared });
    let server = super::session::greet(&mut stream, &mut reader)?;
    change(shared, |seen| (seen.is_open, seen.server) = (true, server));
    for call in 0_u64.. {
        ask(&mut stream, &format!("{number}-{call}"))?;
        if call < WINDOW as u64 {
            continue;
        }
        if shared.0.lock().unwrap().ends {
            return Ok(());
        }
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
        let answer: Value = serde_json::from_str(&line)?;
        if answer.get("result").is_some() {
            change(shared, |seen| seen.answers += 1);
        }
    }
    Ok(())
}

fn change_and_number(shared: &(Mutex<Seen>, Condvar), execution: String) -> u64 {
    let mut number = 0;
    change(shared, |seen| {
        number = seen.sessions + 1;
        let (sessions, ends) = (number, seen.ends);
        let ended_by = std::mem::take(&mut seen.ended_by);
        *seen = Seen { sessions, execution, ended_by, ends, ..Seen::default() };
    });
    number
}

fn ask(stream: &mut UnixStream, id: &str) -> std::io::Result<()> {
    let params = json!({"arguments": {"text": "note"}, "name": "note"});
    let call = json!({"id": id, "jsonrpc": "2.0", "method": "tools/call", "params": params});
    stream.write_all(format!("{call}\n").as_bytes())
}
