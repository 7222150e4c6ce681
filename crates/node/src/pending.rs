//! What waits for officers, told without messages: bounded, and in turns, so that nobody's requests
//! hide another's.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use api::approval::{PendingPage, PendingRequest};
use kernel::governance::Governance;
use kernel::state::{ApprovalStatus, Execution, NodeState, WaitingRequest};
use ledger::Reader;
use proof::digest::Digest;
use proof::limits::TILE_WIDTH;
use proof::note::VerifierKey;
use record::lineage::{Body, LineageRecord};

use crate::Options;
use crate::limits::{TOLD_BYTES_MAX, TOLD_MAX};
use crate::reply::pending_request;

/// Which requests are asked for.
#[derive(Debug, Clone)]
pub(crate) struct RequestFilter {
    /// How their ids begin.
    pub(crate) beginning: String,
    /// For which key's roles they wait; any where there is none.
    pub(crate) key: Option<VerifierKey>,
}

/// Those that are told, in turns, and how many are not.
#[derive(Debug, Default)]
pub(crate) struct FilteredRequests {
    pub(crate) requests: Vec<PendingRequest>,
    left_out: usize,
}

/// A request's place before others of its workload: what still waits comes first, then executions
/// take turns, the newest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PendingRank {
    is_over: bool,
    nth_of_execution: usize,
    newest: Reverse<u64>,
}

impl RequestFilter {
    /// Looks for them in the state as it is at a time.
    pub(crate) fn find(&self, state: &NodeState, now_ms: i64) -> FilteredRequests {
        // Anybody can make a key. Without this check each question would cost a search of all
        // requests.
        if self.key.as_ref().is_some_and(|key| !has_a_role(state.governance(), key)) {
            return FilteredRequests::default();
        }
        let mut workloads: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (id, execution) in state.executions() {
            let meant = execution.waiting().filter(|asked| self.means(state, asked));
            // Nobody's word changes anything of one that does not wait any more.
            let is_over = |asked| state.approval_status(asked, now_ms) != ApprovalStatus::Waiting;
            let mut meant: Vec<_> = meant.map(|asked| (is_over(asked), asked)).collect();
            meant.sort_by_key(|(is_over, asked)| (*is_over, Reverse(asked.index)));
            let of = workloads.entry(execution.workload()).or_default();
            of.extend(meant.into_iter().enumerate().map(|(nth_of_execution, (is_over, asked))| {
                let newest = Reverse(asked.index);
                (PendingRank { is_over, nth_of_execution, newest }, (id, execution, asked))
            }));
        }
        let turns = in_turns(workloads.into_values());
        let left_out = turns.len().saturating_sub(TOLD_MAX);
        let told = turns.into_iter().take(TOLD_MAX);
        let requests = told.map(|(id, execution, asked): (&str, &Execution, &WaitingRequest)| {
            pending_request(state, now_ms, id, execution, asked)
        });
        FilteredRequests { requests: requests.collect(), left_out }
    }

    fn means(&self, state: &NodeState, asked: &WaitingRequest) -> bool {
        let holds = |key: &VerifierKey| {
            let mut roles = asked.awaits.iter().map(|one| state.governance().role(&one.role));
            roles.any(|role| role.is_some_and(|role| role.holds(key)))
        };
        let begins =
            self.beginning.is_empty() || asked.pending.to_string().starts_with(&self.beginning);
        begins && self.key.as_ref().is_none_or(holds)
    }
}

/// Whether a key has any role.
pub(crate) fn has_a_role(governance: &Governance, key: &VerifierKey) -> bool {
    governance.roles().is_some_and(|roles| roles.iter().any(|(_, role)| role.holds(key)))
}

/// The first of each, then the second of each, and so on.
fn in_turns<T>(workloads: impl Iterator<Item = Vec<(PendingRank, T)>>) -> Vec<T> {
    let mut turns = Vec::new();
    for mut of in workloads {
        of.sort_by_key(|(place, _)| *place);
        turns.extend(of.into_iter().enumerate().map(|(nth, (_, one))| (nth, one)));
    }
    turns.sort_by_key(|(nth, _)| *nth);
    turns.into_iter().map(|(_, one)| one).collect()
}

impl FilteredRequests {
    /// As many as fit, each with its server and tool where the log says it.
    pub(crate) fn into_page(self, options: &Options) -> PendingPage {
        let Self { requests, left_out } = self.with_what_is_asked_for(options).bounded();
        let left_out = u64::try_from(left_out).unwrap_or(u64::MAX);
        PendingPage { origin: options.lineage_origin(), requests, left_out }
    }

    /// Each with its server and tool, where its record can be read.
    fn with_what_is_asked_for(mut self, options: &Options) -> Self {
        let wanted = self.requests.iter().map(|request| request.record).collect();
        let asked_for = Reader::open(&options.lineage_folder()).map(|log| read(&log, wanted));
        let asked_for = asked_for.unwrap_or_default();
        for request in &mut self.requests {
            request.asked_for = asked_for.get(&request.pending).cloned();
        }
        self
    }

    /// As many as fit, those whose turn comes first, then in the order of the log.
    fn bounded(mut self) -> Self {
        let mut bytes: usize = 0;
        let fit = self.requests.iter().take_while(|one| {
            bytes = bytes.saturating_add(serde_json::to_vec(one).map_or(0, |json| json.len()));
            bytes <= TOLD_BYTES_MAX
        });
        let fit = fit.count().max(1);
        self.left_out = self.left_out.saturating_add(self.requests.len().saturating_sub(fit));
        self.requests.truncate(fit);
        self.requests.sort_by_key(|request| request.record);
        self
    }
}

/// Records of one bundle of a log.
const BUNDLE_RECORDS: u64 = TILE_WIDTH as u64;

/// Server and tool by the digest of the record. Records that lie in one bundle are read once.
fn read(log: &Reader, mut wanted: Vec<u64>) -> HashMap<String, String> {
    wanted.sort_unstable();
    let mut found = HashMap::new();
    for bundle in wanted.chunk_by(|one, next| one / BUNDLE_RECORDS == next / BUNDLE_RECORDS) {
        let (Some(first), Some(last)) = (bundle.first(), bundle.last()) else { continue };
        let Ok(entries) = log.records(*first) else { continue };
        let among = entries.map_while(Result::ok).take_while(|entry| entry.index <= *last);
        for entry in among.filter(|entry| bundle.contains(&entry.index)) {
            if let Some(asked_for) = asked_for(&entry.record) {
                found.insert(Digest::of(&entry.record).to_string(), asked_for);
            }
        }
    }
    found
}

fn asked_for(record: &[u8]) -> Option<String> {
    match LineageRecord::parse(record).ok()?.body {
        Body::Decided(decided) => {
            let tool = decided.tool.as_deref().unwrap_or(&decided.method);
            Some(format!("{}/{tool}", decided.server))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(is_over: bool, nth_of_execution: usize, index: u64) -> PendingRank {
        PendingRank { is_over, nth_of_execution, newest: Reverse(index) }
    }

    fn request(pending: &str) -> PendingRequest {
        PendingRequest {
            same_as: None,
            pending: pending.to_owned(),
            record: 0,
            execution: String::new(),
            workload: String::new(),
            asked_for: None,
            asked_ms: 0,
            until_ms: 0,
            state: String::new(),
            is_used: false,
            awaits: Vec::new(),
            still: Vec::new(),
            approvals: Vec::new(),
        }
    }

    #[test]
    fn workloads_and_executions_take_turns() {
        let busy = vec![
            (place(true, 2, 9), "busy, done"),
            (place(false, 1, 7), "busy, older"),
            (place(false, 0, 8), "busy, newest"),
            (place(false, 0, 2), "busy, another execution"),
        ];
        let quiet = vec![(place(false, 0, 1), "quiet")];
        let turns = in_turns([busy, quiet].into_iter());
        let wanted =
            ["busy, newest", "quiet", "busy, another execution", "busy, older", "busy, done"];
        assert_eq!(turns, wanted);
    }

    #[test]
    fn an_answer_tells_as_many_as_fit_and_counts_the_others() {
        let long = "x".repeat(TOLD_BYTES_MAX / 4);
        let one = |record: u64| PendingRequest { record, ..request(&long) };
        let found =
            FilteredRequests { requests: [9, 2, 7, 4, 5].map(one).to_vec(), left_out: 3 }.bounded();
        let told: Vec<_> = found.requests.iter().map(|request| request.record).collect();
        assert_eq!((told, found.left_out), (vec![2, 7, 9], 5));
        let long = request(&"x".repeat(TOLD_BYTES_MAX + 1));
        let found = FilteredRequests { requests: vec![long], left_out: 0 }.bounded();
        assert_eq!((found.requests.len(), found.left_out), (1, 0), "one is always told");
    }

    #[test]
    fn an_answer_with_the_longest_message_fits() {
        let message = proof::base64url::encode(&vec![0xff; kernel::limits::MESSAGE_BYTES_MAX]);
        assert!(message.len() + TOLD_BYTES_MAX < crate::limits::ORDER_BYTES_MAX);
    }
}
