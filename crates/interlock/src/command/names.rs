//! Names as people write them: the beginning of an execution's id, and known names near to an
//! unknown one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use api::execution::{EndedQuery, ExecutionQuery};
use client::Client;
use kernel::governance::Governance;
use node::Options;
use proof::note::Ed25519Signer;
use record::governance::{Change, Subject};
use record::lineage::{Body, LineageRecord};

use super::officer::Asker;
use crate::domain::{self, LogChoice};
use crate::exit::{Exit, Failure};
use crate::limits::{BEGINNING_MIN, CALLED_MAX, EXECUTION_ID_CHARS, NAMED_MS_MAX, NEAR_MAX};

/// The least similarity of a name that is suggested as near.
const LIKENESS_MIN: f64 = 0.7;

/// Which executions a beginning may stand for.
#[derive(Clone, Copy)]
pub(super) enum CandidateExecutions<'a> {
    /// Those that go on; with an officer's key also those of other OS users.
    Live(Option<&'a Ed25519Signer>),
    /// Those that ended, else those that go on.
    Ended,
}

/// The subject of an order with an execution's whole id. A subject that governance knows, and a
/// whole id, stay as they were written.
pub(super) fn subject(
    options: &Options,
    subject: Subject,
    key: Option<&Ed25519Signer>,
) -> Result<Subject, Failure> {
    let is_known = || {
        node::domain::governance(options).is_ok_and(|governance| {
            let (mut trust, mut halts) = governance.standing();
            trust.any(|(known, _)| *known == subject) || halts.any(|known| *known == subject)
        })
    };
    match &subject {
        Subject::Execution(id) if id.chars().count() != EXECUTION_ID_CHARS && !is_known() => {
            execution(options, id, CandidateExecutions::Live(key)).map(Subject::Execution)
        }
        _ => Ok(subject),
    }
}

/// The whole id of an execution. A beginning is enough where only one id has it; a text that is no
/// whole id and the beginning of none names no execution now or later, and is an error.
pub(super) fn execution(
    options: &Options,
    id: &str,
    sought: CandidateExecutions<'_>,
) -> Result<String, Failure> {
    match id.chars().count() {
        EXECUTION_ID_CHARS => return Ok(id.to_owned()),
        chars if chars > EXECUTION_ID_CHARS => {
            return Err(nothing_done(format!("`{id}` is longer than an execution's id")));
        }
        chars if chars < BEGINNING_MIN => {
            let what = format!("`{id}` is too short for the beginning of an execution's id");
            return Err(nothing_done(what)
                .help(format!("nothing was done; write at least {BEGINNING_MIN} characters")));
        }
        _ => {}
    }
    let node = super::node(options).within(Duration::from_millis(NAMED_MS_MAX));
    let found = match node.is_running() {
        Ok(true) => {
            let found = executions_with_beginning(options, &node, id, sought);
            // An order is for what was written, whatever the node names.
            found
                .map(|found| {
                    found.into_iter().filter(|(one, _)| one.starts_with(id)).collect::<Vec<_>>()
                })
                .map_err(|why| why.to_string())
        }
        Ok(false) => Err("no node runs".to_owned()),
        Err(why) => Err(why.to_string()),
    };
    // The log in the folder says it too, to a user who may read it.
    let in_log = || started(&options.folder).map_err(|_| ());
    let is_told = found.is_ok();
    let found = match found {
        Ok(found) => found,
        Err(why) => {
            let begun = in_log().map_err(|()| {
                nothing_done(format!("which execution begins with `{id}` cannot be told: {why}"))
                    .help("nothing was done; write the whole id, of 22 characters")
            })?;
            let ended = node::domain::governance(options);
            let goes_on =
                |one: &str| !ended.as_ref().is_ok_and(|governance| governance.is_ended(one));
            begun
                .into_iter()
                .filter(|(one, _)| one.starts_with(id))
                .filter(|(one, _)| matches!(sought, CandidateExecutions::Ended) || goes_on(one))
                .collect()
        }
    };
    if found.is_empty() {
        return Err(match is_told.then(|| ended_already(&node, id)).flatten() {
            Some(ended) => already_ended(&ended),
            None => nothing_done(format!("no execution here begins with `{id}`"))
                .help("nothing was done; `interlock log show` lists ids, and a whole one acts"),
        });
    }
    one_of(id, found)
}

fn nothing_done(what: String) -> Failure {
    Failure::new(Exit::Denied, what).code("execution.unknown").help("nothing was done")
}

/// The execution of this id or beginning that has ended, as far as the node says it to who asks.
pub(super) fn ended_already(node: &Client, id: &str) -> Option<String> {
    let query = EndedQuery { beginning: Some(id.to_owned()), ..EndedQuery::default() };
    let [one] = <[_; 1]>::try_from(node.ended(&query).ok()?.executions).ok()?;
    Some(one.execution).filter(|one| one.starts_with(id))
}

/// There is nothing left to stop of an execution.
pub(super) fn already_ended(execution: &str) -> Failure {
    Failure::new(Exit::Denied, format!("the execution {execution} has ended already"))
        .code("execution.ended")
        .help("nothing was done, and nothing of it goes on")
}

/// Executions that the running node names for this beginning, with the workloads of those that go
/// on.
fn executions_with_beginning(
    options: &Options,
    node: &Client,
    id: &str,
    sought: CandidateExecutions<'_>,
) -> Result<Vec<(String, String)>, client::Error> {
    let (beginning, limit) = (Some(id.to_owned()), Some(CALLED_MAX));
    if matches!(sought, CandidateExecutions::Ended) {
        let page = node.ended(&EndedQuery {
            beginning: beginning.clone(),
            limit,
            ..EndedQuery::default()
        })?;
        if !page.executions.is_empty() {
            let ended = page.executions.into_iter().map(|one| (one.execution, String::new()));
            return Ok(ended.collect());
        }
    }
    let page =
        node.executions(&ExecutionQuery { beginning, limit, ..ExecutionQuery::default() })?;
    let mut found: BTreeMap<String, String> =
        page.executions.into_iter().map(|one| (one.execution, one.workload)).collect();
    // An officer of another OS user is shown its own alone: a beginning may be others' too.
    if let CandidateExecutions::Live(Some(key)) = sought
        && let Ok(asker) = Asker::of(options, node, key.clone())
        && let Ok(named) = node.search_executions(&asker.officer(), id)
    {
        found.extend(named.executions.into_iter().map(|one| (one.execution, one.workload)));
    }
    Ok(found.into_iter().collect())
}

fn one_of(id: &str, found: Vec<(String, String)>) -> Result<String, Failure> {
    match found.as_slice() {
        [(one, _)] => Ok(one.clone()),
        several => {
            let each = several.iter().map(|(one, workload)| match workload.as_str() {
                "" => one.clone(),
                workload => format!("{one} ({workload})"),
            });
            let each = each.collect::<Vec<_>>().join(", ");
            Err(Failure::new(
                Exit::Denied,
                format!("more than one execution begins with `{id}`: {each}"),
            )
            .code("ambiguous")
            .help("nothing was done; write more of the id"))
        }
    }
}

/// Every execution that began in the domain's lineage log, with its workload.
pub(super) fn started(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let log = domain::log(folder, Some(&LogChoice::Lineage))?;
    let mut started = Vec::new();
    for entry in log.entries(0)? {
        let Ok(record) = LineageRecord::parse(&entry?.record) else { continue };
        if let (Body::Started { workload, .. }, Some(link)) = (record.body, record.header.link) {
            started.push((link.execution, workload));
        }
    }
    Ok(started)
}

/// Looks in the folder's logs for the name that a change has: `None` where it is known, else the
/// names near to it.
pub(super) fn in_folder(options: &Options, change: &Change) -> Option<Vec<String>> {
    let governance = node::domain::governance(options).ok()?;
    let subject = match change {
        Change::HaltOrdered { subject }
        | Change::HaltLifted { subject }
        | Change::TrustChanged { subject, .. } => subject.clone(),
        Change::ExecutionEnded { execution } => Subject::Execution(execution.clone()),
        _ => return None,
    };
    let mut names = of_governance(&governance);
    names.insert(Subject::Node(options.node.clone()));
    // The whole log is read for an execution alone.
    if matches!(subject, Subject::Execution(_)) {
        let begun = started(&options.folder).unwrap_or_default().into_iter();
        names.extend(begun.map(|(id, _)| Subject::Execution(id)));
    }
    (!names.contains(&subject)).then(|| near(&subject, &names))
}

fn of_governance(governance: &Governance) -> BTreeSet<Subject> {
    let mut names = BTreeSet::from([Subject::Domain]);
    for workload in governance.workloads() {
        names.insert(Subject::Workload(workload.name.clone()));
        names.insert(Subject::Zone(workload.zone.clone()));
    }
    names.extend(governance.nodes().map(|(node, _)| Subject::Node(node.to_owned())));
    names
}

/// The names of the same kind that are most similar.
fn near(wanted: &Subject, names: &BTreeSet<Subject>) -> Vec<String> {
    let wanted = wanted.to_string();
    let (kind, wanted) = wanted.split_once(':').unwrap_or(("", &wanted));
    let each = names.iter().map(Subject::to_string);
    let mut near: Vec<(f64, String)> = each
        .filter_map(|name| {
            let (_, bare) = name.split_once(':').filter(|(of, _)| *of == kind)?;
            Some((strsim::jaro_winkler(wanted, bare), name))
        })
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    near.into_iter().take(NEAR_MAX).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_of_several_is_an_error_that_names_them() {
        let found =
            |ids: &[&str]| ids.iter().map(|id| ((*id).to_owned(), "agent".to_owned())).collect();
        assert_eq!(one_of("abcd", found(&["abcdef"])).unwrap(), "abcdef");
        let several = one_of("abcd", found(&["abcd1", "abcd2"])).unwrap_err();
        assert_eq!(several.exit(), Exit::Denied);
        assert!(several.sentence().contains("abcd1 (agent), abcd2 (agent)"));
    }

    #[test]
    fn a_text_that_can_be_no_id_is_an_error() {
        let nowhere = crate::config::sockets_alone(Path::new("/nowhere"));
        let named = |id: &str| execution(&nowhere, id, CandidateExecutions::Live(None));
        let whole = "4ec1abR0dQeTz9bZQ1c2Aw";
        assert_eq!(named(whole).unwrap(), whole, "a whole id acts, whatever it is of");
        for (id, why) in [
            ("abc", "too short"),
            ("4ec1abR0dQeTz9bZQ1c2Awx", "longer than"),
            ("abcd", "cannot be told"),
        ] {
            let refused = named(id).unwrap_err();
            assert_eq!(refused.exit(), Exit::Denied);
            assert!(refused.sentence().contains(why), "{}", refused.sentence());
        }
    }

    #[test]
    fn near_names_are_of_the_same_kind() {
        let names =
            ["workload:agent", "workload:reader", "node:agent-1"].map(|one| one.parse().unwrap());
        let near = near(&"workload:agnt".parse().unwrap(), &BTreeSet::from(names));
        assert_eq!(near, ["workload:agent"]);
    }
}
