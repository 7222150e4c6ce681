//! The fold of a governance log and a lineage log: exactly what a decision sees.
//!
//! The live node, its restart and `replay` all use this type, so that at each decision the fold of
//! the log is the state that the decision saw.

mod adoption;
mod apply;
mod approvals;
mod by_id;
mod erasure;
mod execution;
mod family;
mod labels;
mod line;
mod meters;
mod reduction;
mod resource_labels;
mod snapshot;
mod standing;
mod unreadable;

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::{Bundle, Decision, DecisionState, ResolvedRequest, Semantics, ToolName};
use proof::digest::Digest;
use record::lineage::{Body, Completion, Delegation, Header, LineageRecord, Link};
use record::{Facts, Grant, Labels};

use self::by_id::ById;
use crate::governance::Governance;

pub use adoption::{Adopted, BlobSource, GovernanceLog};
pub(crate) use apply::{CommittedInputs, Unfounded};
pub(crate) use approvals::RetryRef;
pub use approvals::{ApprovalStatus, RecordedVote, WaitingRequest};
pub use execution::Execution;
pub(crate) use execution::{OpenTransition, RetainedRequest};
pub(crate) use labels::{DetectedLabels, detect_labels};
pub use meters::MeterUse;
pub(crate) use snapshot::Sections;
pub use snapshot::Unusable;
pub use unreadable::Unreadable;

/// A node's state: adopted governance, the bundle that decides, and its executions.
pub struct NodeState {
    node: String,
    governance: Governance,
    is_verified: bool,
    bundle: Arc<Bundle>,
    is_bundle_overridden: bool,
    semantics_override: Option<Semantics>,
    at: i64,
    size: u64,
    executions: ById<Execution>,
    instances: BTreeMap<(u32, String), String>,
    reductions: Vec<reduction::HeldReduction>,
    ended: BTreeMap<String, i64>,
    erased: BTreeMap<String, u64>,
    accounts: meters::Accounts,
    resource_labels: resource_labels::ResourceLabels,
}

/// A transition of an execution, by the `seq` of its decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TransitionRef<'a> {
    pub(crate) execution: &'a str,
    pub(crate) seq: u64,
}

impl<'a> TransitionRef<'a> {
    pub(crate) fn new(execution: &'a str, seq: u64) -> Self {
        Self { execution, seq }
    }
}

/// The inputs of a decision besides its request.
pub(crate) struct DecisionInputs<'a> {
    /// The grant of a delegation.
    pub(crate) delegates: Option<&'a Grant>,
    /// The pending record that it stands on.
    pub(crate) retry_ref: Option<&'a RetryRef>,
    /// The server and the tool that is called.
    pub(crate) tool: Option<ToolName>,
    /// The labels that detectors found in the message.
    pub(crate) detected: Labels,
}

impl NodeState {
    /// A node that has adopted nothing: it denies everything.
    #[must_use]
    pub fn new(node: &str, governance_origin: &str) -> Self {
        Self {
            node: node.to_owned(),
            governance: Governance::new(governance_origin),
            is_verified: true,
            bundle: Arc::new(Bundle::empty()),
            is_bundle_overridden: false,
            semantics_override: None,
            at: 0,
            size: 0,
            executions: ById::default(),
            instances: BTreeMap::new(),
            reductions: Vec::new(),
            ended: BTreeMap::new(),
            erased: BTreeMap::new(),
            accounts: meters::Accounts::default(),
            resource_labels: resource_labels::ResourceLabels::default(),
        }
    }

    /// Decides with this bundle in the place of the published ones: for a what-if replay.
    pub fn override_bundle(&mut self, bundle: Arc<Bundle>) {
        self.bundle = bundle;
        self.is_bundle_overridden = true;
    }

    /// Decides by this version of the decider in the place of those that the published bundles
    /// name: for a what-if replay.
    pub(crate) fn override_semantics(&mut self, semantics: Semantics) {
        self.semantics_override = Some(semantics);
    }

    /// Whether decisions are made otherwise than governance says.
    pub(crate) fn is_what_if(&self) -> bool {
        self.is_bundle_overridden || self.semantics_override.is_some()
    }

    /// How many lineage records have been folded: the next record's index.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The adopted governance.
    #[must_use]
    pub fn governance(&self) -> &Governance {
        &self.governance
    }

    /// The node's name in its domain.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The bundle that decides.
    #[must_use]
    pub fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    /// An execution by its id.
    #[must_use]
    pub fn execution(&self, id: &str) -> Option<&Execution> {
        self.executions.get(id)
    }

    /// All executions, by id.
    pub fn executions(&self) -> impl Iterator<Item = (&str, &Execution)> {
        self.executions.iter().map(|(id, execution)| (id.as_str(), execution))
    }

    pub(crate) fn execution_mut(&mut self, id: &str) -> Option<&mut Execution> {
        self.executions.get_mut(id)
    }

    /// The execution that an OS user's instances of a workload share.
    #[must_use]
    pub fn instance(&self, os_user: u32, workload: &str) -> Option<&str> {
        self.instances.get(&(os_user, workload.to_owned())).map(String::as_str)
    }

    /// Begins an execution: of its own, or one that another delegated to.
    pub(crate) fn begin(
        &mut self,
        id: &str,
        workload: &str,
        os_user: u32,
        delegation: Option<Delegation>,
    ) {
        if delegation.is_none() {
            self.instances.insert((os_user, workload.to_owned()), id.to_owned());
        }
        let parent = delegation.as_ref().and_then(|from| self.executions.get(&from.parent));
        let touched = parent.map(|parent| parent.touched.inherited()).unwrap_or_default();
        let mut execution = Execution::new(workload, os_user, delegation, &self.bundle);
        execution.touched = touched;
        self.executions.insert(id.to_owned(), execution);
    }

    /// Decides a request of an execution; the request becomes part of the execution's history. None
    /// where there is no such execution or its history cannot be shown.
    pub(crate) fn decide(
        &mut self,
        id: &str,
        facts: &Facts,
        resolved: &ResolvedRequest,
        about: DecisionInputs<'_>,
    ) -> Option<Decision> {
        let DecisionInputs { delegates, retry_ref, tool, detected } = about;
        let request = resolved.request();
        let resource_labels = self.resource_labels_of(request);
        let spent = self.spent(id, &request.action, facts.at);
        let retry = retry_ref.map(|retry_ref| self.retry(id, retry_ref));
        let delegates = delegates.cloned();
        let standing = DecisionState {
            delegates,
            tool,
            detected,
            resource_labels,
            spent,
            retry,
            ..self.decided_standing(id)?
        };
        let history = self.keeper_mut(id)?.history_mut()?;
        Some(policy::decide_resolved(history, &standing, facts, resolved))
    }

    /// Whether a condition over history looks at this end of an open transition.
    pub(crate) fn is_looked_back_at(&self, id: &str, seq: u64, end: Completion) -> bool {
        let asked = self.executions.get(id).and_then(|execution| execution.asked(seq));
        let looks = |is_result| {
            asked.is_some_and(|request| self.bundle.looks_back_at(&request.action, is_result))
        };
        match end {
            Completion::Result => looks(true),
            Completion::Error => looks(false),
            Completion::Sent | Completion::Unknown { .. } => false,
        }
    }

    /// The time of the next record: the clock's, but never before the last record's.
    #[must_use]
    pub fn time(&self, wall_ms: i64) -> i64 {
        self.at.max(wall_ms)
    }

    /// The next record. It is not folded.
    pub(crate) fn next_record(
        &self,
        at: i64,
        execution: Option<&str>,
        body: Body,
    ) -> LineageRecord {
        let link = execution.map(|id| {
            let known = self.executions.get(id);
            let link = known.map_or_else(|| Link::first(id), |known| known.next_link(id));
            Link { parents: self.parents(&body), ..link }
        });
        let header =
            Header { at, node: self.node.clone(), governance: self.governance.position(), link };
        LineageRecord { header, body }
    }

    /// Folds what a record seals. The first sealed part of an execution gives it its secret.
    pub(crate) fn admit_sealed(
        &mut self,
        execution: Option<&str>,
        sealed: impl FnOnce() -> Vec<u8>,
    ) {
        if let Some(execution) = execution.and_then(|id| self.executions.get_mut(id)) {
            execution.set_secret(sealed);
        }
    }

    /// Folds a record's place in the log and in its execution's chain.
    fn admit(&mut self, header: &Header, digest: Digest) {
        self.at = header.at;
        self.size = self.size.saturating_add(1);
        if let Some(link) = &header.link
            && let Some(execution) = self.executions.get_mut(&link.execution)
        {
            execution.extend_chain(digest);
        }
    }

    /// Whether a record read back continues this log: node, time, governance, and its execution's
    /// chain.
    pub(crate) fn is_continued_by(&self, record: &LineageRecord) -> bool {
        let header = &record.header;
        let in_chain = match &header.link {
            None => true,
            Some(link) => match self.executions.get(&link.execution) {
                Some(execution) => {
                    execution.is_continued_by(link) && !matches!(record.body, Body::Started { .. })
                }
                None => matches!(record.body, Body::Started { .. }) && link.seq == 0,
            },
        };
        let parents = header.link.as_ref().map_or(&[][..], |link| &link.parents);
        header.node == self.node
            && *parents == self.parents(&record.body)
            && header.at >= self.at
            && in_chain
            && self.governance.is_at(&header.governance)
    }
}
