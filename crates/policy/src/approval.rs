//! Approvals: what the satisfied permit policies ask people for, and whether they gave it.
//!
//! A request that nobody approved yet is *pending*: all checks but this one passed. The retry that
//! names the pending record is decided again in full, with what was given since as part of the
//! standing ([`RetryEvidence`]).

use std::collections::BTreeSet;

use record::ApprovalRule;

/// What a retry stands on: the pending record that it names, and what became of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryEvidence {
    /// The time of the pending record.
    pub pending_at: i64,
    /// Why the record does not stand for this request: there is no such one of the execution, it
    /// was used, or it asked for something else.
    pub objection: Option<&'static str>,
    /// The votes, one for each officer.
    pub votes: Vec<OfficerVote>,
}

impl RetryEvidence {
    /// Whether all of this was given by now.
    #[must_use]
    pub fn satisfies(&self, asked: &[ApprovalRule], now: i64) -> bool {
        self.objection.is_none() && asked.iter().all(|one| lacking(one, self, now).is_none())
    }
}

/// What one officer said about a pending record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficerVote {
    /// The roles that the officer's key has now.
    pub roles: BTreeSet<String>,
    /// When it was put on record.
    pub at: i64,
    /// Until when it may be used.
    pub expires_ms: i64,
    /// Whether it approves; else it refuses.
    pub approves: bool,
}

/// Says why one approval that is asked for was not given in full, if it was not.
pub(crate) fn lacking(asked: &ApprovalRule, retry: &RetryEvidence, now: i64) -> Option<String> {
    let role = &asked.role;
    let until = retry.pending_at.saturating_add(asked.within_ms);
    if now > until {
        return Some(format!("the time in which `{role}` could approve has passed"));
    }
    let of_role = || retry.votes.iter().filter(|vote| vote.roles.contains(role));
    if of_role().any(|vote| !vote.approves) {
        return Some(format!("an officer of `{role}` refused it"));
    }
    let counts = |vote: &&OfficerVote| vote.at <= until && now <= vote.expires_ms;
    let have = u64::try_from(of_role().filter(counts).count()).unwrap_or(u64::MAX);
    let is_enough = have >= asked.count;
    (!is_enough).then(|| format!("{have} of {} of `{role}` have approved", asked.count))
}

#[cfg(test)]
mod tests;
