use node::clock::wall_ms;
use node::erase::{Erased, Which};
use proof::json::{Value, object};

use super::names::{self, CandidateExecutions};
use crate::cli::EraseArgs;
use crate::config;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, counted};

/// Erases one execution, or all that ended long enough ago.
pub(super) fn run(arguments: &EraseArgs, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(&arguments.domain)?;
    let which = match (&arguments.execution, arguments.ended_before) {
        (Some(id), _) => Which::One(names::execution(&options, id, CandidateExecutions::Ended)?),
        (None, age_ms) => Which::EndedBefore(wall_ms().saturating_sub(age_ms.unwrap_or(i64::MAX))),
    };
    let erased = super::block_on_many(node::erase::erase(&options, &which, arguments.dry_run))?;
    let erased = erased.map_err(|why| Failure::node(&why))?;
    print_erased(arguments.dry_run, &erased, output)?;
    let all = erased.iter().all(|one| one.result.is_ok());
    Ok(if all { Exit::Ok } else { Exit::Denied })
}

fn print_erased(is_trial: bool, erased: &[Erased], output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        let executions = erased.iter().map(Erased::to_value).collect();
        return output.json(&object([
            ("dry_run", Value::Bool(is_trial)),
            ("executions", Value::Array(executions)),
        ]));
    }
    let paint = output.paint();
    let done = if is_trial { "would be erased" } else { "erased" };
    for one in erased {
        let id = paint.text(Style::Name, &one.execution);
        output.line(match &one.result {
            Ok(Some(index)) => format!("{id} {done} (record {index})"),
            Ok(None) => format!("{id} {done}"),
            Err(code) => {
                format!("{id} {} ({code}): {}", paint.text(Style::Bad, "not erased"), help(code))
            }
        })?;
    }
    let count = u64::try_from(erased.iter().filter(|one| one.result.is_ok()).count());
    output.line(format!("{} {done}", counted(count.unwrap_or(u64::MAX), "execution", "executions")))
}

fn help(code: &str) -> &'static str {
    match code {
        "execution.live" => "it goes on; `interlock end` ends it",
        "execution.line" => {
            "what it did decides for the execution that it descended from, which goes on"
        }
        "refused.storage" => "there is no room to put it on record; free some space",
        "key.destroy" => "it is on record, but its key is still there; the next start tries again",
        _ => "there is no such execution here, or it was erased already",
    }
}
