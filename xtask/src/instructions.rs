//! Counts the instructions of what must stay fast, under callgrind: no wall clock says anything on a machine that is shared.
//!
//! A count is the difference between two runs, so that what comes before the first round is not in it. It is that of the
//! processor that valgrind shows to programs, on which SHA-256 has no instructions of its own.

use anyhow::{Context as _, bail, ensure};

use crate::build;
use crate::report::Outcome;
use crate::root::Root;
use crate::run::{command, output, works};

/// What is counted, and the most it may take: a tenth above what was counted on 2026-11-27.
struct Gate {
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    /// The numbers of rounds of the two runs.
    rounds: [u64; 2],
    /// How often it is done in a round.
    each_round: u64,
    instructions_max: u64,
}

const GATES: [Gate; 4] = [
    Gate {
        name: "decide, second half, 100 policies",
        program: "repeat_decisions",
        arguments: &["decide_100"],
        rounds: [1, 3],
        each_round: 1_000,
        instructions_max: 34_600,
    },
    Gate {
        name: "decide, second half, three conditions over 10,000 events",
        program: "repeat_decisions",
        arguments: &["decide_temporal_10000"],
        rounds: [100, 10_100],
        each_round: 1,
        instructions_max: 44_200,
    },
    Gate {
        name: "verify a record of a log",
        program: "verify_speed",
        arguments: &["verify"],
        rounds: [1, 4],
        each_round: 1_792,
        instructions_max: 84_500,
    },
    Gate {
        name: "check that bytes are a record",
        program: "verify_speed",
        arguments: &["check"],
        rounds: [1, 4],
        each_round: 1_792,
        instructions_max: 14_150,
    },
];

/// Counts all of them; fails where one takes more than it may.
pub(crate) fn run_all(root: &Root) -> anyhow::Result<Outcome> {
    if !works(command(root.path(), "valgrind", &["--version"])) {
        let why = "valgrind is not installed (Debian: `apt-get install valgrind`)";
        return Ok(Outcome::Skipped(why.to_owned()));
    }
    build::optimised(root)?;
    let mut failed = Vec::new();
    for gate in &GATES {
        let counted = count(root, gate).with_context(|| gate.name.to_owned())?;
        let Gate { name, instructions_max, .. } = gate;
        println!("  {name}: {counted} instructions, {instructions_max} at most");
        if counted > *instructions_max {
            failed.push(format!(
                "{name}: {counted} instructions, and {instructions_max} is the most"
            ));
        }
    }
    if failed.is_empty() {
        return Ok(Outcome::Passed);
    }
    bail!(
        "{}: find out what got slower; where it is worth it, raise the bound in `xtask/src/instructions.rs` and say why",
        failed.join("; ")
    )
}

/// The instructions of one of what the gate counts.
fn count(root: &Root, gate: &Gate) -> anyhow::Result<u64> {
    let [few, many] = gate.rounds;
    let (all_of_few, all_of_many) = std::thread::scope(|scope| {
        let first = scope.spawn(|| instructions(root, gate, few));
        let second = instructions(root, gate, many);
        let first = first.join().unwrap_or_else(|_| bail!("a run ended unexpectedly"));
        Ok::<_, anyhow::Error>((first?, second?))
    })?;
    let more =
        all_of_many.checked_sub(all_of_few).context("more rounds took fewer instructions")?;
    Ok(more / (many - few) / gate.each_round)
}

/// What callgrind counts of one run.
fn instructions(root: &Root, gate: &Gate, rounds: u64) -> anyhow::Result<u64> {
    let program = build::target_folder(root)?.join("release").join(gate.program);
    ensure!(program.is_file(), "`{}` is not there", program.display());
    // What it counted is said on standard output, beside what the program says.
    let valgrind = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-fd=1"];
    let mut counted = command(root.path(), "valgrind", &valgrind);
    counted.arg(&program).args(gate.arguments).arg(rounds.to_string());
    let said = output(counted)?;
    collected(&said).with_context(|| format!("callgrind gave no count: {said}"))
}

/// The number in callgrind's line `==PID== Collected : N`.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find_map(|line| line.split_once("Collected :"))?;
    line.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_count_is_read() {
        let said = "==7== Events    : Ir\n==7== Collected : 833112065\n==7== \n";
        assert_eq!(super::collected(said), Some(833_112_065));
        assert_eq!(super::collected("==7== Events    : Ir\n"), None);
    }
}
