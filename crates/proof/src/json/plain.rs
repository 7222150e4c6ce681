//! Where a string's text stops standing for itself: the reader, the checker and the writer all go
//! from one such place to the next.

/// How many bytes come before the first quote, backslash or byte below 0x20.
#[must_use]
pub fn plain_bytes(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            let plain = usize::try_from(special.trailing_zeros() / 8).unwrap_or_default();
            return text.len() - rest.len() + plain;
        }
        rest = after;
    }
    let is_special = |byte: &u8| matches!(byte, 0..0x20 | b'"' | b'\\');
    let plain = rest.iter().position(is_special).unwrap_or(rest.len());
    text.len() - rest.len() + plain
}

/// Has the highest bit of the first byte set that is a quote, a backslash or below 0x20, and none
/// below that one.
// By the borrow of a subtraction; what a borrow sets wrongly lies above a byte that is one of them.
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quotes = word ^ (ONES * 0x22);
    let backslashes = word ^ (ONES * 0x5c);
    let is_quote = quotes.wrapping_sub(ONES) & !quotes;
    let is_backslash = backslashes.wrapping_sub(ONES) & !backslashes;
    let is_control = word.wrapping_sub(ONES * 0x20) & !word;
    (is_quote | is_backslash | is_control) & HIGH
}

#[cfg(test)]
mod tests;
