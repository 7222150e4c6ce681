//! The value of a JSON text in one way of writing (RFC 8785), so that two texts of one value
//! compare equal, and no two values do.
//!
//! A number whose value no binary64 number has exactly as it is written stays as it is written:
//! readers that keep all of its digits would otherwise be given another value than the one that was
//! compared.

use proof::json::Value;

use crate::limits::CANONICAL_DEPTH_MAX;

/// The canonical text of a JSON text. One that can't be read, or is nested deeper than
/// [`CANONICAL_DEPTH_MAX`], is itself.
#[must_use]
pub fn canonical(text: &str) -> String {
    let mut reader = CanonicalReader { text, at: 0 };
    let value = reader.value(CANONICAL_DEPTH_MAX);
    reader.skip_space();
    value.filter(|_| reader.at == text.len()).unwrap_or_else(|| text.to_owned())
}

/// Reads JSON from the left.
struct CanonicalReader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> CanonicalReader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    /// Whether this comes next; it is passed then.
    fn takes(&mut self, word: &str) -> bool {
        self.skip_space();
        let is_next = self.rest().starts_with(word);
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }

    fn value(&mut self, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        for word in ["null", "true", "false"] {
            if self.takes(word) {
                return Some(word.to_owned());
            }
        }
        if self.takes("[") {
            let items = self.items("]", |reader| reader.value(depth))?;
            return Some(format!("[{}]", items.join(",")));
        }
        if self.takes("{") {
            return self.object(depth);
        }
        match self.rest().as_bytes().first()? {
            b'"' => Some(self.string()?.1),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<String> {
        let mut members = self.items("}", |reader| {
            reader.skip_space();
            let (key, written) = reader.string()?;
            let value = reader.takes(":").then(|| reader.value(depth))??;
            Some((key, format!("{written}:{value}")))
        })?;
        //= RFC 8785 section 3.2.3: sorted by UTF-16 code units
        members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        let members: Vec<String> = members.into_iter().map(|(_, member)| member).collect();
        Some(format!("{{{}}}", members.join(",")))
    }

    /// What stands between commas up to `end`.
    fn items<T>(
        &mut self,
        end: &str,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut items = Vec::new();
        if self.takes(end) {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.takes(end) {
                return Some(items);
            }
            if !self.takes(",") {
                return None;
            }
        }
    }

    /// A string, and how it is written. One that is no text (half of a character) is written as it
    /// was.
    fn string(&mut self) -> Option<(String, String)> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        if bytes.first() != Some(&b'"') {
            return None;
        }
        let mut end = 1;
        while *bytes.get(end)? != b'"' {
            end += if bytes.get(end) == Some(&b'\\') { 2 } else { 1 };
        }
        let written = rest.get(..=end)?;
        self.at += written.len();
        match serde_json::from_str::<String>(written) {
            Ok(text) => {
                // The canonical JSON of records writes strings as RFC 8785 does.
                let bytes = Value::from(text.as_str()).to_bytes();
                Some((text, String::from_utf8(bytes).ok()?))
            }
            Err(_) => Some((written.to_owned(), written.to_owned())),
        }
    }

    fn number(&mut self) -> Option<String> {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
        let written = rest.get(..rest.find(|c| !is_part(c)).unwrap_or(rest.len()))?;
        let first = written.trim_start_matches('-').as_bytes().first()?;
        if !first.is_ascii_digit() {
            return None;
        }
        self.at += written.len();
        let value: f64 = written.parse().ok()?;
        let ours = ecma(value).filter(|text| Decimal::of(text) == Decimal::of(written));
        Some(ours.unwrap_or_else(|| written.to_owned()))
    }
}

/// As ECMAScript writes a finite number.
//= RFC 8785 section 3.2.2.3, ECMA-262 Number::toString
fn ecma(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    if value == 0.0 {
        return Some(if value.is_sign_negative() { "-0" } else { "0" }.to_owned());
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    let is_plain = (1e-6..1e21).contains(&size);
    if is_plain {
        return Some(format!("{sign}{size}"));
    }
    let written = format!("{size:e}");
    let (digits, power) = written.split_once('e')?;
    let plus = if power.starts_with('-') { "" } else { "+" };
    Some(format!("{sign}{digits}e{plus}{power}"))
}

/// The exact value of a decimal numeral: its digits without zeros at either end, and the power of
/// ten of the last.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    power: i64,
}

impl Decimal {
    fn of(text: &str) -> Option<Decimal> {
        let is_negative = text.starts_with('-');
        let text = text.trim_start_matches('-');
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let short = digits.trim_end_matches('0');
        let zeros = i64::try_from(digits.len() - short.len()).ok()?;
        let power = power.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(zeros)?;
        let power = if short.is_empty() { 0 } else { power };
        Some(Decimal { is_negative, digits: short.to_owned(), power })
    }
}

#[cfg(test)]
mod tests;
