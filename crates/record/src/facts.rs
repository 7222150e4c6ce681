use proof::digest::Digest;
use proof::json::Span;

use crate::members::MalformedRecord;
use crate::reader::MemberReader;
use crate::writer::MemberWriter;

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

impl Facts {
    /// The facts of an evaluation that states none: 1 January 2026, a separated workload.
    pub const DEFAULT: Facts =
        Facts { at: 1_767_225_600_000, assurance: Assurance::Separated, definition: None };

    pub(crate) fn write(&self, text: &mut String) {
        let mut members = MemberWriter::begin(text);
        members.string("assurance", self.assurance.as_str());
        members.integer("at", self.at);
        if let Some(definition) = &self.definition {
            members.digest("definition", definition);
        }
        members.end();
    }

    pub(crate) fn read(name: &str, span: Span<'_>) -> Result<Self, MalformedRecord> {
        let mut members = MemberReader::of(name, span)?;
        let words = "cooperative, separated, confined or attested";
        let assurance = members.word("assurance", Assurance::parse, words)?;
        let at = members.integer("at")?;
        let definition = members.optional_digest("definition")?;
        members.end()?;
        Ok(Self { at, assurance, definition })
    }
}

#[cfg(test)]
mod tests;
