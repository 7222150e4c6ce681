//! What agents were answered, held against the log.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use record::lineage::Completion;

use super::answer::{Said, digest};
use crate::support::{Event, Records};

/// What the log must say, by place, and by the request's id.
#[derive(Default)]
pub(super) struct Record {
    decisions: BTreeMap<u64, (String, String)>,
    lines: HashMap<String, Vec<u64>>,
    count: u64,
}

impl Record {
    pub(super) fn extend(&mut self, said: Vec<(String, Said)>) {
        for (id, said) in said {
            self.count += 1;
            match said {
                Said::Decision { index, code } => drop(self.decisions.insert(index, (id, code))),
                Said::Line(digest) => self.lines.entry(id).or_default().push(digest),
            }
        }
    }

    /// Each answer stands in the log as it was given. Gives how many there are.
    pub(super) fn hold_to(mut self, folder: &Path) -> u64 {
        let mut asked = HashMap::new();
        let mut records = Records::of(folder);
        let read = records.read_on(|event| match event {
            Event::Decided { decision, seq } => {
                let id = decision.message["id"].to_string();
                if decision.verdict != "permit" {
                    self.was_decided(decision.index, &id, &decision.code);
                }
                asked.insert((decision.execution, seq), id);
            }
            Event::Withheld { execution, decided_seq, index, code } => {
                if let Some(id) = asked.get(&(execution, decided_seq)) {
                    self.was_decided(index, id, &code);
                }
            }
            Event::Completed { execution, decided_seq, end } => {
                let Some(id) = asked.remove(&(execution, decided_seq)) else { return };
                let message = end.message.filter(|_| end.outcome != Completion::Sent);
                let Some(message) = message.map(|message| digest(&message)) else { return };
                if let Some(left) = self.lines.get_mut(&id) {
                    left.retain(|line| *line != message);
                }
            }
        });
        read.unwrap();
        let left: Vec<_> = self.lines.iter().filter(|(_, left)| !left.is_empty()).take(5).collect();
        assert!(left.is_empty(), "answers that are not on record: {left:?}");
        let left: Vec<_> = self.decisions.iter().take(5).collect();
        assert!(left.is_empty(), "denials that are not on record: {left:?}");
        self.count
    }

    fn was_decided(&mut self, index: u64, id: &str, code: &str) {
        if let Some((said_of, said)) = self.decisions.remove(&index) {
            assert_eq!((said_of.as_str(), said.as_str()), (id, code), "record {index}");
        }
    }
}
