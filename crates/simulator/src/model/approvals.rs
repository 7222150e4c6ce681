//! Payments that wait for an officer, as agents and officers understand it.

use proof::digest::Digest;

use crate::office::OfficeRequest;

const WITHIN_MS: i64 = 10 * 60_000;
/// Requests that a node remembers of each execution.
const REMEMBERED: usize = 16;

/// What an officer signed about a payment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfficerWord {
    /// The last time at which it may be used, in milliseconds since the Unix epoch.
    pub(crate) expires_ms: i64,
    /// True for an approval, false for a refusal.
    pub(crate) approves: bool,
}

/// A payment that waits, or did.
#[derive(Debug, Clone)]
pub(crate) struct WaitingPayment {
    pub(crate) pending: Digest,
    pub(crate) execution: String,
    pub(crate) cents: i64,
    pub(crate) at: i64,
    word: Option<OfficerWord>,
    is_done: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Approvals(Vec<WaitingPayment>);

impl WaitingPayment {
    pub(crate) fn new(pending: Digest, execution: String, cents: i64, at: i64) -> Self {
        Self { pending, execution, cents, at, word: None, is_done: false }
    }
}

impl Approvals {
    pub(crate) fn all(&self) -> &[WaitingPayment] {
        &self.0
    }

    pub(crate) fn wait(&mut self, waiting: &WaitingPayment) {
        self.0.push(waiting.clone());
        let is_its = |one: &WaitingPayment| one.execution == waiting.execution;
        if self.0.iter().filter(|one| is_its(one)).count() > REMEMBERED
            && let Some(oldest) = self.0.iter().position(is_its)
        {
            self.0.remove(oldest);
        }
    }

    pub(crate) fn hear(&mut self, pending: &Digest, word: OfficerWord) {
        self.get_mut(pending).into_iter().for_each(|one| one.word = Some(word));
    }

    pub(crate) fn done(&mut self, pending: &Digest) {
        self.get_mut(pending).into_iter().for_each(|one| one.is_done = true);
    }

    pub(crate) fn over(&mut self, execution: &str) {
        self.0.retain(|one| one.execution != execution);
    }

    fn get_mut(&mut self, pending: &Digest) -> Option<&mut WaitingPayment> {
        self.0.iter_mut().find(|one| one.pending == *pending)
    }

    /// The arguments that were approved under this id.
    pub(crate) fn approved(&self, pending: Option<&Digest>) -> Option<String> {
        let waiting = self.0.iter().find(|one| Some(&one.pending) == pending)?;
        Some(OfficeRequest::Pay { cents: waiting.cents, stands_on: None }.call().1)
    }

    /// Whether the officer's word must get on record at this time.
    pub(crate) fn takes(&self, pending: &Digest, word: OfficerWord, at: i64) -> bool {
        self.0.iter().any(|one| {
            let in_time = at <= one.at + WITHIN_MS && at <= word.expires_ms;
            let is_new = match one.word {
                None => true,
                Some(before) => before.approves && !word.approves,
            };
            one.pending == *pending && !one.is_done && in_time && is_new
        })
    }

    /// The request that a payment stands on: the one that it names, else the oldest that asked for
    /// the same. It is its own, that very one, approved, in time, and never used before.
    pub(crate) fn stands(
        &self,
        named: Option<&Digest>,
        execution: &str,
        cents: i64,
        at: i64,
    ) -> Option<Digest> {
        let found = self.0.iter().find(|one| {
            let is_it = one.execution == execution && one.cents == cents && !one.is_done;
            let is_approved = one.word.is_some_and(|word| word.approves && at <= word.expires_ms);
            let is_named = named.is_none_or(|pending| one.pending == *pending);
            is_named && is_it && is_approved && at <= one.at + WITHIN_MS
        });
        found.map(|one| one.pending)
    }
}
