//! `interlock bench`: measures this machine, each figure beside the limit from the same run.
//!
//! | module | content |
//! |---|---|
//! | `row` | one line of the result |
//! | `samples` | percentiles of many times |
//! | `memory` | the memory of this process |
//! | `site` | a domain in a temporary folder |
//! | `load` | callers of a node in this process |
//! | `raw` | the speed of the disk alone |
//! | `grow` | a log of so many records |
//! | `decide`, `commit`, `history`, `start` | the rows |

mod commit;
mod decide;
mod grow;
mod history;
mod load;
mod memory;
mod raw;
mod row;
mod samples;
mod site;
mod start;

use crate::cli::{BenchArgs, Measurement};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style};
use row::{Row, Rows};

/// Measures, and prints the rows.
pub(super) fn run(arguments: &BenchArgs, output: &mut Output) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.killed_in {
        start::be_killed(folder)?;
    }
    let wants = |what: Measurement| arguments.what.is_none_or(|wanted| wanted == what);
    let mut rows = Rows::default();
    if wants(Measurement::Decide) {
        rows.extend(decide::rows()?);
    }
    if wants(Measurement::Commit) {
        rows.extend(super::block_on_many(commit::rows(&arguments.folder))??);
    }
    if [Measurement::Verify, Measurement::Replay].into_iter().any(wants) {
        rows.extend(history::rows(arguments, wants, output)?);
    }
    if wants(Measurement::Start) {
        rows.extend(start::rows(&arguments.folder, arguments.records)?);
    }
    print_rows(&rows, output)?;
    Ok(Exit::Ok)
}

fn print_rows(rows: &Rows, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.bytes(&rows.to_json()?);
    }
    let paint = output.paint();
    for line in rows.table().lines(0, paint) {
        output.line(line)?;
    }
    for Row { name, limit, .. } in &rows.rows {
        if let Some(limit) = limit {
            output.line(paint.text(Style::Quiet, format!("{name}: the limit is {limit}")))?;
        }
    }
    Ok(())
}
