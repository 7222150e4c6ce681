//! What a decision takes from outside the request: the standing of who asks, and the facts of the
//! moment.

use proof::digest::Digest;
use proof::json::{Value, object};

use crate::approval::RetryEvidence;
use crate::error::FactsError;
use crate::grant::{Grant, HeldGrant};
use crate::labels::Labels;
use crate::limits::AT_MS_MAX;
use crate::meters::Spent;
use crate::request::ToolName;

/// A trust state. Worse is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Nothing speaks against it.
    Trusted,
    /// Something is amiss; it may go on.
    Degraded,
    /// Nothing new is allowed.
    Suspended,
    /// Never again.
    Revoked,
}

impl Trust {
    /// The word used in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Trust::Trusted => "trusted",
            Trust::Degraded => "degraded",
            Trust::Suspended => "suspended",
            Trust::Revoked => "revoked",
        }
    }

    /// The trust state of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Trust> {
        [Trust::Trusted, Trust::Degraded, Trust::Suspended, Trust::Revoked]
            .into_iter()
            .find(|t| t.as_str() == word)
    }
}

/// How strongly an enforcement point binds. Stronger is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// The agent could go round it.
    Cooperative,
    /// Another identity of the operating system.
    Separated,
    /// Under the supervisor.
    Confined,
    /// Attested by hardware.
    Attested,
}

impl Assurance {
    /// The word used in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Assurance::Cooperative => "cooperative",
            Assurance::Separated => "separated",
            Assurance::Confined => "confined",
            Assurance::Attested => "attested",
        }
    }

    /// The assurance of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Assurance> {
        [Assurance::Cooperative, Assurance::Separated, Assurance::Confined, Assurance::Attested]
            .into_iter()
            .find(|a| a.as_str() == word)
    }
}

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

/// The facts of one decision. They lie in its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The time of the decision, in milliseconds since the Unix epoch.
    pub at: i64,
    /// How strongly the enforcement point binds.
    pub assurance: Assurance,
    /// Digest of the tool's definition as the server last listed it, of a tool call; none where it
    /// did not.
    pub definition: Option<Digest>,
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

impl Facts {
    /// The facts of an evaluation that states none: 1 January 2026, a separated workload.
    pub const DEFAULT: Facts =
        Facts { at: 1_767_225_600_000, assurance: Assurance::Separated, definition: None };

    /// The canonical object: `{"assurance": .., "at": .., "definition": ..}`, the last only where
    /// there is one.
    ///
    /// # Errors
    /// When the time lies outside `0..2^53`.
    pub fn to_value(&self) -> Result<Value, FactsError> {
        if !(0..=AT_MS_MAX).contains(&self.at) {
            return Err(FactsError::Time);
        }
        Ok(self.stated())
    }

    /// As [`Facts::to_value`], whatever the time: what a record of this decision says.
    #[must_use]
    pub fn stated(&self) -> Value {
        let definition = self.definition.map(|digest| ("definition", digest.to_value()));
        let members =
            [("assurance", Value::from(self.assurance.as_str())), ("at", Value::Integer(self.at))];
        object(members.into_iter().chain(definition))
    }

    /// Reads what [`Facts::to_value`] wrote: exactly these members.
    ///
    /// # Errors
    /// When a member is missing, superfluous or of another type or range.
    pub fn from_value(value: &Value) -> Result<Facts, FactsError> {
        let members = value.as_object().ok_or(FactsError::Members)?;
        let names = members.keys();
        if !names.clone().eq(["assurance", "at"]) && !names.eq(["assurance", "at", "definition"]) {
            return Err(FactsError::Members);
        }
        let at = value.get("at").and_then(Value::as_i64).filter(|at| (0..=AT_MS_MAX).contains(at));
        let assurance = value.get("assurance").and_then(Value::as_str).and_then(Assurance::parse);
        let definition = value.get("definition").map(|digest| {
            let digest = digest.as_str().and_then(|text| text.parse().ok());
            digest.ok_or(FactsError::Definition)
        });
        Ok(Facts {
            at: at.ok_or(FactsError::Time)?,
            assurance: assurance.ok_or(FactsError::Assurance)?,
            definition: definition.transpose()?,
        })
    }
}

#[cfg(test)]
mod tests;
