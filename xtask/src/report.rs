//! Runs steps one after the other, says how each went, and closes with one line that counts them.

use std::process::ExitCode;
use std::time::Instant;

/// How a step that did not fail ended. A failure is an error.
pub(crate) enum Outcome {
    /// The step ran to its end and found nothing wrong.
    Passed,
    /// The step, or a part of it, could not run here; why.
    Skipped(String),
}

/// The steps so far.
pub(crate) struct Report {
    passed: u32,
    failed: Vec<String>,
    skipped: u32,
    start: Instant,
}

impl Report {
    /// A report on nothing yet.
    pub(crate) fn start() -> Report {
        Report { passed: 0, failed: Vec::new(), skipped: 0, start: Instant::now() }
    }

    /// Runs one step. A failure is counted and the next step runs all the same: one run shows all that is wrong.
    pub(crate) fn step(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<Outcome>) {
        println!("\n=== {name}");
        let start = Instant::now();
        let outcome = step();
        let seconds = start.elapsed().as_secs_f64();
        match outcome {
            Ok(Outcome::Passed) => {
                self.passed += 1;
                println!("--- {name}: passed in {seconds:.1} s");
            }
            Ok(Outcome::Skipped(why)) => {
                self.skipped += 1;
                println!("--- {name}: skipped after {seconds:.1} s: {why}");
            }
            Err(error) => {
                self.failed.push(name.to_owned());
                println!("--- {name}: FAILED in {seconds:.1} s: {error:#}");
            }
        }
    }

    /// Prints the closing line; the exit code is success only if no step failed.
    pub(crate) fn close(self) -> ExitCode {
        println!("\n{:.0} s", self.start.elapsed().as_secs_f64());
        if !self.failed.is_empty() {
            println!("failed: {}", self.failed.join(", "));
        }
        println!("{} passed, {} failed, {} skipped", self.passed, self.failed.len(), self.skipped);
        if self.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
