use std::collections::BTreeMap;

use proof::digest::Digest;
use proof::json::{Span, write_array};

use super::commitments::{read_commitments, write_commitments};
use super::{
    Charged, Commitments, Completion, Decided, Delegation, EndedBy, ErasedFor, SignedApproval,
    SnapshotMark,
};
use crate::Labels;
use crate::governance::SignedProposal;
use crate::members::{MalformedRecord, wrong};
use crate::reader::{MemberReader, count, value};
use crate::writer::{Interleaved, MemberWriter};

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

    /// Writes its members, in the order of their keys.
    pub(super) fn write(&self, record: &mut MemberWriter<'_, impl Interleaved>) {
        match self {
            Self::Started { workload, os_user, delegation } => {
                if let Some(delegation) = delegation {
                    delegation.to_value().write(record.member("delegation"));
                }
                record.integer("os_user", i64::from(*os_user));
                record.string("workload", workload);
            }
            Self::Delegated { decided_seq, child } => {
                record.string("child", child);
                record.count("decided_seq", *decided_seq);
            }
            Self::Ended { by } => record.string("by", by.as_str()),
            Self::Decided(decided) => decided.write(record),
            Self::Approved(approval) => approval.write(record),
            Self::Withheld { decided_seq, code } => {
                record.string("code", code);
                record.count("decided_seq", *decided_seq);
            }
            Self::Completed { decided_seq, outcome, withheld, charges, labels, commitments } => {
                Charged::write_all(charges, record);
                write_commitments(commitments, record);
                record.count("decided_seq", *decided_seq);
                if !labels.is_empty() {
                    labels.to_value().write(record.member("labels"));
                }
                record.string("outcome", outcome.as_str());
                if let Some(code) = withheld {
                    record.string("withheld", code);
                }
                if let Some(written) = outcome.written() {
                    record.count("written", written);
                }
            }
            Self::Erased { execution, os_user, reason } => {
                record.string("erased", execution);
                record.integer("os_user", i64::from(*os_user));
                record.string("reason", reason.as_str());
            }
            Self::Ordered { proposal } => proposal.to_value().write(record.member("proposal")),
            Self::Adopted { verified, bundle } => {
                if let Some(bundle) = bundle {
                    record.digest("bundle", bundle);
                }
                record.member("verified").push_str(if *verified { "true" } else { "false" });
            }
            Self::ClockStepped { by_ms } => record.integer("by_ms", *by_ms),
            Self::Snapshot(mark) => mark.write(record),
            Self::Refused { counts } => {
                write_array(counts, record.member("counts"), |(code, count), text| {
                    let mut one = MemberWriter::begin(text);
                    one.string("code", code);
                    one.count("count", *count);
                    one.end();
                });
            }
        }
    }

    /// Reads what [`Body::write`] wrote.
    pub(super) fn read<const N: usize>(
        type_name: &str,
        record: &mut MemberReader<'_, N>,
    ) -> Result<Self, MalformedRecord> {
        Ok(match type_name {
            "execution.started" => started(record)?,
            "execution.delegated" => {
                let child = record.name("child")?;
                Self::Delegated { decided_seq: record.count("decided_seq")?, child }
            }
            "execution.ended" => {
                Self::Ended { by: record.word("by", EndedBy::parse, "`parent` or `officer`")? }
            }
            "transition.decided" => Self::Decided(Box::new(Decided::read(record)?)),
            "transition.withheld" => {
                let code = record.name("code")?;
                Self::Withheld { decided_seq: record.count("decided_seq")?, code }
            }
            "transition.completed" => completed(record)?,
            "approval.given" => Self::Approved(Box::new(SignedApproval::read(record)?)),
            "execution.erased" => Self::Erased {
                execution: record.name("erased")?,
                os_user: record.os_user()?,
                reason: record.word("reason", ErasedFor::parse, "asked or retention")?,
            },
            "enforcement.ordered" => {
                let proposal = value("proposal", record.required("proposal")?)?;
                Self::Ordered { proposal: Box::new(SignedProposal::from_value(&proposal)?) }
            }
            "governance.adopted" => {
                let bundle = record.optional_digest("bundle")?;
                Self::Adopted { verified: record.boolean("verified")?, bundle }
            }
            "clock.stepped" => Self::ClockStepped { by_ms: record.integer("by_ms")? },
            "state.snapshot" => Self::Snapshot(SnapshotMark::read(record)?),
            "input.refused" => refused(record)?,
            _ => {
                let why = format!("unknown lineage record type `{type_name}`");
                return Err(MalformedRecord::new(why));
            }
        })
    }
}

fn started<const N: usize>(record: &mut MemberReader<'_, N>) -> Result<Body, MalformedRecord> {
    let delegation = match record.optional("delegation") {
        Some(span) => Some(Box::new(Delegation::from_value(&value("delegation", span)?)?)),
        None => None,
    };
    let os_user = record.os_user()?;
    Ok(Body::Started { workload: record.name("workload")?, os_user, delegation })
}

fn completed<const N: usize>(record: &mut MemberReader<'_, N>) -> Result<Body, MalformedRecord> {
    let charges = Charged::read_all(record)?;
    let commitments = read_commitments(record)?;
    let decided_seq = record.count("decided_seq")?;
    let labels = labels(record)?;
    let outcome = record.word("outcome", Completion::parse, "result, error, sent or unknown")?;
    let withheld = record.optional_name("withheld")?;
    let outcome = match record.optional("written") {
        Some(_) if outcome != Completion::UNKNOWN => {
            return Err(wrong("written", "left out unless the outcome is `unknown`"));
        }
        Some(span) => Completion::Unknown { written: Some(count("written", span)?) },
        None => outcome,
    };
    Ok(Body::Completed { decided_seq, outcome, withheld, charges, labels, commitments })
}

/// Never an empty array, so that one meaning has one form.
fn labels<const N: usize>(record: &mut MemberReader<'_, N>) -> Result<Labels, MalformedRecord> {
    let Some(span) = record.optional("labels") else { return Ok(Labels::NONE) };
    let labels = Labels::from_value(&value("labels", span)?).filter(|labels| !labels.is_empty());
    labels.ok_or_else(|| wrong("labels", "sorted names, and left out where there is none"))
}

fn refused<const N: usize>(record: &mut MemberReader<'_, N>) -> Result<Body, MalformedRecord> {
    let one = |span: Span<'_>| {
        let mut members = MemberReader::of("counts", span)?;
        let one = (members.name("code")?, members.count("count")?);
        members.end()?;
        Ok(one)
    };
    let counts =
        record.required("counts")?.elements().ok_or_else(|| wrong("counts", "an array"))?;
    let counts = counts.map(one).collect::<Result<Vec<(String, u64)>, MalformedRecord>>()?;
    if !counts.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b)) {
        return Err(wrong("counts", "in the order of their codes, each code once"));
    }
    Ok(Body::Refused { counts: counts.into_iter().collect::<BTreeMap<_, _>>() })
}
