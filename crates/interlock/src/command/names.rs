//! Names as people write them: the beginning of an execution's id, and known names near to an
//! unknown one.

use std::collections::BTreeSet;
use std::path::Path;

use api::execution::{EndedQuery, ExecutionQuery};
use client::Client;
use kernel::governance::{Change, Governance, Subject};
use kernel::lineage::{Body, LineageRecord};
use node::Options;

use crate::domain::{self, LogChoice};
use crate::exit::{Exit, Failure};
use crate::limits::{BEGINNING_MIN, CALLED_MAX, EXECUTION_ID_CHARS, NEAR_MAX};

/// The least similarity of a name that is suggested as near.
const LIKENESS_MIN: f64 = 0.7;

/// The subject with an execution's whole id. An unknown subject stays as it was written.
pub(super) fn subject(options: &Options, subject: Subject) -> Result<Subject, Failure> {
    match subject {
        Subject::Execution(id) => execution(options, &id, false).map(Subject::Execution),
        other => Ok(other),
    }
}

/// The whole id of an execution that lives, or of one that ended. A beginning is enough where only
/// one id has it.
pub(super) fn execution(options: &Options, id: &str, ended: bool) -> Result<String, Failure> {
    if !is_beginning(id) {
        return Ok(id.to_owned());
    }
    let node = super::node(options);
    let found = match node.is_running() {
        Ok(true) => called(&node, id, ended),
        _ => Ok(started(&options.folder)
            .unwrap_or_default()
            .into_iter()
            .filter(|(one, _)| one.starts_with(id))
            .collect()),
    };
    // Where the names cannot be read, the order acts all the same.
    one_of(id, found.unwrap_or_default())
}

/// Executions of the running node with ids of this beginning, with the workloads of those that go
/// on.
fn called(node: &Client, id: &str, ended: bool) -> Result<Vec<(String, String)>, client::Error> {
    let (beginning, limit) = (Some(id.to_owned()), Some(CALLED_MAX));
    if ended {
        let page = node.ended(&EndedQuery { beginning, limit, ..EndedQuery::default() })?;
        return Ok(page.executions.into_iter().map(|one| (one.execution, String::new())).collect());
    }
    let page =
        node.executions(&ExecutionQuery { beginning, limit, ..ExecutionQuery::default() })?;
    Ok(page.executions.into_iter().map(|one| (one.execution, one.workload)).collect())
}

/// Whether a text may be the beginning of an id. A text that is too short, and a whole id, stand
/// for themselves.
fn is_beginning(id: &str) -> bool {
    (BEGINNING_MIN..EXECUTION_ID_CHARS).contains(&id.chars().count())
}

fn one_of(id: &str, found: Vec<(String, String)>) -> Result<String, Failure> {
    match found.as_slice() {
        [] => Ok(id.to_owned()),
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
        assert_eq!(one_of("abcd", found(&[])).unwrap(), "abcd");
        let several = one_of("abcd", found(&["abcd1", "abcd2"])).unwrap_err();
        assert_eq!(several.exit(), Exit::Denied);
        assert!(several.sentence().contains("abcd1 (agent), abcd2 (agent)"));
    }

    #[test]
    fn too_short_a_beginning_stands_for_itself() {
        assert!(!is_beginning("abc") && is_beginning("abcd"));
        assert!(!is_beginning("4ec1abR0dQeTz9bZQ1c2Aw"), "a whole one");
        let nowhere = crate::config::sockets_alone(Path::new("/nowhere"));
        assert_eq!(execution(&nowhere, "abc", false).unwrap(), "abc");
        assert_eq!(execution(&nowhere, "abcd", false).unwrap(), "abcd", "nothing is called that");
    }

    #[test]
    fn near_names_are_of_the_same_kind() {
        let names =
            ["workload:agent", "workload:reader", "node:agent-1"].map(|one| one.parse().unwrap());
        let near = near(&"workload:agnt".parse().unwrap(), &BTreeSet::from(names));
        assert_eq!(near, ["workload:agent"]);
    }
}
