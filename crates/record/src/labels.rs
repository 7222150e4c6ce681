//! Labels: names for what an execution has touched, and what one transition does to them.

use std::collections::BTreeSet;

use proof::json::{Object, Value};

/// A set of labels, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels(BTreeSet<String>);

impl Labels {
    /// None.
    pub const NONE: Labels = Labels(BTreeSet::new());

    /// Adds all labels of another set.
    pub fn union(&mut self, other: &Labels) {
        self.0.extend(other.0.iter().cloned());
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a label is among them.
    #[must_use]
    pub fn contains(&self, label: &str) -> bool {
        self.0.contains(label)
    }

    /// The labels, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The canonical array: sorted, none twice.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Array(self.iter().map(Value::from).collect())
    }

    /// Reads what [`Labels::to_value`] wrote; none where the value is not exactly that.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Labels> {
        let items = value.as_array()?;
        let labels: Labels =
            items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?;
        (labels.to_value() == *value).then_some(labels)
    }
}

impl FromIterator<String> for Labels {
    fn from_iter<I: IntoIterator<Item = String>>(labels: I) -> Labels {
        Labels(labels.into_iter().collect())
    }
}

/// What a permitted transition does to the labels of its execution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelChange {
    /// Added by the permit, and again by what ends the transition.
    pub adds: Labels,
    /// Taken away when the transition ends with a result.
    pub removes: Labels,
    /// The places at which it leaves the labels of its execution: at the permit, and again at the
    /// transition's end.
    pub leaves: BTreeSet<String>,
}

impl LabelChange {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.adds.is_empty() && self.removes.is_empty() && self.leaves.is_empty()
    }

    /// The canonical object: `adds`, `leaves` and `removes`, each only where it names any.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let leaves = Labels(self.leaves.clone());
        let parts = [("adds", &self.adds), ("leaves", &leaves), ("removes", &self.removes)];
        let named = parts.into_iter().filter(|(_, names)| !names.is_empty());
        Value::Object(
            named.map(|(name, names)| (name.to_owned(), names.to_value())).collect::<Object>(),
        )
    }

    /// Reads what [`LabelChange::to_value`] wrote; none where the value is not exactly that.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<LabelChange> {
        let part = |name: &str| match value.get(name) {
            None => Some(Labels::NONE),
            Some(labels) => Labels::from_value(labels),
        };
        let (adds, removes, Labels(leaves)) = (part("adds")?, part("removes")?, part("leaves")?);
        let change = LabelChange { adds, removes, leaves };
        (change.to_value() == *value && !change.is_empty()).then_some(change)
    }
}

#[cfg(test)]
mod tests;
