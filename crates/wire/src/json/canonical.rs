//! The canonical text of a value (RFC 8785), for a digest over what it means. Nothing of it is ever
//! forwarded.

use super::{Data, Number, Value};

impl Value<'_> {
    /// The value in the form of RFC 8785: members sorted, one way to write each string and number.
    /// Two texts have one form exactly where every reader takes them for one value. A number that
    /// readers hold different values for stands as it was written, and half of a surrogate pair as
    /// U+FFFD.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        write(self, &mut text);
        text
    }
}

/// Recursion ends at [`crate::limits::DEPTH_MAX`]: the reader let nothing deeper in.
fn write(value: &Value<'_>, into: &mut String) {
    match value.data() {
        Data::Null => into.push_str("null"),
        Data::Bool(value) => into.push_str(if *value { "true" } else { "false" }),
        Data::Number(value) => into.push_str(&number(value)),
        Data::String(value) => string(value, into),
        Data::Array(elements) => {
            into.push('[');
            for (at, element) in elements.iter().enumerate() {
                comma(at, into);
                write(element, into);
            }
            into.push(']');
        }
        Data::Object(object) => {
            //= RFC 8785 section 3.2.3: sorted by UTF-16 code units
            let mut members: Vec<_> = object.members().iter().collect();
            members.sort_by(|a, b| a.key().encode_utf16().cmp(b.key().encode_utf16()));
            into.push('{');
            for (at, member) in members.into_iter().enumerate() {
                comma(at, into);
                string(member.key(), into);
                into.push(':');
                write(member.value(), into);
            }
            into.push('}');
        }
    }
}

fn comma(at: usize, into: &mut String) {
    if at > 0 {
        into.push(',');
    }
}

/// The canonical JSON of records writes strings as RFC 8785 does.
fn string(text: &str, into: &mut String) {
    proof::json::write_string(text, into);
}

/// As ECMAScript writes the nearest binary64 value, where that is the very value that was written.
fn number(number: &Number<'_>) -> String {
    if let Some(whole) = number.whole() {
        return whole.to_string();
    }
    if !number.is_exact() {
        return number.text().to_owned();
    }
    let value = number.to_f64();
    let sign = if value < 0.0 { "-" } else { "" };
    let shortest = format!("{:e}", value.abs());
    let (digits, power) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (digits, power) = (digits.replace('.', ""), power.parse().unwrap_or(0_i64));
    format!("{sign}{}", decimal(&digits, power))
}

/// The digits with their point, where the first of them stands for so many powers of ten.
//= RFC 8785 section 3.2.2.3, ECMA-262 Number::toString
fn decimal(digits: &str, power: i64) -> String {
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
    let count = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    let whole = power.saturating_add(1);
    let split = |at: usize| digits.split_at_checked(at).unwrap_or((digits, ""));
    match whole {
        1..=21 if whole >= count => format!("{digits}{}", zeros(whole.saturating_sub(count))),
        1..=21 => {
            let (before, after) = split(usize::try_from(whole).unwrap_or(0));
            format!("{before}.{after}")
        }
        -5..=0 => format!("0.{}{digits}", zeros(whole.saturating_neg())),
        _ => {
            let (first, rest) = split(1);
            let point = if rest.is_empty() { "" } else { "." };
            format!("{first}{point}{rest}e{power:+}")
        }
    }
}

#[cfg(test)]
mod tests;
