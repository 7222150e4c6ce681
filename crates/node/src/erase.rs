//! Erasing what ended executions sealed, through the running node or, where none runs, in the
//! folder itself.

use api::execution::{EndedExecution, Erasure, ErasureRequest};
use proof::json::{Value, number, object};
use record::lineage::ErasedFor;

use crate::driver::KernelHandle;
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

/// What one question is about: at most [`ERASED_AT_ONCE_MAX`] executions, in the order of their
/// ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) which: Which,
    /// Those after this one; all where there is none.
    pub(crate) after: Option<String>,
    /// Whether nothing is erased, and what would be is told.
    pub(crate) is_trial: bool,
}

/// Why an execution may not be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum NotErasable {
    /// It has not ended.
    #[error("execution.live")]
    Live,
    /// Others that go on are decided by what it did.
    #[error("execution.line")]
    Line,
    /// No execution of this id has ended, or it was erased.
    #[error("execution.unknown")]
    Unknown,
}

impl NotErasable {
    /// The code of the refusal.
    fn code(self) -> &'static str {
        match self {
            Self::Live => "execution.live",
            Self::Line => "execution.line",
            Self::Unknown => "execution.unknown",
        }
    }
}

/// One execution of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    execution: String,
    may_erase: Result<(), NotErasable>,
}

/// What came of one execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// The execution.
    pub execution: String,
    /// Index of the record that says so; none in a trial. Or why it was not erased:
    /// `execution.live`, `execution.line`, `execution.unknown`, `refused.storage`, or `key.destroy`
    /// where it is on record and the key is still there.
    pub result: Result<Option<u64>, String>,
}

/// Erases, or tells what would be erased (`is_trial`).
///
/// # Errors
/// `socket` or `peer` where the running node does not do it; as [`crate::start`] where none runs.
pub async fn erase(options: &Options, which: &Which, is_trial: bool) -> Result<Vec<Erased>, Error> {
    if client::runs(options)? {
        return by_node(options, which, is_trial);
    }
    let os_user = rustix::process::geteuid().as_raw();
    let opened = Direct::open(options).await;
    let (node, thread) = opened.map_err(|why| match why.code() {
        "locked" => Error::unreachable(&options.officer_socket, &why),
        _ => why,
    })?;
    let mut erased = Vec::new();
    let mut next = Some(Page::first(which, is_trial));
    while let Some(page) = next {
        let some = carry_out(node.kernel(), &page, os_user).await;
        let some = some.ok_or_else(|| Error::peer(&"the node stopped"))?;
        next = page.next(&some);
        erased.extend(some);
    }
    node.stop(thread).await;
    remember(options, &erased);
    Ok(erased)
}

/// Has the running node erase, a thousand executions at a time.
fn by_node(options: &Options, which: &Which, is_trial: bool) -> Result<Vec<Erased>, Error> {
    let node = client::node(options);
    let mut erased = Vec::new();
    let mut next = Some(Page::first(which, is_trial));
    while let Some(page) = next {
        let some = node.erase(&page.to_request()).map_err(|why| Error::client(&why))?;
        let some: Vec<Erased> = some.executions.into_iter().map(Erased::of_reply).collect();
        next = page.next(&some);
        erased.extend(some);
    }
    Ok(erased)
}

/// Erases a page, and remembers what was erased. None when the kernel has stopped.
pub(crate) async fn carry_out_and_remember(
    options: &Options,
    kernel: &KernelHandle,
    page: &Page,
    os_user: u32,
) -> Option<Vec<Erased>> {
    let erased = carry_out(kernel, page, os_user).await?;
    let (options, remembered) = (options.clone(), erased.clone());
    let _ended = tokio::task::spawn_blocking(move || remember(&options, &remembered)).await;
    Some(erased)
}

/// Remembers erasures beside the lineage log's mark, so that who brings back an older copy is told
/// which ones that undoes.
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

/// Erases a page of them, or tells of it. None when the kernel has stopped.
pub(crate) async fn carry_out(
    kernel: &KernelHandle,
    page: &Page,
    os_user: u32,
) -> Option<Vec<Erased>> {
    let reason = match &page.which {
        Which::One(_) => ErasedFor::Asked,
        Which::EndedBefore(_) => ErasedFor::Retention,
    };
    let sought = match &page.which {
        // What became of one that is no more among those that ended, the kernel says.
        Which::One(id) if !page.is_trial => {
            vec![Candidate { execution: id.clone(), may_erase: Ok(()) }]
        }
        Which::One(id) if !kernel.switch.visible(id, None).is_empty() => {
            vec![Candidate { execution: id.clone(), may_erase: Err(NotErasable::Live) }]
        }
        _ => page.of(kernel.ended_executions().await?),
    };
    if page.is_trial {
        return Some(sought.into_iter().map(Candidate::untouched).collect());
    }
    // All are asked for before any is waited for: their records share the disk's syncs.
    let asked = |Candidate { execution, may_erase }| {
        (may_erase.map(|()| kernel.erase(execution.clone(), os_user, reason)), execution)
    };
    let mut erased = Vec::new();
    for (answer, execution) in sought.into_iter().map(asked).collect::<Vec<_>>() {
        let result = match answer {
            Ok(answer) => answer.await?.map(Some).map_err(|why| why.to_string()),
            Err(why) => Err(why.code().to_owned()),
        };
        erased.push(Erased { execution, result });
    }
    Some(erased)
}

impl Page {
    /// The first one of these.
    pub(crate) fn first(which: &Which, is_trial: bool) -> Self {
        Self { which: which.clone(), after: None, is_trial }
    }

    /// The one after this, unless this was the last. Whatever came of its executions, the next one
    /// goes on behind them.
    pub(crate) fn next(self, erased: &[Erased]) -> Option<Self> {
        let last = erased.last().filter(|_| erased.len() >= ERASED_AT_ONCE_MAX)?;
        Some(Self { after: Some(last.execution.clone()), ..self })
    }

    /// The executions of this page.
    fn of(&self, ended: Vec<EndedExecution>) -> Vec<Candidate> {
        let may = |is_kept: bool| if is_kept { Err(NotErasable::Line) } else { Ok(()) };
        match &self.which {
            Which::One(id) => {
                let found = ended.iter().find(|one| one.execution == *id);
                let may_erase = found.map_or(Err(NotErasable::Unknown), |one| may(one.is_kept));
                vec![Candidate { execution: id.clone(), may_erase }]
            }
            Which::EndedBefore(at) => ended
                .into_iter()
                .filter(|one| one.ended_ms < *at)
                .filter(|one| self.after.as_ref().is_none_or(|after| one.execution > *after))
                .take(ERASED_AT_ONCE_MAX)
                .map(|one| Candidate { may_erase: may(one.is_kept), execution: one.execution })
                .collect(),
        }
    }

    /// What a request asks for. None where it names no execution and no time, or both.
    pub(crate) fn of_request(request: ErasureRequest) -> Option<Self> {
        let ErasureRequest { execution, ended_before_ms, after, is_trial } = request;
        let which = match (execution, ended_before_ms) {
            (Some(id), None) => Which::One(id),
            (None, Some(at)) => Which::EndedBefore(at),
            _ => return None,
        };
        Some(Self { which, after, is_trial })
    }

    fn to_request(&self) -> ErasureRequest {
        let (execution, ended_before_ms) = match &self.which {
            Which::One(id) => (Some(id.clone()), None),
            Which::EndedBefore(at) => (None, Some(*at)),
        };
        let (after, is_trial) = (self.after.clone(), self.is_trial);
        ErasureRequest { execution, ended_before_ms, after, is_trial }
    }
}

impl Candidate {
    /// What a trial tells of it: nothing is erased.
    fn untouched(self) -> Erased {
        let result = self.may_erase.map(|()| None).map_err(|why| why.code().to_owned());
        Erased { execution: self.execution, result }
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

    /// The same in the words of the interface.
    pub(crate) fn to_reply(&self) -> Erasure {
        let (record, code) = match &self.result {
            Ok(record) => (*record, None),
            Err(code) => (None, Some(code.clone())),
        };
        Erasure { execution: self.execution.clone(), record, code }
    }

    fn of_reply(Erasure { execution, record, code }: Erasure) -> Self {
        Self { execution, result: code.map_or(Ok(record), Err) }
    }
}

#[cfg(test)]
mod tests;
