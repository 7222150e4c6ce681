//! Erasing what ended executions sealed, through the running node or, where none runs, in the folder itself.

use kernel::lineage::ErasedFor;
use proof::json::{Value, number, object};
use proof::limits::INTEGER_MAX;
use proof::record::Fields;

use crate::driver::Kernel;
use crate::limits::ERASED_AT_ONCE_MAX;
use crate::marks::{Mark, SeenChange};
use crate::{Direct, Error, Options, client};

/// Which executions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(String),
    /// All that ended before this time, in milliseconds since the Unix epoch.
    EndedBefore(i64),
}

/// What came of one execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// The execution.
    pub execution: String,
    /// Index of the record that says so; none in a trial. Or why it was not erased: `execution.live`, `execution.line`,
    /// `execution.unknown`, `refused.storage`, or `key.destroy` where it is on record and the key is still there.
    pub result: Result<Option<u64>, String>,
}

/// Erases, or tells what would be erased (`is_trial`).
///
/// # Errors
/// `socket` or `peer` where the running node does not do it; as [`crate::start`] where none runs.
pub async fn erase(options: &Options, which: &Which, is_trial: bool) -> Result<Vec<Erased>, Error> {
    if client::runs(options)? {
        return client::erase(options, which, is_trial);
    }
    let os_user = rustix::process::geteuid().as_raw();
    let opened = Direct::open(options).await;
    let (node, thread) = opened.map_err(|why| match why.code() {
        "locked" => Error::unreachable(&options.officer_socket, &why),
        _ => why,
    })?;
    let mut erased = Vec::new();
    loop {
        let some = carry_out(node.kernel(), which, (os_user, is_trial)).await;
        let some = some.ok_or_else(|| Error::peer(&"the node stopped"))?;
        let is_last = is_trial || some.len() < ERASED_AT_ONCE_MAX;
        erased.extend(some);
        if is_last {
            break;
        }
    }
    node.stop(thread).await;
    remember(options, &erased);
    Ok(erased)
}

/// The answer's line, once the erasures are remembered. Empty where the kernel has stopped.
pub(crate) async fn remembered(options: &Options, erased: Option<Vec<Erased>>) -> Vec<u8> {
    let Some(erased) = erased else { return Vec::new() };
    let answer = crate::hello::line(&answer(&erased));
    let options = options.clone();
    let _ended = tokio::task::spawn_blocking(move || remember(&options, &erased)).await;
    answer
}

/// Remembers erasures beside the lineage log's mark, so that who brings back an older copy is told which ones that undoes.
fn remember(options: &Options, erased: &[Erased]) {
    let at = crate::clock::wall_ms();
    let change = |one: &Erased| {
        let index = one.result.as_ref().ok().copied().flatten()?;
        Some(SeenChange { index, at, what: format!("the erasure of {}", one.execution) })
    };
    let changes: Vec<SeenChange> = erased.iter().filter_map(change).collect();
    if changes.is_empty() {
        return;
    }
    if let Err(why) = Mark::lineage(options).remember_more(changes) {
        crate::say(format_args!("erasures were not remembered beside the log's head: {why}"));
    }
}

/// At most [`ERASED_AT_ONCE_MAX`] of them. None when the kernel has stopped.
pub(crate) async fn carry_out(
    kernel: &Kernel,
    which: &Which,
    (os_user, is_trial): (u32, bool),
) -> Option<Vec<Erased>> {
    let (mut executions, reason) = match which {
        Which::One(id) => (vec![id.clone()], ErasedFor::Asked),
        Which::EndedBefore(at) => {
            let ended = kernel.ended_executions().await?.into_iter().filter(|(_, end)| end < at);
            (ended.map(|(id, _)| id).collect(), ErasedFor::Retention)
        }
    };
    if is_trial {
        let ended = kernel.ended_executions().await?;
        let would = |id: String| {
            let has_ended = ended.iter().any(|(one, _)| *one == id);
            let result = if has_ended { Ok(None) } else { Err("execution.not_ended".to_owned()) };
            Erased { execution: id, result }
        };
        return Some(executions.into_iter().map(would).collect());
    }
    executions.truncate(ERASED_AT_ONCE_MAX);
    // All are asked for before any is waited for: their records share the disk's syncs.
    let asked = |id: String| (kernel.erase(id.clone(), os_user, reason), id);
    let mut erased = Vec::new();
    for (answer, execution) in executions.into_iter().map(asked).collect::<Vec<_>>() {
        let result = answer.await?.map(Some).map_err(str::to_owned);
        erased.push(Erased { execution, result });
    }
    Some(erased)
}

impl Which {
    pub(crate) fn write(&self, mut put: impl FnMut(&str, Value)) {
        match self {
            Self::One(id) => put("execution", Value::from(id.as_str())),
            Self::EndedBefore(at) => {
                put("ended_before", Value::Integer((*at).clamp(-INTEGER_MAX, INTEGER_MAX)))
            }
        }
    }

    pub(crate) fn read(fields: &Fields<'_>) -> Result<Self, Box<dyn std::error::Error>> {
        match (fields.has("execution"), fields.has("ended_before")) {
            (true, false) => Ok(Self::One(fields.str("execution")?.to_owned())),
            (false, true) => Ok(Self::EndedBefore(fields.integer("ended_before")?)),
            _ => Err("either `execution` or `ended_before` is needed".into()),
        }
    }
}

impl Erased {
    /// Canonical: `execution`, and `record` or `code` where there is one.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut members = vec![("execution", Value::from(self.execution.as_str()))];
        match &self.result {
            Ok(Some(index)) => {
                members.push(("record", number(*index)));
            }
            Ok(None) => {}
            Err(code) => members.push(("code", Value::from(code.as_str()))),
        }
        object(members)
    }

    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        let execution = value.get("execution")?.as_str()?.to_owned();
        let record = value.get("record").and_then(Value::as_i64);
        let result = match value.get("code").and_then(Value::as_str) {
            Some(code) => Err(code.to_owned()),
            None => Ok(record.and_then(|index| u64::try_from(index).ok())),
        };
        Some(Self { execution, result })
    }
}

/// The answer's value.
fn answer(erased: &[Erased]) -> Value {
    object([
        ("executions", Value::Array(erased.iter().map(Erased::to_value).collect())),
        ("type", Value::from("erased")),
        ("v", Value::Integer(1)),
    ])
}
