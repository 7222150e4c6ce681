//! The processes below this one: a guard's server and all that it started, or what a killed guard left to the node.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, wait};

use crate::limits::STOP_ROUNDS_MAX;

/// Whether this process finds itself under `/proc`: without it nothing could be found that is to be killed.
pub(super) fn check_proc() -> io::Result<()> {
    let own = own_pid();
    match parent_and_state(own) {
        Some((parent, _)) if Some(parent) == parent_pid() => Ok(()),
        _ => Err(io::Error::from(rustix::io::Errno::NOSYS)),
    }
}

/// Waits for every child that has ended. False where there is no child left.
pub(super) fn reap(server: u32, exit: &mut Option<i32>) -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => {
                if u32::try_from(pid.as_raw_pid()) == Ok(server) {
                    *exit = Some(status.as_raw());
                }
            }
            Ok(None) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// To be called before anything is killed: the guard is to wake up at once, however busy the server is, and to overtake
/// whoever forks as fast as it can.
pub(super) fn raise_limits() {
    // Only the superuser may. The rest works without.
    let _raised = rustix::process::setpriority_process(None, -20);
    // Where memory runs short, what the server started is to go, and not its guard.
    let _kept = std::fs::write("/proc/self/oom_score_adj", "-1000");
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let all = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    let _raised = rustix::process::setrlimit(rustix::process::Resource::Nofile, all);
}

/// Takes back what [`raise_limits`] raised: what was killed needs a core to end.
pub(super) fn restore_priority() {
    let _lowered = rustix::process::setpriority_process(None, 0);
}

/// Kills the children of this process. A child's number is no other's before this process has waited for it.
pub(super) fn kill_children() {
    children().into_iter().for_each(kill_child);
}

/// Kills a child that this process has not waited for.
pub(super) fn kill_child(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        // It may have ended already.
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// The children of every thread of this process, those that have ended and were not waited for among them.
pub(super) fn children() -> Vec<i32> {
    let own = own_pid();
    let listed = std::fs::read_dir(format!("/proc/{own}/task")).and_then(|tasks| {
        let lists = tasks.map(|task| std::fs::read_to_string(task?.path().join("children")));
        lists.collect::<io::Result<Vec<String>>>()
    });
    match &listed {
        Ok(lists) => {
            lists.iter().flat_map(|one| one.split_ascii_whitespace()).flat_map(str::parse).collect()
        }
        // A kernel without the list, or a thread that has ended meanwhile.
        Err(_) => every_process().filter(|one| one.parent == own).map(|one| one.pid).collect(),
    }
}

/// Ends everything below this process, but some children and what is below them. All of it is stopped before any of it is killed:
/// what is stopped forks no more, so that no server can be quicker. What is missed is below this process at the next call.
///
/// Whoever was found is stopped again in each round, since another process may let it go on that is not stopped yet. Whoever was
/// killed is left alone: it needs a core to end, and a look at it takes one away.
#[derive(Default)]
pub(super) struct Sweep {
    /// Who was killed, and when it began: its number may be another's by now.
    killed: BTreeSet<(i32, u64)>,
}

impl Sweep {
    pub(super) fn stop_and_kill(&mut self, spared: &BTreeSet<i32>) {
        let mut found = BTreeMap::new();
        for _ in 0..STOP_ROUNDS_MAX {
            let below = descendants(own_pid(), spared);
            let mut is_quiet = true;
            for (pid, one) in &below {
                if self.killed.contains(&(*pid, one.began_at)) {
                    continue;
                }
                if !found.contains_key(pid)
                    && let Some(process) = Process::open(*pid, &below)
                {
                    found.insert(*pid, (one.began_at, process));
                    is_quiet = false;
                }
                is_quiet &= one.state != RUNNING;
            }
            if is_quiet {
                break;
            }
            found.values().for_each(|(_, process)| process.signal(Signal::STOP));
        }
        for (pid, (began_at, process)) in found {
            process.signal(Signal::KILL);
            self.killed.insert((pid, began_at));
        }
    }
}

/// The state of a process that runs, or could. One that waits takes the signal to stop before it goes on.
const RUNNING: u8 = b'R';

/// A process that stays the same one, whoever gets its number later.
enum Process {
    Pinned(OwnedFd),
    /// Where the kernel, or a filter, has no such descriptors.
    Number(Pid),
}

impl Process {
    /// None where it has gone, or no more can be opened.
    fn open(pid: i32, below: &BTreeMap<i32, ProcessStat>) -> Option<Self> {
        let number = Pid::from_raw(pid)?;
        let process = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(pinned) => Self::Pinned(pinned),
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => Self::Number(number),
            Err(_) => return None,
        };
        // The number may have become another's between the list and the opening.
        let (parent, _) = parent_and_state(pid)?;
        (parent == own_pid() || below.contains_key(&parent)).then_some(process)
    }

    fn signal(&self, signal: Signal) {
        // It may have gone already.
        let _ = match self {
            Self::Pinned(pinned) => pidfd_send_signal(pinned, signal),
            Self::Number(pid) => rustix::process::kill_process(*pid, signal),
        };
    }
}

/// The processes whose line of parents leads to this one, and to none of those that are spared, and their states.
///
/// Those that have ended and were not waited for are among them: where a process's first thread has ended, the others may go on.
fn descendants(ancestor: i32, spared: &BTreeSet<i32>) -> BTreeMap<i32, ProcessStat> {
    let mut children: BTreeMap<i32, Vec<ProcessStat>> = BTreeMap::new();
    for one in every_process() {
        children.entry(one.parent).or_default().push(one);
    }
    let mut below = BTreeMap::new();
    let mut next = vec![ancestor];
    while let Some(pid) = next.pop() {
        let children = children.remove(&pid).unwrap_or_default();
        for child in children.into_iter().filter(|child| !spared.contains(&child.pid)) {
            next.push(child.pid);
            below.insert(child.pid, child);
        }
    }
    below
}

struct ProcessStat {
    pid: i32,
    parent: i32,
    state: u8,
    began_at: u64,
}

/// All processes of the machine, those that have ended and were not waited for among them.
fn every_process() -> impl Iterator<Item = ProcessStat> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = stat(pid)?;
        let (parent, state) = parent_and_state_in(&stat)?;
        Some(ProcessStat { pid, parent, state, began_at: began_at_in(&stat)? })
    })
}

fn parent_and_state(pid: i32) -> Option<(i32, u8)> {
    parent_and_state_in(&stat(pid)?)
}

fn parent_and_state_in(stat: &str) -> Option<(i32, u8)> {
    let mut fields = stat.split_ascii_whitespace();
    let state = fields.next()?.bytes().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

/// Whether a process, and so what it starts, can get no more rights by what it executes. All that stands below a guard is so
/// for good: see prctl(2), `PR_SET_NO_NEW_PRIVS`.
pub(super) fn has_no_new_rights(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("NoNewPrivs:").is_some_and(|set| set.trim() == "1"))
}

/// When a process began, in ticks since the machine's start: its number and this are no other's.
pub(super) fn began_at(pid: i32) -> Option<u64> {
    began_at_in(&stat(pid)?)
}

fn began_at_in(stat: &str) -> Option<u64> {
    stat.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// proc(5), stat: the name stands in parentheses and may hold any byte. What follows it: state, parent, and more.
fn stat(pid: i32) -> Option<String> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    Some(std::str::from_utf8(stat.get(name_end.checked_add(1)?..)?).ok()?.to_owned())
}

fn own_pid() -> i32 {
    rustix::process::getpid().as_raw_pid()
}

fn parent_pid() -> Option<i32> {
    rustix::process::getppid().map(Pid::as_raw_pid).or(Some(0))
}
