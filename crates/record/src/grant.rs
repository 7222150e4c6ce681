use std::collections::BTreeSet;

use proof::json::{Object, Value};
use proof::limits::INTEGER_MAX;

use crate::limits::{ACTION_BYTES_MAX, GRANT_ACTIONS_MAX};

/// The most that an execution may do. What is not limited has no member: [`Grant::unlimited`]
/// limits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// The actions it may ask for, as requests name them.
    pub actions: Option<BTreeSet<String>>,
    /// Permits that it and all who descend from it may get in all.
    pub calls_max: Option<u64>,
    /// Generations of executions that may descend from it: 0 for none.
    pub depth_max: Option<u64>,
    /// The last moment at which it may ask, in milliseconds since the Unix epoch.
    pub until_ms: Option<i64>,
}

const MEMBERS: [&str; 4] = ["actions", "calls_max", "depth_max", "until_ms"];

impl Grant {
    /// The grant of an execution that nobody delegated to: policies alone decide.
    #[must_use]
    pub fn unlimited() -> Grant {
        Grant::default()
    }

    /// The canonical object, with the members that limit something.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut object = Object::new();
        if let Some(actions) = &self.actions {
            let names = actions.iter().map(|name| Value::from(name.as_str()));
            object.insert("actions", Value::Array(names.collect()));
        }
        let count =
            |n: u64| Value::Integer(i64::try_from(n).unwrap_or(INTEGER_MAX).min(INTEGER_MAX));
        if let Some(most) = self.calls_max {
            object.insert("calls_max", count(most));
        }
        if let Some(most) = self.depth_max {
            object.insert("depth_max", count(most));
        }
        if let Some(until) = self.until_ms {
            object.insert("until_ms", Value::Integer(until));
        }
        Value::Object(object)
    }

    /// Reads what [`Grant::to_value`] wrote: sorted actions, whole numbers from 0, and no other
    /// members.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Grant> {
        let members = value.as_object()?;
        if members.keys().any(|name| !MEMBERS.contains(&name)) {
            return None;
        }
        let number = |name: &str| match members.get(name) {
            None => Some(None),
            Some(value) => Some(Some(value.as_i64().filter(|n| (0..=INTEGER_MAX).contains(n))?)),
        };
        let count = |name: &str| -> Option<Option<u64>> {
            number(name)?.map_or(Some(None), |n| u64::try_from(n).ok().map(Some))
        };
        let actions = match members.get("actions") {
            None => None,
            Some(value) => Some(actions_of(value.as_array()?)?),
        };
        Some(Grant {
            actions,
            calls_max: count("calls_max")?,
            depth_max: count("depth_max")?,
            until_ms: number("until_ms")?,
        })
    }
}

/// Names in rising order, each once: one set has one text.
fn actions_of(items: &[Value]) -> Option<BTreeSet<String>> {
    let names: Vec<&str> = items.iter().map(Value::as_str).collect::<Option<_>>()?;
    let rising = names.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    let fit = names.iter().all(|name| !name.is_empty() && name.len() <= ACTION_BYTES_MAX);
    let sound = rising && fit && names.len() <= GRANT_ACTIONS_MAX;
    sound.then(|| names.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests;
