use std::collections::BTreeMap;

use proof::digest::Digest;
use proof::json::{Object, Value, number, object};
use proof::record::Fields;

use super::delegated::{delegated_value, read_delegated, read_ended};
use super::sealed::{Commitments, commitments_of, commitments_value};
use super::{
    Charged, Delegation, DelegationRequest, EndedBy, ErasedFor, MessageDirection, OpenDecision,
    RecordedRetry, SignedApproval, SnapshotMark, approval, erased,
};
use crate::governance::SignedProposal;
use crate::members::{MalformedRecord, members, name, wrong};
use crate::{Assurance, Facts, Labels};

/// Counts of refusals since the last record of them, by code.
pub type RefusalCounts = BTreeMap<String, u64>;

/// The event that a record describes.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A workload instance began an execution. Type `execution.started`.
    Started {
        /// The registered workload.
        workload: String,
        /// The OS user (uid) that speaks for it.
        os_user: u32,
        /// Who delegated to it and what, unless it began on its own.
        delegation: Option<Box<Delegation>>,
    },
    /// A permitted delegation was carried out: the child's first record follows. Type
    /// `execution.delegated`.
    Delegated {
        /// `seq` of the decided record.
        decided_seq: u64,
        /// The new execution's id.
        child: String,
    },
    /// The execution ended; nothing of it follows. Type `execution.ended`.
    Ended {
        /// Who ended it.
        by: EndedBy,
    },
    /// A transition was decided. Type `transition.decided`.
    Decided(Box<Decided>),
    /// An officer approved a pending request of the execution, or refused it. Type
    /// `approval.given`.
    Approved(Box<SignedApproval>),
    /// A permit on record was not released. Type `transition.withheld`.
    Withheld {
        /// `seq` of the decided record.
        decided_seq: u64,
        /// Why: a reason code.
        code: String,
    },
    /// A permitted transition ended. Type `transition.completed`.
    Completed {
        /// `seq` of the decided record.
        decided_seq: u64,
        /// How it ended.
        outcome: Completion,
        /// The code of what stopped the execution before the message came; the message is then not
        /// forwarded.
        withheld: Option<String>,
        /// The used amounts in the place of the reserved ones, where the result settles them.
        charges: Vec<Charged>,
        /// The labels that detectors found in the message that ended it.
        labels: Labels,
        /// Commitment to the message that ended it, where there was one.
        commitments: Commitments,
    },
    /// The sealed parts of an ended execution became unreadable, for good. Type `execution.erased`;
    /// in no execution's chain.
    Erased {
        /// The execution.
        execution: String,
        /// The OS user (uid) that asked for it.
        os_user: u32,
        /// Why.
        reason: ErasedFor,
    },
    /// An officer's reduction holds from here on, before governance adopts it. Type
    /// `enforcement.ordered`.
    Ordered {
        /// The signed change.
        proposal: Box<SignedProposal>,
    },
    /// The node follows governance up to the header's position. Type `governance.adopted`.
    Adopted {
        /// Whether every record so far could be accepted. If not, nothing is permitted from here
        /// on.
        verified: bool,
        /// The bundle that decides, if any.
        bundle: Option<Digest>,
    },
    /// The wall clock stepped. Type `clock.stepped`.
    ClockStepped {
        /// The step in milliseconds, forward or back: since the last tick, or from the log's time
        /// at a start.
        by_ms: i64,
    },
    /// The state up to this record, by its digests. Type `state.snapshot`.
    Snapshot(SnapshotMark),
    /// Input that came to no decision. Type `input.refused`.
    Refused {
        /// Counts by code since the last such record.
        counts: RefusalCounts,
    },
}

/// One decision, with the public part of what it was about.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The upstream server.
    pub server: String,
    /// Which way the message goes.
    pub direction: MessageDirection,
    /// The JSON-RPC method.
    pub method: String,
    /// The tool, for `tools/call`.
    pub tool: Option<String>,
    /// The policy action asked for.
    pub action: String,
    /// The amounts that a permit reserves, by the meter's name.
    pub charges: Vec<Charged>,
    /// The delegation that was requested, if it is one.
    pub delegates: Option<DelegationRequest>,
    /// The pending record that the request names, and what it stands on.
    pub retry: Option<RecordedRetry>,
    /// The facts of the decision.
    pub facts: Facts,
    /// The public part of the decision.
    pub decision: OpenDecision,
    /// Commitments: `request` (as decided), `message` (as accepted and forwarded) and `decision`
    /// (whole).
    pub commitments: Commitments,
}

/// How a permitted transition ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// With a result.
    Result,
    /// With an error.
    Error,
    /// One-way: nothing comes back.
    Sent,
    /// It may or may not have happened. It is never sent again.
    Unknown {
        /// How many bytes of its line the server's pipe took, including the LF, where an
        /// enforcement point counted them.
        written: Option<u64>,
    },
}

impl Completion {
    /// Nobody knows how it ended, nor how much of it was written.
    pub const UNKNOWN: Self = Self::Unknown { written: None };

    pub(super) const ALL: [Self; 4] = [Self::Result, Self::Error, Self::Sent, Self::UNKNOWN];

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// How much of its line was written, where that is on record.
    #[must_use]
    pub fn written(self) -> Option<u64> {
        match self {
            Self::Unknown { written } => written,
            Self::Result | Self::Error | Self::Sent => None,
        }
    }

    /// The same with how much was written: none where it is known how it ended.
    pub(super) fn with_written(self, written: u64) -> Option<Self> {
        match self {
            Self::Unknown { .. } => Some(Self::Unknown { written: Some(written) }),
            Self::Result | Self::Error | Self::Sent => None,
        }
    }

    /// The name in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Error => "error",
            Self::Sent => "sent",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl Body {
    /// The record's `type`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "execution.started",
            Self::Delegated { .. } => "execution.delegated",
            Self::Ended { .. } => "execution.ended",
            Self::Decided(_) => "transition.decided",
            Self::Withheld { .. } => "transition.withheld",
            Self::Completed { .. } => "transition.completed",
            Self::Approved(_) => "approval.given",
            Self::Erased { .. } => "execution.erased",
            Self::Ordered { .. } => "enforcement.ordered",
            Self::Adopted { .. } => "governance.adopted",
            Self::ClockStepped { .. } => "clock.stepped",
            Self::Snapshot(_) => "state.snapshot",
            Self::Refused { .. } => "input.refused",
        }
    }

    /// Whether it stands in the chain of an execution.
    #[must_use]
    pub fn concerns_execution(&self) -> bool {
        let of_the_node = matches!(
            self,
            Self::Erased { .. }
                | Self::Adopted { .. }
                | Self::Ordered { .. }
                | Self::ClockStepped { .. }
                | Self::Snapshot(_)
                | Self::Refused { .. }
        );
        !of_the_node
    }

    pub(super) fn write(&self, into: &mut Object) {
        let mut put = |name: &str, value: Value| into.insert(name.to_owned(), value);
        match self {
            Self::Started { workload, os_user, delegation } => {
                if let Some(delegation) = delegation {
                    put("delegation", delegation.to_value());
                }
                put("workload", Value::from(workload.as_str()));
                put("os_user", Value::Integer(i64::from(*os_user)));
            }
            Self::Delegated { decided_seq, child } => {
                for (name, value) in delegated_value(*decided_seq, child) {
                    put(name, value);
                }
            }
            Self::Ended { by } => {
                put("by", Value::from(by.as_str()));
            }
            Self::Decided(decided) => decided.write(into),
            Self::Withheld { decided_seq, code } => {
                put("decided_seq", number(*decided_seq));
                put("code", Value::from(code.as_str()));
            }
            Self::Completed { decided_seq, outcome, withheld, charges, labels, commitments } => {
                if let Some(code) = withheld {
                    put("withheld", Value::from(code.as_str()));
                }
                if !charges.is_empty() {
                    put("charges", Value::Array(charges.iter().map(Charged::to_value).collect()));
                }
                if !labels.is_empty() {
                    put("labels", labels.to_value());
                }
                put("decided_seq", number(*decided_seq));
                put("outcome", Value::from(outcome.as_str()));
                if let Some(written) = outcome.written() {
                    put("written", number(written));
                }
                put("commitments", commitments_value(commitments));
            }
            Self::Approved(approval) => approval.write(into),
            Self::Erased { execution, os_user, reason } => {
                erased::write(execution, *os_user, *reason, into);
            }
            Self::Ordered { proposal } => {
                put("proposal", proposal.to_value());
            }
            Self::Adopted { verified, bundle } => {
                put("verified", Value::Bool(*verified));
                if let Some(bundle) = bundle {
                    put("bundle", Value::from(bundle.to_string()));
                }
            }
            Self::ClockStepped { by_ms } => {
                put("by_ms", Value::Integer(*by_ms));
            }
            Self::Snapshot(mark) => mark.write(into),
            Self::Refused { counts } => {
                let one = |(code, count): (&String, &u64)| {
                    object([("code", Value::from(code.as_str())), ("count", number(*count))])
                };
                put("counts", Value::Array(counts.iter().map(one).collect()));
            }
        }
    }

    pub(super) fn read(type_name: &str, object: Object) -> Result<Self, MalformedRecord> {
        let value = Value::Object(object);
        match type_name {
            "execution.started" => started(&value),
            "execution.delegated" => read_delegated(&value),
            "execution.ended" => read_ended(&value),
            "transition.decided" => Ok(Self::Decided(Box::new(Decided::read(&value)?))),
            "transition.withheld" => {
                let members = members(&value, &["code", "decided_seq"])?;
                let decided_seq = members.count("decided_seq")?;
                Ok(Self::Withheld { decided_seq, code: name(&members, "code")? })
            }
            "transition.completed" => completed(&value),
            "approval.given" => approval::read(&value),
            "execution.erased" => erased::read(&value),
            "enforcement.ordered" => {
                let members = members(&value, &["proposal"])?;
                let proposal = SignedProposal::from_value(members.value("proposal")?)?;
                Ok(Self::Ordered { proposal: Box::new(proposal) })
            }
            "governance.adopted" => adopted(&value),
            "clock.stepped" => {
                let members = members(&value, &["by_ms"])?;
                Ok(Self::ClockStepped { by_ms: members.integer("by_ms")? })
            }
            "state.snapshot" => Ok(Self::Snapshot(SnapshotMark::read(&value)?)),
            "input.refused" => refused(&value),
            _ => Err(MalformedRecord::new(format!("unknown lineage record type `{type_name}`"))),
        }
    }
}

impl Decided {
    /// Whether it waits for approval, and its intent is on record.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.decision.verdict() == Some("pending") && self.commitments.contains_key("intent")
    }

    const MEMBERS: [&'static str; 11] = [
        "action",
        "charges",
        "commitments",
        "decision",
        "direction",
        "facts",
        "hands_on",
        "method",
        "retry",
        "server",
        "tool",
    ];

    fn write(&self, into: &mut Object) {
        let mut put = |name: &str, value: Value| into.insert(name.to_owned(), value);
        put("action", Value::from(self.action.as_str()));
        if !self.charges.is_empty() {
            put("charges", Value::Array(self.charges.iter().map(Charged::to_value).collect()));
        }
        put("commitments", commitments_value(&self.commitments));
        put("decision", self.decision.to_value());
        put("direction", Value::from(self.direction.as_str()));
        put("facts", facts_value(&self.facts));
        if let Some(delegates) = &self.delegates {
            put("hands_on", delegates.to_value());
        }
        put("method", Value::from(self.method.as_str()));
        if let Some(retry) = &self.retry {
            put("retry", retry.to_value());
        }
        put("server", Value::from(self.server.as_str()));
        if let Some(tool) = &self.tool {
            put("tool", Value::from(tool.as_str()));
        }
    }

    fn read(value: &Value) -> Result<Self, MalformedRecord> {
        let members = members(value, &Self::MEMBERS)?;
        let direction = MessageDirection::parse(members.str("direction")?)
            .ok_or_else(|| wrong("direction", "`to_server` or `to_client`"))?;
        Ok(Self {
            server: name(&members, "server")?,
            direction,
            method: name(&members, "method")?,
            tool: members.has("tool").then(|| name(&members, "tool")).transpose()?,
            action: members.str("action")?.to_owned(),
            charges: charges_of(&members)?,
            delegates: members
                .has("hands_on")
                .then(|| DelegationRequest::from_value(members.value("hands_on")?))
                .transpose()?,
            retry: members
                .has("retry")
                .then(|| RecordedRetry::from_value(members.value("retry")?))
                .transpose()?,
            facts: facts_of(members.value("facts")?)?,
            decision: OpenDecision::from_value(members.value("decision")?)?,
            commitments: commitments_of(members.value("commitments")?)?,
        })
    }
}

/// The charges, where there are any: never an empty array, so that one meaning has one form.
fn charges_of(members: &Fields<'_>) -> Result<Vec<Charged>, MalformedRecord> {
    if !members.has("charges") {
        return Ok(Vec::new());
    }
    let charges = members.array("charges")?;
    if charges.is_empty() {
        return Err(wrong("charges", "left out where there is none"));
    }
    charges.iter().map(Charged::from_value).collect()
}

/// The labels, where there are any: as with charges, never an empty array.
fn labels_of(members: &Fields<'_>) -> Result<Labels, MalformedRecord> {
    if !members.has("labels") {
        return Ok(Labels::NONE);
    }
    let labels = Labels::from_value(members.value("labels")?).filter(|labels| !labels.is_empty());
    labels.ok_or_else(|| wrong("labels", "sorted names, and left out where there is none"))
}

fn facts_value(facts: &Facts) -> Value {
    let definition = facts.definition.map(|digest| ("definition", digest.to_value()));
    let members =
        [("assurance", Value::from(facts.assurance.as_str())), ("at", Value::Integer(facts.at))];
    object(members.into_iter().chain(definition))
}

fn facts_of(value: &Value) -> Result<Facts, MalformedRecord> {
    let members = members(value, &["assurance", "at", "definition"])?;
    let assurance = Assurance::parse(members.str("assurance")?)
        .ok_or_else(|| wrong("assurance", "cooperative, separated, confined or attested"))?;
    let definition = members.optional_digest("definition")?;
    Ok(Facts { at: members.integer("at")?, assurance, definition })
}

fn started(value: &Value) -> Result<Body, MalformedRecord> {
    let members = members(value, &["delegation", "os_user", "workload"])?;
    let os_user = u32::try_from(members.integer("os_user")?);
    Ok(Body::Started {
        workload: name(&members, "workload")?,
        os_user: os_user.map_err(|_| wrong("os_user", "a user id of 32 bits"))?,
        delegation: members
            .has("delegation")
            .then(|| Delegation::from_value(members.value("delegation")?).map(Box::new))
            .transpose()?,
    })
}

fn completed(value: &Value) -> Result<Body, MalformedRecord> {
    const MEMBERS: [&str; 7] =
        ["charges", "commitments", "decided_seq", "labels", "outcome", "withheld", "written"];
    let members = members(value, &MEMBERS)?;
    let outcome = Completion::parse(members.str("outcome")?)
        .ok_or_else(|| wrong("outcome", "result, error, sent or unknown"))?;
    let outcome = match members.has("written") {
        true => outcome.with_written(members.count("written")?),
        false => Some(outcome),
    };
    Ok(Body::Completed {
        decided_seq: members.count("decided_seq")?,
        outcome: outcome
            .ok_or_else(|| wrong("written", "left out unless the outcome is `unknown`"))?,
        withheld: members.has("withheld").then(|| name(&members, "withheld")).transpose()?,
        charges: charges_of(&members)?,
        labels: labels_of(&members)?,
        commitments: commitments_of(members.value("commitments")?)?,
    })
}

fn adopted(value: &Value) -> Result<Body, MalformedRecord> {
    let members = members(value, &["bundle", "verified"])?;
    let verified = members.value("verified")?.as_bool();
    Ok(Body::Adopted {
        verified: verified.ok_or_else(|| wrong("verified", "true or false"))?,
        bundle: members.optional_digest("bundle")?,
    })
}

fn refused(value: &Value) -> Result<Body, MalformedRecord> {
    let one = |value: &Value| {
        let members = members(value, &["code", "count"])?;
        Ok((name(&members, "code")?, members.count("count")?))
    };
    let counts = members(value, &["counts"])?.array("counts")?.iter().map(one);
    let counts = counts.collect::<Result<Vec<(String, u64)>, MalformedRecord>>()?;
    if !counts.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b)) {
        return Err(wrong("counts", "in the order of their codes, each code once"));
    }
    Ok(Body::Refused { counts: counts.into_iter().collect() })
}
