//! Records about stops, and the changes that a governance log accepts after a clock step or where
//! one would give something back. They were added after the first vectors were frozen.

use proof::json::{Value, number, object};
use record::lineage::LineageRecord;

use crate::lineage::{of_execution, of_node};
use crate::{Outcome, agree, case, digest, with, without};

/// Ends whose messages were withheld, and steps of the clock.
pub(crate) fn cases() -> Outcome<Vec<Value>> {
    let commitments = object([("message", digest("message"))]);
    let completed = [
        ("commitments", commitments),
        ("decided_seq", number(1)),
        ("outcome", "result".into()),
        ("withheld", "execution.halted".into()),
    ];
    let completed = of_execution("transition.completed", 2, &completed);
    let after = [("code", "trust.insufficient".into()), ("decided_seq", number(1))];
    let stepped = of_node("clock.stepped", &[("by_ms", Value::Integer(-172_800_000))]);
    let cases = [
        (true, "transition.completed, withheld", completed.clone()),
        (true, "transition.withheld, of a result", of_execution("transition.withheld", 3, &after)),
        (true, "clock.stepped", stepped.clone()),
        (false, "withheld for no reason", with(&completed, "withheld", "")),
        (false, "withheld for a reason that is no name", with(&completed, "withheld", true)),
        (false, "a step of no known length", without(&stepped, "by_ms")),
        (false, "a step of a length in words", with(&stepped, "by_ms", "1")),
        (false, "a step with another member", with(&stepped, "from", number(1))),
        (false, "a step of an execution's clock", with(&stepped, "execution", "x1")),
    ];
    let write = |(accept, name, record): (bool, &str, Value)| {
        agree(name, accept, LineageRecord::parse(&record.to_bytes()).is_ok())?;
        case(accept, name, &record)
    };
    cases.into_iter().map(write).collect()
}
