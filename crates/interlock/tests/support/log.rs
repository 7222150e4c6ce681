use std::collections::BTreeMap;
use std::path::Path;

use kernel::lineage::{Body, Decided, LineageRecord, Sealed};
use kernel::replay::Part;
use ledger::Reader;
use node::sealing::Opener;
use proof::digest::Digest;
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
    /// Of a permit that was withheld after it was decided: the index of the record that says so, and its code.
    pub(crate) withheld: Option<(u64, String)>,
    /// The JSON-RPC message, opened from the sealed part and checked against its commitment.
    pub(crate) message: Value,
}

impl Decision {
    /// What whoever asked was answered, where an answer went out: verdict, code, and the record that it names.
    pub(crate) fn answered(&self) -> (&str, &str, u64) {
        match &self.withheld {
            Some((index, code)) => ("deny", code, *index),
            None => (&self.verdict, &self.code, self.index),
        }
    }
}

/// All decisions of a domain's lineage log, published or not.
pub(crate) fn decisions(folder: &Path) -> Vec<Decision> {
    let lineage = folder.join("lineage");
    let reader = Reader::open(&lineage).unwrap();
    let mut opener = Opener::of(&lineage, &origin(&lineage)).unwrap();
    let mut found: Vec<Decision> = Vec::new();
    let mut places = BTreeMap::new();
    for entry in reader.entries(0).unwrap() {
        let entry = entry.unwrap();
        let record = LineageRecord::parse(&entry.record).unwrap();
        match (record.body, record.header.link) {
            (Body::Decided(decided), Some(link)) => {
                let at = (entry.index, &Digest::of(&entry.record));
                let part = opener.part(Some(&link.execution), at, entry.sealed.as_deref());
                let Part::Open(plain) = part else { panic!("record {}: {part:?}", entry.index) };
                let sealed = Sealed::parse(&plain).unwrap();
                places.insert((link.execution.clone(), link.seq), found.len());
                found.push(decision(entry.index, link.execution, &decided, &sealed));
            }
            (Body::Withheld { decided_seq, code }, Some(link)) => {
                let place = places[&(link.execution, decided_seq)];
                found[place].withheld = Some((entry.index, code));
            }
            _ => {}
        }
    }
    found
}

/// The origin of the log in this folder, as its checkpoint names it.
fn origin(log: &Path) -> String {
    let checkpoint = std::fs::read_to_string(log.join("checkpoint")).unwrap();
    checkpoint.lines().next().unwrap().to_owned()
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
    let message = sealed.open("message", &decided.commitments["message"]).unwrap();
    Decision {
        index,
        execution,
        verdict: decided.decision.verdict().unwrap().to_owned(),
        code: decided.decision.code().unwrap().to_owned(),
        withheld: None,
        message: serde_json::from_slice(message).unwrap(),
    }
}
