//! The processes below this one: a guard's server with all its descendants, or the processes that a
//! killed guard left to the node.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, wait};

use crate::limits::STOP_ROUNDS_MAX;

/// Checks that this process finds itself under `/proc`. Without `/proc`, it could not find the
/// processes to kill.
pub(super) fn check_proc() -> io::Result<()> {
    let own = own_pid();
    match parent_and_state(own) {
        Some((parent, _)) if Some(parent) == parent_pid() => Ok(()),
        _ => Err(io::Error::from(rustix::io::Errno::NOSYS)),
    }
}

/// Reaps every child that has ended, and stores the server's wait status in `exit`. False if no
/// child is left.
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

/// Raises this process's priority and limits. Call it before anything is killed: the guard must
/// wake up at once, however busy the server is, and must be faster than processes that fork as fast
/// as they can.
pub(super) fn raise_limits() {
    // Only the superuser may raise it. Everything else works without.
    let _raised = rustix::process::setpriority_process(None, -20);
    // If memory runs short, the server's processes must be killed, not the guard.
    let _kept = std::fs::write("/proc/self/oom_score_adj", "-1000");
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let all = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    let _raised = rustix::process::setrlimit(rustix::process::Resource::Nofile, all);
}

/// Restores the priority that [`raise_limits`] raised: killed processes need CPU time to end.
pub(super) fn restore_priority() {
    let _lowered = rustix::process::setpriority_process(None, 0);
}

/// Kills the children of this process. A child's process id can't belong to another process before
/// this one has reaped it.
pub(super) fn kill_children() {
    children().into_iter().for_each(kill_child);
}

/// Kills a child that this process has not reaped.
pub(super) fn kill_child(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        // It may have ended already.
        let _ = rustix::process::kill_process(pid, Signal::KILL);
    }
}

/// The children of every thread of this process, including those that have ended and are not yet
/// reaped.
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
        // The kernel has no such list, or a thread has ended meanwhile.
        Err(_) => every_process().filter(|one| one.parent == own).map(|one| one.pid).collect(),
    }
}

/// Ends everything below this process, except spared children and their descendants. All processes
/// are stopped before any is killed: a stopped process can't fork, so that no server is faster. A
/// process that is missed is below this one at the next call.
///
/// Each round stops every found process again, since another process that is not stopped yet may
/// resume it. Killed processes are skipped: they need CPU time to end, and inspecting them would
/// take it away.
#[derive(Default)]
pub(super) struct Sweep {
    /// Process ids and start times of killed processes. A process id alone may belong to another
    /// one by now.
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

/// The state of a process that runs or is ready to run. A waiting process handles the stop signal
/// before it continues.
const RUNNING: u8 = b'R';

/// A handle of one process, also if another one gets its process id later.
enum Process {
    Pinned(OwnedFd),
    /// The process id, if the kernel has no such descriptors or a filter forbids them.
    Number(Pid),
}

impl Process {
    /// None if it has ended, or no more descriptors can be opened.
    fn open(pid: i32, below: &BTreeMap<i32, ProcessStat>) -> Option<Self> {
        let number = Pid::from_raw(pid)?;
        let process = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(pinned) => Self::Pinned(pinned),
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => Self::Number(number),
            Err(_) => return None,
        };
        // The process id may have passed to another process between the scan and the opening.
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

/// The processes whose ancestors include this one and no spared one, with their states.
///
/// Processes that have ended and are not yet reaped are among them: if a process's first thread has
/// ended, its other threads may still run.
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

/// All processes of the machine, including those that have ended and are not yet reaped.
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

/// Whether a process, and so every process that it starts, can get no more rights by executing a
/// program. This always holds for all processes below a guard: see prctl(2), `PR_SET_NO_NEW_PRIVS`.
pub(super) fn has_no_new_rights(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("NoNewPrivs:").is_some_and(|set| set.trim() == "1"))
}

/// A process's start time, in ticks since the machine's start. Together with the process id it
/// identifies the process.
pub(super) fn began_at(pid: i32) -> Option<u64> {
    began_at_in(&stat(pid)?)
}

fn began_at_in(stat: &str) -> Option<u64> {
    stat.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// The fields of proc(5), stat, after the name: state, parent, and more. The name is in parentheses
/// and may hold any byte.
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
