use proof::json::{Value, object};

/// What one `@approval` asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApprovalRule {
    /// The governance role whose officers approve.
    pub role: String,
    /// How many different ones of them.
    pub count: u64,
    /// Within how many milliseconds of the pending record: the approvals, and the retry too.
    pub within_ms: i64,
}

impl ApprovalRule {
    /// The canonical object: `count`, `role`, `within_ms`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        object([
            ("count", Value::Integer(i64::try_from(self.count).unwrap_or(i64::MAX))),
            ("role", Value::from(self.role.as_str())),
            ("within_ms", Value::Integer(self.within_ms)),
        ])
    }

    /// Reads what [`ApprovalRule::to_value`] wrote; none where it is anything else.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<ApprovalRule> {
        let members = value.as_object().filter(|members| members.len() == 3)?;
        Some(ApprovalRule {
            role: members.get("role")?.as_str()?.to_owned(),
            count: members.get("count")?.as_i64()?.try_into().ok()?,
            within_ms: members.get("within_ms")?.as_i64()?,
        })
    }
}
