mod snapshot;

use std::collections::BTreeMap;

use policy::limits::METER_AMOUNT_MAX;
use policy::{Charge, HistoryScope, Meter, Spent};
use record::Per;
use record::lineage::Charged;

use super::{NodeState, TransitionRef};
use crate::limits::{METER_ACCOUNTS_MAX, METER_STEPS};
pub(super) use snapshot::reserved_of;

/// The use of every meter, by subject: a fold of the charges in the public headers of records, so
/// that it does not depend on the erasure of other executions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    accounts: BTreeMap<AccountKey, Account>,
    /// The amounts that open permits have reserved, by execution and `seq`.
    reserved: BTreeMap<(String, u64), Vec<Charged>>,
}

/// A meter by name, and whose use of it.
type AccountKey = (String, Per, String);

/// One meter's use by one subject.
#[derive(Debug, Clone, Default)]
struct Account {
    reserved: u64,
    /// Settled amounts, oldest first.
    spans: Vec<UsageSpan>,
}

/// The amount that was settled from one time to another.
#[derive(Debug, Clone, Copy)]
struct UsageSpan {
    first_ms: i64,
    last_ms: i64,
    amount: u64,
}

impl Account {
    /// The amount that counts at a time: all that is reserved, and each span until its last use has
    /// left the window.
    fn used(&self, at: i64, window_ms: Option<i64>) -> u64 {
        let counts = |span: &&UsageSpan| {
            window_ms.is_none_or(|window| span.last_ms > at.saturating_sub(window))
        };
        let settled = self.spans.iter().filter(counts).map(|span| span.amount);
        settled.fold(self.reserved, u64::saturating_add)
    }

    /// Settles an amount. It joins the newest span if it falls into the same step of the window.
    /// Where there are too many spans, the two oldest become one, which counts as long as the later
    /// of them would have.
    fn settle(&mut self, at: i64, window_ms: Option<i64>, amount: u64) {
        let steps = i64::try_from(METER_STEPS).unwrap_or(1);
        let rounded_up = |window: i64| window.saturating_add(steps - 1) / steps;
        let step_ms = window_ms.map_or(i64::MAX, rounded_up);
        match self.spans.last_mut() {
            Some(span) if at.saturating_sub(span.first_ms) < step_ms => {
                span.last_ms = span.last_ms.max(at);
                span.amount = sum(span.amount, amount);
            }
            _ => self.spans.push(UsageSpan { first_ms: at, last_ms: at, amount }),
        }
        // With three spans more than the window has steps, both of the oldest have left it.
        if self.spans.len() > METER_STEPS.saturating_add(3) {
            let oldest = self.spans.remove(0);
            if let Some(next) = self.spans.first_mut() {
                next.first_ms = oldest.first_ms;
                next.amount = sum(next.amount, oldest.amount);
            }
        }
    }
}

/// Two amounts together: at most what no limit is above, and what a record can carry.
fn sum(a: u64, b: u64) -> u64 {
    a.saturating_add(b).min(METER_AMOUNT_MAX)
}

/// One subject's use of a meter of the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeterUse<'a> {
    /// The meter.
    pub meter: &'a Meter,
    /// The execution's id, or the name of the workload, zone or node.
    pub subject: &'a str,
    /// The amount that open permits have reserved.
    pub reserved: u64,
    /// The used amount that still counts.
    pub used: u64,
}

impl NodeState {
    /// The use at a time of each meter of the bundle that decides, by meter and subject.
    pub fn meter_uses(&self, at: i64) -> impl Iterator<Item = MeterUse<'_>> {
        self.accounts.accounts.iter().filter_map(move |((name, per, subject), account)| {
            let is_its = |meter: &&Meter| meter.name == *name && meter.per == *per;
            let meter = self.bundle.meters().find(is_its)?;
            let all = account.used(at, meter.window_ms);
            let used = all.saturating_sub(account.reserved);
            Some(MeterUse { meter, subject, reserved: account.reserved, used })
        })
    }

    /// The use of each meter that the bundle charges for an action, by the subject that this
    /// execution is or belongs to. A meter with no room for another account is left out: its
    /// charges fail.
    pub(super) fn spent(&self, id: &str, action: &str, at: i64) -> Spent {
        let charged = self.bundle.charged(action).filter_map(|meter| {
            let whose = (meter.name.clone(), meter.per, self.subject_of(id, meter.per)?);
            let account = self.accounts.accounts.get(&whose);
            if account.is_none() && self.accounts.accounts.len() >= METER_ACCOUNTS_MAX {
                return None;
            }
            let used = account.map_or(0, |account| account.used(at, meter.window_ms));
            let before = self.used_apart(id, meter, at);
            Some((meter.name.clone(), used.saturating_add(before)))
        });
        charged.collect()
    }

    /// An execution's own use of a meter of executions, from before all of its line counted
    /// together.
    fn used_apart(&self, id: &str, meter: &Meter, at: i64) -> u64 {
        if meter.per != Per::Execution || self.subject_of(id, meter.per).is_none_or(|of| of == id) {
            return 0;
        }
        let whose = (meter.name.clone(), meter.per, id.to_owned());
        let account = self.accounts.accounts.get(&whose);
        account.map_or(0, |account| account.used(at, meter.window_ms))
    }

    /// The charges of a decision, with whose they are.
    pub(crate) fn charged(&self, id: &str, charges: &[Charge]) -> Vec<Charged> {
        let charged = charges.iter().map(|charge| Charged {
            meter: charge.meter.clone(),
            per: charge.per,
            subject: self.subject_of(id, charge.per).unwrap_or_default(),
            amount: charge.amount,
        });
        charged.collect()
    }

    /// An execution is over and never comes back: its own accounts are removed, so that they do not
    /// take the room of others.
    pub(super) fn close_accounts(&mut self, id: &str) {
        let is_its = |(_, per, subject): &AccountKey| *per == Per::Execution && subject == id;
        self.accounts.accounts.retain(|whose, _| !is_its(whose));
    }

    fn subject_of(&self, id: &str, per: Per) -> Option<String> {
        let workload = self.executions.get(id)?.workload();
        match per {
            Per::Execution if self.bundle.history_of() == HistoryScope::Line => {
                Some(self.root_of(id).to_owned())
            }
            Per::Execution => Some(id.to_owned()),
            Per::Workload => Some(workload.to_owned()),
            Per::Zone => Some(self.governance.workload(workload)?.zone.clone()),
            Per::Node => Some(self.node.clone()),
        }
    }

    /// A permit is on record: its charges are reserved until it ends or is withheld.
    pub(super) fn reserve(&mut self, id: &str, seq: u64, charges: Vec<Charged>) {
        for charge in &charges {
            let account = self.accounts.accounts.entry(account_of(charge)).or_default();
            account.reserved = account.reserved.saturating_add(charge.amount);
        }
        if !charges.is_empty() {
            self.accounts.reserved.insert((id.to_owned(), seq), charges);
        }
    }

    /// Nothing left: what the permit reserved comes back.
    pub(super) fn give_back(&mut self, id: &str, seq: u64) -> Vec<Charged> {
        let charges = self.accounts.reserved.remove(&(id.to_owned(), seq)).unwrap_or_default();
        for charge in &charges {
            if let Some(account) = self.accounts.accounts.get_mut(&account_of(charge)) {
                account.reserved = account.reserved.saturating_sub(charge.amount);
            }
        }
        charges
    }

    /// The amounts that a result settles in the place of those its permit reserved; amounts that it
    /// does not settle are left out.
    pub(crate) fn settled(&self, id: &str, seq: u64, output: Option<&str>) -> Vec<Charged> {
        let reserved = self.accounts.reserved.get(&(id.to_owned(), seq));
        let request = self.executions.get(id).and_then(|execution| execution.asked(seq));
        let (Some(reserved), Some(request), Some(output)) = (reserved, request, output) else {
            return Vec::new();
        };
        let settled = self.bundle.settled(request, output);
        let amount = |charge: &Charged| {
            let amount = *settled.get(&charge.meter)?;
            Some(Charged { amount, ..charge.clone() })
        };
        reserved.iter().filter_map(amount).collect()
    }

    /// The transition ended, or its end is unknown. The reserved amount, or the one that its result
    /// settles, is used from the time of its end on.
    pub(super) fn use_up(&mut self, transition: TransitionRef<'_>, at: i64, settled: &[Charged]) {
        for reserved in self.give_back(transition.execution, transition.seq) {
            let said = settled.iter().find(|charge| account_of(charge) == account_of(&reserved));
            let charge = said.unwrap_or(&reserved);
            let meter = self.bundle.meters().find(|meter| meter.name == charge.meter);
            let window_ms = meter.and_then(|meter| meter.window_ms);
            let account = self.accounts.accounts.entry(account_of(charge)).or_default();
            account.settle(at, window_ms, charge.amount);
        }
    }
}

fn account_of(charge: &Charged) -> AccountKey {
    (charge.meter.clone(), charge.per, charge.subject.clone())
}

#[cfg(test)]
mod tests;
