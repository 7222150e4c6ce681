//! A quiet workload beside busy ones: how long its calls take, and how long they take alone.
//!
//! An optimised build alone can say so: `cargo xtask deep` has it, and prints the figures.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Client, Domain, Node, run, until};

/// Sessions that always have a call in flight.
const BUSY: usize = 200;
/// Sessions that write large texts, and how many bytes each.
const WRITERS: usize = 8;
const WRITTEN_BYTES: usize = 800_000;
/// Calls of the quiet session in one setting, and the time from one to the next.
const CALLS: u32 = 240;
const PAUSE: Duration = Duration::from_millis(50);
/// How much longer than alone its slowest calls may take.
const LONGER_MAX: u32 = 5;

/// Who is busy meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nobody,
    /// Nobody, while the quiet session calls what a condition looks back at: its results wait for
    /// their records.
    NobodyLookedBackAt,
    /// 200 sessions of one other workload.
    OneWorkload,
    /// 200 sessions of 200 other workloads.
    Workloads,
    /// 8 sessions that write 800 kB each.
    Writers,
}

impl Beside {
    /// The workload of each busy session.
    fn workloads(self) -> Vec<String> {
        match self {
            Self::Nobody | Self::NobodyLookedBackAt => Vec::new(),
            Self::OneWorkload => vec!["busy".to_owned(); BUSY],
            Self::Workloads => (0..BUSY).map(|nth| format!("busy-{nth}")).collect(),
            Self::Writers => (0..WRITERS).map(|nth| format!("busy-{nth}")).collect(),
        }
    }

    /// What the quiet session calls.
    fn quiet_call(self) -> (&'static str, Value) {
        match self {
            Self::NobodyLookedBackAt => {
                ("fetch_page", json!({"url": "https://prices.example.net/steel.html"}))
            }
            _ => ("read_file", json!({"path": "drafts/quiet.txt"})),
        }
    }

    /// What the `nth` busy session calls.
    fn call(self, nth: usize) -> (&'static str, Value) {
        let path = format!("drafts/{nth}.txt");
        match self {
            Self::Writers => {
                ("write_file", json!({"path": path, "text": "x".repeat(WRITTEN_BYTES)}))
            }
            _ => ("read_file", json!({"path": "drafts/quiet.txt"})),
        }
    }
}

/// What calls of the quiet session took, the longest last.
struct Pace {
    beside: Beside,
    took: Vec<Duration>,
    /// Calls a second of those that are busy.
    busy: f64,
}

impl Pace {
    /// The time that so many of a hundred calls take at most.
    fn percentile(&self, percent: usize) -> Duration {
        let nth = (self.took.len() * percent).div_ceil(100).saturating_sub(1);
        self.took[nth]
    }
}

/// A domain of semantics 4, under which a history keeps long texts as their digests.
fn domain(around: &Path, beside: Beside) -> Domain {
    let bundle = around.join("bundle");
    fs::create_dir_all(bundle.join("policies")).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    for file in ["bundle.toml", "entities.json", "schema.cedarschema", "policies/small.dw"] {
        let text = fs::read_to_string(from.join(file)).unwrap();
        let text = text.replace("semantics = 1\n", "semantics = 4\n");
        fs::write(bundle.join(file), text).unwrap();
    }
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/quiet/server.py");
    let server = format!("/usr/bin/env python3 -S {}", server.display());
    let mut workloads = beside.workloads();
    workloads.dedup();
    workloads.push("quiet".to_owned());
    let workloads: Vec<&str> = workloads.iter().map(String::as_str).collect();
    Domain::new(&bundle, &workloads, &[("office", &server)])
}

fn session(socket: &Path, workload: &str) -> Client {
    let mut client = Client::join(socket, workload, "office").unwrap();
    client.greet().unwrap();
    client
}

/// The pace of a quiet session of a node of its own, while those beside it are busy.
fn pace(beside: Beside) -> Pace {
    let around = tempfile::tempdir().unwrap();
    let domain = domain(around.path(), beside);
    let node = Node::start(&domain.folder());
    let socket = domain.socket();
    let mut quiet = session(&socket, "quiet");
    let text = json!({"path": "drafts/quiet.txt", "text": "quiet"});
    quiet.call_until_decided("first", "write_file", &text);
    let (tool, arguments) = beside.quiet_call();
    let (is_over, called) = (AtomicBool::new(false), AtomicU64::new(0));
    let (took, busy) = std::thread::scope(|scope| {
        let sessions = beside.workloads().into_iter().map(|workload| session(&socket, &workload));
        for (nth, mut busy) in sessions.enumerate().collect::<Vec<_>>() {
            let (tool, arguments) = beside.call(nth);
            let (is_over, called) = (&is_over, &called);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    busy.ask("busy", tool, &arguments).unwrap();
                    assert!(busy.line().unwrap().is_some(), "a busy session has ended");
                    called.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let begun = Instant::now();
        let took = (0..CALLS).map(|nth| {
            std::thread::sleep((PAUSE * nth).saturating_sub(begun.elapsed()));
            let asked = Instant::now();
            let answer = quiet.call("quiet", tool, &arguments);
            assert!(answer.get("result").is_some(), "beside {beside:?}: {answer}");
            asked.elapsed()
        });
        let mut took: Vec<Duration> = took.collect();
        is_over.store(true, Ordering::Relaxed);
        took.sort();
        let called = u32::try_from(called.load(Ordering::Relaxed)).unwrap();
        (took, f64::from(called) / begun.elapsed().as_secs_f64())
    });
    assert!(node.stop().success());
    let verified = run(&["log", "verify", &domain.folder().display().to_string()]);
    assert_eq!(verified.code, Some(0), "{}", verified.stderr);
    Pace { beside, took, busy }
}

/// Each setting comes between two measurements of the same session alone.
#[test]
fn quiet_workload_keeps_its_pace_beside_busy_ones() {
    if std::env::var_os("INTERLOCK_DEEP").is_none() {
        return eprintln!("skipped: it takes an optimised build; `cargo xtask deep` has it");
    }
    let mut slow = Vec::new();
    println!("beside, p50, p99, longest in ms, calls/s of the busy");
    tell(pace(Beside::NobodyLookedBackAt));
    let mut alone = tell(pace(Beside::Nobody));
    for beside in [Beside::OneWorkload, Beside::Workloads, Beside::Writers] {
        let measured = tell(pace(beside));
        let after = tell(pace(Beside::Nobody));
        let own = alone.percentile(99).max(after.percentile(99));
        if measured.percentile(99) > own * LONGER_MAX {
            slow.push((measured.beside, measured.percentile(99), own));
        }
        alone = after;
    }
    assert!(slow.is_empty(), "slower than {LONGER_MAX} times alone: {slow:?}");
}

fn tell(pace: Pace) -> Pace {
    let longest = pace.took.last().copied().unwrap_or_default();
    let [p50, p99, longest] = [pace.percentile(50), pace.percentile(99), longest]
        .map(|took| format!("{:.1}", took.as_secs_f64() * 1e3));
    println!("{:?}, {p50}, {p99}, {longest}, {:.0}", pace.beside, pace.busy);
    pace
}

/// The niceness of a process's threads, from the lowest to the highest.
fn niceness(pid: u32) -> (i64, i64) {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap().map(|thread| {
        let stat = fs::read_to_string(thread.unwrap().path().join("stat")).unwrap();
        let (_, after_name) = stat.rsplit_once(')').unwrap();
        after_name.split_whitespace().nth(16).unwrap().parse::<i64>().unwrap()
    });
    let all: Vec<i64> = threads.collect();
    (*all.iter().min().unwrap(), *all.iter().max().unwrap())
}

/// Whether the system lets a thread of this process go before others.
fn may_go_first() -> bool {
    let tried = std::thread::spawn(|| {
        let this = rustix::thread::gettid();
        rustix::process::setpriority_process(Some(this), node::limits::NODE_NICENESS)
    });
    tried.join().unwrap().is_ok()
}

/// What it starts does not: a server would go before the agents of others.
#[test]
fn node_goes_before_servers() {
    let own = niceness(std::process::id());
    if own != (0, 0) || !may_go_first() {
        return println!("skipped: it takes a niceness of 0 and the right to lower it: {own:?}");
    }
    let around = tempfile::tempdir().unwrap();
    let domain = domain(around.path(), Beside::Nobody);
    let node = Node::start(&domain.folder());
    let _session = session(&domain.socket(), "quiet");
    let first = i64::from(node::limits::NODE_NICENESS);
    assert_eq!(niceness(node.pid()), (first, first + i64::from(node::limits::NICENESS)));
    let server = until("the node's word of its server", || {
        let said = node.stderr();
        let (_, process) = said.split_once("the server runs as process ")?;
        process.lines().next()?.parse::<u32>().ok()
    });
    assert_eq!(niceness(server), (0, 0));
}
