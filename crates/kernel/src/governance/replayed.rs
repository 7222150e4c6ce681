//! The statement that comes with a new version of the decider, and which logs it must cover.

use record::governance::Replays;

use super::{Governance, GovernanceError};
use crate::limits::PROPOSAL_LIFE_MS_MAX;

impl Governance {
    /// Whether the statement covers exactly the logs of this domain's nodes, and is not too old, at
    /// the authority's time `at`.
    pub(super) fn check_replays(&self, at: i64, replays: &Replays) -> Result<(), GovernanceError> {
        let refused = |why: String| Err(GovernanceError::Replays(why));
        if !(0..=PROPOSAL_LIFE_MS_MAX).contains(&at.saturating_sub(replays.at)) {
            return refused("it is older than a day, or from later than now".to_owned());
        }
        let nodes: Vec<&str> = self.nodes().map(|(node, _)| node).collect();
        if !replays.each.iter().map(|replayed| replayed.node.as_str()).eq(nodes.iter().copied()) {
            let nodes = nodes.join("`, `");
            return refused(format!(
                "it must be about the nodes `{nodes}`, each once and in order"
            ));
        }
        for (replayed, (node, key)) in replays.each.iter().zip(self.nodes()) {
            if let Err(why) = replayed.head(key) {
                return refused(format!("it is not about the log of `{node}`: {why}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
