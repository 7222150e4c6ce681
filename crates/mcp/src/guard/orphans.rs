//! The processes that a killed guard leaves: the node adopts, ends and reaps them.
//!
//! [`adopt`] makes the node a subreaper. The children of a guard that has ended then become the
//! node's own, as they do if the node is process 1. A thread of the node ends and reaps every
//! process that it gets so. The code that started a guard reaps the guard itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::cgroup::{self, Group};
use super::tree::Sweep;
use super::{SCAN_AGAIN, tree};

/// The guards that this process started: process id and start time.
static GUARDS: Mutex<BTreeMap<i32, u64>> = Mutex::new(BTreeMap::new());

/// Starts a guard, and records it before the thread of [`adopt`] can see it as an orphan.
pub(crate) fn start_guard(
    command: &mut tokio::process::Command,
) -> io::Result<tokio::process::Child> {
    let mut guards = guards();
    let guard = command.spawn()?;
    let known = guard.id().and_then(|pid| i32::try_from(pid).ok());
    if let Some((pid, began_at)) = known.and_then(|pid| Some((pid, tree::began_at(pid)?))) {
        guards.insert(pid, began_at);
    }
    Ok(guard)
}

/// Makes this process end the processes that killed guards leave. Call it once, before any guard is
/// started.
///
/// Children that this process already has are not touched. Nor are children that may get more
/// rights by executing a program: no guard can have left them.
///
/// # Errors
/// The operating system has no subreapers, or no thread can be started.
pub fn adopt() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    cgroup::end_abandoned();
    let before = tree::children().into_iter().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = {
        let _entered = runtime.enter();
        signal(SignalKind::child())?
    };
    let mut orphans =
        Orphans { before, scanned: None, sweep: Sweep::default(), groups: Vec::new() };
    std::thread::Builder::new()
        .name("orphans".to_owned())
        .spawn(move || runtime.block_on(orphans.end_all(ended)))?;
    Ok(())
}

fn guards() -> MutexGuard<'static, BTreeMap<i32, u64>> {
    GUARDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The children of this process that are not guards.
struct Orphans {
    /// Children that it had before it adopted any.
    before: BTreeSet<i32>,
    /// When all processes were scanned last.
    scanned: Option<Instant>,
    sweep: Sweep,
    /// Groups of guards that have ended.
    groups: Vec<Group>,
}

impl Orphans {
    /// Ends the processes that killed guards leave. Runs whenever a child ends, since that child
    /// may be a guard.
    async fn end_all(&mut self, mut ended: Signal) {
        while ended.recv().await.is_some() {
            let mut pause = Duration::from_micros(100);
            while self.end() {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(SCAN_AGAIN);
            }
        }
    }

    /// Reaps children that have ended, and kills the others. Returns whether any are left.
    fn end(&mut self) -> bool {
        let mut guards = guards();
        // Once a process is reaped, its process id may belong to another one.
        guards.retain(|pid, began_at| {
            let is_there = tree::began_at(*pid) == Some(*began_at);
            if !is_there && let Some(group) = Group::of(*pid, *began_at) {
                let _there = group.kill();
                self.groups.push(group);
            }
            is_there
        });
        let children = tree::children();
        self.before.retain(|pid| children.contains(pid));
        let mut spared: BTreeSet<i32> = guards.keys().copied().collect();
        let mut are_left = false;
        for pid in children {
            if guards.contains_key(&pid) || reap_if_ended(pid) {
                continue;
            }
            if self.before.contains(&pid) || !tree::has_no_new_rights(pid) {
                spared.insert(pid);
                continue;
            }
            tree::kill_child(pid);
            are_left = true;
        }
        if are_left {
            self.end_below(&spared);
        } else {
            self.scanned = None;
            self.sweep = Sweep::default();
            self.groups.drain(..).for_each(|group| group.remove());
        }
        are_left
    }

    /// Deeper descendants become children as their parents end. A scan of all processes takes
    /// longer, but finds them at once.
    fn end_below(&mut self, spared: &BTreeSet<i32>) {
        let now = Instant::now();
        if self.scanned.is_some_and(|at| now.duration_since(at) < SCAN_AGAIN) {
            return;
        }
        self.sweep.stop_and_kill(spared);
        self.scanned = Some(Instant::now());
    }
}

/// Reaps this child if it has ended. Returns whether it has.
fn reap_if_ended(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return true };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    // Any other error means that it is no child any more: it has been reaped.
    !matches!(waitid(WaitId::Pid(pid), options), Ok(None) | Err(rustix::io::Errno::INTR))
}
