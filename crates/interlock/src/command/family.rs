use std::path::Path;
use std::time::Duration;

use api::execution::Grant;
use client::{Agent, NodeSocket};
use node::clock::wall_ms;
use proof::json::{Value, object};
use record::governance::Change;

use super::govern::OrderedBy;
use super::names::{self, CandidateExecutions};
use super::officer;
use crate::cli::{DelegateArgs, EndArgs, SpeakerArgs};
use crate::config;
use crate::exit::{Exit, Failure};
use crate::limits::NAMED_MS_MAX;
use crate::output::{Output, Style};

/// Asks the node for a sub-agent.
pub(super) fn delegate(arguments: &DelegateArgs, output: &mut Output) -> Result<Exit, Failure> {
    let actions = (!arguments.action.is_empty()).then(|| arguments.action.clone());
    let until_ms = arguments.for_ms.map(|for_ms| wall_ms().saturating_add(for_ms));
    let grant =
        Grant { actions, calls_max: arguments.calls, depth_max: Some(arguments.depth), until_ms };
    let socket = arguments.socket.clone().unwrap_or_else(|| socket(&arguments.domain));
    let folder = config::owned_folder(&arguments.domain, arguments.socket.as_deref());
    let agent = agent(&arguments.speaker, NodeSocket { path: &socket, folder });
    let child = agent.delegate(&arguments.to, grant, &arguments.arguments);
    let child = child.map_err(|why| Failure::client(&why))?.execution;
    if output.is_json() {
        output.json(&object([
            ("execution", Value::from(child.as_str())),
            ("workload", Value::from(arguments.to.as_str())),
        ]))?;
    } else {
        output.line(output.paint().text(Style::Name, &child))?;
    }
    Ok(Exit::Ok)
}

/// Ends an execution, as an officer or as its parent.
pub(super) fn end(arguments: &EndArgs, output: &mut Output) -> Result<Exit, Failure> {
    let options = officer::options(&arguments.domain, arguments.officer.socket.as_deref())?;
    let key = officer::key(&arguments.domain, &arguments.officer).ok();
    let ended =
        names::execution(&options, &arguments.ended, CandidateExecutions::Live(key.as_ref()))?;
    let what = format!("execution {ended} ended");
    if arguments.parent {
        let at = NodeSocket { path: &options.socket, folder: &options.folder };
        agent(&arguments.speaker, at).end(&ended).map_err(|why| Failure::client(&why))?;
        if output.is_json() {
            output.json(&object([("ended", Value::from(ended.as_str()))]))?;
        } else {
            output.line(what)?;
        }
        return Ok(Exit::Ok);
    }
    let node = super::node(&options).within(Duration::from_millis(NAMED_MS_MAX));
    if names::ended_already(&node, &ended).is_some() {
        return Err(names::already_ended(&ended));
    }
    let change = Change::ExecutionEnded { execution: ended };
    let by =
        OrderedBy { options: &options, domain: &arguments.domain, officer: &arguments.officer };
    super::govern::order(&by, change, &what, output)
}

/// Who speaks, over this socket.
fn agent<'a>(speaker: &'a SpeakerArgs, at: NodeSocket<'a>) -> Agent<'a> {
    Agent::new(at, &speaker.workload, speaker.execution.as_deref())
}

fn socket(domain: &Path) -> std::path::PathBuf {
    domain.join("node.sock")
}
