use std::fmt::Display;
use std::path::Path;

use kernel::governance::{Governance, GovernanceError};
use ledger::Reader;
use proof::log::LogReader;
use record::governance::Change;
use record::lineage::LineageRecord;

use crate::Error;

/// Whether what is stated of a replay of this node's log, before a version of the decider is
/// adopted, is of the log in this folder, and covers all that it held when it was made.
pub(crate) fn check(
    folder: &Path,
    node: &str,
    governance: &Governance,
    change: &Change,
) -> Result<(), Error> {
    let Change::SemanticsAdopted { replays, .. } = change else { return Ok(()) };
    let refused = |why: &dyn Display| {
        Error::refused(&GovernanceError::Replays(format!("the log of `{node}`: {why}")))
    };
    let own = replays.each.iter().find(|replayed| replayed.node == node);
    let Some((own, key)) = own.zip(governance.node_key(node)) else {
        return Err(refused(&"nothing is stated of it"));
    };
    let head = own.head(key).map_err(|why| refused(&why))?;
    let reader = Reader::open(folder).map_err(|why| Error::ledger("lineage", &why))?;
    let log = LogReader::open(&reader, key, key.name()).map_err(|why| refused(&why))?;
    log.extends(&head).map_err(|why| refused(&why))?;
    let next = reader.entries(head.size).map_err(|why| refused(&why))?.next();
    let Some(next) = next.transpose().map_err(|why| refused(&why))? else { return Ok(()) };
    let next = LineageRecord::parse(&next.record).map_err(|why| refused(&why))?;
    if next.header.at < replays.at {
        let why = "it held this record already, and what is stated ends before it";
        return Err(refused(&format!("record {}: {why}", head.size)));
    }
    Ok(())
}
