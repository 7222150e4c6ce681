//! The use of the bundles' meters, added up one by one.

use std::collections::BTreeMap;

use super::Permit;

/// A meter of the bundles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelMeter {
    /// What a workload sends within an hour.
    Sends,
    /// What the node pays, for ever.
    Paid,
}

const HOUR_MS: i64 = 60 * 60_000;
/// The latest time by which an amount leaves the window.
const STEP_MS: i64 = HOUR_MS / 30;

impl ModelMeter {
    fn limit(self) -> u64 {
        match self {
            ModelMeter::Sends => 3,
            ModelMeter::Paid => 24,
        }
    }
}

/// What a permit charges.
#[derive(Debug, Clone)]
pub(crate) struct ModelCharge {
    pub(crate) meter: ModelMeter,
    /// The workload that is charged; empty for the node.
    pub(crate) account: String,
    /// In the meter's unit.
    pub(crate) amount: u64,
}

#[derive(Debug, Default)]
pub(crate) struct ModelMeters {
    reserved: BTreeMap<Permit, ModelCharge>,
    used: Vec<(ModelCharge, i64)>,
}

impl ModelMeters {
    pub(crate) fn reserve(&mut self, permit: Permit, charge: ModelCharge) {
        self.reserved.insert(permit, charge);
    }

    pub(crate) fn give_back(&mut self, permit: &Permit) -> Option<ModelCharge> {
        self.reserved.remove(permit)
    }

    pub(crate) fn use_up(&mut self, permit: &Permit, at: i64) {
        let charge = self.give_back(permit);
        self.used.extend(charge.map(|charge| (charge, at)));
    }

    /// Whether one more charge fits; none where the window is just then letting go of what decides
    /// it.
    pub(crate) fn fits(&self, wanted: &ModelCharge, at: i64) -> Option<bool> {
        let ModelCharge { meter, account, amount } = wanted;
        let is_its = |charge: &ModelCharge| charge.meter == *meter && charge.account == *account;
        let reserved = self.reserved.values().filter(|charge| is_its(charge));
        let reserved: u64 = reserved.map(|charge| charge.amount).sum();
        let since = |from: i64| -> u64 {
            let counts = |(charge, when): &&(ModelCharge, i64)| {
                is_its(charge) && (*meter == ModelMeter::Paid || *when > from)
            };
            self.used.iter().filter(counts).map(|(charge, _)| charge.amount).sum()
        };
        let fits = |used: u64| reserved + used + amount <= meter.limit();
        let [least, most] = [since(at - HOUR_MS), since(at - HOUR_MS - STEP_MS)].map(fits);
        (least == most).then_some(least)
    }
}
