//! Detectors: regular expressions over what passes, each with the labels that a match brings. Their cost is linear in the
//! text.

use regex::RegexSet;

use crate::bundle::Bundle;
use crate::json::Json;
use crate::labels::Labels;
use crate::limits::DETECTED_BYTES_MAX;
use crate::semantics::Semantics;

/// What passes an enforcement point, by where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// What an agent says to a server: arguments, and answers to what the server asks.
    Arguments,
    /// What a server says to an agent: results, errors, and what it asks or tells of its own accord.
    Results,
}

/// The detectors of a bundle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Detectors {
    pub(crate) arguments: Set,
    pub(crate) results: Set,
}

/// Detectors that look at the same things: one pass over a text finds all that match.
#[derive(Debug, Clone, Default)]
pub(crate) struct Set {
    pub(crate) patterns: RegexSet,
    /// What each of them is called, in their order.
    pub(crate) names: Vec<String>,
    /// What each of them brings, in their order.
    pub(crate) adds: Vec<Labels>,
}

impl Set {
    fn all(&self) -> Labels {
        let mut all = Labels::NONE;
        self.adds.iter().for_each(|adds| all.union(adds));
        all
    }

    fn over(&self, message: &[u8], looks_at: Extent) -> Labels {
        let Some(text) = text(message, looks_at) else { return self.all() };
        let found = self.patterns.matches(&text);
        let mut labels = Labels::NONE;
        for adds in found.iter().filter_map(|number| self.adds.get(number)) {
            labels.union(adds);
        }
        labels
    }
}

impl Bundle {
    /// The labels that the detectors bring for a message of JSON-RPC. All of them, where it is longer than
    /// [`DETECTED_BYTES_MAX`] or can't be read: what nobody looked at counts as everything that could be in it.
    #[must_use]
    pub fn detected(&self, passing: Passing, message: &[u8]) -> Labels {
        let set = self.looking_at(passing);
        let whole = self.semantics() >= Semantics::V4;
        let extent = if whole { Extent::Whole } else { Extent::WithoutEnvelope };
        if set.adds.is_empty() { Labels::NONE } else { set.over(message, extent) }
    }

    /// The labels of a message that detectors can't look at: all that they could bring.
    #[must_use]
    pub fn undetected(&self, passing: Passing) -> Labels {
        self.looking_at(passing).all()
    }

    fn looking_at(&self, passing: Passing) -> &Set {
        match passing {
            Passing::Arguments => &self.detectors.arguments,
            Passing::Results => &self.detectors.results,
        }
    }
}

/// How much of a message detectors look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All of it: whatever is forwarded could carry something.
    Whole,
    /// Its params, result or error: before the fourth version of the decider.
    WithoutEnvelope,
}

/// Members of a message that tell what kind of message it is, and which.
const ENVELOPE: [&str; 3] = ["id", "jsonrpc", "method"];

/// What there is to read in a message: its strings unescaped, its numbers (as they were written, where readers differ), and the names of members, each on a line of
/// its own. An object's members come in the order of their names.
fn text(message: &[u8], extent: Extent) -> Option<String> {
    let message = std::str::from_utf8(message).ok()?;
    if message.len() > DETECTED_BYTES_MAX {
        return None;
    }
    let mut text = String::with_capacity(message.len());
    match extent {
        Extent::Whole => gather(&Json::parse_message(message.as_bytes())?, &mut text),
        Extent::WithoutEnvelope => match Json::parse(message).ok()? {
            Json::Object(members) => {
                let said = members.iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str()));
                said.for_each(|(_, value)| gather(value, &mut text));
            }
            other => gather(&other, &mut text),
        },
    }
    Some(text)
}

fn gather(value: &Json, into: &mut String) {
    match value {
        Json::Null | Json::Absent | Json::Bool(_) => {}
        Json::Whole(number) => line(&format!("{number}.0"), into),
        Json::Integer(number) => line(&number.to_string(), into),
        Json::Beyond(text) | Json::Fraction(text) | Json::Decimal(text) | Json::String(text) => {
            line(text, into)
        }
        Json::Array(items) => items.iter().for_each(|item| gather(item, into)),
        Json::Object(members) => {
            for (name, value) in members {
                line(name, into);
                gather(value, into);
            }
        }
    }
}

fn line(text: &str, into: &mut String) {
    into.push_str(text);
    into.push('\n');
}

#[cfg(test)]
mod tests;
