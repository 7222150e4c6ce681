use ledger::Disk;
use proof::json::{Value, number, object};

use super::Driver;

impl<D: Disk> Driver<D> {
    /// What the node is doing, for a person who asks.
    pub(super) fn status(&self) -> Value {
        let state = self.kernel.state();
        let reductions = state.reductions(self.clock.now().wall_ms).map(|(signed, standing)| {
            let about = ("about", Value::from(signed.proposal.change.about()));
            let why = standing.err().map(|why| ("why_not", Value::from(why.to_string())));
            object([about].into_iter().chain(why))
        });
        let reductions = Value::Array(reductions.collect());
        let executions = u64::try_from(state.executions().count()).unwrap_or(u64::MAX);
        object([
            ("bundle", Value::from(state.bundle().digest().to_string())),
            ("executions", number(executions)),
            ("governance", state.governance().position().to_value()),
            ("records", number(state.size())),
            ("reductions", reductions),
            ("type", Value::from("status")),
            ("v", Value::Integer(1)),
            ("verified", Value::Bool(state.is_verified())),
        ])
    }
}
