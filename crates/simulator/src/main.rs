//! Runs seeds: `interlock-simulator [--seed N] [--steps M] [--json]`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use interlock_simulator::{Ran, run};

const USAGE: &str = "\
usage: interlock-simulator [--seed N] [--steps M] [--json]

  --seed N    where chance begins (1 unless told)
  --steps M   how many steps in all (1,000,000 unless told)
  --json      one JSON object instead of text
";

fn main() -> ExitCode {
    let worker = std::thread::Builder::new()
        .name("simulator".to_owned())
        .stack_size(policy::limits::DECIDE_STACK_BYTES);
    let ended = worker.spawn(simulate).map(std::thread::JoinHandle::join);
    match ended {
        Ok(Ok(code)) => code,
        _ => ExitCode::FAILURE,
    }
}

fn simulate() -> ExitCode {
    let (mut seed, mut steps, mut is_json) = (1, 1_000_000, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|text| text.parse::<u64>().ok());
        let known = match word.as_str() {
            "--json" => {
                is_json = true;
                true
            }
            "--seed" => number().map(|n| seed = n).is_some(),
            "--steps" => number().map(|n| steps = n).is_some(),
            "--help" | "-h" => {
                print!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            _ => false,
        };
        if !known {
            eprint!("error: `{word}` makes no sense here\n\n{USAGE}");
            return ExitCode::from(64);
        }
    }
    let ran = run(seed, steps, None);
    tell(&ran, is_json);
    if ran.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

fn tell(ran: &Ran, is_json: bool) {
    let Ran { seed, steps, worlds, crashes, resumed, decisions, records, broken } = ran;
    if is_json {
        let is_broken = broken.is_some();
        println!(
            r#"{{"broken":{is_broken},"crashes":{crashes},"decisions":{decisions},"records":{records},"resumed":{resumed},"seed":{seed},"steps":{steps},"worlds":{worlds}}}"#
        );
    } else {
        println!(
            "{steps} steps in {worlds} worlds from seed {seed}: {decisions} decisions, {records} records, {crashes} crashes, {resumed} starts from a snapshot"
        );
    }
    if let Some((world, step, why)) = broken {
        eprintln!("law {:?} is broken: {}", why.law, why.what);
        eprintln!("reproduce: cargo run -p interlock-simulator -- --seed {world} --steps {step}");
    }
}
