use std::collections::BTreeMap;

use proof::digest::Digest;

use crate::limits::DEFINITIONS_MAX;

/// The notification that a server's tool list has changed.
pub(super) const CHANGED: &str = "notifications/tools/list_changed";

/// The digests of the definitions that the server last listed, by tool. A list may come in pages,
/// so a tool that is missing from a later page keeps its digest.
#[derive(Debug, Default)]
pub(super) struct Definitions(BTreeMap<String, Digest>);

impl Definitions {
    pub(super) fn get(&self, tool: &str) -> Option<Digest> {
        self.0.get(tool).copied()
    }

    pub(super) fn record(&mut self, tools: &[(String, Digest)]) {
        for (name, digest) in tools {
            if self.0.len() < DEFINITIONS_MAX || self.0.contains_key(name) {
                self.0.insert(name.clone(), *digest);
            }
        }
    }

    /// Removes all digests: the server said that its list has changed, or contradicted itself.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests;
