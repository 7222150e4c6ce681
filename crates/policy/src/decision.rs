//! A decision: every check with its outcome, the policies that determined it, and its canonical
//! bytes.

mod write;

use proof::digest::Digest;
use record::{ApprovalRule, LabelChange};

use crate::bundle::PolicyInfo;
use crate::check_id::CheckId;
use crate::meters::Charge;
use crate::semantics::Semantics;

/// The code of a permit.
pub(crate) const PERMITTED: &str = "permitted";

/// The outcome of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may happen, once.
    Permit,
    /// It may not.
    Deny,
    /// It waits for approval.
    Pending,
}

impl Verdict {
    /// The word used in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Permit => "permit",
            Verdict::Deny => "deny",
            Verdict::Pending => "pending",
        }
    }
}

/// How one check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// What it needs is missing.
    NotEvaluated,
}

impl CheckOutcome {
    /// The word used in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CheckOutcome::Pass => "pass",
            CheckOutcome::Fail => "fail",
            CheckOutcome::NotEvaluated => "not_evaluated",
        }
    }
}

/// One check and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which check it is. Its name is the code when it is the first to fail.
    pub id: CheckId,
    /// How it came out.
    pub outcome: CheckOutcome,
    /// Why, unless it passed. Names members, types and policies; never values from the request.
    pub why: Option<String>,
}

impl Check {
    pub(crate) fn of(id: CheckId, passes: bool, why: &str) -> Check {
        if passes { Check::pass(id) } else { Check::fail(id, why) }
    }

    pub(crate) fn pass(id: CheckId) -> Check {
        Check { id, outcome: CheckOutcome::Pass, why: None }
    }

    pub(crate) fn fail(id: CheckId, why: impl Into<String>) -> Check {
        Check { id, outcome: CheckOutcome::Fail, why: Some(why.into()) }
    }

    pub(crate) fn not_evaluated(id: CheckId, why: impl Into<String>) -> Check {
        Check { id, outcome: CheckOutcome::NotEvaluated, why: Some(why.into()) }
    }
}

/// A policy that determined a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DeterminingPolicy {
    pub(crate) id: String,
    effect: &'static str,
    file: String,
    line: usize,
}

/// Bytes of a determining policy's text besides its id and its file, at most.
const DETERMINING_BYTES: usize = 64;

impl DeterminingPolicy {
    pub(crate) fn of(info: &PolicyInfo) -> DeterminingPolicy {
        DeterminingPolicy {
            id: info.id.clone(),
            effect: info.effect,
            file: info.file.clone(),
            line: info.line,
        }
    }
}

/// An error met while evaluating.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EvaluationError {
    /// The policy whose evaluation failed; empty when it was none in particular.
    pub(crate) policy: String,
    pub(crate) why: String,
}

/// A decision: its checks, and the policies, errors, labels and charges that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub(crate) semantics: Semantics,
    pub(crate) checks: Vec<Check>,
    pub(crate) policies: Vec<DeterminingPolicy>,
    pub(crate) errors: Vec<EvaluationError>,
    pub(crate) bundle: Digest,
    pub(crate) engine_limit: bool,
    pub(crate) labels: LabelChange,
    pub(crate) charges: Vec<Charge>,
    /// What the policies ask people for, of a request that names no pending one.
    pub(crate) awaits: Vec<ApprovalRule>,
}

impl Decision {
    /// The outcome: a permit only if every single check passed. Where nothing but approval is
    /// missing, and it can still be given, it is pending.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let mut failed = self.checks.iter().filter(|check| check.outcome != CheckOutcome::Pass);
        let complete = self.checks.len() == self.semantics.checks().len();
        match (failed.next(), failed.next()) {
            (None, _) if complete => Verdict::Permit,
            (Some(one), None) if complete && one.id == CheckId::ApprovalRequired => {
                if self.awaits.is_empty() { Verdict::Deny } else { Verdict::Pending }
            }
            _ => Verdict::Deny,
        }
    }

    /// `permitted`, or the name of the first check that failed.
    #[must_use]
    pub fn code(&self) -> &'static str {
        if self.verdict() == Verdict::Permit {
            return PERMITTED;
        }
        let failed = self.checks.iter().find(|check| check.outcome == CheckOutcome::Fail);
        failed.map_or(CheckId::PolicyError, |check| check.id).as_str()
    }

    /// The checks, in their order.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The ids of the policies that determined it, sorted.
    pub fn policy_ids(&self) -> impl Iterator<Item = &str> {
        self.policies.iter().map(|policy| policy.id.as_str())
    }

    /// Bytes that the policies take in its text, at most.
    pub(crate) fn listed_bytes(&self) -> usize {
        let bytes = |policy: &DeterminingPolicy| {
            policy.id.len().saturating_add(policy.file.len()).saturating_add(DETERMINING_BYTES)
        };
        self.policies.iter().map(bytes).fold(0, usize::saturating_add)
    }

    /// What it does to the labels of who asks: only a permit does anything.
    #[must_use]
    pub fn labels(&self) -> &LabelChange {
        &self.labels
    }

    pub(crate) fn with_labels(self, change: LabelChange) -> Decision {
        if self.verdict() == Verdict::Permit {
            return Decision { labels: change, ..self };
        }
        self
    }

    /// What a pending decision waits for; nothing where it is none.
    #[must_use]
    pub fn awaits(&self) -> &[ApprovalRule] {
        if self.verdict() == Verdict::Pending { &self.awaits } else { &[] }
    }

    /// What a permit reserves of meters, by name; nothing where it is none.
    #[must_use]
    pub fn charges(&self) -> &[Charge] {
        if self.verdict() == Verdict::Permit { &self.charges } else { &[] }
    }

    /// Whether the engine met its recursion limit or too little stack. The node then halts: the
    /// answer was a denial, but the thread is not what it was stated to be.
    #[must_use]
    pub fn engine_limit(&self) -> bool {
        self.engine_limit
    }
}

#[cfg(test)]
mod tests;
