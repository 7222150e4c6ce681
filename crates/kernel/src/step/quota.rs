//! How many executions there may be: of the node, and of each OS user.

use std::collections::BTreeMap;

use crate::limits::{
    EXECUTIONS_KEPT, EXECUTIONS_KEPT_PER_USER, EXECUTIONS_MAX, EXECUTIONS_PER_USER_MAX,
};
use crate::state::NodeState;

/// How many executions each OS user has. A delegated one counts for the OS user of the root of its
/// line, so that a delegation costs no other user's quota.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Executions(BTreeMap<u32, usize>);

impl Executions {
    /// As counted.
    pub(super) fn of(state: &NodeState) -> Self {
        let mut executions = Self::default();
        let users = state.executions().filter_map(|(id, _)| state.root_user(id));
        users.for_each(|os_user| executions.begins(os_user));
        executions
    }

    pub(super) fn begins(&mut self, os_user: u32) {
        let count = self.0.entry(os_user).or_default();
        *count = count.saturating_add(1);
    }

    pub(super) fn ends(&mut self, os_user: u32) {
        let count = self.0.remove(&os_user).unwrap_or_default().saturating_sub(1);
        if count > 0 {
            self.0.insert(os_user, count);
        }
    }

    /// The code of the bound that one more of this OS user would pass.
    pub(super) fn exceeded(&self, os_user: u32) -> Option<&'static str> {
        let of_user = self.0.get(&os_user).copied().unwrap_or_default();
        let of_node = self.0.values().fold(0, |sum: usize, count| sum.saturating_add(*count));
        if of_user >= EXECUTIONS_PER_USER_MAX {
            return Some("refused.quota.user");
        }
        let is_kept_for = of_user < EXECUTIONS_KEPT_PER_USER;
        let most = EXECUTIONS_MAX.saturating_sub(if is_kept_for { 0 } else { EXECUTIONS_KEPT });
        (of_node >= most).then_some("refused.quota.node")
    }
}

#[cfg(test)]
mod tests;
