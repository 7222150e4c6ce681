//! Meters: what executions share or use up, such as calls, bytes or money, each with its limit.
//!
//! A permit reserves its charges, so that two requests can't slip under a limit together; the fold
//! of records keeps what is used, and a decision sees it as a fact ([`Spent`]). What can't be told
//! (no amount, a negative or a broken one, an account that isn't kept) fails the check, and nothing
//! is charged.

use std::collections::BTreeMap;

use cedar_policy_core::ast::EntityUID;
use record::Per;

use crate::limits::METER_AMOUNT_MAX;
use crate::typed::{Extension, Typed};

/// A meter of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// Its name.
    pub name: String,
    /// What it counts, in words: `cents`, `calls`.
    pub unit: String,
    /// How much of it may be used within the window.
    pub limit: u64,
    /// The sliding window in milliseconds; without one, all that was ever used counts.
    pub window_ms: Option<i64>,
    /// Whose use it adds up.
    pub per: Per,
}

/// What one permit reserves of a meter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Charge {
    /// The meter's name.
    pub meter: String,
    /// Whose use it adds to.
    pub per: Per,
    /// How much, in the meter's unit.
    pub amount: u64,
}

/// The use so far of each meter that a decision asks for, by name: settled within the window,
/// and reserved. A meter that is not in it has no account, and every charge to it fails.
pub type Spent = BTreeMap<String, u64>;

/// A rule of a bundle: what a call of certain actions charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChargeRule {
    pub(crate) meter: String,
    pub(crate) amount: Amount,
    /// Where a result says how much it was in the end.
    pub(crate) settle: Option<NumberPath>,
}

/// A number in the arguments or in a result: its path, and how many decimal places of it are whole
/// units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NumberPath {
    pub(crate) path: Vec<String>,
    pub(crate) decimals: u32,
}

/// Why a value is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AmountError {
    #[error("is missing")]
    Missing,
    #[error("is no number")]
    NoNumber,
    #[error("is negative, too large, or a fraction of the unit")]
    OutOfRange,
}

/// How much a rule charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Amount {
    /// Always so much.
    Fixed(u64),
    /// What this argument says.
    Argument(NumberPath),
}

/// The meters of a bundle, and what its actions charge.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meters {
    pub(crate) meters: BTreeMap<String, Meter>,
    /// By action.
    pub(crate) rules: BTreeMap<EntityUID, Vec<ChargeRule>>,
}

impl NumberPath {
    /// How many units the number under this value is.
    pub(crate) fn read(&self, mut value: Option<&Typed>) -> Result<u64, AmountError> {
        for name in &self.path {
            value = match value {
                Some(Typed::Record(members)) => members.get(name),
                _ => None,
            };
        }
        let units = match value {
            None => return Err(AmountError::Missing),
            Some(Typed::Long(n)) => {
                let units = u64::try_from(*n).ok();
                units.and_then(|n| n.checked_mul(10_u64.checked_pow(self.decimals)?))
            }
            Some(Typed::Extension(Extension::Decimal, text)) => minor_units(text, self.decimals),
            Some(_) => return Err(AmountError::NoNumber),
        };
        bounded(units).ok_or(AmountError::OutOfRange)
    }
}

fn bounded(amount: Option<u64>) -> Option<u64> {
    amount.filter(|amount| *amount <= METER_AMOUNT_MAX)
}

/// A decimal in text as a whole number of units of `10^-decimals`; none where it is negative or
/// finer than that.
fn minor_units(text: &str, decimals: u32) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let places = usize::try_from(decimals).ok()?;
    if fraction.len() > places {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

#[cfg(test)]
mod tests;
