//! The stop under load: one halt after the other at a whole node over its real sockets, with
//! hostile agents and strangers.
//!
//! For each halt: the time from the start of the officer's command to the last byte that a server
//! or the agent of any execution which it covers received, by timestamps at both ends; what the
//! command says; and that nothing comes after it. With `INTERLOCK_DEEP` set the halts are a
//! thousand in all, with more of everything.

mod agent;
mod rogue;
mod session;
mod site;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent::Agent;
use rogue::{Rogue, Strangers};
use session::Session;
use site::{Site, Slow};

use crate::support::{decisions, run, until};

/// What makes it hard for a halt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    Silent,
    Connects,
    FullPipes,
    OpenRequests,
    Descriptors,
    Memory,
    SlowDisk,
    StuckDisk,
    FullDisk,
}

/// An execution has room for so many calls: after so many halts the agent begins another one.
const HALTS_PER_EXECUTION: usize = 20;
/// The same, where a disk or memory is filled before a halt, which takes a minute.
const HALTS_PER_EXECUTION_SLOWLY: usize = 4;
/// Each sync of a slow disk takes so long longer, in microseconds.
const SLOW_US: u64 = 100_000;
/// Each sync of a disk that is stuck: longer than a command waits for the word that it is on
/// record.
const STUCK_US: u64 = 8_000_000;
/// How long an agent that a halt covers may be scheduled too late to read what was sent to it
/// before.
const READ_LATE: Duration = Duration::from_secs(5);
/// A session that a halt covers ends. That takes as long as the machine does; until then no server
/// gets a byte.
const CUT_WITHIN: Duration = Duration::from_secs(60);

/// What one halt came to.
struct Halt {
    subject: String,
    code: Option<i32>,
    /// From the command's start to its end, and to the last byte, in milliseconds.
    command_ms: f64,
    last_byte_ms: f64,
    /// What should not be.
    fault: Option<String>,
}

/// Nanoseconds since 1970, as the servers note them.
fn now_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()
}

fn ms(from_ns: u128, to_ns: u128) -> f64 {
    let ns = u64::try_from(to_ns.saturating_sub(from_ns)).unwrap();
    Duration::from_nanos(ns).as_secs_f64() * 1e3
}

/// Halts under a setting: so many in a short run, so many in a long one.
fn halts(setting: Setting, short: usize, long: usize) {
    let is_deep = std::env::var_os("INTERLOCK_DEEP").is_some();
    let count = if is_deep { long } else { short };
    if count == 0 {
        return eprintln!(
            "skipped: {setting:?} takes an optimised build; `cargo xtask deep` has it"
        );
    }
    let Some(site) = Site::start(setting, is_deep) else { return };
    let strangers = Strangers::start(&site.domain.socket(), setting);
    let rogue = Rogue::start(&site.domain.socket(), setting, is_deep);
    let agent = Agent::start(site.domain.socket());
    let slow = match setting {
        Setting::SlowDisk => match Slow::start(&site.node, SLOW_US) {
            Some(slow) => Some(slow),
            None => return,
        },
        _ => None,
    };
    let (mut all, mut reached) = (Vec::new(), Vec::new());
    let kinds = ["workload", "execution", "zone", "node", "domain"];
    for kind in kinds.into_iter().cycle().take(count) {
        let is_covered = !matches!(kind, "workload" | "execution");
        if all.is_empty() || is_covered || setting == Setting::FullDisk {
            wait_for_agent(&site, &agent);
            let filling = site.fill_disk();
            rogue.renew();
            all.extend(halt(&site, (setting, kind), &agent));
            filling.into_iter().for_each(|filling| std::fs::remove_file(filling).unwrap());
        } else {
            all.extend(halt(&site, (setting, kind), &agent));
        }
        if let Some(halt) = all.last() {
            site.lift(&halt.subject);
        }
        let per_execution = match setting {
            Setting::FullDisk | Setting::Memory => HALTS_PER_EXECUTION_SLOWLY,
            _ => HALTS_PER_EXECUTION,
        };
        if all.len().is_multiple_of(per_execution) {
            site.end(&wait_for_agent(&site, &agent).execution);
        }
        site.take_journal(&mut reached);
    }
    drop((agent, rogue, strangers, slow));
    site.take_journal(&mut reached);
    print_figures(setting, &all);
    let faults: Vec<&String> = all.iter().filter_map(|halt| halt.fault.as_ref()).collect();
    assert!(faults.is_empty(), "{setting:?}: {faults:?}");
    what_was_said_is_on_record(&site, &all);
    what_reached_a_server_was_permitted(site, &reached);
}

fn subject(kind: &str, execution: &str) -> String {
    match kind {
        "workload" => "workload:agent".to_owned(),
        "execution" => format!("execution:{execution}"),
        "zone" => "zone:default".to_owned(),
        "node" => "node:node-1".to_owned(),
        _ => "domain".to_owned(),
    }
}

/// Waits until the agent is at work. Where its execution has no room left, it begins another one:
/// calls of that one are denied then, and the first message of a session too.
fn wait_for_agent(site: &Site, agent: &Agent) -> agent::Seen {
    let is_served = |seen: &agent::Seen| seen.is_open && seen.answers >= 3;
    if let Some(busy) = agent.wait(Duration::from_secs(20), is_served) {
        return busy;
    }
    let seen = agent.seen();
    if !seen.execution.is_empty() {
        site.end(&seen.execution);
    }
    let busy = agent.wait(Duration::from_secs(60), is_served);
    busy.unwrap_or_else(|| panic!("the agent is not served: {:?}", agent.seen()))
}

/// Halts a subject while the agent is at work. None where the setting can't be had here.
fn halt(site: &Site, (setting, kind): (Setting, &str), agent: &Agent) -> Option<Halt> {
    let before = match setting {
        // Nothing is served any more.
        Setting::FullDisk => agent.seen(),
        _ => wait_for_agent(site, agent),
    };
    let stuck = match setting {
        Setting::StuckDisk => Some(Slow::start(&site.node, STUCK_US)?),
        _ => None,
    };
    let subject = subject(kind, &before.execution);
    let began = now_ns();
    let ended = site.halt(&subject);
    let told = now_ns();
    let of_before = |seen: &agent::Seen| seen.sessions > before.sessions || !seen.is_open;
    let mut faults = Vec::new();
    let cut = agent.wait(CUT_WITHIN, of_before);
    if cut.is_none() {
        faults.push("the agent's session goes on".to_owned());
    }
    // A session that came after the halt is none that it covers.
    let seen = cut.filter(|seen| seen.sessions == before.sessions).unwrap_or(before.clone());
    let server = matches!(kind, "workload" | "execution").then_some(before.server.as_str());
    let at_server = site.last_byte_ns(server);
    if at_server > told {
        faults.push(format!("a server got a byte {} ms after it", ms(told, at_server)));
    }
    if seen.last_byte_ns > told + READ_LATE.as_nanos() {
        faults.push("the agent got a byte long after it".to_owned());
    }
    let is_truth = match ended.code {
        Some(0) => setting != Setting::StuckDisk,
        // It acts, and that is not on record yet.
        Some(75) => [Setting::SlowDisk, Setting::StuckDisk, Setting::FullDisk].contains(&setting),
        _ => false,
    };
    if !is_truth {
        faults.push(format!("{:?}: {}{}", ended.code, ended.stdout, ended.stderr));
    }
    if Session::join(&site.domain.socket(), "agent", "noting").is_ok() {
        faults.push("the agent is let in again".to_owned());
    }
    drop(stuck);
    let last = at_server.max(seen.last_byte_ns);
    Some(Halt {
        command_ms: ms(began, told),
        last_byte_ms: ms(began, last),
        code: ended.code,
        fault: (!faults.is_empty()).then(|| format!("{subject}: {}", faults.join("; "))),
        subject,
    })
}

/// What was said to be on record is; the rest comes to be.
fn what_was_said_is_on_record(site: &Site, all: &[Halt]) {
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    all.iter().for_each(|halt| *wanted.entry(&halt.subject).or_default() += 1);
    until("each halt to be on record", || {
        let found = site.halts_on_record();
        wanted.iter().all(|(subject, count)| found.get(*subject) == Some(count)).then_some(())
    });
}

/// Each call that a server got has a permit on record, and the log replays.
fn what_reached_a_server_was_permitted(site: Site, reached: &[String]) {
    let folder = site.domain.folder();
    let Site { domain, mut node, .. } = site;
    assert!(node.is_running(), "{}", node.stderr());
    let stderr = node.stderr_file();
    let ended = node.stop();
    assert!(ended.success(), "{ended}: {}", stderr());
    let recorded = decisions(&folder);
    let permitted = recorded.iter().filter(|decision| decision.answered().0 == "permit");
    let permitted: std::collections::BTreeSet<&str> =
        permitted.filter_map(|decision| decision.message["id"].as_str()).collect();
    assert!(!reached.is_empty());
    for id in reached {
        assert!(permitted.contains(id.as_str()), "{id} reached a server without a permit");
    }
    let replayed = run(&[std::path::Path::new("replay"), &folder]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
    drop(domain);
}

fn print_figures(setting: Setting, all: &[Halt]) {
    let failed = all.iter().filter(|halt| halt.fault.is_some()).count();
    let unrecorded = all.iter().filter(|halt| halt.code == Some(75)).count();
    let mut figures = Vec::new();
    for of in [|halt: &Halt| halt.last_byte_ms, |halt: &Halt| halt.command_ms] {
        let mut sorted: Vec<f64> = all.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: usize| sorted.get((sorted.len() * share / 100).min(sorted.len() - 1));
        let three = [at(50), at(99), sorted.last()].map(|one| one.copied().unwrap_or_default());
        figures.push(three.map(|one| format!("{one:.0}")).join(" / "));
    }
    println!(
        "stops, {setting:?}: {} halts, {failed} failed, {unrecorded} not on record at once; last byte p50/p99/max {} ms; command {} ms",
        all.len(),
        figures[0],
        figures[1],
    );
}

#[test]
fn halts_beside_silent_sessions() {
    halts(Setting::Silent, 5, 160);
}

#[test]
fn halts_beside_floods_of_connects() {
    halts(Setting::Connects, 5, 160);
}

#[test]
fn halts_with_full_pipes() {
    halts(Setting::FullPipes, 5, 160);
}

#[test]
fn halts_with_open_requests() {
    halts(Setting::OpenRequests, 5, 160);
}

#[test]
fn halts_without_descriptors_left() {
    halts(Setting::Descriptors, 5, 160);
}

#[test]
fn halts_with_memory_used_up() {
    halts(Setting::Memory, 0, 21);
}

#[test]
fn halts_with_a_slow_disk() {
    halts(Setting::SlowDisk, 5, 160);
}

#[test]
fn halts_with_a_stuck_disk() {
    halts(Setting::StuckDisk, 1, 20);
}

#[test]
fn halts_with_a_full_disk() {
    halts(Setting::FullDisk, 1, 21);
}
