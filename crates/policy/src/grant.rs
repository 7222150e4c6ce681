//! What an execution may do at most, whatever the policies permit.

use std::collections::BTreeSet;

use proof::json::{Object, Value};

use crate::limits::{AT_MS_MAX, GRANT_ACTIONS_MAX, NAME_BYTES_MAX};

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

/// A grant in use: what of it is spent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldGrant {
    /// The grant.
    pub grant: Grant,
    /// Permits that its execution, and all who descend from it, have got.
    pub calls: u64,
}

const MEMBERS: [&str; 4] = ["actions", "calls_max", "depth_max", "until_ms"];

impl Grant {
    /// The grant of an execution that nobody delegated to: policies alone decide.
    #[must_use]
    pub fn unlimited() -> Grant {
        Grant::default()
    }

    /// Why `child` is wider than this grant with so many calls left, if it is: a grant that is
    /// handed on is narrower or equal in every dimension, and one generation deeper.
    #[must_use]
    pub fn exceeded_by(&self, child: &Grant, calls: u64) -> Option<&'static str> {
        let left = self.calls_max.map(|most| most.saturating_sub(calls));
        if let Some(own) = &self.actions
            && child.actions.as_ref().is_none_or(|asked| !asked.is_subset(own))
        {
            Some("it would hand on actions that it does not have")
        } else if !is_within(child.calls_max, left) {
            Some("it would hand on more calls than it has left")
        } else if !is_within(child.until_ms, self.until_ms) {
            Some("it would hand on a longer time than it has")
        } else if self.depth_max.is_some_and(|own| child.depth_max.is_none_or(|asked| asked >= own))
        {
            Some("it may hand nothing on to so many generations")
        } else {
            None
        }
    }

    /// The canonical object, with the members that limit something.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut object = Object::new();
        if let Some(actions) = &self.actions {
            let names = actions.iter().map(|name| Value::from(name.as_str()));
            object.insert("actions", Value::Array(names.collect()));
        }
        let count = |n: u64| Value::Integer(i64::try_from(n).unwrap_or(AT_MS_MAX).min(AT_MS_MAX));
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
            Some(value) => Some(Some(value.as_i64().filter(|n| (0..=AT_MS_MAX).contains(n))?)),
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

impl HeldGrant {
    /// Why a request for this action at this time goes beyond the grant, if it does.
    #[must_use]
    pub fn exceeded_by(&self, action: &str, at: i64) -> Option<&'static str> {
        let Grant { actions, calls_max, until_ms, .. } = &self.grant;
        if actions.as_ref().is_some_and(|own| !own.contains(action)) {
            Some("the action is not in the grant")
        } else if until_ms.is_some_and(|until| at > until) {
            Some("the grant's time is over")
        } else if calls_max.is_some_and(|most| self.calls >= most) {
            Some("the grant's calls are used up")
        } else {
            None
        }
    }
}

/// Whether a limit is no wider than another; none is the widest.
fn is_within<T: Ord>(asked: Option<T>, own: Option<T>) -> bool {
    own.is_none_or(|own| asked.is_some_and(|asked| asked <= own))
}

/// Names in rising order, each once: one set has one text.
fn actions_of(items: &[Value]) -> Option<BTreeSet<String>> {
    let names: Vec<&str> = items.iter().map(Value::as_str).collect::<Option<_>>()?;
    let rising = names.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    let fit = names.iter().all(|name| !name.is_empty() && name.len() <= NAME_BYTES_MAX);
    let sound = rising && fit && names.len() <= GRANT_ACTIONS_MAX;
    sound.then(|| names.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests;
