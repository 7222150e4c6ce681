use api::governance::TrustState;
use api::node::Reduction;

use super::officer;
use crate::cli::StatusArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style};
use crate::record_line::short;

/// Prints the status that the running node reports.
pub(super) fn run(arguments: &StatusArgs, output: &mut Output) -> Result<Exit, Failure> {
    let options = officer::options(&arguments.domain, None)?;
    let status = super::node(&options).status().map_err(|why| Failure::client(&why))?;
    if output.is_json() {
        output.reply(&status)?;
        return Ok(Exit::Ok);
    }
    let paint = output.paint();
    let label = |name: &str| paint.text(Style::Label, name);
    let verified = match status.is_verified {
        true => paint.text(Style::Good, "verified"),
        false => paint.text(Style::Bad, "could not be verified: nothing is permitted"),
    };
    let lines = [
        format!("{}  {verified}, {} records", label("governance"), status.governance.size),
        format!("{}  {}", label("bundle    "), short(&status.bundle)),
        format!("{}  {}", label("executions"), status.executions),
        format!("{}  {}", label("records   "), status.records),
    ];
    lines.iter().try_for_each(|line| output.line(line))?;
    if let Some(bytes) = status.storage_wanted_bytes {
        let full = paint.text(Style::Bad, "full");
        let until = format!("agents are refused until {bytes} bytes are free");
        output.line(format!("{}  {full}: {until}", label("disk      ")))?;
    }
    for halted in status.halted.unwrap_or_default() {
        let halted = paint.text(Style::Bad, halted);
        output.line(format!("{}  {halted}", label("halted    ")))?;
    }
    for TrustState { subject, trust } in status.trust.unwrap_or_default() {
        let trust = paint.text(Style::Bad, trust.as_str());
        output.line(format!("{}  {subject} is {trust}", label("trust     ")))?;
    }
    for Reduction { about, why_not } in status.reductions.unwrap_or_default() {
        let about = paint.text(Style::Heading, about);
        let (acts, missing) = ("acts here, and is not in the governance log", label("reduction "));
        let next = match why_not {
            Some(why) => format!("it can't get there any more: {why}; order it anew, or lift it"),
            None => "it is brought again until it is".to_owned(),
        };
        output.line(format!("{missing}  {about} {acts}: {next}"))?;
    }
    Ok(Exit::Ok)
}
