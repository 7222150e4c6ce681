//! How long the long runs are.

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What every push needs, within the time that a push may take.
    Push,
    /// Everything that takes longer: before a release, and after a change of what it looks at.
    Deep,
}
