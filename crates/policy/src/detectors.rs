//! Detectors: regular expressions over what passes, each with the labels that a match brings. Their
//! cost is linear in the text.

mod media;

use record::Labels;
use regex::RegexSet;

use crate::json::InputValue;
use crate::limits::{DETECTED_BYTES_MAX, DETECTED_BYTES_MAX_BEFORE};

/// What passes an enforcement point, by where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passing {
    /// What an agent says to a server: arguments, and answers to what the server asks.
    Arguments,
    /// What a server says to an agent: results, errors, and what it asks or tells of its own
    /// accord.
    Results,
}

/// The detectors of a bundle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Detectors {
    pub(crate) arguments: DetectorSet,
    pub(crate) results: DetectorSet,
}

/// Detectors that look at the same things: one pass over a text finds all that match.
#[derive(Debug, Clone, Default)]
pub(crate) struct DetectorSet {
    pub(crate) patterns: RegexSet,
    /// What each of them is called, in their order.
    pub(crate) names: Vec<String>,
    /// What each of them brings, in their order.
    pub(crate) adds: Vec<Labels>,
}

impl DetectorSet {
    pub(crate) fn all(&self) -> Labels {
        let mut all = Labels::NONE;
        self.adds.iter().for_each(|adds| all.union(adds));
        all
    }

    pub(crate) fn over(&self, message: &[u8], extent: ScanExtent, passing: Passing) -> Labels {
        let Ok(text) = text(message, extent, passing) else { return self.all() };
        let found = self.patterns.matches(&text);
        let mut labels = Labels::NONE;
        for adds in found.iter().filter_map(|number| self.adds.get(number)) {
            labels.union(adds);
        }
        labels
    }
}

/// How much of a message detectors look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanExtent {
    /// All of it: whatever is forwarded could carry something.
    Whole,
    /// Its params, result or error: before the fourth version of the decider.
    WithoutEnvelope,
}

/// Members of a message that tell what kind of message it is, and which.
const ENVELOPE: [&str; 3] = ["id", "jsonrpc", "method"];

/// Why detectors could not look at a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// It is longer than detectors look at.
    #[error("not looked at: {bytes} bytes, over the limit of {bytes_max}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// [`DETECTED_BYTES_MAX`], before the fourth version of the decider
        /// [`DETECTED_BYTES_MAX_BEFORE`].
        bytes_max: usize,
    },
    /// It is no JSON that detectors read.
    #[error("not looked at: it can't be read as JSON of one meaning")]
    Unreadable,
}

/// What there is to read in a message: its strings unescaped, its numbers (as they were written,
/// where readers differ), and the names of members, each on a line of its own. An object's members
/// come in the order of their names. Bytes of pictures and sounds are left out of a result
/// ([`media`]).
pub(crate) fn text(
    message: &[u8],
    extent: ScanExtent,
    passing: Passing,
) -> Result<String, ScanError> {
    let bytes_max = match extent {
        ScanExtent::Whole => DETECTED_BYTES_MAX,
        ScanExtent::WithoutEnvelope => DETECTED_BYTES_MAX_BEFORE,
    };
    if message.len() > bytes_max {
        return Err(ScanError::TooLong { bytes: message.len(), bytes_max });
    }
    let message = std::str::from_utf8(message).map_err(|_| ScanError::Unreadable)?;
    let mut text = String::with_capacity(message.len());
    match extent {
        ScanExtent::Whole => {
            let mut json =
                InputValue::parse_message(message.as_bytes()).ok_or(ScanError::Unreadable)?;
            if let (InputValue::Object(members), Passing::Results) = (&mut json, passing)
                && let Some(result) = members.get_mut("result")
            {
                media::leave_out(result);
            }
            gather(&json, &mut text);
        }
        ScanExtent::WithoutEnvelope => match InputValue::parse(message)
            .map_err(|_| ScanError::Unreadable)?
        {
            InputValue::Object(members) => {
                let said = members.iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str()));
                said.for_each(|(_, value)| gather(value, &mut text));
            }
            other => gather(&other, &mut text),
        },
    }
    Ok(text)
}

fn gather(value: &InputValue, into: &mut String) {
    match value {
        InputValue::Null | InputValue::Absent | InputValue::Bool(_) => {}
        InputValue::Whole(number) => line(&format!("{number}.0"), into),
        InputValue::Integer(number) => line(&number.to_string(), into),
        InputValue::Beyond(text)
        | InputValue::Fraction(text)
        | InputValue::Decimal(text)
        | InputValue::String(text) => line(text, into),
        InputValue::Array(items) => items.iter().for_each(|item| gather(item, into)),
        InputValue::Object(members) => {
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
