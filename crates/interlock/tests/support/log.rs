use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kernel::replay::SealedPart;
use ledger::{ReadEntry, Reader};
use node::sealing::Opener;
use proof::digest::Digest;
use record::lineage::{Body, Completion, Decided, LineageRecord, Sealed};
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
    /// Of a permit that was withheld after it was decided: the index of the record that says so,
    /// and its code.
    pub(crate) withheld: Option<(u64, String)>,
    /// The JSON-RPC message, opened from the sealed part and checked against its commitment.
    pub(crate) message: Value,
}

impl Decision {
    /// What whoever asked was answered, where an answer went out: verdict, code, and the record
    /// that it names.
    pub(crate) fn answered(&self) -> (&str, &str, u64) {
        match &self.withheld {
            Some((index, code)) => ("deny", code, *index),
            None => (&self.verdict, &self.code, self.index),
        }
    }
}

/// All decisions of a domain's lineage log, published or not.
pub(crate) fn decisions(folder: &Path) -> Vec<Decision> {
    let mut found: Vec<Decision> = Vec::new();
    let mut places = BTreeMap::new();
    let read = Records::of(folder).read_on(|event| match event {
        Event::Decided { decision, seq } => {
            places.insert((decision.execution.clone(), seq), found.len());
            found.push(decision);
        }
        Event::Withheld { execution, decided_seq, index, code } => {
            found[places[&(execution, decided_seq)]].withheld = Some((index, code));
        }
        Event::Completed { .. } => {}
    });
    read.unwrap();
    found
}

/// What a lineage log says of a transition. Sealed parts are opened and checked against their
/// commitments.
pub(crate) enum Event {
    /// It was decided, at this place in its execution.
    Decided { decision: Decision, seq: u64 },
    /// Its permit was withheld, by the record at this index.
    Withheld { execution: String, decided_seq: u64, index: u64, code: String },
    /// It has ended.
    Completed { execution: String, decided_seq: u64, end: End },
}

/// A domain's lineage log, read on as it grows.
pub(crate) struct Records {
    lineage: PathBuf,
    opener: Opener,
    next: u64,
}

impl Records {
    /// That of the domain in this folder. Nothing is read yet.
    pub(crate) fn of(folder: &Path) -> Records {
        let lineage = folder.join("lineage");
        let opener = Opener::of(&lineage, &origin(&lineage)).unwrap();
        Records { lineage, opener, next: 0 }
    }

    /// Reads what is new. A node that publishes meanwhile may have to be read again.
    pub(crate) fn read_on(&mut self, mut take: impl FnMut(Event)) -> Result<(), ledger::Error> {
        let reader = Reader::open(&self.lineage)?;
        for entry in reader.entries(self.next)? {
            let entry = entry?;
            self.next = entry.index + 1;
            self.event(&entry).into_iter().for_each(&mut take);
        }
        Ok(())
    }

    fn event(&mut self, entry: &ReadEntry) -> Option<Event> {
        let record = LineageRecord::parse(&entry.record).unwrap();
        let link = record.header.link?;
        let opener = &mut self.opener;
        let mut sealed = || {
            let (of, digest) = (Some(link.execution.as_str()), Digest::of(&entry.record));
            let part = opener.part(of, entry.index, &digest, entry.sealed.as_deref());
            let SealedPart::Open(plain) = part else { panic!("record {}: {part:?}", entry.index) };
            Sealed::parse(&plain).unwrap()
        };
        Some(match record.body {
            Body::Decided(decided) => {
                let decision = decision(entry.index, link.execution.clone(), &decided, &sealed());
                Event::Decided { decision, seq: link.seq }
            }
            Body::Withheld { decided_seq, code } => {
                Event::Withheld { execution: link.execution, decided_seq, index: entry.index, code }
            }
            Body::Completed { decided_seq, outcome, charges, labels, commitments, .. } => {
                let message = commitments.get("message");
                let message = message.map(|made| sealed().open("message", made).unwrap().to_vec());
                let labels = labels.iter().map(str::to_owned).collect();
                let charges = charges.into_iter().map(|charge| charge.amount).collect();
                let end = End { outcome, message, labels, charges };
                Event::Completed { execution: link.execution, decided_seq, end }
            }
            _ => return None,
        })
    }
}

/// The end of a permitted call on record.
#[derive(Debug)]
pub(crate) struct End {
    /// How it ended.
    pub(crate) outcome: Completion,
    /// The message that ended it, opened from the sealed part and checked against its commitment.
    pub(crate) message: Option<Vec<u8>>,
    /// Labels that detectors found in the message.
    pub(crate) labels: Vec<String>,
    /// What was used in place of what was reserved.
    pub(crate) charges: Vec<u64>,
}

/// The ends of a domain's calls, read on as the log grows.
pub(crate) struct Ends {
    records: Records,
    /// The ids of the calls that were decided, by execution and `seq`.
    asked: BTreeMap<(String, u64), String>,
    found: BTreeMap<String, End>,
}

impl Ends {
    /// Those of the domain in this folder. Nothing is read yet.
    pub(crate) fn of(folder: &Path) -> Ends {
        Ends { records: Records::of(folder), asked: BTreeMap::new(), found: BTreeMap::new() }
    }

    /// By the id of the call that ended.
    pub(crate) fn found(&self) -> &BTreeMap<String, End> {
        &self.found
    }

    /// Reads what is new. A node that publishes meanwhile may have to be read again.
    pub(crate) fn read_on(&mut self) -> Result<(), ledger::Error> {
        let Ends { records, asked, found } = self;
        records.read_on(|event| match event {
            Event::Decided { decision, seq } => {
                if let Some(id) = decision.message["id"].as_str() {
                    asked.insert((decision.execution, seq), id.to_owned());
                }
            }
            Event::Completed { execution, decided_seq, end } => {
                found.extend(asked.remove(&(execution, decided_seq)).map(|id| (id, end)));
            }
            Event::Withheld { .. } => {}
        })
    }
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
