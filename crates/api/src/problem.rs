//! Errors by RFC 9457: a stable code, whether to try again, and a sentence for a person.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::governance::Acting;

/// The media type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// `urn:interlock:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words, the same for each problem with this code.
    pub title: String,
    /// The HTTP status.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// What is wrong with this request, and what to do about it.
    pub detail: String,
    /// The stable code.
    pub code: Code,
    /// Whether trying again can help.
    pub retry: Retry,
    /// What the node stopped, where an order acts although this went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting: Option<Acting>,
}

impl Problem {
    /// A problem with this code; `detail` says what is wrong with this one request.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:interlock:problem:{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code,
            retry: code.retry(),
            acting: None,
        }
    }

    /// The same problem, of an order that acts.
    #[must_use]
    pub fn while_it_acts(self, acting: Option<Acting>) -> Self {
        Self { acting, ..self }
    }
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// No: the answer stays the same.
    Never,
    /// With another request.
    Changed,
    /// The same request, later.
    Later,
    /// The same request, once an officer has approved it.
    Approval,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $retry:ident, $title:literal;)*) => {
        /// The stable codes of `/v1`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as it is written.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status of a problem with this code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// Whether trying again can help.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$name => Retry::$retry,)* }
            }

            const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The request cannot be read.
    Input = "refused.input", 400, Changed, "the request cannot be read";
    /// This peer may not do or see this.
    Peer = "refused.peer", 403, Never, "this peer may not do this";
    /// The node has no place or no time for this now.
    Overload = "refused.overload", 429, Later, "the node has no place for this now";
    /// The OS user has as much as one may have.
    Quota = "refused.quota", 429, Later, "the OS user has as much as one may have";
    /// The OS user has as many executions as one may have.
    QuotaUser = "refused.quota.user", 429, Later, "the OS user has as much as one may have";
    /// The node has as many executions as it may.
    QuotaNode = "refused.quota.node", 429, Later, "the node has as much as it may";
    /// The execution keeps as much as one may.
    QuotaExecution = "refused.quota.execution", 429, Never, "the execution keeps all that it may";
    /// The disk has no room.
    Storage = "refused.storage", 507, Later, "the disk has no room for this";
    /// Nothing is called this.
    NotFound = "not_found", 404, Changed, "nothing is called this";
    /// The route does not take this method.
    Method = "method_not_allowed", 405, Never, "the route does not take this method";
    /// The route speaks another protocol, and the request does not ask for it.
    Upgrade = "upgrade_required", 426, Changed, "the route speaks another protocol";
    /// The arguments do not fit the action's schema.
    RequestMalformed = "request.malformed", 403, Changed, "the arguments do not fit the schema";
    /// The node can't verify what governs.
    GovernanceUnverified = "governance.unverified", 403, Later, "what governs is not verified";
    /// The workload is not registered for this OS user.
    IdentityUnregistered = "identity.unregistered", 403, Later, "the workload is not registered";
    /// Officers trust the workload, or what it stands in, too little.
    TrustInsufficient = "trust.insufficient", 403, Later, "this is trusted too little";
    /// An officer halted the execution, or what it stands in.
    ExecutionHalted = "execution.halted", 403, Later, "an officer halted this";
    /// The execution has ended, or one that it descends from.
    ExecutionEnded = "execution.ended", 403, Later, "the execution has ended";
    /// The execution's history has a gap.
    LineageBroken = "lineage.broken", 403, Never, "the execution's history has a gap";
    /// It is more than the execution may do at most.
    GrantExceeded = "grant.exceeded", 403, Never, "it is more than the execution may do";
    /// The bundle knows no such action.
    ToolUnknown = "tool.unknown", 403, Later, "the bundle does not know this";
    /// The tool's definition is not the one that the bundle pins.
    ToolChanged = "tool.changed", 403, Later, "the definition is not the one that is pinned";
    /// A policy could not be evaluated.
    PolicyError = "policy.error", 403, Changed, "a policy could not be evaluated";
    /// A policy forbids it, or none permits it.
    PolicyDenied = "policy.denied", 403, Changed, "the policies do not permit it";
    /// A meter's limit would be exceeded.
    MeterExhausted = "meter.exhausted", 403, Later, "a meter has nothing left for it";
    /// It waits for officers.
    ApprovalRequired = "approval.required", 403, Approval, "it waits for officers";
    /// The server can't be started.
    ServerStart = "server.start", 502, Later, "the server can't be started";
    /// The record is written, and no signed checkpoint covers it yet.
    NotPublished = "not_published", 409, Later, "no signed checkpoint covers this yet";
    /// Nothing waits for approval under this id.
    ApprovalUnknown = "approval.unknown", 404, Never, "nothing waits under this id";
    /// The request was approved and done already.
    ApprovalUsed = "approval.used", 409, Never, "the request was approved and done";
    /// The time for a vote has passed.
    ApprovalLate = "approval.late", 409, Never, "the time for a vote has passed";
    /// The request does not wait for this key's roles.
    ApprovalRole = "approval.role", 403, Never, "the request does not wait for this key";
    /// The signature is not for this record of this node's log.
    ApprovalSignature = "approval.signature", 403, Never, "the signature is for something else";
    /// More officers have voted than are remembered of one request.
    ApprovalQuota = "approval.quota", 409, Never, "as many have voted as are remembered";
    /// This key has voted already.
    ApprovalTwice = "approval.twice", 409, Never, "this key has voted already";
    /// What the pending record sealed was erased, or is damaged.
    ApprovalUnread = "approval.unread", 410, Never, "what the request sealed cannot be read";
    /// What governs does not accept the change.
    Governance = "governance", 409, Changed, "what governs does not accept the change";
    /// The stated replay is not about what this node decided.
    SemanticsReplay = "semantics.replay", 409, Changed, "the stated replay is of something else";
    /// A log cannot be read or written.
    Ledger = "ledger", 503, Later, "a log cannot be read or written";
    /// The log has no record of this index: it is a new one, or an older copy.
    EventsBeyond = "events.beyond", 409, Changed, "the log ends before this record";
    /// The node is stopping.
    Stopping = "stopping", 503, Later, "the node is stopping";
    /// The node committed no probe record in time.
    Unhealthy = "unhealthy", 503, Later, "the node commits nothing";
}

impl Code {
    /// The code that is written so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_as_it_is_written() {
        for code in Code::ALL {
            let text = serde_json::to_string(code).unwrap();
            assert_eq!(text, format!("\"{code}\""));
            assert_eq!(Code::parse(code.as_str()), Some(*code));
        }
    }

    #[test]
    fn a_problem_has_the_members_of_rfc_9457() {
        let problem = Problem::new(Code::Peer, "only officers see this");
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "urn:interlock:problem:refused.peer");
        assert_eq!((json["status"].as_u64(), &json["retry"]), (Some(403), &"never".into()));
        assert!(json.get("acting").is_none());
    }
}
