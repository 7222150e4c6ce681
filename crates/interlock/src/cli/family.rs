use std::path::PathBuf;

use clap::Args;

use super::OfficerArgs;
use super::error::ArgumentError;

/// Start a sub-agent: a new execution that may do no more than this, and no more than its parent
///
/// The node decides it as the action `agent/start` on `Agent::"WORKLOAD"`, with the arguments that
/// are given. If it is permitted, a new execution of that workload begins, and its id is printed:
/// the sub-agent's client speaks for it with `interlock mcp --workload WORKLOAD --execution ID`, as
/// the OS user that the workload is registered for. What the grant leaves out is bounded by the
/// parent's alone. The execution ends with its parent's, or by `interlock end`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock delegate office --to reader --action read_file --action tools/list --calls 20 --for 10m
  interlock delegate office --to reader --arguments '{\"role\":\"reader\",\"budget_cents\":500}' --json | jq -r .execution")]
pub(crate) struct DelegateArgs {
    /// The domain's folder: its `node.sock` is used
    #[arg(default_value = ".")]
    pub(crate) domain: PathBuf,

    /// The workload of the sub-agent
    #[arg(long, value_name = "WORKLOAD")]
    pub(crate) to: String,

    #[command(flatten)]
    pub(crate) speaker: SpeakerArgs,

    /// An action that it may ask for, as policies name it; may be given many times (by default all
    /// of the parent's)
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Vec<String>,

    /// Permits that it and its own sub-agents may get in all
    #[arg(long, value_name = "N")]
    pub(crate) calls: Option<u64>,

    /// For how long: 90s, 10m, 2h
    #[arg(long = "for", value_name = "DURATION", value_parser = duration_ms)]
    pub(crate) for_ms: Option<i64>,

    /// Generations of sub-agents that it may start itself
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) depth: u64,

    /// What policy sees of the request: a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) arguments: String,

    /// The node's socket, where it is elsewhere
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// For which execution a command speaks.
#[derive(Debug, Args)]
pub(crate) struct SpeakerArgs {
    /// The workload to speak for; it must be registered for your OS user
    #[arg(long, value_name = "NAME", default_value = "agent")]
    pub(crate) workload: String,

    /// A delegated execution of that workload, by its id
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(crate) execution: Option<String>,
}

/// End an execution, with all its sub-agents
///
/// As the officer of a domain: who speaks for the workload next begins a new execution, with a
/// history of its own. With --parent, as the execution that started it: a sub-agent's work is done.
/// Calls that are under way end as `unknown`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  interlock end office 4ec1ab0c9d1e2f3a4b5c6d
  interlock end office 4ec1ab0c9d1e2f3a4b5c6d --parent")]
pub(crate) struct EndArgs {
    /// The domain's folder
    pub(crate) domain: PathBuf,

    /// The execution's id, or 4 or more characters of its beginning where one execution alone
    /// begins so
    #[arg(value_name = "EXECUTION", allow_hyphen_values = true)]
    pub(crate) ended: String,

    /// Not as the officer, but as the execution that it descends from
    #[arg(long)]
    pub(crate) parent: bool,

    #[command(flatten)]
    pub(crate) speaker: SpeakerArgs,

    #[command(flatten)]
    pub(crate) officer: OfficerArgs,
}

/// `90s`, `10m`, `2h` or `1d`, in milliseconds.
pub(super) fn duration_ms(text: &str) -> Result<i64, ArgumentError> {
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    let read = units.into_iter().find_map(|(unit, ms)| {
        let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(ms).filter(|ms| *ms > 0)
    });
    read.ok_or(ArgumentError::Duration)
}

#[cfg(test)]
mod tests {
    use super::duration_ms;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        let read = ["250ms", "90s", "10m", "2h", "1d"].map(|text| duration_ms(text).unwrap());
        assert_eq!(read, [250, 90_000, 600_000, 7_200_000, 86_400_000]);
        for text in ["", "10", "m", "-1s", "0s", "1.5h", "9223372036854775807d"] {
            assert!(duration_ms(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_ends_of_each_number_type_are_read_or_refused() {
        for number in include_str!("../../../../fuzz/seeds/numbers.txt").lines() {
            for unit in ["", "ms", "s", "m", "h", "d"] {
                let ms = duration_ms(&format!("{number}{unit}"));
                assert!(
                    ms.is_err() || number.parse::<i64>().is_ok_and(|n| n > 0),
                    "{number}{unit}"
                );
            }
        }
    }
}
