use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use policy::Bundle;

use super::agent::CallOutcome;
use super::bundle::LEFT_OUT;
use super::live::StoryRecords;
use super::story::{StoryCall, denial, pending};
use crate::exit::Failure;
use crate::output::{Output, Style};
use crate::record_line::short;

/// The widths of the columns of a call: the tool, and the words about it.
const TOOL: usize = 14;
const ABOUT: usize = 32;

pub(super) fn opening(output: &mut Output, folder: &Path) -> Result<(), Failure> {
    let paint = output.paint();
    output.line("")?;
    output.line(format!(
        "  {}  every step an agent takes is decided, on record, and provable",
        paint.text(Style::Heading, "Interlock")
    ))?;
    output.line("")?;
    output.line(format!("  domain  {}", paint.text(Style::Name, folder.display().to_string())))?;
    output.line(format!(
        "  bundle  the starter; all of this runs as you, so `{LEFT_OUT}` is left out"
    ))?;
    output.flush()
}

pub(super) fn agent(output: &mut Output, tools: &[String]) -> Result<(), Failure> {
    output.line("  agent   an MCP client; `interlock mcp` stands where its server stood")?;
    output.line(format!(
        "  server  a process of its own; {} tools are listed to the agent",
        tools.len()
    ))?;
    output.flush()
}

pub(super) fn says(output: &mut Output, text: &str) -> Result<(), Failure> {
    output.line("")?;
    output.line(format!("  {}", output.paint().text(Style::Heading, text)))
}

/// Prints one call: its outcome, its time, and the policies that decided, with file and line.
pub(super) fn called(
    output: &mut Output,
    bundle: &Bundle,
    step: &StoryCall,
    called: &CallOutcome,
    took: Duration,
) -> Result<(), Failure> {
    let paint = output.paint();
    let (mark, code, index, policies) = match called {
        CallOutcome::Result { .. } | CallOutcome::ToolError { .. } => {
            (paint.text(Style::Good, "✓"), "permitted".to_owned(), None, Vec::new())
        }
        CallOutcome::Refused { data, .. } => {
            let (code, index, policies) = denial(data);
            let is_pending = pending(called).is_some();
            let (style, mark) =
                if is_pending { (Style::Warning, "…") } else { (Style::Bad, "✗") };
            (paint.text(style, mark), code, index, policies)
        }
    };
    let style = match index {
        Some(_) if pending(called).is_some() => Style::Warning,
        Some(_) => Style::Bad,
        None => Style::Good,
    };
    let milliseconds = took.as_secs_f64() * 1000.0;
    let mut line = format!("  {mark} {:<TOOL$}{:<ABOUT$}", step.tool, step.about);
    // Padded before it is coloured: escape sequences have no width.
    let word = paint.text(style, format!("{code:<19}"));
    // Writing to a string does not fail.
    let _ = write!(line, "{word} {}", paint.text(Style::Quiet, format!("{milliseconds:5.1} ms")));
    if let Some(index) = index {
        let _ = write!(line, "  {}", paint.text(Style::Quiet, format!("record {index}")));
    }
    output.line(line)?;
    // The policies are the reason only where they decided: a suspended agent is denied whatever
    // they permit.
    let decided = if code == "policy.denied" { policies.as_slice() } else { &[] };
    for policy in decided.iter().filter_map(|id| bundle.policy(id)) {
        let place = format!("{}:{}", policy.file, policy.line);
        let what = policy.annotations.get("description").cloned().unwrap_or_default();
        let name = paint.text(Style::Name, &policy.id);
        output.line(format!("      {name}  {}", paint.text(Style::Quiet, place)))?;
        if !what.is_empty() {
            output.line(format!("      {}", paint.text(Style::Quiet, what)))?;
        }
    }
    Ok(())
}

pub(super) fn reconnected(output: &mut Output) -> Result<(), Failure> {
    says(
        output,
        "It is started anew, and remembers nothing. Its execution carries what it has touched.",
    )
}

/// Prints that an officer approved the pending decision.
pub(super) fn approved(output: &mut Output, pending: &str, record: u64) -> Result<(), Failure> {
    happened(output, &format!("finance approves {}, signed and on record {record}", short(pending)))
}

pub(super) fn delegated(output: &mut Output, helper: &str) -> Result<(), Failure> {
    happened(output, &format!("`{helper}` begins, with a grant for `read_file` alone"))
}

pub(super) fn erased(output: &mut Output, helper: &str, record: u64) -> Result<(), Failure> {
    let text = format!(
        "`{helper}` ended with it: what it saw is erased, on record {record}, and its key destroyed"
    );
    happened(output, &text)
}

pub(super) fn ended(output: &mut Output) -> Result<(), Failure> {
    says(
        output,
        "The officer ends that execution. The next begins clean; what the workload paid still counts.",
    )
}

/// Prints one line for an act of somebody other than the agent.
fn happened(output: &mut Output, text: &str) -> Result<(), Failure> {
    let mark = output.paint().text(Style::Warning, "!");
    output.line(format!("  {mark} {text}"))
}

pub(super) fn suspended(output: &mut Output, workload: &str) -> Result<(), Failure> {
    output.line("")?;
    let text = "The officer has seen enough.";
    output.line(format!("  {}", output.paint().text(Style::Heading, text)))?;
    happened(
        output,
        &format!("trust of workload:{workload} is now `suspended`, signed and on record"),
    )
}

pub(super) fn turned_away(output: &mut Output, code: &str) -> Result<(), Failure> {
    happened(output, &format!("its session is cut, and it is let into no other: {code}"))
}

pub(super) fn checking(output: &mut Output) -> Result<(), Failure> {
    says(output, "Nobody needs to believe any of this.")
}

/// Prints one line of the checks at the end.
pub(super) fn checked(output: &mut Output, is_sound: bool, text: &str) -> Result<(), Failure> {
    let paint = output.paint();
    let mark =
        if is_sound { paint.text(Style::Good, "✓") } else { paint.text(Style::Bad, "✗") };
    output.line(format!("  {mark} {text}"))?;
    output.flush()
}

pub(super) fn closing(
    output: &mut Output,
    folder: &Path,
    told: &StoryRecords,
) -> Result<(), Failure> {
    let (shown, denied) = (folder.display(), told.denied);
    says(output, "See each thing again.")?;
    for (command, what) in [
        (format!("interlock log show {shown}"), "what happened"),
        (format!("interlock explain {shown} {denied}"), "why that mail was not sent"),
        (
            format!("interlock receipt {shown} {}", told.erased),
            "proof of a record whose private part is erased",
        ),
        (format!("interlock log verify {shown}"), "the Merkle tree and its signature"),
        (format!("interlock replay {shown}"), "every decision, derived again"),
        (format!("python3 spec/verify.py log {shown}/lineage"), "the same, by other code"),
    ] {
        output.line(format!("    {}", output.paint().text(Style::Name, command)))?;
        output.line(format!("      {}", output.paint().text(Style::Quiet, what)))?;
    }
    output.line("")?;
    output.line(format!("  The folder stays. When you have seen enough: rm -r {shown}"))?;
    output.line("")
}

pub(super) fn staying(output: &mut Output, address: &SocketAddr) -> Result<(), Failure> {
    output
        .line(format!("  The node runs on; its logs are at http://{address}/lineage/checkpoint"))?;
    output.line("  Ctrl-C ends it.")
}
