//! `<N>[.p/<W>]`: an index in groups of three digits, all but the last after an `x`; the width of a
//! partial tile.
use crate::limits::TILE_WIDTH;

pub(super) fn format(index: u64, width: u16) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    if width < TILE_WIDTH {
        text.push_str(&format!(".p/{width}"));
    }
    text
}

/// Accepts more than [`format()`] writes: the caller compares.
pub(super) fn parse(text: &str) -> Option<(u64, u16)> {
    let (number, width) = match text.split_once(".p/") {
        Some((number, width)) => (number, width.parse().ok()?),
        None => (text, TILE_WIDTH),
    };
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, width))
}
