//! The labels of one execution in a snapshot.

use std::collections::BTreeMap;

use proof::json::{Value, number, object};
use record::LabelChange;
use record::members::{MalformedRecord, members, wrong};

use super::ExecutionLabels;

impl ExecutionLabels {
    /// The labels that are held, each with its `seq`.
    pub(in crate::state) fn held_value(&self) -> Value {
        let Self { held, open: _ } = self;
        let one = |(label, seq): (&String, &u64)| {
            Value::Array(vec![Value::from(label.as_str()), number(*seq)])
        };
        Value::Array(held.iter().map(one).collect())
    }

    pub(in crate::state) fn from_held(value: &Value) -> Result<Self, MalformedRecord> {
        let one = |value: &Value| match value.as_array()? {
            [label, seq] => Some((label.as_str()?.to_owned(), u64::try_from(seq.as_i64()?).ok()?)),
            _ => None,
        };
        let held = value.as_array().and_then(|held| held.iter().map(one).collect());
        let held =
            held.ok_or_else(|| wrong("labels", "an array of labels, each with its `seq`"))?;
        Ok(Self { held, open: BTreeMap::new() })
    }

    /// The changes that the open transitions make to labels.
    pub(in crate::state) fn open_items(&self, id: &str) -> impl Iterator<Item = Value> {
        self.open.iter().map(move |(seq, change)| {
            let (id, change) = (Value::from(id), change.to_value());
            object([("change", change), ("execution", id), ("seq", number(*seq))])
        })
    }

    pub(in crate::state) fn restore_open(&mut self, item: &Value) -> Result<(), MalformedRecord> {
        let members = members(item, &["change", "execution", "seq"])?;
        let change = LabelChange::from_value(members.value("change")?);
        let change = change.ok_or_else(|| wrong("change", "a change of labels"))?;
        self.open.insert(members.count("seq")?, change);
        Ok(())
    }
}
