//! The labels that an execution carried at a decision, and the records that brought them.

use std::collections::{BTreeMap, BTreeSet};

use kernel::limits::MESSAGE_BYTES_MAX;
use policy::limits::DETECTED_BYTES_MAX;
use policy::{ScanError, Semantics};
use proof::json::{Object, Value, number};
use record::lineage::{Body, Completion, LineageRecord};
use record::{LabelChange, Labels};

use crate::domain::Log;
use crate::exit::Failure;

/// A record that brought a label, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    index: Option<u64>,
    how: String,
}

/// Labels by name, each with the records that brought it.
#[derive(Debug, Clone, Default)]
pub(super) struct CarriedLabels(BTreeMap<String, Vec<Source>>);

impl CarriedLabels {
    /// The labels that an execution carries just before the record of that index, as this version
    /// of the decider counts them.
    pub(super) fn before(
        log: &Log,
        execution: &str,
        index: u64,
        semantics: Semantics,
    ) -> Result<Self, Failure> {
        let mut fold = Fold::default();
        for entry in log.entries(0)? {
            let entry = entry?;
            if entry.index >= index {
                break;
            }
            if let Ok(record) = LineageRecord::parse(&entry.record) {
                fold.apply(entry.index, &record);
            }
        }
        let mut carried = fold.carried.remove(execution).unwrap_or_default();
        let mut above = fold.parents.get(execution).filter(|_| semantics >= Semantics::V4);
        while let Some(id) = above {
            for (label, sources) in fold.carried.remove(id).unwrap_or_default() {
                carried.entry(label).or_insert(sources);
            }
            above = fold.parents.get(id);
        }
        Ok(Self(carried))
    }

    /// Adds the labels that detectors bring for the request itself: found in it, or because they
    /// could not scan it.
    pub(super) fn with(mut self, found: &Labels, unseen: Option<ScanError>) -> Self {
        let how = match unseen {
            None => "found by a detector in this very request".to_owned(),
            Some(why) => format!("in this very request, {why}"),
        };
        for label in found.iter() {
            let source = Source { index: None, how: how.clone() };
            self.0.entry(label.to_owned()).or_default().push(source);
        }
        self
    }

    /// Their names.
    pub(super) fn labels(&self) -> Labels {
        self.0.keys().cloned().collect()
    }

    /// One line for each of these labels that is carried.
    pub(super) fn lines<'a>(&self, labels: impl Iterator<Item = &'a String>) -> Vec<String> {
        let known = labels.filter_map(|label| Some((label, self.0.get(label)?)));
        let line = |(label, sources): (&String, &Vec<Source>)| {
            let sources: Vec<String> = sources.iter().map(Source::text).collect();
            format!("carried the label `{label}`: {}", sources.join("; "))
        };
        known.map(line).collect()
    }

    /// The JSON form of these labels: `[{"label", "records": [{"how", "index"}]}]`; a source
    /// without an index is the request itself.
    pub(super) fn to_value(&self, labels: &BTreeSet<String>) -> Value {
        let source = |source: &Source| {
            let mut members = Object::from([("how", Value::from(source.how.as_str()))]);
            members.extend(source.index.map(|index| ("index", number(index))));
            Value::Object(members)
        };
        let label = |(label, sources): (&String, &Vec<Source>)| {
            let sources: Vec<Value> = sources.iter().map(source).collect();
            let members = [("label", Value::from(label.as_str())), ("records", sources.into())];
            Value::Object(Object::from(members))
        };
        let carried = self.0.iter().filter(|(label, _)| labels.contains(*label));
        Value::from(carried.map(label).collect::<Vec<_>>())
    }
}

impl Source {
    fn text(&self) -> String {
        match self.index {
            Some(index) => format!("record {index}, {}", self.how),
            None => self.how.clone(),
        }
    }
}

/// The labels of all executions after the records so far.
#[derive(Default)]
struct Fold {
    carried: BTreeMap<String, BTreeMap<String, Vec<Source>>>,
    parents: BTreeMap<String, String>,
    /// The labels that open transitions remove, by execution and `seq`, with the index of their
    /// decision.
    open: BTreeMap<(String, u64), (Labels, u64)>,
}

impl Fold {
    fn apply(&mut self, index: u64, record: &LineageRecord) {
        let Some(link) = &record.header.link else { return };
        let execution = link.execution.as_str();
        match &record.body {
            Body::Started { delegation: Some(delegation), .. } => {
                let inherited = self.carried.get(&delegation.parent).cloned();
                self.carried.insert(execution.to_owned(), inherited.unwrap_or_default());
                self.parents.insert(execution.to_owned(), delegation.parent.clone());
            }
            Body::Decided(decided) if decided.decision.verdict() == Some("permit") => {
                let value = decided.decision.to_value();
                let change = value.get("labels").and_then(LabelChange::from_value);
                let Some(change) = change else { return };
                let how = match &decided.tool {
                    Some(tool) => format!("permit of `{}` ({tool})", decided.action),
                    None => format!("permit of `{}`", decided.action),
                };
                self.add(execution, &change.adds, &Source { index: Some(index), how });
                self.open.insert((execution.to_owned(), link.seq), (change.removes, index));
            }
            Body::Completed { decided_seq, outcome, labels, commitments, .. } => {
                let open = self.open.remove(&(execution.to_owned(), *decided_seq));
                if let (Completion::Result, Some((removes, asked))) = (outcome, open) {
                    self.remove(execution, &removes, asked);
                }
                let how = match commitments.contains_key("message_digest") {
                    // Its text is not stored, so it cannot be scanned again.
                    true => format!(
                        "in what came back, over {MESSAGE_BYTES_MAX} bytes: found by a detector, or, with bundles \
                         before `semantics = 4` or over {DETECTED_BYTES_MAX} bytes, not looked at"
                    ),
                    false => "found by a detector in what came back".to_owned(),
                };
                self.add(execution, labels, &Source { index: Some(index), how });
            }
            _ => {}
        }
    }

    /// Adds labels to an execution, and to all of its ancestors.
    fn add(&mut self, execution: &str, labels: &Labels, source: &Source) {
        let mut next = Some(execution.to_owned());
        while let Some(id) = next.filter(|_| !labels.is_empty()) {
            let carried = self.carried.entry(id.clone()).or_default();
            for label in labels.iter() {
                let sources = carried.entry(label.to_owned()).or_default();
                if sources.len() < SOURCES_SHOWN {
                    sources.push(source.clone());
                }
            }
            next = self.parents.get(&id).cloned();
        }
    }

    fn remove(&mut self, execution: &str, labels: &Labels, asked: u64) {
        let Some(carried) = self.carried.get_mut(execution) else { return };
        carried.retain(|label, sources| {
            if labels.contains(label) {
                sources.retain(|source| source.index >= Some(asked));
            }
            !sources.is_empty()
        });
    }
}

/// The first records of a label; only these are named.
const SOURCES_SHOWN: usize = 3;
