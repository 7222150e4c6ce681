use proof::digest::Digest;

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
}

#[cfg(test)]
mod tests;
