//! Registers a workload. A name that other processes speak for already moves only after
//! confirmation.

use api::execution::ExecutionQuery;
use node::Options;
use proof::json::{Object, Value, object};
use record::governance::{Change, Workload};

use super::{accepted_members, print_accepted, refused};
use crate::cli::RegisterArgs;
use crate::command::ask::{Unattended, ask};
use crate::command::officer;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, counted};
use crate::{config, user};

/// Registers a workload, after it has printed the change.
pub(in crate::command) fn run(
    arguments: &RegisterArgs,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let options = config::load(&arguments.domain)?;
    let (os_user, _) = user::resolve(&arguments.user)?;
    let (name, zone) = (arguments.workload.clone(), arguments.zone.clone());
    let new = Workload { name, os_user, zone };
    let governance = node::domain::governance(&options).map_err(|why| Failure::node(&why))?;
    let old = governance.workload(&new.name).cloned();
    match &old {
        Some(old) if *old == new => return unchanged(&new, output),
        Some(old) => confirm(&options, old, &new, arguments.yes, output)?,
        None => {}
    }
    let what = format!("workload `{}` registered for uid {os_user}", new.name);
    let key = officer::key(&arguments.domain, &arguments.officer)?;
    let change = Change::WorkloadRegistered(new);
    let registered = node::domain::govern_as(&options, &key, change, None);
    let (accepted, place) = registered.map_err(|why| refused(&why))?;
    if !output.is_json() {
        return print_accepted(accepted, place, &what, output);
    }
    let mut members = Object::from(accepted_members(&accepted, place));
    members.extend(old.map(|old| ("before", value(&old))));
    output.json(&Value::Object(members))?;
    Ok(Exit::Ok)
}

/// Prints that the workload is registered already. Nothing is signed or recorded.
fn unchanged(workload: &Workload, output: &mut Output) -> Result<Exit, Failure> {
    if output.is_json() {
        let members = [("before", value(workload)), ("changed", Value::Bool(false))];
        output.json(&object(members))?;
    } else {
        let Workload { name, os_user, zone } = workload;
        let so = format!("`{name}` is registered so already, for uid {os_user} in zone `{zone}`");
        output.line(format!("nothing was done: {so}"))?;
    }
    Ok(Exit::Ok)
}

/// Prints the old and the new OS user and zone of a workload, and asks for confirmation.
fn confirm(
    options: &Options,
    old: &Workload,
    new: &Workload,
    yes: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let lines = [
        format!("`{}` is registered for uid {}, in zone `{}`", old.name, old.os_user, old.zone),
        format!("from now on: every process of uid {}, in zone `{}`", new.os_user, new.zone),
        live(options, old),
    ];
    if !output.is_json() {
        let title = output.paint().text(Style::Warning, "this moves a workload");
        output.line(title)?;
        lines.iter().try_for_each(|line| output.line(format!("  {line}")))?;
        output.flush()?;
    }
    let asked = ask(&format!("Move `{}`?", new.name), yes, Unattended::NeedsYes);
    // With `--json`, nothing was printed so far.
    asked.map_err(|why| if output.is_json() { why.also(lines.join("; ")) } else { why })
}

/// The number of the workload's executions that go on, as far as a node reports it.
fn live(options: &Options, workload: &Workload) -> String {
    let node = crate::command::node(options);
    let Ok(true) = node.is_running() else { return "no node runs".to_owned() };
    let workload_only = Some(workload.name.clone());
    let query = ExecutionQuery { workload: workload_only, ..ExecutionQuery::default() };
    let Ok(page) = node.executions(&query) else {
        return "the node does not say which of its executions go on".to_owned();
    };
    let count = u64::try_from(page.executions.len()).unwrap_or(u64::MAX);
    let count = counted(count, "execution", "executions");
    let least = if page.next.is_none() { "" } else { "at least " };
    format!(
        "{least}{count} of it on the node, which the processes of uid {} began",
        workload.os_user
    )
}

fn value(workload: &Workload) -> Value {
    object([
        ("os_user", Value::Integer(i64::from(workload.os_user))),
        ("zone", Value::from(workload.zone.as_str())),
    ])
}
