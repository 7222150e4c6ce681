//! Building what executions' monitors know, on all cores, before anybody is decided by it.
//!
//! A decision builds it where it is not there, in its place in the one order, and all behind it
//! wait. So it is built beforehand: at a start, and where a new bundle judges whole histories anew.

use std::sync::atomic::{AtomicUsize, Ordering};

use kernel::state::{Execution, NodeState};

use crate::follow::on_all_cores;

/// Has the monitors of all executions take every event, where they have not.
pub(crate) fn build(state: &NodeState) {
    let all: Vec<&Execution> = state.executions().map(|(_, execution)| execution).collect();
    let next = AtomicUsize::new(0);
    let built = on_all_cores(all.len(), || {
        while let Some(execution) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            execution.build_monitors();
        }
    });
    if let Some(panicked) = built.into_iter().find_map(Result::err) {
        // As if this thread had built it.
        std::panic::resume_unwind(panicked);
    }
}
