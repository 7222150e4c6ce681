use std::collections::BTreeSet;

use proof::json::Value;
use record::governance::{Change, SignedProposal};

/// The executions that these records of a governance log end, whether or not a node has adopted
/// them yet. Signatures are not checked: the result only says which histories need not be read, and
/// an execution without its history gets no decision.
#[must_use]
pub fn ended(records: &[Vec<u8>]) -> BTreeSet<String> {
    let change = |record: &Vec<u8>| {
        let value = Value::parse(record).ok()?;
        Some(SignedProposal::from_record(&value).ok()?.1.proposal.change)
    };
    let ended = |change| match change {
        Change::ExecutionEnded { execution } => Some(execution),
        _ => None,
    };
    records.iter().filter_map(change).filter_map(ended).collect()
}
