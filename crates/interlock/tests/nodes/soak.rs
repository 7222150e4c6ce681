//! Sessions of several workloads at one node, with servers that other people wrote and one that
//! answers in every shape, for as long as is wished: a quarter of a minute in a push, an hour with
//! `INTERLOCK_DEEP`, `INTERLOCK_SOAK_SECONDS` otherwise.
//!
//! Each request is answered once, as it must be, or its session ends by a fault of its own; what
//! agents were answered stands in the log; and what the node takes of the machine does not grow.

mod answer;
mod lines;
mod record;
mod session;
mod shapes;
mod site;
mod vitals;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::record::Record;
use crate::random::Random;
use crate::support::{Node, run, until};
use lines::{Ends, Lines};
use session::{End, Leave, Session, Tally};
use site::{Kind, Site};
use vitals::{Processes, Vitals};

const WORKLOADS: [&str; 4] = ["ada", "bob", "cyd", "dan"];
/// Sessions at a time.
const SESSIONS: u64 = 16;
/// How long a push soaks, and how long a deep run.
const SECONDS: [u64; 2] = [8, 3_600];
/// A client's pause between lines, at most: in a push none, in a deep run so that a day's disk is
/// not filled in an hour.
const PAUSE_MS: [u64; 2] = [0, 100];
/// Tries to join a node that is asked for too much.
const JOINS: u64 = 20;

/// How often the node is looked at, and how often it is told of.
const LOOK: Duration = Duration::from_millis(500);
const TELL: Duration = Duration::from_secs(60);
/// From which share of the time on nothing may grow.
const WARM: u32 = 4;
/// Memory that the node may hold more of at the end than once it was warm: once, and for each line
/// that it was sent. Of a line of a live execution its history is kept; executions end now and
/// then.
const GROWTH_BYTES: u64 = 24 * 1024 * 1024;
const GROWTH_BYTES_PER_LINE: u64 = 16;
/// Of how many lines at most one may be a call that its server was too slow for, on a machine that
/// does other things too.
const SLOW_SHARE: u64 = 10;
/// Descriptors and threads that it may have more of with no session at the end than with none at
/// the beginning: two segments lie ready then, and logs were read.
const MORE_DESCRIPTORS: u64 = 8;
const MORE_THREADS: u64 = 8;

/// What all sessions come to.
#[derive(Default)]
struct Sum {
    lines: u64,
    sessions: BTreeMap<End, u64>,
    answers: BTreeMap<String, u64>,
    /// Sessions that could not begin at once.
    refused_joins: u64,
    record: Record,
    faults: Vec<String>,
}

struct Soak {
    site: Site,
    socket: PathBuf,
    folder: PathBuf,
    is_over: AtomicBool,
    lines: AtomicU64,
    sessions: AtomicU64,
    pause_ms: u64,
    /// The execution of each workload, and how often an officer has ended one.
    executions: Mutex<BTreeMap<&'static str, String>>,
    ended: [AtomicU64; WORKLOADS.len()],
    sum: Mutex<Sum>,
}

/// So many lines of what a node says are told of a fault.
const SAID: usize = 40;

fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(SAID)..].join("\n")
}

#[test]
fn every_request_is_answered_and_nothing_grows() {
    let mut random = Random::seeded();
    let is_deep = usize::from(std::env::var_os("INTERLOCK_DEEP").is_some());
    let given = std::env::var("INTERLOCK_SOAK_SECONDS").ok().map(|text| text.parse().unwrap());
    let seconds = given.unwrap_or(SECONDS[is_deep]);
    let soak = Soak::new(PAUSE_MS[usize::from(seconds > SECONDS[0])]);
    let mut node = Node::start(&soak.folder);
    soak.one_session_of_each_kind(&mut random);
    let before = at_rest(&node);
    let mut processes = Processes::new();
    std::thread::scope(|scope| {
        for number in 0..SESSIONS {
            let (soak, random) = (&soak, random.split());
            scope.spawn(move || soak.client(number, random));
        }
        scope.spawn(|| soak.officer(seconds));
        let watched = soak.watch(&mut node, Duration::from_secs(seconds), &mut processes);
        soak.is_over.store(true, Ordering::Relaxed);
        watched.hold();
    });
    soak.hold();
    let after = at_rest(&node);
    println!("at rest: {before:?} before, {after:?} after");
    assert!(after.descriptors <= before.descriptors + MORE_DESCRIPTORS, "descriptors are left");
    assert!(after.threads <= before.threads + MORE_THREADS, "threads are left");
    assert!(node.stop().success());
    until("every process to end", || vitals::left_of(&processes).is_empty().then_some(()));
    assert_eq!(vitals::with_environment(&soak.site.mark), [] as [u32; 0], "servers are left");
    soak.hold_to_log();
}

/// What the node takes once no session is left, nor a process of one.
fn at_rest(node: &Node) -> Vitals {
    until("every session to end", || vitals::descendants(node.pid()).is_empty().then_some(()));
    // Descriptors of what has ended are closed a moment later.
    let mut last = Vitals::of(node.pid());
    until("the node to rest", || {
        std::thread::sleep(Duration::from_millis(100));
        let now = Vitals::of(node.pid());
        let rests = (now.descriptors, now.threads) == (last.descriptors, last.threads);
        last = now;
        rests.then_some(now)
    })
}

impl Soak {
    fn new(pause_ms: u64) -> Soak {
        let site = Site::new(&WORKLOADS);
        Soak {
            socket: site.domain.socket(),
            folder: site.domain.folder(),
            site,
            is_over: AtomicBool::new(false),
            lines: AtomicU64::new(0),
            sessions: AtomicU64::new(0),
            pause_ms,
            executions: Mutex::default(),
            ended: Default::default(),
            sum: Mutex::default(),
        }
    }

    /// So that what is made once is there before the node is looked at.
    fn one_session_of_each_kind(&self, random: &mut Random) {
        for (number, kind) in (0..).zip(&self.site.kinds) {
            self.session(number, *kind, &mut random.split(), 20);
        }
        self.hold();
    }

    fn client(&self, number: u64, mut random: Random) {
        // Half of the sessions are with the server of every shape.
        let others = &self.site.kinds[1..];
        let kind = match usize::try_from(number / 2).unwrap() {
            _ if number.is_multiple_of(2) => Kind::Raw,
            at => others[at % others.len()],
        };
        while !self.is_over.load(Ordering::Relaxed) {
            let lines = if kind == Kind::Raw { 50 } else { 500 } + random.below(1_000);
            self.session(number, kind, &mut random, lines);
            if !self.sum.lock().unwrap().faults.is_empty() {
                return;
            }
        }
    }

    /// One session of at most so many lines.
    fn session(&self, number: u64, kind: Kind, random: &mut Random, most: u64) {
        let place = usize::try_from(number).unwrap() % WORKLOADS.len();
        let ended_before = self.ended[place].load(Ordering::SeqCst);
        let is_ordered = || self.ended[place].load(Ordering::SeqCst) > ended_before;
        let Some(mut session) = self.join(WORKLOADS[place], kind) else { return };
        self.executions.lock().unwrap().insert(WORKLOADS[place], session.execution.clone());
        let name = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        let root = self.site.domain.office().join("files");
        let mut lines = Lines::new(random.split(), kind, name, &root);
        let fault = match session.greet(random) {
            Ok(()) => self.speak(&mut session, &mut lines, random, most),
            // The node has closed it.
            Err(_) => None,
        };
        let (leave, fault) = match fault {
            None => (Leave::Await, Ends::Never),
            Some(Ends::Never) if random.below(4) == 0 => (Leave::Drop, Ends::Never),
            Some(Ends::Never) => (Leave::Close, Ends::Never),
            Some(fault) => (Leave::Await, fault),
        };
        let (end, tally) = session.end(leave, fault, is_ordered);
        self.count(&format!("session {name} with {kind:?}"), end, tally);
    }

    /// Writes lines until there are enough, or one is a fault, which it gives; none where the
    /// session is over without one.
    fn speak(
        &self,
        session: &mut Session,
        lines: &mut Lines,
        random: &mut Random,
        most: u64,
    ) -> Option<Ends> {
        for _ in 0..most {
            let known = session.known()?;
            let line = lines.next(&known);
            self.lines.fetch_add(1, Ordering::Relaxed);
            let is_written = session.write(&line, random).is_ok();
            match line.ends {
                Ends::Never if !is_written => return None,
                Ends::Never => {}
                Ends::May => {
                    // What it asked may have been answered, and the session be about to end.
                    let sentinel = session.write(&lines.sentinel(), random);
                    if session.settle(lines, random) || sentinel.is_err() {
                        return Some(Ends::May);
                    }
                }
                fault => return Some(fault),
            }
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            if self.pause_ms > 0 {
                // A pace, not a wait for something.
                std::thread::sleep(Duration::from_millis(random.below(self.pause_ms)));
            }
        }
        if random.below(2) == 0 && session.settle(lines, random) {
            return None;
        }
        Some(Ends::Never)
    }

    /// A session; none where the node is asked for too much all the time, which is a fault.
    fn join(&self, workload: &'static str, kind: Kind) -> Option<Session> {
        let mut last = String::new();
        for again in 0..JOINS {
            match Session::join(&self.socket, workload, kind.name()) {
                Ok(session) => return Some(session),
                Err(why) => last = why.to_string(),
            }
            self.sum.lock().unwrap().refused_joins += 1;
            if !last.contains("refused.overload") && !last.contains("execution.") {
                break;
            }
            std::thread::sleep(Duration::from_millis(20 * again));
        }
        self.sum.lock().unwrap().faults.push(format!("`{workload}` is not let in: {last}"));
        None
    }

    fn count(&self, session: &str, end: End, tally: Tally) {
        let mut sum = self.sum.lock().unwrap();
        sum.lines += tally.lines;
        *sum.sessions.entry(end).or_default() += 1;
        for (answer, count) in tally.answers {
            *sum.answers.entry(answer).or_default() += count;
        }
        sum.record.extend(tally.said);
        let faults = tally.faults.into_iter().take(3);
        sum.faults.extend(faults.map(|fault| format!("{session}: {fault}")));
    }

    /// Ends an execution now and then, so that what is kept of it goes.
    fn officer(&self, seconds: u64) {
        let every = Duration::from_millis((seconds * 1_000 / 3).min(45_000));
        let mut last = Instant::now();
        for place in (0..WORKLOADS.len()).cycle() {
            while last.elapsed() < every {
                if self.is_over.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            last = Instant::now();
            let execution = self.executions.lock().unwrap().get(WORKLOADS[place]).cloned();
            let Some(execution) = execution else { continue };
            self.ended[place].fetch_add(1, Ordering::SeqCst);
            let folder = self.folder.display().to_string();
            let ended = run(&["end", &folder, &execution]);
            if ended.code != Some(0) {
                let fault = format!("`end` of {execution}: {}{}", ended.stdout, ended.stderr);
                self.sum.lock().unwrap().faults.push(fault);
            }
        }
    }

    /// Looks at the node until the time is over, or something is wrong.
    fn watch(&self, node: &mut Node, time: Duration, processes: &mut Processes) -> Watched {
        let (began, mut told) = (Instant::now(), Instant::now());
        let mut seen = Vec::new();
        while began.elapsed() < time {
            std::thread::sleep(LOOK);
            if !node.is_running() {
                let fault = format!("the node has ended: {}", node.stderr());
                self.sum.lock().unwrap().faults.push(fault);
                break;
            }
            let now = Vitals::of(node.pid());
            let lines = self.lines.load(Ordering::Relaxed);
            seen.push((began.elapsed(), lines, now));
            processes.extend(vitals::descendants(node.pid()));
            let is_faulty = !self.sum.lock().unwrap().faults.is_empty();
            if told.elapsed() >= TELL || is_faulty || began.elapsed() >= time {
                told = Instant::now();
                self.tell(began.elapsed(), lines, now);
            }
            if is_faulty {
                println!("the node said last:\n{}", last_lines(&node.stderr()));
                break;
            }
        }
        Watched { seen, time }
    }

    fn tell(&self, since: Duration, lines: u64, now: Vitals) {
        let sum = self.sum.lock().unwrap();
        println!(
            "{:>5.0} s: {lines} lines, {} MiB, {} descriptors, {} threads; sessions {:?}, {} joins refused",
            since.as_secs_f64(),
            now.rss_bytes >> 20,
            now.descriptors,
            now.threads,
            sum.sessions,
            sum.refused_joins,
        );
    }

    fn hold(&self) {
        let faults = &self.sum.lock().unwrap().faults;
        assert!(
            faults.is_empty(),
            "{} faults: {:#?}",
            faults.len(),
            &faults[..faults.len().min(5)]
        );
    }

    /// Both logs verify, every decision is derived again, and every answer is on record.
    fn hold_to_log(self) {
        let folder = self.folder.to_str().unwrap();
        let verified = run(&["log", "verify", folder]);
        assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
        let replayed = run(&["replay", folder, "--json"]);
        assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
        let replayed: Value = serde_json::from_str(&replayed.stdout).unwrap();
        let wrong = (&replayed["different"], &replayed["not_replayable"]);
        assert_eq!(wrong, (&json!(0), &json!(0)), "{replayed}");
        let sum = self.sum.into_inner().unwrap();
        let on_record = sum.record.hold_to(&self.folder);
        println!("{} lines in {:?}", sum.lines, sum.sessions);
        println!("answers: {:?}", sum.answers);
        println!(
            "{on_record} answers are on record; {} decisions are identical",
            replayed["identical"]
        );
        assert!(on_record > 100, "too few to say anything");
        let slow = sum.answers.get("too slow").copied().unwrap_or_default();
        assert!(slow <= sum.lines / SLOW_SHARE, "{slow} calls were answered too late");
    }
}

/// What was seen of the node: when, after how many lines, and what it took.
struct Watched {
    seen: Vec<(Duration, u64, Vitals)>,
    time: Duration,
}

impl Watched {
    /// From when it was warm to the end nothing has grown beyond its bound.
    fn hold(&self) {
        let quarter = self.time / WARM;
        let of = |from: Duration, to: Duration| {
            let within = self.seen.iter().filter(move |(at, ..)| (from..to).contains(at));
            let mut of: Vec<_> = within.map(|(_, lines, now)| (now.rss_bytes, *lines)).collect();
            of.sort_unstable();
            of.get(of.len() / 2).copied()
        };
        let (Some((warm, lines)), Some((end, lines_at_end))) =
            (of(quarter, quarter * 2), of(quarter * 3, quarter * 5))
        else {
            return;
        };
        let more = lines_at_end.saturating_sub(lines);
        println!(
            "memory: median {} KiB warm, {} KiB in the last quarter, {more} lines between",
            warm >> 10,
            end >> 10
        );
        let most = warm + GROWTH_BYTES + GROWTH_BYTES_PER_LINE * more;
        assert!(end <= most, "memory has grown from {warm} to {end} bytes over {more} lines");
    }
}
