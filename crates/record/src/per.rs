/// Whose use a meter adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// Each execution's for itself.
    Execution,
    /// All executions' of a workload.
    Workload,
    /// All executions' of a zone's workloads.
    Zone,
    /// All executions' of a node.
    Node,
}

impl Per {
    /// All of them, from narrow to wide.
    pub const ALL: [Per; 4] = [Per::Execution, Per::Workload, Per::Zone, Per::Node];

    /// The word used in bundles and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Per::Execution => "execution",
            Per::Workload => "workload",
            Per::Zone => "zone",
            Per::Node => "node",
        }
    }

    /// What that word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Per> {
        Per::ALL.into_iter().find(|per| per.as_str() == word)
    }
}
