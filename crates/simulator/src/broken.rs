use std::fmt;

/// A law of the design, or what a run itself needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// 1. No effect without a permit.
    Permit,
    /// 2. Durable before release.
    Durable,
    /// 3. Same inputs, same bytes.
    Bytes,
    /// 4. Fail closed.
    Closed,
    /// 5. Check it yourself.
    Checked,
    /// The simulator could not go on.
    Run,
}

/// A law that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub law: Law,
    /// What the checker saw.
    pub what: String,
}

impl Broken {
    pub(crate) fn new(law: Law, what: impl Into<String>) -> Self {
        Self { law, what: what.into() }
    }

    pub(crate) fn run(what: impl fmt::Display) -> Self {
        Self::new(Law::Run, what.to_string())
    }
}

/// Nothing where it holds.
pub(crate) fn holds(is_so: bool, law: Law, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if is_so { Ok(()) } else { Err(Broken::new(law, what())) }
}
