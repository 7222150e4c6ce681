use ledger::Disk;
use proof::json::{Value, number, object};

use super::Driver;

impl<D: Disk> Driver<D> {
    /// What the node is doing, for a person who asks. Whom officers took something from is for the node's own user: it names
    /// others, and telling it takes work for each.
    pub(super) fn status(&self, is_local: bool) -> Value {
        let state = self.kernel.state();
        let taken = is_local.then(|| {
            let (trust, halts) = state.governance().standing();
            let below = trust.filter(|(_, trust)| *trust != policy::Trust::Trusted);
            let below = below.map(|(subject, trust)| {
                let trust = ("trust", Value::from(trust.as_str()));
                object([("subject", Value::from(subject.to_string())), trust])
            });
            let halts = halts.map(|subject| Value::from(subject.to_string()));
            [
                ("halted", Value::Array(halts.collect())),
                ("reductions", self.reductions_told()),
                ("trust", Value::Array(below.collect())),
            ]
        });
        let executions = u64::try_from(state.executions().count()).unwrap_or(u64::MAX);
        let members = [
            ("bundle", Value::from(state.bundle().digest().to_string())),
            ("executions", number(executions)),
            ("governance", state.governance().position().to_value()),
            ("records", number(state.size())),
            ("type", Value::from("status")),
            ("v", Value::Integer(1)),
            ("verified", Value::Bool(state.is_verified())),
        ];
        object(members.into_iter().chain(taken.into_iter().flatten()))
    }

    fn reductions_told(&self) -> Value {
        let (state, wall_ms) = (self.kernel.state(), self.clock.now().wall_ms);
        let governance = state.governance();
        let told = state.reductions().map(|signed| {
            let standing = governance.check_owed(wall_ms, &signed);
            let about = ("about", Value::from(signed.proposal.change.about()));
            let why = standing.err().map(|why| ("why_not", Value::from(why.to_string())));
            object([about].into_iter().chain(why))
        });
        Value::Array(told.collect())
    }
}
