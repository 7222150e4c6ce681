//! What is left of what an execution may do at most, whatever the policies permit.

use record::Grant;

/// A grant in use: what of it is spent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldGrant {
    /// The grant.
    pub grant: Grant,
    /// Permits that its execution, and all who descend from it, have got.
    pub calls: u64,
}

impl HeldGrant {
    /// Why a request for this action at this time goes beyond the grant, if it does.
    #[must_use]
    pub fn exceeded_by(&self, action: &str, at: i64) -> Option<&'static str> {
        let Grant { actions, calls_max, until_ms, .. } = &self.grant;
        if actions.as_ref().is_some_and(|own| !own.contains(action)) {
            Some("the action is not in the grant")
        } else if until_ms.is_some_and(|until| at > until) {
            Some("the grant's time is over")
        } else if calls_max.is_some_and(|most| self.calls >= most) {
            Some("the grant's calls are used up")
        } else {
            None
        }
    }

    /// Why `child` is wider than what is left of this grant, if it is: a grant that is handed on is
    /// narrower or equal in every dimension, and one generation deeper.
    #[must_use]
    pub fn widened_by(&self, child: &Grant) -> Option<&'static str> {
        let Grant { actions, calls_max, depth_max, until_ms } = &self.grant;
        let left = calls_max.map(|most| most.saturating_sub(self.calls));
        if let Some(own) = actions
            && child.actions.as_ref().is_none_or(|asked| !asked.is_subset(own))
        {
            Some("it would hand on actions that it does not have")
        } else if !is_within(child.calls_max, left) {
            Some("it would hand on more calls than it has left")
        } else if !is_within(child.until_ms, *until_ms) {
            Some("it would hand on a longer time than it has")
        } else if depth_max.is_some_and(|own| child.depth_max.is_none_or(|asked| asked >= own)) {
            Some("it may hand nothing on to so many generations")
        } else {
            None
        }
    }
}

/// Whether a limit is no wider than another; none is the widest.
fn is_within<T: Ord>(asked: Option<T>, own: Option<T>) -> bool {
    own.is_none_or(|own| asked.is_some_and(|asked| asked <= own))
}

#[cfg(test)]
mod tests;
