//! The memory of executions, bounded by bytes: of one, of all of one OS user, and of the node. A
//! delegated execution counts for the OS user of the root of its line, as for its
//! [number](super::quota). The last bytes of a node are for OS users that hold little, so that a
//! few others together keep nobody out.
//!
//! An execution itself counts its bytes ([`Execution::bytes`]); the history of a line counts for
//! each execution in it. The sums are counted anew when they seem to reach a bound. In between, all
//! new bytes are added to them, so that they are never too small.
//!
//! [`Execution::bytes`]: crate::state::Execution::bytes

use std::collections::BTreeMap;

use super::Kernel;
use crate::limits::{
    EXECUTION_BYTES_MAX, NODE_BYTES_KEPT, NODE_BYTES_KEPT_PER_USER, NODE_BYTES_MAX, USER_BYTES_MAX,
};
use crate::state::NodeState;

/// At least how many bytes the executions of each OS user hold.
#[derive(Debug, Default)]
pub(super) struct HeldBytes(BTreeMap<u32, usize>);

impl HeldBytes {
    /// As counted.
    pub(super) fn by(state: &NodeState) -> Self {
        let mut held = Self::default();
        for (id, execution) in state.executions() {
            let os_user = state.root_user(id).unwrap_or_else(|| execution.os_user());
            held.add(os_user, execution.bytes());
        }
        held
    }

    fn add(&mut self, os_user: u32, bytes: usize) {
        let held = self.0.entry(os_user).or_default();
        *held = held.saturating_add(bytes);
    }

    /// The code of the bound that so many bytes more would pass.
    pub(super) fn exceeded(&self, os_user: u32, bytes: usize) -> Option<&'static str> {
        let of_user = self.0.get(&os_user).copied().unwrap_or_default().saturating_add(bytes);
        let of_node = self.0.values().fold(bytes, |sum, held| sum.saturating_add(*held));
        if of_user > USER_BYTES_MAX {
            return Some("refused.quota.user");
        }
        let is_kept_for = of_user <= NODE_BYTES_KEPT_PER_USER;
        let most = NODE_BYTES_MAX.saturating_sub(if is_kept_for { 0 } else { NODE_BYTES_KEPT });
        (of_node > most).then_some("refused.quota.node")
    }
}

impl Kernel {
    /// The code of the bound that a request of so many bytes would exceed, if any; otherwise the
    /// bytes are counted.
    pub(super) fn exceeded_bytes(&mut self, execution: &str, bytes: usize) -> Option<&'static str> {
        let os_user = self.state.root_user(execution)?;
        if self.state.bytes_of(execution).saturating_add(bytes) > EXECUTION_BYTES_MAX {
            return Some("refused.quota.execution");
        }
        if self.held.exceeded(os_user, bytes).is_some() {
            self.held = HeldBytes::by(&self.state);
        }
        let exceeded = self.held.exceeded(os_user, bytes);
        if exceeded.is_none() {
            self.held.add(os_user, bytes);
        }
        exceeded
    }

    /// Counts what comes back to an execution. It is never refused.
    pub(super) fn count_result_bytes(&mut self, execution: &str, bytes: usize) {
        if let Some(os_user) = self.state.root_user(execution) {
            self.held.add(os_user, bytes);
        }
    }
}

#[cfg(test)]
mod tests;
