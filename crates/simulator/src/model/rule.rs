//! What governs, as officers understand it.

use std::collections::{BTreeMap, BTreeSet};

use record::Trust;
use record::governance::{Change, Subject};

/// What governs, as officers understand it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rule {
    pub(crate) bundle: usize,
    halts: BTreeSet<Subject>,
    trust: BTreeMap<Subject, Trust>,
    /// The zones of workloads.
    zones: BTreeMap<String, String>,
    /// Reductions that act without governance, with the size that was adopted when they came and
    /// their number.
    pub(crate) reductions: Vec<(Change, usize, u64)>,
}

/// One governance record.
#[derive(Debug, Clone)]
pub(crate) struct Governed {
    pub(crate) change: Change,
    pub(crate) based_on: usize,
    /// The bundle's number, of a published one.
    pub(crate) bundle: Option<usize>,
    /// The reduction's number, where it had acted before.
    pub(crate) reduction: Option<u64>,
    /// Whether as many signed it as must where something is given back.
    pub(crate) is_by_quorum: bool,
}

impl Rule {
    /// Changes that give back what is taken away now.
    pub(crate) fn restoring(&self) -> Vec<Change> {
        let reduced = self.reductions.iter().map(|(change, ..)| change.clone());
        let lowered = self.trust.iter().filter(|(_, trust)| **trust > Trust::Degraded);
        let lowered = lowered.map(|(subject, trust)| Change::TrustChanged {
            subject: subject.clone(),
            trust: *trust,
        });
        let halted =
            self.halts.iter().map(|subject| Change::HaltOrdered { subject: subject.clone() });
        let taken = reduced.chain(lowered).chain(halted);
        taken
            .filter_map(|change| match change {
                Change::HaltOrdered { subject } => Some(Change::HaltLifted { subject }),
                Change::TrustChanged { subject, .. } => {
                    Some(Change::TrustChanged { subject, trust: Trust::Trusted })
                }
                _ => None,
            })
            .collect()
    }

    /// Adopts one record.
    pub(crate) fn adopt(&mut self, governed: &Governed) {
        match &governed.change {
            Change::HaltOrdered { subject } => {
                self.halts.insert(subject.clone());
            }
            Change::HaltLifted { subject } => {
                self.halts.remove(subject);
            }
            Change::TrustChanged { subject, trust } => {
                self.trust.insert(subject.clone(), *trust);
            }
            Change::WorkloadRegistered(workload) => {
                self.zones.insert(workload.name.clone(), workload.zone.clone());
            }
            _ => {}
        }
        self.bundle = governed.bundle.unwrap_or(self.bundle);
        let about = governed.change.about();
        self.reductions.retain(|(change, since, number)| {
            let is_same = governed.reduction == Some(*number);
            let is_later = change.about() == about && governed.based_on > *since;
            let is_enough = governed.is_by_quorum || takes_as_much(&governed.change, change);
            !(is_same || is_later && is_enough)
        });
    }

    /// The zone that a workload is in.
    pub(crate) fn zone(&self, workload: &str) -> String {
        self.zones.get(workload).cloned().unwrap_or_default()
    }

    /// The worst that governance and the node hold of a subject: its trust state, and whether it is
    /// halted.
    pub(crate) fn worst(&self, subject: &Subject) -> (Trust, bool) {
        let (mut trust, mut is_halted) = self.said(subject);
        for (change, ..) in &self.reductions {
            match change {
                Change::TrustChanged { subject: of, trust: held } if of == subject => {
                    trust = trust.max(*held);
                }
                Change::HaltOrdered { subject: of } => is_halted |= of == subject,
                _ => {}
            }
        }
        (trust, is_halted)
    }

    /// The same, of what governance says alone.
    pub(crate) fn said(&self, subject: &Subject) -> (Trust, bool) {
        let trust = self.trust.get(subject).copied().unwrap_or(Trust::Trusted);
        (trust, self.halts.contains(subject))
    }

    /// Why nothing may be permitted to any of these, if so: the first in the order of the checks.
    pub(super) fn objection(&self, subjects: &[Subject]) -> Option<&'static str> {
        let reduced = self.reductions.iter().map(|(change, ..)| change);
        let lowered = reduced.clone().filter_map(|change| match change {
            Change::TrustChanged { subject, trust } if subjects.contains(subject) => Some(*trust),
            _ => None,
        });
        let set = subjects.iter().filter_map(|subject| self.trust.get(subject).copied());
        let is_bad = lowered.chain(set).any(|trust| trust > Trust::Degraded);
        let mut halted = reduced.filter_map(|change| match change {
            Change::HaltOrdered { subject } => Some(subject),
            _ => None,
        });
        if is_bad {
            Some("trust.insufficient")
        } else if halted.any(|subject| subjects.contains(subject))
            || subjects.iter().any(|subject| self.halts.contains(subject))
        {
            Some("execution.halted")
        } else {
            None
        }
    }
}

/// Whether a change takes away no less than another about the same.
fn takes_as_much(change: &Change, other: &Change) -> bool {
    let trust = |change: &Change| match change {
        Change::TrustChanged { trust, .. } => Some(*trust),
        _ => None,
    };
    matches!((change, other), (Change::HaltOrdered { .. }, Change::HaltOrdered { .. }))
        || trust(other).is_some_and(|other| trust(change).is_some_and(|one| one >= other))
}
