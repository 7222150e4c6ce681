use kernel::governance::Governance;

use crate::domain::Log;
use crate::exit::Failure;

/// Folds the published governance records: each must be signed by its officer, for the state that
/// it names.
pub(super) fn fold(log: &Log) -> Result<Governance, Failure> {
    let verified = log.verified()?;
    let mut governance = Governance::new(log.key.name());
    for entry in verified.entries(0..verified.size()) {
        let (index, record) = entry.map_err(|why| log.not_verified(&why))?;
        governance
            .apply(&record)
            .map_err(|why| log.not_verified(&format!("record {index} is not acceptable: {why}")))?;
    }
    Ok(governance)
}

/// Checks that the lineage log's key is the one that governance registered for the node in its
/// origin.
pub(super) fn registered(log: &Log, governance: &Governance) -> Result<(), Failure> {
    let origin = log.key.name();
    let node = origin.rsplit_once("/lineage/").map(|(_, node)| node).unwrap_or_default();
    match governance.node_key(node) {
        Some(key) if *key == log.key => Ok(()),
        Some(key) => Err(log.not_verified(&format!(
            "governance registered another key for the node `{node}`: {key}"
        ))),
        None => Err(log.not_verified(&format!("governance registered no node `{node}`"))),
    }
}
