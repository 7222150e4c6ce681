//! An agent of another workload that does its worst, and strangers of other OS users.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::Setting;
use super::session::{Session, greet, hello};

/// The first of the OS users who have no workload here.
const STRANGERS: u32 = 61_010;
/// How many of them say nothing, and how many connections each holds: more than one may have, and
/// 256 together.
const SILENT: (u32, &str) = (4, "70");

/// How long it may take until the hostile agent has used up what it wants to.
const WORST_WITHIN: Duration = Duration::from_secs(120);

/// Processes of other OS users. They end when this is dropped.
pub(super) struct Strangers(Vec<Child>);

impl Strangers {
    /// None of them where only root could be somebody else.
    pub(super) fn start(socket: &Path, setting: Setting) -> Strangers {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can be another OS user; there are no strangers");
            return Strangers(Vec::new());
        }
        let mut all: Vec<Child> =
            (0..SILENT.0).map(|n| stranger(socket, STRANGERS + n, &[SILENT.1])).collect();
        if setting == Setting::Connects {
            let flood = ["400", "flood"];
            all.extend((0..2).map(|n| stranger(socket, STRANGERS + SILENT.0 + n, &flood)));
        }
        Strangers(all)
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        for stranger in &mut self.0 {
            // One that has ended by itself cannot be killed.
            let _ended = stranger.kill();
            let _waited = stranger.wait();
        }
    }
}

fn stranger(socket: &Path, user: u32, words: &[&str]) -> Child {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/stops/stranger.py");
    let text = std::fs::read_to_string(script).unwrap();
    let mut python = Command::new("python3");
    python.args(["-c", &text]).arg(socket).args(words).uid(user);
    let mut child = python.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let out = child.stdout.as_mut().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    child
}

/// The hostile agent, on a thread of its own. It does its worst anew whenever a halt has covered
/// it.
pub(super) struct Rogue {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// How often it is to do its worst, and how often it has.
    wanted: AtomicU64,
    done: AtomicU64,
    ends: AtomicBool,
}

impl Rogue {
    pub(super) fn start(socket: &Path, setting: Setting, is_deep: bool) -> Rogue {
        let shared = Arc::new(Shared::default());
        let worst = Worst { socket: socket.to_owned(), setting, is_deep };
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let (mut held, mut done) = (Vec::new(), 0);
                while !shared.ends.load(Ordering::Acquire) {
                    let wanted = shared.wanted.load(Ordering::Acquire);
                    if wanted == done {
                        std::thread::sleep(Duration::from_millis(2));
                        worst.go_on();
                        continue;
                    }
                    held.clear();
                    worst.begin(&mut held);
                    done = wanted;
                    shared.done.store(done, Ordering::Release);
                }
            }
        });
        Rogue { shared, thread: Some(thread) }
    }

    /// Has it do its worst, and waits until that is done.
    pub(super) fn renew(&self) {
        let wanted = self.shared.wanted.fetch_add(1, Ordering::AcqRel) + 1;
        let began = Instant::now();
        while self.shared.done.load(Ordering::Acquire) != wanted {
            assert!(began.elapsed() < WORST_WITHIN, "the hostile agent does not come to its worst");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Rogue {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Release);
        // One that panicked has ended too.
        let _ended = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

struct Worst {
    socket: PathBuf,
    setting: Setting,
    is_deep: bool,
}

impl Worst {
    fn join(&self, server: &str) -> Option<UnixStream> {
        Session::join(&self.socket, "rogue", server).ok().map(|session| session.stream)
    }

    /// What is held. A refusal is what some of it is to come to.
    fn begin(&self, held: &mut Vec<UnixStream>) {
        let many = if self.is_deep { 16 } else { 1 };
        match self.setting {
            Setting::Silent => held.extend((0..8 * many).map_while(|_| self.join("noting"))),
            Setting::FullPipes => {
                held.extend((0..4).filter_map(|_| self.writes_what_is_not_read()));
                held.extend((0..4).filter_map(|_| self.asks(8 * many, "large")));
            }
            Setting::OpenRequests => held.extend((0..4).filter_map(|_| self.asks(250, "held"))),
            Setting::Descriptors => {
                held.extend((0..100).map_while(|_| self.join("noting")));
                held.extend((0..300).map_while(|_| UnixStream::connect(&self.socket).ok()));
            }
            Setting::Memory => held.extend(self.calls_until_refused(400_000, "refused.quota")),
            Setting::FullDisk => held.extend(self.calls_until_refused(200_000, "refused.storage")),
            Setting::Connects | Setting::SlowDisk | Setting::StuckDisk => {
                held.extend(self.join("noting"));
            }
        }
    }

    /// What is done without a pause.
    fn go_on(&self) {
        if self.setting == Setting::Connects {
            drop(self.join("noting"));
        }
    }

    fn writes_what_is_not_read(&self) -> Option<UnixStream> {
        let mut stream = self.join("deaf")?;
        stream.write_all(hello(&"x".repeat(400_000)).as_bytes()).ok()?;
        Some(stream)
    }

    /// Asks, and reads no answer.
    fn asks(&self, calls: usize, text: &str) -> Option<UnixStream> {
        let mut stream = self.join("noting")?;
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        greet(&mut stream, &mut reader).ok()?;
        stream.set_write_timeout(Some(Duration::from_millis(200))).ok()?;
        for call in 0..calls {
            // A pipe that takes no more is what this is for.
            if stream.write_all(ask(&format!("rogue-{call}"), text).as_bytes()).is_err() {
                break;
            }
        }
        Some(stream)
    }

    /// Calls with so much text until it is refused with this code, but not for ever.
    fn calls_until_refused(&self, size: usize, code: &str) -> Option<UnixStream> {
        let mut stream = self.join("noting")?;
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        greet(&mut stream, &mut reader).ok()?;
        let (text, began) = ("x".repeat(size), Instant::now());
        for call in 0.. {
            stream.write_all(ask(&format!("rogue-{call}"), &text).as_bytes()).ok()?;
            if call < 2 {
                continue;
            }
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 || line.contains(code) {
                break;
            }
            assert!(
                began.elapsed() < WORST_WITHIN,
                "{call} calls of {size} bytes are not `{code}`"
            );
        }
        Some(stream)
    }
}

fn ask(id: &str, text: &str) -> String {
    let params = json!({"arguments": {"text": text}, "name": "note"});
    let call = json!({"id": id, "jsonrpc": "2.0", "method": "tools/call", "params": params});
    format!("{call}\n")
}
