//! The check on meters: what a request charges, and whether that fits under each limit.

use std::collections::BTreeMap;

use crate::bundle::Bundle;
use crate::check_id::CheckId;
use crate::decision::Check;
use crate::limits::METER_AMOUNT_MAX;
use crate::meters::{Amount, AmountError, Charge, ChargeRule, Spent};
use crate::resolve::bound::{BoundRequest, Validity};

/// Why nobody can tell what a request charges.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChargeError {
    /// The amounts of one meter add up to more than a meter holds.
    #[error("the charge to `{meter}` is too large")]
    TooLarge { meter: String },
    /// A rule names a meter that the bundle does not have.
    #[error("a charge names no meter")]
    NoMeter,
    /// An argument does not say the amount.
    #[error("the amount for `{meter}` {why}")]
    Amount { meter: String, why: AmountError },
}

/// What a request charges, each meter once.
pub(super) fn charges(
    bundle: &Bundle,
    validity: &Validity<'_>,
) -> Result<Vec<Charge>, ChargeError> {
    let Validity::Ready(bound) = validity else { return Ok(Vec::new()) };
    let rules = bundle.meters.rules.get(bound.action());
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for rule in rules.into_iter().flatten() {
        let amount = amount(rule, bound)?;
        let sum = sums.entry(&rule.meter).or_default();
        *sum = sum
            .checked_add(amount)
            .filter(|sum| *sum <= METER_AMOUNT_MAX)
            .ok_or_else(|| ChargeError::TooLarge { meter: rule.meter.clone() })?;
    }
    let charges = sums.into_iter().map(|(name, amount)| {
        let meter = bundle.meters.meters.get(name).ok_or(ChargeError::NoMeter)?;
        Ok(Charge { meter: name.to_owned(), per: meter.per, amount })
    });
    charges.collect()
}

/// Whether what is charged still fits under each limit.
pub(super) fn check(
    bundle: &Bundle,
    spent: &Spent,
    charges: &Result<Vec<Charge>, ChargeError>,
) -> Check {
    let id = CheckId::MeterExhausted;
    let charges = match charges {
        Ok(charges) => charges,
        Err(why) => return Check::fail(id, why.to_string()),
    };
    for charge in charges {
        let limit = bundle.meters.meters.get(&charge.meter).map_or(0, |meter| meter.limit);
        let Some(used) = spent.get(&charge.meter) else {
            return Check::fail(id, format!("no account of `{}` is kept", charge.meter));
        };
        if used.saturating_add(charge.amount) > limit {
            return Check::fail(id, format!("`{}` would go over its limit", charge.meter));
        }
    }
    Check::pass(id)
}

fn amount(rule: &ChargeRule, bound: &BoundRequest<'_>) -> Result<u64, ChargeError> {
    match &rule.amount {
        Amount::Fixed(amount) => Ok(*amount),
        Amount::Argument(path) => path
            .read(bound.input())
            .map_err(|why| ChargeError::Amount { meter: rule.meter.clone(), why }),
    }
}
