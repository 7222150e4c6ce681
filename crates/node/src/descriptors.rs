//! File descriptors: as many as the machine lets the node have, and a budget of them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Error;
use crate::limits::{
    DESCRIPTORS_MIN, DESCRIPTORS_PER_SESSION, DESCRIPTORS_RESERVED, HTTP_MAX, SESSIONS_MAX,
    WAITING_MAX,
};

/// What the descriptors are for. What is not listed is the node's own: logs, snapshots, keys,
/// officers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Connections to `node.sock` that have not said yet what they are for.
    pub(crate) waiting: usize,
    /// Sessions, with their servers' pipes.
    pub(crate) sessions: usize,
    /// Connections to the listener that serves the logs.
    pub(crate) http: usize,
}

/// Raises the soft limit to the hard one, and budgets what there is.
///
/// # Errors
/// `descriptors` where there are too few to serve anything.
pub(crate) fn raise() -> Result<Budget, Error> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // What can't be raised is used as it is.
    let _raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    budget().filter(|budget| budget.sessions > 0).ok_or_else(|| Error::descriptors(DESCRIPTORS_MIN))
}

/// The budget under the limit in force. None where it is below [`DESCRIPTORS_MIN`].
pub(crate) fn budget() -> Option<Budget> {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    of(usize::try_from(limit).unwrap_or(usize::MAX))
}

fn of(limit: usize) -> Option<Budget> {
    if limit < DESCRIPTORS_MIN {
        return None;
    }
    let own = DESCRIPTORS_RESERVED.min(limit / 2);
    let left = limit.saturating_sub(own);
    let http = HTTP_MAX.min(left / 8);
    let waiting = WAITING_MAX.min(left / 4);
    let rest = left.saturating_sub(http).saturating_sub(waiting);
    Some(Budget { waiting, http, sessions: SESSIONS_MAX.min(rest / DESCRIPTORS_PER_SESSION) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_leaves_the_node_descriptors_of_its_own() {
        for limit in [DESCRIPTORS_MIN, 256, 1_024, 4_096, 20_000, 1_048_576, usize::MAX] {
            let Budget { waiting, sessions, http } = of(limit).unwrap();
            let used = waiting + http + sessions * DESCRIPTORS_PER_SESSION;
            assert!(used <= limit - DESCRIPTORS_RESERVED.min(limit / 2), "{limit}: {used}");
            assert!(waiting > 0 && sessions > 0 && http > 0, "{limit}");
        }
    }

    #[test]
    fn too_few_descriptors_are_no_budget() {
        assert_eq!(of(DESCRIPTORS_MIN - 1), None);
    }

    #[test]
    fn many_descriptors_are_bounded_by_the_other_limits() {
        let most = Budget { waiting: WAITING_MAX, sessions: SESSIONS_MAX, http: HTTP_MAX };
        assert_eq!(of(1_048_576), Some(most));
    }
}
