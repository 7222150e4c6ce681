use super::ErrorKind;
use crate::limits::{INTEGER_MAX, NUMBER_BYTES_MAX};

/// Which decimals are accepted. Either way the shortest binary64 form must have the very value written:
/// `0.1`, `0.10`, `1.0` and `1e2` do, `1e400`, `9007199254740993.0` and `0.1000000000000000055` do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// And a reader that rounds twice (significand, then power of ten: `serde_json` as it comes) gets the same
    /// binary64 value. For what is authorised. Refuses one in nine random decimals of 17 digits.
    Alike,
    /// A reader that rounds correctly gets it (Python, JavaScript, Go). For results, which name nothing.
    Exact,
}

/// A number as it was written.
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

    /// The value, if it was written as an integer: no fraction, no exponent.
    pub fn integer(&self) -> Option<i64> {
        self.integer
    }

    /// The binary64 value, which is the number's exact one or has it as its shortest decimal form.
    pub fn to_f64(&self) -> f64 {
        // INVARIANT: `read` has parsed the same text before.
        self.text.parse().unwrap_or(f64::NAN)
    }

    /// Checks a number that has JSON's grammar.
    pub(super) fn read(lexeme: Lexeme<'a>, numbers: Numbers) -> Result<Self, ErrorKind> {
        if lexeme.text.len() > NUMBER_BYTES_MAX {
            return Err(ErrorKind::NumberTooLong);
        }
        if lexeme.negative && lexeme.is_zero() {
            return Err(ErrorKind::NegativeZero);
        }
        let text = lexeme.text;
        if lexeme.is_integer() {
            let integer =
                text.parse().ok().filter(|n: &i64| n.unsigned_abs() <= INTEGER_MAX.unsigned_abs());
            let integer = Some(integer.ok_or(ErrorKind::NumberInexact)?);
            return Ok(Self { text, integer });
        }
        let exact = lexeme.is_exact().unwrap_or(false);
        if !exact || (numbers == Numbers::Alike && !lexeme.is_alike().unwrap_or(false)) {
            return Err(ErrorKind::NumberInexact);
        }
        Ok(Self { text, integer: None })
    }
}

/// The parts of a number: digits before the point, after it, and the exponent with its sign.
pub(super) struct Lexeme<'a> {
    pub(super) text: &'a str,
    pub(super) negative: bool,
    pub(super) whole: &'a str,
    pub(super) fraction: &'a str,
    pub(super) exponent: &'a str,
}

impl Lexeme<'_> {
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
        if self.is_zero() {
            return self.power().map(|_| true);
        }
        let nearest: f64 = self.text.parse().ok()?;
        let shortest = format!("{:e}", nearest.abs());
        let (digits, power) = shortest.split_once('e')?;
        let shortest = (digits.replace('.', ""), power.parse().ok()?);
        Some(nearest.is_finite() && self.normal()? == shortest)
    }

    /// Whether a significand held as binary64, then scaled once by a power of ten, is the nearest value too.
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
