//! Which threads go before which: the node before those it serves, and in the node what is waited
//! for before what is not.

use rustix::process::{Pid, getpriority_process, setpriority_process};

use crate::limits::{NICENESS, NODE_NICENESS};

/// Lets this thread, and all that it starts, go before servers, agents and what else runs here.
/// Everybody waits for the node, and a stop must not wait behind whom it stops. Where the system
/// does not let it, it is as any other.
pub fn go_first() {
    let this = rustix::thread::gettid();
    if getpriority_process(Some(this)).is_ok_and(|now| now > NODE_NICENESS) {
        let _as_it_was = setpriority_process(Some(this), NODE_NICENESS);
    }
    // Linux can give each session of processes an equal share of the processor, whatever its
    // number of threads. Each server has a session of its own. The node's gets a greater share
    // where it has one of its own too, and not where it shares a terminal's.
    if leads_session() {
        let _as_it_was = std::fs::write("/proc/self/autogroup", NODE_NICENESS.to_string());
    }
}

/// Lowers this thread's priority, so that it gives way to the rest of the node.
pub(crate) fn give_way() {
    let this = rustix::thread::gettid();
    let _as_it_was = setpriority_process(Some(this), priority_of(this).saturating_add(NICENESS));
}

/// Whether this process leads its session of processes. A session that began outside of a
/// container has no number in it: `/proc` shows 0 then, which is no process.
fn leads_session() -> bool {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let session = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(3));
    session.and_then(|id| id.parse().ok()) == Some(std::process::id())
}

/// As any other where the system does not say.
fn priority_of(thread: Pid) -> i32 {
    getpriority_process(Some(thread)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gives_way_and_no_other_does() {
        let priority = || priority_of(rustix::thread::gettid());
        let before = priority();
        let lowered = std::thread::spawn(move || {
            give_way();
            priority()
        });
        assert_eq!(lowered.join().unwrap(), before + NICENESS);
        assert_eq!(priority(), before);
    }
}
