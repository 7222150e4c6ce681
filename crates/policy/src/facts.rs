//! What a decision takes from outside the request besides its [`record::Facts`]: the standing of
//! who asks.

use record::{Grant, Labels, Trust};

use crate::approval::RetryEvidence;
use crate::grant::HeldGrant;
use crate::meters::Spent;
use crate::request::ToolName;

/// What the fold of governance and lineage says about who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionState {
    /// The governance log verified up to the state that decides.
    pub governance_verified: bool,
    /// The workload is registered.
    pub registered: bool,
    /// The worst trust state of domain, node, workload and execution.
    pub trust: Trust,
    /// An officer halted the execution, or what it belongs to.
    pub halted: bool,
    /// The execution's records have no gap.
    pub lineage_intact: bool,
    /// Its grant and those of all whom it descends from. None limits nothing.
    pub grants: Vec<HeldGrant>,
    /// The grant that a request to delegate asks for.
    pub delegates: Option<Grant>,
    /// The tool that is called, of a tool call.
    pub tool: Option<ToolName>,
    /// What the execution has touched.
    pub labels: Labels,
    /// What detectors found in the request.
    pub detected: Labels,
    /// What writers have left on the resource that is asked for.
    pub resource_labels: Labels,
    /// The use so far of each meter that the request charges.
    pub spent: Spent,
    /// What a request stands on that names an earlier, pending one.
    pub retry: Option<RetryEvidence>,
}

impl DecisionState {
    /// The state of an evaluation that states none: a registered, trusted workload that is not
    /// halted, has touched nothing and asks for nothing that was pending.
    pub const DEFAULT: DecisionState = DecisionState {
        governance_verified: true,
        registered: true,
        trust: Trust::Trusted,
        halted: false,
        lineage_intact: true,
        grants: Vec::new(),
        delegates: None,
        tool: None,
        labels: Labels::NONE,
        detected: Labels::NONE,
        resource_labels: Labels::NONE,
        spent: Spent::new(),
        retry: None,
    };
}
