//! Threads whose work others do not wait for.

use crate::limits::NICENESS;

/// Lowers this thread's priority, so that it gives way to the rest of the node. Where the system
/// does not let it, it is as any other.
pub(crate) fn give_way() {
    let this = rustix::thread::gettid();
    let _as_it_was = rustix::process::setpriority_process(Some(this), NICENESS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gives_way_and_no_other_does() {
        let priority = || {
            let this = Some(rustix::thread::gettid());
            rustix::process::getpriority_process(this).unwrap()
        };
        let before = priority();
        let lowered = std::thread::spawn(move || {
            give_way();
            priority()
        });
        assert_eq!(lowered.join().unwrap(), before.max(NICENESS));
        assert_eq!(priority(), before);
    }
}
