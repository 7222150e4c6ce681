//! The names of the simulated domain: its node and its logs.

/// The node.
pub(crate) const NODE: &str = "node-1";

/// The node's lineage log.
pub(crate) const LINEAGE: &str = "sim.test/lineage/node-1";

/// The governance log.
pub(crate) const ORIGIN: &str = "sim.test/governance";
