use super::commitments::{Commitments, read_commitments, write_commitments};
use super::{Charged, DelegationRequest, MessageDirection, OpenDecision, RecordedRetry};
use crate::Facts;
use crate::members::MalformedRecord;
use crate::reader::{MemberReader, value};
use crate::writer::{Interleaved, MemberWriter};

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

impl Decided {
    /// Whether it waits for approval, and its intent is on record.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.decision.verdict() == Some("pending") && self.commitments.contains_key("intent")
    }

    pub(super) fn write(&self, record: &mut MemberWriter<'_, impl Interleaved>) {
        record.string("action", &self.action);
        Charged::write_all(&self.charges, record);
        write_commitments(&self.commitments, record);
        record.member("decision").push_str(self.decision.text());
        record.string("direction", self.direction.as_str());
        self.facts.write(record.member("facts"));
        if let Some(delegates) = &self.delegates {
            delegates.to_value().write(record.member("hands_on"));
        }
        record.string("method", &self.method);
        if let Some(retry) = &self.retry {
            retry.write(record.member("retry"));
        }
        record.string("server", &self.server);
        if let Some(tool) = &self.tool {
            record.string("tool", tool);
        }
    }

    pub(super) fn read<const N: usize>(
        record: &mut MemberReader<'_, N>,
    ) -> Result<Self, MalformedRecord> {
        Ok(Self {
            action: record.string("action")?.into_owned(),
            charges: Charged::read_all(record)?,
            commitments: read_commitments(record)?,
            decision: OpenDecision::read(record.required("decision")?)?,
            direction: record.word(
                "direction",
                MessageDirection::parse,
                "`to_server` or `to_client`",
            )?,
            facts: Facts::read("facts", record.required("facts")?)?,
            delegates: match record.optional("hands_on") {
                Some(span) => Some(DelegationRequest::from_value(&value("hands_on", span)?)?),
                None => None,
            },
            method: record.name("method")?,
            retry: record.optional("retry").map(RecordedRetry::read).transpose()?,
            server: record.name("server")?,
            tool: record.optional_name("tool")?,
        })
    }
}
