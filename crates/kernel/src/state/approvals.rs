//! Requests that wait for approval, and the officers' votes on them: a fold of public headers.
//!
//! A request is known by its pending record's digest. It stands for one permit of its own
//! execution, for exactly the same request, in time.

mod snapshot;

use std::collections::VecDeque;

use policy::{OfficerVote, RetryEvidence, Semantics};
use proof::digest::Digest;
use proof::note::VerifierKey;
use record::ApprovalRule;
use record::lineage::SignedApproval;

use super::{Execution, NodeState};
use crate::limits::{VOTES_MAX, WAITING_MAX};

/// The requests of one execution that wait, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct WaitingRequests(VecDeque<WaitingRequest>);

/// A request that waits for approval, or did: `api::approval::PendingRequest` to clients.
#[derive(Debug, Clone)]
pub struct WaitingRequest {
    /// Digest of its record.
    pub pending: Digest,
    /// Index of its record.
    pub index: u64,
    /// When it was asked, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The approvals that it waits for.
    pub awaits: Vec<ApprovalRule>,
    /// Digest of its intent; none where that can't be read any more.
    pub(crate) intent: Option<Digest>,
    votes: Vec<RecordedVote>,
    is_used: bool,
}

/// How a request stands that waits for approval, or did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalStatus {
    /// Not enough officers have approved yet.
    Waiting,
    /// All that it waits for was given, and its retry is permitted as far as that goes.
    Approved,
    /// A retry was permitted by it.
    Used,
    /// Its time, or that of what was given, has passed.
    Expired,
    /// An officer of a role that is asked refused it.
    Denied,
}

impl ApprovalStatus {
    /// The name that an officer is shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waits",
            Self::Approved => "approved",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Denied => "denied",
        }
    }
}

/// The last vote of one officer.
#[derive(Debug, Clone)]
pub struct RecordedVote {
    record: Digest,
    /// The officer's key.
    pub key: VerifierKey,
    /// When it was put on record, in milliseconds since the Unix epoch.
    pub at: i64,
    /// Until when it may be used.
    pub expires_ms: i64,
    /// Whether it approves; else it refuses.
    pub approves: bool,
}

/// Why an officer's vote does not go on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VoteRefusal {
    /// No request that waits has that digest.
    Unknown,
    /// A retry of the request was permitted already.
    Used,
    /// The request's time, or that of the vote, has passed.
    Late,
    /// The officer has none of the roles that the request waits for.
    Role,
    /// The signature is not the officer's, or was made for another log.
    Signature,
    /// The officer has voted, and this vote does not turn an approval into a refusal.
    Twice,
    /// No more votes on this request are recorded.
    Quota,
}

impl VoteRefusal {
    /// The reason code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Unknown => "approval.unknown",
            Self::Used => "approval.used",
            Self::Late => "approval.late",
            Self::Role => "approval.role",
            Self::Signature => "approval.signature",
            Self::Twice => "approval.twice",
            Self::Quota => "approval.quota",
        }
    }
}

/// The pending record that a request names, and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RetryRef {
    pub(crate) pending: Digest,
    pub(crate) intent: Digest,
}

impl WaitingRequest {
    pub(crate) fn new(
        pending: Digest,
        index: u64,
        at: i64,
        awaits: Vec<ApprovalRule>,
        intent: Option<Digest>,
    ) -> Self {
        Self { pending, index, at, awaits, intent, votes: Vec::new(), is_used: false }
    }

    /// Until when officers may approve it, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn until(&self) -> i64 {
        let longest = self.awaits.iter().map(|one| one.within_ms).max().unwrap_or(0);
        self.at.saturating_add(longest)
    }

    /// Whether a retry was permitted by it.
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.is_used
    }

    /// The officers' votes.
    pub fn votes(&self) -> impl Iterator<Item = &RecordedVote> {
        self.votes.iter()
    }
}

impl WaitingRequests {
    fn get(&self, pending: &Digest) -> Option<&WaitingRequest> {
        self.0.iter().find(|asked| asked.pending == *pending)
    }

    fn get_mut(&mut self, pending: &Digest) -> Option<&mut WaitingRequest> {
        self.0.iter_mut().find(|asked| asked.pending == *pending)
    }
}

impl Execution {
    /// Its requests that wait for approval or did, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &WaitingRequest> {
        self.waiting.0.iter()
    }
}

impl NodeState {
    /// A pending decision is on record: the request waits. One more than the limit forgets the
    /// oldest.
    pub(super) fn wait(&mut self, id: &str, asked: WaitingRequest) {
        if let Some(execution) = self.executions.get_mut(id) {
            execution.waiting.0.push_back(asked);
            if execution.waiting.0.len() > WAITING_MAX {
                execution.waiting.0.pop_front();
            }
        }
    }

    /// The execution of the request that an officer votes on, if the vote may go on record.
    ///
    /// # Errors
    /// [`VoteRefusal`] says why it may not.
    pub(crate) fn may_approve(
        &self,
        at: i64,
        signed: &SignedApproval,
    ) -> Result<String, VoteRefusal> {
        let of = |(id, execution): (&String, &Execution)| {
            let asked = execution.waiting.get(&signed.approval.pending)?;
            Some((id.clone(), asked.clone()))
        };
        let Some((id, asked)) = self.executions.iter().find_map(of) else {
            return Err(VoteRefusal::Unknown);
        };
        let roles = || asked.awaits.iter().filter_map(|one| self.governance.role(&one.role));
        let before = asked.votes.iter().find(|word| word.key == signed.key);
        if asked.is_used {
            Err(VoteRefusal::Used)
        } else if at > asked.until() || at > signed.approval.expires_ms {
            Err(VoteRefusal::Late)
        } else if !roles().any(|role| role.holds(&signed.key)) {
            Err(VoteRefusal::Role)
        } else if !signed.is_good(&self.lineage_origin()) {
            Err(VoteRefusal::Signature)
        } else if before.is_some_and(|word| !word.approves || signed.approval.approves) {
            Err(VoteRefusal::Twice)
        } else if before.is_none() && asked.votes.len() >= VOTES_MAX {
            Err(VoteRefusal::Quota)
        } else {
            Ok(id)
        }
    }

    /// An officer's vote is on record, as the newest of its execution. A refusal replaces an
    /// approval.
    pub(super) fn record_vote(&mut self, id: &str, at: i64, signed: &SignedApproval) {
        let Some(execution) = self.executions.get_mut(id) else { return };
        let record = execution.head();
        let asked = execution.waiting.get_mut(&signed.approval.pending);
        let (Some(record), Some(asked)) = (record, asked) else { return };
        let (expires_ms, approves) = (signed.approval.expires_ms, signed.approval.approves);
        asked.votes.retain(|word| word.key != signed.key);
        asked.votes.push(RecordedVote {
            record,
            key: signed.key.clone(),
            at,
            expires_ms,
            approves,
        });
    }

    /// The oldest request of an execution with the same intent that is not used and has all its
    /// approvals by now. The intent is computed only where one has them.
    pub(crate) fn approved(
        &self,
        id: &str,
        at: i64,
        intent: impl FnOnce() -> Option<Digest>,
    ) -> Option<RetryRef> {
        let waiting = self.executions.get(id)?.waiting();
        let has_all =
            |asked: &&WaitingRequest| self.approval_status(asked, at) == ApprovalStatus::Approved;
        let approved: Vec<&WaitingRequest> = waiting.filter(has_all).collect();
        let intent = if approved.is_empty() { None } else { intent() }?;
        let found = approved.into_iter().find(|asked| asked.intent == Some(intent))?;
        Some(RetryRef { pending: found.pending, intent })
    }

    /// The oldest request of an execution with the same intent as this one that still waits, from
    /// [`Semantics::V4`] on: a plain repeat is the retry of either, so that officers approve it
    /// once.
    #[must_use]
    pub fn earlier_pending<'e>(
        &self,
        execution: &'e Execution,
        asked: &WaitingRequest,
        now: i64,
    ) -> Option<&'e WaitingRequest> {
        if self.bundle().semantics() < Semantics::V4 {
            return None;
        }
        let mut before = execution.waiting().take_while(|one| one.index < asked.index);
        before.find(|one| {
            one.intent.is_some()
                && one.intent == asked.intent
                && one.awaits == asked.awaits
                && self.approval_status(one, now) == ApprovalStatus::Waiting
        })
    }

    /// How a request stands that waits for approval, or did.
    #[must_use]
    pub fn approval_status(&self, asked: &WaitingRequest, now: i64) -> ApprovalStatus {
        let retry =
            RetryEvidence { pending_at: asked.at, objection: None, votes: self.votes_of(asked) };
        let is_asked =
            |votes: &OfficerVote| asked.awaits.iter().any(|one| votes.roles.contains(&one.role));
        let refuses = |votes: &OfficerVote| !votes.approves && is_asked(votes);
        // An approval that expired was one until then.
        let before = |votes: &OfficerVote| OfficerVote {
            expires_ms: now.max(votes.expires_ms),
            ..votes.clone()
        };
        let were =
            RetryEvidence { votes: retry.votes.iter().map(before).collect(), ..retry.clone() };
        if asked.is_used {
            ApprovalStatus::Used
        } else if retry.votes.iter().any(refuses) {
            ApprovalStatus::Denied
        } else if retry.satisfies(&asked.awaits, now) {
            ApprovalStatus::Approved
        } else if now > asked.until() || were.satisfies(&asked.awaits, now) {
            ApprovalStatus::Expired
        } else {
            ApprovalStatus::Waiting
        }
    }

    fn votes_of(&self, asked: &WaitingRequest) -> Vec<OfficerVote> {
        let votes = asked.votes.iter().map(|word| OfficerVote {
            roles: self.roles_of(&word.key),
            at: word.at,
            expires_ms: word.expires_ms,
            approves: word.approves,
        });
        votes.collect()
    }

    /// The evidence for a request that retries a pending one.
    pub(super) fn retry(&self, id: &str, retry_ref: &RetryRef) -> RetryEvidence {
        let asked = self.executions.get(id).and_then(|one| one.waiting.get(&retry_ref.pending));
        let Some(asked) = asked else {
            let objection =
                Some("the record that it names is no request of its execution that waits");
            return RetryEvidence { pending_at: 0, objection, votes: Vec::new() };
        };
        let objection = if asked.is_used {
            Some("what was approved was done already")
        } else if asked.intent != Some(retry_ref.intent) {
            Some("it asks for something else than what waited for approval")
        } else {
            None
        };
        RetryEvidence { pending_at: asked.at, objection, votes: self.votes_of(asked) }
    }

    fn roles_of(&self, key: &VerifierKey) -> std::collections::BTreeSet<String> {
        let roles = self.governance.roles().into_iter().flat_map(|roles| roles.iter());
        roles.filter(|(_, role)| role.holds(key)).map(|(name, _)| name.to_owned()).collect()
    }

    /// Digests of the records of the officers' last votes on a request, in their order.
    pub(crate) fn vote_records(&self, id: &str, pending: &Digest) -> Vec<Digest> {
        let asked = self.executions.get(id).and_then(|one| one.waiting.get(pending));
        asked.into_iter().flat_map(|asked| &asked.votes).map(|word| word.record).collect()
    }

    /// A retry was permitted: what was approved is done, once.
    pub(super) fn use_approval(&mut self, id: &str, pending: &Digest) {
        let execution = self.executions.get_mut(id);
        if let Some(asked) = execution.and_then(|one| one.waiting.get_mut(pending)) {
            asked.is_used = true;
        }
    }

    /// The origin of this node's own log.
    fn lineage_origin(&self) -> String {
        let origin = &self.governance.position().origin;
        let domain = origin.strip_suffix("/governance").unwrap_or(origin).to_owned();
        format!("{domain}/lineage/{}", self.node)
    }
}
