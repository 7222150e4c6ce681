use ledger::Disk;
use proof::json::{Value, object};

use super::Driver;

impl<D: Disk> Driver<D> {
    /// What the node is doing, for a person who asks.
    pub(super) fn status(&self) -> Value {
        let state = self.kernel.state();
        let count = |n: usize| Value::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        object([
            ("bundle", Value::from(state.bundle().digest().to_string())),
            ("executions", count(state.executions().count())),
            ("governance", state.governance().position().to_value()),
            ("records", count(usize::try_from(state.size()).unwrap_or(usize::MAX))),
            ("type", Value::from("status")),
            ("v", Value::Integer(1)),
            ("verified", Value::Bool(state.is_verified())),
        ])
    }
}
