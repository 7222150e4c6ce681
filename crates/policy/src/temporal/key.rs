//! Values as bytes, such that two have the same bytes exactly where Dogwood's `dom_eq` says that
//! they are equal.

use dogwood_language::Value;

/// Appends a value. What is appended says where it ends, so that values can follow one another.
pub(super) fn append(key: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => key.push(b'n'),
        Value::Bool(yes) => key.extend([b'b', u8::from(*yes)]),
        Value::Int(n) => tagged(key, b'i', &n.to_be_bytes()),
        Value::Decimal(text) => match decimal(text) {
            Some(value) => tagged(key, b'd', &value.to_be_bytes()),
            None => sized(key, b'x', text),
        },
        Value::String(text) => sized(key, b's', text),
        Value::Entity { ty, id } => {
            sized(key, b'e', ty);
            sized(key, b'e', id);
        }
        Value::Array(items) => {
            tagged(key, b'a', &items.len().to_be_bytes());
            items.iter().for_each(|item| append(key, item));
        }
        Value::Object(members) => {
            tagged(key, b'o', &members.len().to_be_bytes());
            for (name, value) in members {
                sized(key, b'k', name);
                append(key, value);
            }
        }
    }
}

fn tagged(key: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    key.push(tag);
    key.extend_from_slice(bytes);
}

fn sized(key: &mut Vec<u8>, tag: u8, text: &str) {
    tagged(key, tag, &text.len().to_be_bytes());
    key.extend_from_slice(text.as_bytes());
}

/// The decimal in ten-thousandths, as Cedar holds it; nothing where Cedar takes the text for no
/// decimal, which is then equal to the same text only.
fn decimal(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(digits) || !numeric(fraction) {
        return None;
    }
    let missing = 4_u32.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let scaled = whole.parse::<i64>().ok()?.checked_mul(10_000)?;
    let fraction = fraction.parse::<i64>().ok()?.checked_mul(10_i64.checked_pow(missing)?)?;
    // The sign is the text's, not the number's: `-0.5` has the whole part 0.
    if whole.starts_with('-') { scaled.checked_sub(fraction) } else { scaled.checked_add(fraction) }
}

#[cfg(test)]
mod tests;
