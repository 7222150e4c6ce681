//! Concurrent callers of a node in this process.

use std::time::{Duration, Instant};

use kernel::lineage::Transition;
use kernel::step::Answer;
use node::Direct;
use record::Assurance;
use record::lineage::{Completion, MessageDirection};

use super::samples::Samples;
use super::site::{WORKLOADS, workload};
use crate::exit::{Exit, Failure};

/// The result of a load.
#[derive(Default)]
pub(super) struct LoadResult {
    /// From asking to the durable answer.
    pub(super) samples: Samples,
    /// Requests that were refused because the disk was behind, and were asked again.
    pub(super) refused: u32,
    pub(super) whole: Duration,
    /// The executions that asked.
    pub(super) executions: Vec<String>,
}

/// The pause of a caller after a refusal because the disk is behind.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// Runs the callers, each of which makes `rounds` requests, one after the other, and completes
/// those that are permitted.
pub(super) async fn run(
    direct: &Direct,
    os_user: u32,
    callers: u32,
    rounds: u32,
) -> Result<LoadResult, Failure> {
    let mut executions = Vec::new();
    for number in 0..WORKLOADS.min(callers) {
        let joined = direct.join(&workload(number), os_user).await;
        executions.push(joined.and_then(Result::ok).ok_or_else(stopped)?);
    }
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for (caller, execution) in (0..callers).zip(executions.iter().cycle()) {
        tasks.push(tokio::spawn(ask(direct.clone(), execution.clone(), caller, rounds)));
    }
    let mut load = LoadResult::default();
    for task in tasks {
        let (samples, refused) = task.await.map_err(|_| stopped())??;
        load.samples.extend(samples);
        load.refused = load.refused.saturating_add(refused);
    }
    (load.whole, load.executions) = (begun.elapsed(), executions);
    Ok(load)
}

/// The results of the first call of each workload, all made at the same time.
#[derive(Debug, Default)]
pub(super) struct FirstCalls {
    /// The number that were decided, and not refused or withheld.
    pub(super) served: u32,
    /// The longest time from joining to the answer.
    pub(super) longest: Duration,
}

/// Lets every workload join and request one transition, all at the same time.
pub(super) async fn first(direct: &Direct, os_user: u32) -> Result<FirstCalls, Failure> {
    let mut tasks = Vec::new();
    for number in 0..WORKLOADS {
        let direct = direct.clone();
        tasks.push(tokio::spawn(async move {
            let begun = Instant::now();
            let joined = direct.join(&workload(number), os_user).await?.ok()?;
            let (ticket, answer) = direct.request(&joined, transition(number)).await?;
            let taken = begun.elapsed();
            let is_served = match answer {
                Answer::Permit { .. } => {
                    let (result, output) = (RESULT.as_bytes().to_vec(), Some(OUTPUT.to_owned()));
                    direct.complete(ticket, Completion::Result, result, output).await;
                    true
                }
                Answer::Deny { code, .. } => code != "refused.overload",
                Answer::Pending { .. } => true,
                Answer::Refused { .. } => false,
            };
            Some((is_served, taken))
        }));
    }
    let mut first = FirstCalls::default();
    for task in tasks {
        let (is_served, taken) = task.await.ok().flatten().ok_or_else(stopped)?;
        first.served = first.served.saturating_add(u32::from(is_served));
        first.longest = first.longest.max(taken);
    }
    Ok(first)
}

/// Makes the requests of one caller. Returns the times from the first attempt to the answer, and
/// the number of refusals.
async fn ask(
    direct: Direct,
    execution: String,
    caller: u32,
    rounds: u32,
) -> Result<(Samples, u32), Failure> {
    let (mut samples, mut refused) = (Samples::default(), 0_u32);
    for round in 0..rounds {
        let number = caller.wrapping_mul(31).wrapping_add(round);
        let begun = Instant::now();
        loop {
            let asked = direct.request(&execution, transition(number));
            match asked.await.ok_or_else(stopped)? {
                (_, Answer::Refused { code: "refused.storage" | "refused.overload" }) => {
                    refused = refused.saturating_add(1);
                    tokio::time::sleep(ASK_AGAIN_AFTER).await;
                }
                (_, Answer::Refused { code }) => {
                    return Err(Failure::new(Exit::Failed, "the node refused a request").why(code));
                }
                (ticket, Answer::Permit { .. }) => {
                    samples.push(begun.elapsed());
                    let (result, output) = (RESULT.as_bytes().to_vec(), Some(OUTPUT.to_owned()));
                    direct.complete(ticket, Completion::Result, result, output).await;
                    break;
                }
                (_, Answer::Deny { .. } | Answer::Pending { .. }) => {
                    samples.push(begun.elapsed());
                    break;
                }
            }
        }
    }
    Ok((samples, refused))
}

/// A request as the demo's agent makes it: mostly reads, which are permitted, and some writes,
/// which are not.
fn transition(number: u32) -> Transition {
    let (tool, arguments) = match number % 4 {
        0 => {
            let path = format!("payroll/2026-{number}.csv");
            ("write_file", format!(r#"{{"path":"{path}","content":"raise everybody"}}"#))
        }
        _ => ("read_file", format!(r#"{{"path":"reports/2026-q{}.md"}}"#, number % 97)),
    };
    let message = format!(
        r#"{{"jsonrpc":"2.0","id":{number},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    );
    Transition {
        server: "office".to_owned(),
        direction: MessageDirection::ToServer,
        method: "tools/call".to_owned(),
        is_known: true,
        tool: Some(tool.to_owned()),
        definition: None,
        arguments,
        message: message.into_bytes(),
        assurance: Assurance::Separated,
        pending: None,
        extra_params: "{}".to_owned(),
        delegates: None,
    }
}

const RESULT: &str = r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"Third quarter: revenue 4.2 million, costs 3.1 million, eleven new customers, two lost."}],"structuredContent":{"bytes":84},"isError":false}}"#;
const OUTPUT: &str = r#"{"bytes":84}"#;

fn stopped() -> Failure {
    Failure::new(Exit::Failed, "the node stopped while it was measured")
}
