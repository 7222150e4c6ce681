//! Building what executions' monitors know, on all cores, before anybody is decided by it.
//!
//! A decision builds it where it is not there, in its place in the one order, and all behind it wait. So it is built beforehand:
//! at a start, and where a new bundle judges whole histories anew.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use kernel::state::{Execution, NodeState};

use crate::follow::cores;

/// Has the monitors of all executions take every event, where they have not.
pub(crate) fn build(state: &NodeState) {
    let all: Vec<&Execution> = state.executions().map(|(_, execution)| execution).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        while let Some(execution) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            execution.build_monitors();
        }
    };
    let others = cores().min(all.len()).saturating_sub(1);
    thread::scope(|scope| {
        for _ in 0..others {
            let builder = thread::Builder::new().stack_size(policy::limits::DECIDE_STACK_BYTES);
            // Where the system gives no thread, the others do it.
            let _running = builder.spawn_scoped(scope, run);
        }
        run();
    });
}
