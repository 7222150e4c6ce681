//! Meters: what executions share or use up, such as calls, bytes or money, each with its limit.
//!
//! A permit reserves its charges, so that two requests can't slip under a limit together; the fold of records keeps
//! what is used, and a decision sees it as a fact ([`Spent`]). What can't be told (no amount, a negative or a broken
//! one, an account that isn't kept) fails the check, and nothing is charged.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy_core::ast::EntityUID;

use crate::bundle::Bundle;
use crate::decide::shape::{Form, Shaped};
use crate::decision::Check;
use crate::limits::{METER_AMOUNT_MAX, OUTPUT_BYTES_MAX};
use crate::request::Request;
use crate::typed::{Extension, Typed};

/// Whose use a meter adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// Each execution's for itself.
    Execution,
    /// All executions' of a workload.
    Workload,
    /// All executions' of a zone's workloads.
    Zone,
    /// All executions' of a node.
    Node,
}

impl Per {
    /// All of them, from narrow to wide.
    pub const ALL: [Per; 4] = [Per::Execution, Per::Workload, Per::Zone, Per::Node];

    /// The word used in bundles and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Per::Execution => "execution",
            Per::Workload => "workload",
            Per::Zone => "zone",
            Per::Node => "node",
        }
    }

    /// What that word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Per> {
        Per::ALL.into_iter().find(|per| per.as_str() == word)
    }
}

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

/// What is used already of each meter that a decision asks for, by name: settled within the window, and reserved. A
/// meter that is not in it has no account, and every charge to it fails.
pub type Spent = BTreeMap<String, u64>;

/// A rule of a bundle: what a call of certain actions charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) meter: String,
    pub(crate) amount: Amount,
    /// Where a result says how much it was in the end.
    pub(crate) settle: Option<At>,
}

/// A number in the arguments or in a result: its path, and how many decimal places of it are whole units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) path: Vec<String>,
    pub(crate) decimals: u32,
}

/// How much a rule charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Amount {
    /// Always so much.
    Fixed(u64),
    /// What this argument says.
    Argument(At),
}

/// The meters of a bundle, and what its actions charge.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meters {
    pub(crate) meters: BTreeMap<String, Meter>,
    /// By action.
    pub(crate) rules: BTreeMap<EntityUID, Vec<Rule>>,
}

impl Bundle {
    /// The meters it knows, by name.
    pub fn meters(&self) -> impl Iterator<Item = &Meter> {
        self.meters.meters.values()
    }

    /// The meters that a request for this action charges, each once.
    pub fn charged(&self, action: &str) -> impl Iterator<Item = &Meter> {
        // Most bundles have no meters: nothing is looked up for them.
        let is_metered = !self.meters.rules.is_empty();
        let action = is_metered.then(|| self.shapes.action(action)).flatten();
        let rules = action.and_then(|action| self.meters.rules.get(&action.uid));
        let names: BTreeSet<&str> =
            rules.into_iter().flatten().map(|rule| rule.meter.as_str()).collect();
        names.into_iter().filter_map(|name| self.meters.meters.get(name))
    }

    /// What a result says was used, by meter, of what its request charged. A meter is left out where nothing settles it,
    /// or the result does not say it: what was reserved is used then.
    #[must_use]
    pub fn settled(&self, request: &Request, output: &str) -> BTreeMap<String, u64> {
        let Some(action) = self.shapes.action(&request.action) else { return BTreeMap::new() };
        let rules = self.meters.rules.get(&action.uid).into_iter().flatten();
        let mut settling = rules.filter_map(|rule| Some((rule, rule.settle.as_ref()?))).peekable();
        if settling.peek().is_none() || output.len() > OUTPUT_BYTES_MAX {
            return BTreeMap::new();
        }
        let members = self.read_output(output).unwrap_or_default();
        let declared = action.output().filter(|record| !record.is_doubtful(&members));
        let fitting = declared.map(|record| record.read_what_fits(&members));
        let output = Typed::Record(fitting.unwrap_or_default());
        let amount =
            |(rule, at): (&Rule, &At)| Some((rule.meter.clone(), at.read(Some(&output)).ok()?));
        settling.filter_map(amount).collect()
    }
}

/// What a request charges, each meter once, or why that can't be told.
pub(crate) fn charges(bundle: &Bundle, form: &Form<'_>) -> Result<Vec<Charge>, String> {
    let Form::Ready(shaped) = form else { return Ok(Vec::new()) };
    let rules = bundle.meters.rules.get(shaped.action());
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for rule in rules.into_iter().flatten() {
        let amount = amount(rule, shaped)?;
        let sum = sums.entry(&rule.meter).or_default();
        *sum = sum
            .checked_add(amount)
            .filter(|sum| *sum <= METER_AMOUNT_MAX)
            .ok_or_else(|| format!("the charge to `{}` is too large", rule.meter))?;
    }
    let charges = sums.into_iter().map(|(name, amount)| {
        let meter = bundle.meters.meters.get(name).ok_or("a charge names no meter")?;
        Ok(Charge { meter: name.to_owned(), per: meter.per, amount })
    });
    charges.collect()
}

/// Whether what is charged still fits under each limit.
pub(crate) fn check(
    name: &'static str,
    bundle: &Bundle,
    spent: &Spent,
    charges: &Result<Vec<Charge>, String>,
) -> Check {
    let charges = match charges {
        Ok(charges) => charges,
        Err(why) => return Check::fail(name, why.as_str()),
    };
    for charge in charges {
        let limit = bundle.meters.meters.get(&charge.meter).map_or(0, |meter| meter.limit);
        let Some(used) = spent.get(&charge.meter) else {
            return Check::fail(name, format!("no account of `{}` is kept", charge.meter));
        };
        if used.saturating_add(charge.amount) > limit {
            return Check::fail(name, format!("`{}` would go over its limit", charge.meter));
        }
    }
    Check::pass(name)
}

fn amount(rule: &Rule, shaped: &Shaped<'_>) -> Result<u64, String> {
    match &rule.amount {
        Amount::Fixed(amount) => Ok(*amount),
        Amount::Argument(at) => {
            at.read(shaped.input()).map_err(|why| format!("the amount for `{}` {why}", rule.meter))
        }
    }
}

impl At {
    /// How many units the number under this value is.
    fn read(&self, mut value: Option<&Typed>) -> Result<u64, &'static str> {
        for name in &self.path {
            value = match value {
                Some(Typed::Record(members)) => members.get(name),
                _ => None,
            };
        }
        let units = match value {
            None => return Err("is missing"),
            Some(Typed::Long(n)) => {
                let units = u64::try_from(*n).ok();
                units.and_then(|n| n.checked_mul(10_u64.checked_pow(self.decimals)?))
            }
            Some(Typed::Extension(Extension::Decimal, text)) => minor_units(text, self.decimals),
            Some(_) => return Err("is no number"),
        };
        bounded(units).ok_or("is negative, too large, or a fraction of the unit")
    }
}

fn bounded(amount: Option<u64>) -> Option<u64> {
    amount.filter(|amount| *amount <= METER_AMOUNT_MAX)
}

/// A decimal in text as a whole number of units of `10^-decimals`; none where it is negative or finer than that.
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
