use proof::json::{Object, Value, number};

use super::Body;
use crate::members::{MalformedRecord, members, name, wrong};

/// Why an execution was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasedFor {
    /// Somebody asked for this execution.
    Asked,
    /// It was older than what is kept.
    Retention,
}

impl ErasedFor {
    /// The name in records: `asked` or `retention`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Retention => "retention",
        }
    }

    /// Reads the name in records.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Asked, Self::Retention].into_iter().find(|one| one.as_str() == text)
    }
}

pub(super) fn write(execution: &str, os_user: u32, reason: ErasedFor, into: &mut Object) {
    into.insert("erased", Value::from(execution));
    into.insert("os_user", number(u64::from(os_user)));
    into.insert("reason", Value::from(reason.as_str()));
}

pub(super) fn read(value: &Value) -> Result<Body, MalformedRecord> {
    let members = members(value, &["erased", "os_user", "reason"])?;
    let os_user = u32::try_from(members.integer("os_user")?);
    let reason = ErasedFor::parse(members.str("reason")?);
    Ok(Body::Erased {
        execution: name(&members, "erased")?,
        os_user: os_user.map_err(|_| wrong("os_user", "a user id of 32 bits"))?,
        reason: reason.ok_or_else(|| wrong("reason", "asked or retention"))?,
    })
}
