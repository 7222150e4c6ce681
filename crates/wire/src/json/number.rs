use super::ErrorKind;
use crate::limits::{INTEGER_MAX, NUMBER_BYTES_MAX};

/// A number as it was written.
///
/// Which value readers hold for it differs: see [`Number::is_exact`] and [`Number::is_alike`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<'a> {
    text: &'a str,
    integer: Option<i64>,
}

impl<'a> Number<'a> {
    /// The number's own bytes.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The value, if it was written as an integer (no fraction, no exponent) of at most 53 bits.
    pub fn integer(&self) -> Option<i64> {
        self.integer
    }

    /// The value, if it is a whole number of at most 53 bits, however it was written: `3`, `3.0`,
    /// `3e0`.
    pub fn whole(&self) -> Option<i64> {
        if self.integer.is_some() || !self.is_exact() {
            return self.integer;
        }
        let value = self.to_f64();
        let whole: i64 =
            if value.fract() == 0.0 { format!("{value}").parse().ok()? } else { return None };
        (whole.unsigned_abs() <= INTEGER_MAX.unsigned_abs()).then_some(whole)
    }

    /// The nearest binary64 value: infinite where it is larger than all of them.
    pub fn to_f64(&self) -> f64 {
        // INVARIANT: JSON's numbers are a part of what Rust reads as a number.
        self.text.parse().unwrap_or(f64::NAN)
    }

    /// Whether every reader that rounds correctly (Python, JavaScript, Go) holds the very value
    /// that is written: an integer of at most 53 bits, or a decimal that is the shortest form of
    /// its nearest binary64 value. `0.1`, `0.10`, `1.0`, `1e2` and `-0` are, `9007199254740993`,
    /// `1e400` and `0.1000000000000000055` are not.
    pub fn is_exact(&self) -> bool {
        self.integer.is_some() || Lexeme::of(self.text).is_exact().unwrap_or(false)
    }

    /// Whether hasty readers hold that very value too, which round twice (significand, then power
    /// of ten: `serde_json` as it comes). One in nine random decimals of 17 digits is exact, and
    /// not alike.
    pub fn is_alike(&self) -> bool {
        self.integer.is_some()
            || (self.is_exact() && Lexeme::of(self.text).is_alike().unwrap_or(false))
    }

    /// Reads a text that has JSON's grammar of numbers.
    pub(super) fn read(text: &'a str) -> Result<Self, ErrorKind> {
        if text.len() > NUMBER_BYTES_MAX {
            return Err(ErrorKind::NumberTooLong);
        }
        let integer = if Lexeme::of(text).is_integer() { text.parse().ok() } else { None };
        let integer = integer.filter(|n: &i64| n.unsigned_abs() <= INTEGER_MAX.unsigned_abs());
        Ok(Self { text, integer })
    }
}

/// The parts of a number: digits before the point, after it, and the exponent with its sign.
struct Lexeme<'a> {
    text: &'a str,
    whole: &'a str,
    fraction: &'a str,
    exponent: &'a str,
}

impl<'a> Lexeme<'a> {
    /// The parts of a text that has JSON's grammar of numbers.
    fn of(text: &'a str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, ""));
        let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        Self { text, whole, fraction, exponent }
    }

    fn is_integer(&self) -> bool {
        self.fraction.is_empty() && self.exponent.is_empty()
    }

    fn is_zero(&self) -> bool {
        self.whole.bytes().chain(self.fraction.bytes()).all(|digit| digit == b'0')
    }

    fn power(&self) -> Option<i32> {
        if self.exponent.is_empty() { Some(0) } else { self.exponent.parse().ok() }
    }

    /// The digits without zeros around them, and the power of ten of the first.
    fn normal(&self) -> Option<(String, i32)> {
        let digits: String = [self.whole, self.fraction].concat();
        let significant = digits.trim_start_matches('0');
        let skipped = i32::try_from(digits.len().checked_sub(significant.len())?).ok()?;
        let whole = i32::try_from(self.whole.len()).ok()?;
        let first = whole.checked_sub(skipped)?.checked_sub(1)?.checked_add(self.power()?)?;
        Some((significant.trim_end_matches('0').to_owned(), first))
    }

    /// Whether the nearest binary64 value, printed as shortly as it can be, is the value written.
    fn is_exact(&self) -> Option<bool> {
        if self.is_integer() {
            // One of at most 53 bits is known to be; readers of integers and of binary64 differ on
            // others.
            return Some(false);
        }
        if self.is_zero() {
            return self.power().map(|_| true);
        }
        let nearest: f64 = self.text.parse().ok()?;
        let shortest = format!("{:e}", nearest.abs());
        let (digits, power) = shortest.split_once('e')?;
        let shortest = (digits.replace('.', ""), power.parse().ok()?);
        Some(nearest.is_finite() && self.normal()? == shortest)
    }

    /// Whether a significand held as binary64, then scaled once by a power of ten, is the nearest
    /// value too.
    #[expect(clippy::cast_precision_loss, reason = "the loss is what a hasty reader has")]
    fn is_alike(&self) -> Option<bool> {
        let nearest: f64 = self.text.parse().ok()?;
        let significand: u64 = [self.whole, self.fraction].concat().parse().ok()?;
        let scale = self.power()?.checked_sub(i32::try_from(self.fraction.len()).ok()?)?;
        if scale.unsigned_abs() > 308 {
            return Some(false);
        }
        let ten: f64 = format!("1e{}", scale.unsigned_abs()).parse().ok()?;
        let significand = significand as f64;
        let hasty = if scale < 0 { significand / ten } else { significand * ten };
        Some(hasty.to_bits() == nearest.abs().to_bits())
    }
}
