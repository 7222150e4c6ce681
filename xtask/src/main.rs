//! What CI runs, by name: `cargo xtask ci` runs all of it, `cargo xtask help` lists the parts.
//!
//! ```text
//! ci        every step, in order, with one closing line
//! deep      the long runs, which a push does not wait for
//! extent    how long the long runs are
//! build     the two builds that the steps share
//! cargo     the steps that are one call of cargo: formatting, clippy, deny, wasm32
//! tidy      style as a test: crate edges, sizes, words, links, dead files, documents
//! test      unit, integration and documentation tests
//! vectors   golden vectors: regenerated and compared, then read by the Python verifier
//! fuzz      each fuzz target for a few seconds
//! instructions  what must stay fast, counted by callgrind
//! openapi   writes the OpenAPI page that the types make
//! peers     installs the programs of other people that the tests talk to
//! docs      runs the marked commands of the documents
//! book      makes web pages of the book for users
//! report    steps, their outcomes, the closing line
//! simulator whole nodes, at length
//! run, root other programs, and where the workspace lies
//! ```

mod book;
mod build;
mod cargo;
mod ci;
mod deep;
mod docs;
mod extent;
mod fuzz;
mod instructions;
mod openapi;
mod peers;
mod report;
mod root;
mod run;
mod simulator;
mod test;
mod tidy;
mod vectors;

use std::process::ExitCode;

use extent::Extent;
use report::Report;
use root::Root;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci                 run everything that CI runs
  deep               the long runs: a million decisions, ten million steps, five minutes of each fuzz target
  tidy               check style: crate edges, sizes, words, links, dead files, documents
  test [ARGS]        install the peers, run the tests (ARGS go to the test runner)
  vectors [--check]  write the golden vectors anew, or check that they have not drifted
  fuzz [SECONDS]     run each fuzz target (5 seconds unless told)
  peers              install the programs of other people that the tests talk to
  instructions       count the instructions of what must stay fast
  openapi            write the interface's OpenAPI page anew
  simulator          half a million steps of whole nodes on a virtual clock and disk
  docs               run the marked commands of the documents
  book               make web pages of the book for users, into target/book
";

/// Exit code for a command line that makes no sense, after `sysexits.h`.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        eprint!("{USAGE}");
        return ExitCode::from(EXIT_USAGE);
    };
    let root = match Root::of_workspace() {
        Ok(root) => root,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let mut report = Report::start();
    match (command.as_str(), rest) {
        ("ci", []) => ci::run(&root, &mut report),
        ("deep", []) => deep::run(&root, &mut report),
        ("tidy", []) => report.step("tidy", || tidy::run(&root)),
        ("test", rest) => {
            report.step("peers", || peers::run(&root));
            report.step("tests", || test::run(&root, rest));
        }
        ("vectors", []) => report.step("vectors", || vectors::write(&root)),
        ("vectors", [flag]) if flag == "--check" => {
            report.step("vectors", || vectors::check(&root));
            report.step("vectors, read by Python", || vectors::python(&root));
        }
        ("fuzz", []) => report.step("fuzz", || fuzz::run(&root, fuzz::SMOKE_SECONDS)),
        ("fuzz", [seconds]) if seconds.parse::<u32>().is_ok() => {
            let seconds = seconds.parse().unwrap_or(fuzz::SMOKE_SECONDS);
            report.step("fuzz", || fuzz::run(&root, seconds));
        }
        ("instructions", []) => {
            report.step("instructions", || instructions::run_all(&root));
        }
        ("simulator", []) => {
            report.step("simulator, at length", || simulator::run_at_length(&root, Extent::Push));
        }
        ("peers", []) => report.step("peers", || peers::run(&root)),
        ("openapi", []) => report.step("OpenAPI page", || openapi::write(&root)),
        ("book", []) => report.step("book", || book::build(&root)),
        ("docs", []) => report.step("documents' commands", || docs::run(&root)),
        ("help" | "--help" | "-h", []) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("error: `{}` is no command\n\n{USAGE}", arguments.join(" "));
            return ExitCode::from(EXIT_USAGE);
        }
    }
    report.close()
}
