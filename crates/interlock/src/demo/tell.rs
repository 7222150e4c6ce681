use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use policy::Bundle;

use super::agent::Called;
use super::story::{Step, denial};
use crate::exit::Failure;
use crate::output::{Output, Style};

/// The width of the columns of a call: tool, and what it is about.
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

/// One call: what came of it, how long it took, and which policies of which file and line decided.
pub(super) fn called(
    output: &mut Output,
    bundle: &Bundle,
    step: &Step,
    (called, took): (&Called, Duration),
) -> Result<(), Failure> {
    let paint = output.paint();
    let (mark, code, index, policies) = match called {
        Called::Result { .. } | Called::ToolError { .. } => {
            (paint.text(Style::Good, "✓"), "permitted".to_owned(), None, Vec::new())
        }
        Called::Refused { data, .. } => {
            let (code, index, policies) = denial(data);
            (paint.text(Style::Bad, "✗"), code, index, policies)
        }
    };
    let style = if index.is_some() { Style::Bad } else { Style::Good };
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
    // The policies say why only where they did decide: a suspended agent is denied whatever they permit.
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

pub(super) fn suspended(output: &mut Output, workload: &str) -> Result<(), Failure> {
    output.line("")?;
    let text = "The officer has seen enough.";
    output.line(format!("  {}", output.paint().text(Style::Heading, text)))?;
    let mark = output.paint().text(Style::Warning, "!");
    output.line(format!(
        "  {mark} trust of workload:{workload} is now `suspended`, signed and on record"
    ))
}

pub(super) fn checking(output: &mut Output) -> Result<(), Failure> {
    says(output, "Nobody needs to believe any of this.")
}

/// One line of the checks at the end.
pub(super) fn checked(output: &mut Output, is_sound: bool, text: &str) -> Result<(), Failure> {
    let paint = output.paint();
    let mark =
        if is_sound { paint.text(Style::Good, "✓") } else { paint.text(Style::Bad, "✗") };
    output.line(format!("  {mark} {text}"))?;
    output.flush()
}

pub(super) fn closing(output: &mut Output, folder: &Path, denied: u64) -> Result<(), Failure> {
    let shown = folder.display();
    says(output, "See each thing again.")?;
    for (command, what) in [
        (format!("interlock log show {shown}"), "what happened"),
        (format!("interlock explain {shown} {denied}"), "why that mail was not sent"),
        (format!("interlock log verify {shown}"), "the Merkle tree and its signature"),
        (format!("interlock replay {shown}"), "every decision, derived again"),
        (format!("python3 spec/verify.py log {shown}/lineage"), "the same, by other code"),
    ] {
        output.line(format!("    {}", output.paint().text(Style::Name, command)))?;
        output.line(format!("      {}", output.paint().text(Style::Quiet, what)))?;
    }
    output.line("")
}

pub(super) fn staying(output: &mut Output, address: &SocketAddr) -> Result<(), Failure> {
    output
        .line(format!("  The node runs on; its logs are at http://{address}/lineage/checkpoint"))?;
    output.line("  Ctrl-C ends it.")
}
