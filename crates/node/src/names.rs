//! Executions by the beginning of their id, for whoever may know of them.

use kernel::governance::Governance;
use proof::json::{Value, object};

use crate::driver::Kernel;
use crate::hello::line;
use crate::limits::NAMES_MAX;

/// An execution that is called so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its whole id.
    pub execution: String,
    /// Its workload; empty where the execution has ended.
    pub workload: String,
}

/// Which executions are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// How their ids begin.
    pub(crate) beginning: String,
    /// Whether those that ended, and were not erased, are meant instead of those that live.
    pub(crate) ended: bool,
}

/// The answer to who asks: to an officer all of them, to another OS user those of its own workloads.
pub(crate) async fn answer(
    kernel: &Kernel,
    names: &Names,
    only_of: Option<u32>,
) -> Option<Vec<u8>> {
    let found = match names.ended {
        false => kernel.switch.called(&names.beginning, only_of),
        true if only_of.is_some() => Vec::new(),
        true => {
            let ended = kernel.ended_executions().await?.into_iter().map(|one| one.execution);
            let called = ended.filter(|id| id.starts_with(&names.beginning));
            called.map(|execution| Named { execution, workload: String::new() }).collect()
        }
    };
    Some(line(&to_answer(&found)))
}

/// No more than the limit: who asks writes more of the id.
fn to_answer(found: &[Named]) -> Value {
    object([
        ("executions", Value::Array(found.iter().take(NAMES_MAX).map(Named::to_value).collect())),
        ("type", Value::from("names")),
        ("v", Value::Integer(1)),
    ])
}

impl Named {
    fn to_value(&self) -> Value {
        object([
            ("execution", Value::from(self.execution.as_str())),
            ("workload", Value::from(self.workload.as_str())),
        ])
    }

    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        Some(Self { execution: text("execution")?, workload: text("workload")? })
    }
}

/// Whether a workload is this OS user's.
pub(crate) fn is_of(governance: &Governance, workload: &str, os_user: u32) -> bool {
    governance.workload(workload).is_some_and(|one| one.os_user == os_user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_named_than_the_limit() {
        let named = |nth: usize| Named { execution: format!("e{nth}"), workload: "agent".into() };
        let all: Vec<Named> = (0..NAMES_MAX + 5).map(named).collect();
        let answer = to_answer(&all);
        let told = answer.get("executions").and_then(Value::as_array).unwrap();
        assert_eq!(told.len(), NAMES_MAX);
        assert_eq!(told.first().and_then(Named::from_value), all.first().cloned());
    }
}
