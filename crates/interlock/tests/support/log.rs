use std::collections::BTreeMap;
use std::path::Path;

use kernel::lineage::{Body, Decided, LineageRecord, Sealed};
use ledger::Reader;
use serde_json::Value;

/// A decision on record, with the message that was decided.
#[derive(Debug)]
pub(crate) struct Decision {
    /// The record's index in the lineage log.
    pub(crate) index: u64,
    /// The execution that asked.
    pub(crate) execution: String,
    /// `permit` or `deny`.
    pub(crate) verdict: String,
    /// The reason code.
    pub(crate) code: String,
    /// The JSON-RPC message, opened from the sealed part and checked against its commitment.
    pub(crate) message: Value,
}

/// All decisions of a domain's lineage log, published or not.
pub(crate) fn decisions(folder: &Path) -> Vec<Decision> {
    let reader = Reader::open(&folder.join("lineage")).unwrap();
    let mut found = Vec::new();
    for entry in reader.entries(0).unwrap() {
        let entry = entry.unwrap();
        let record = LineageRecord::parse(&entry.record).unwrap();
        if let Body::Decided(decided) = record.body {
            let execution = record.header.link.unwrap().execution;
            let sealed = Sealed::parse(&entry.sealed.unwrap_or_default()).unwrap();
            found.push(decision(entry.index, execution, &decided, &sealed));
        }
    }
    found
}

/// How many refusals of each code the lineage log counts.
pub(crate) fn refusals(folder: &Path) -> BTreeMap<String, u64> {
    let reader = Reader::open(&folder.join("lineage")).unwrap();
    let mut all = BTreeMap::new();
    for entry in reader.entries(0).unwrap() {
        let record = LineageRecord::parse(&entry.unwrap().record).unwrap();
        if let Body::Refused { counts } = record.body {
            counts.into_iter().for_each(|(code, count)| *all.entry(code).or_default() += count);
        }
    }
    all
}

fn decision(index: u64, execution: String, decided: &Decided, sealed: &Sealed) -> Decision {
    let member = |name: &str| decided.decision.get(name).unwrap().as_str().unwrap().to_owned();
    let message = sealed.open("message", &decided.commitments["message"]).unwrap();
    Decision {
        index,
        execution,
        verdict: member("decision"),
        code: member("code"),
        message: serde_json::from_slice(message).unwrap(),
    }
}
