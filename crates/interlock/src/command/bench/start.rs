//! Opening a node on its log: the time until it answers again, after a stop and after a kill.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use node::Direct;
use rustix::process::{Signal, getpid, kill_process};

use super::grow::{ExecutionEnds, grow};
use super::history::count;
use super::load::{self, FirstCalls};
use super::row::Row;
use super::samples::{Samples, micros};
use super::site::{Site, opened};
use crate::config;
use crate::domain::DomainLogs;
use crate::exit::{Exit, Failure};

/// The number of starts.
const STARTS: u32 = 7;

/// Callers before a node is killed, and the requests of each of them: they make fewer records than
/// a snapshot needs, so that all of them lie beyond the last snapshot.
const CALLERS_BEFORE_KILL: u32 = 128;
const ROUNDS_BEFORE_KILL: u32 = 42;

/// The records of executions that all live, at most: as many as one OS user's executions may hold
/// in memory ([`kernel::limits::USER_BYTES_MAX`]).
const LIVE_RECORDS_MAX: u32 = 500_000;

/// Starts on a log of so many records with executions that end, at a hundredth, a tenth and all of
/// its length. Then starts, after a stop and after a kill, on a log of as many records, or of
/// [`LIVE_RECORDS_MAX`], with executions that all live with their whole history.
pub(super) fn rows(below: &Path, records: u32) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let site = Site::new(below)?;
    for (name, part) in [("start_hundredth", 100), ("start_tenth", 10), ("start", 1)] {
        grow(&site, records / part, ExecutionEnds::InTime)?;
        rows.push(row(&site, name, Before::Stop)?);
    }
    let site = Site::new(below)?;
    grow(&site, records.min(LIVE_RECORDS_MAX), ExecutionEnds::Never)?;
    rows.push(row(&site, "start_live", Before::Stop)?);
    rows.push(row(&site, "start_live_killed", Before::Kill)?);
    Ok(rows)
}

/// How the node ended before it is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Stop,
    Kill,
}

fn row(site: &Site, name: &str, before: Before) -> Result<Row, Failure> {
    let mut samples = Samples::default();
    let (mut served, mut longest) = (u32::MAX, Duration::ZERO);
    let begun = Instant::now();
    for _ in 0..STARTS {
        if before == Before::Kill {
            have_one_killed(site)?;
        }
        let (start, first) = super::super::block_on_many(start(site))??;
        samples.push(start);
        served = served.min(first.served);
        longest = longest.max(first.longest);
    }
    let whole = begun.elapsed();
    let DomainLogs { lineage, .. } = DomainLogs::open(&site.options.folder)?;
    let records = f64::from(count(lineage.published()?));
    let row = Row::new(name, samples, whole).with("records", records);
    let row = row.with("first_served", f64::from(served));
    Ok(row.with("first_longest_us", micros(longest)))
}

/// The time of a start, and the results of the first call of every workload, all made at the same
/// time.
async fn start(site: &Site) -> Result<(Duration, FirstCalls), Failure> {
    let begun = Instant::now();
    let (direct, thread) = opened(Direct::open(&site.options).await)?;
    let start = begun.elapsed();
    let first = load::first(&direct, site.os_user).await?;
    direct.stop(thread).await;
    Ok((start, first))
}

/// Runs another process that opens the node, decides, and is killed in the middle of its work.
fn have_one_killed(site: &Site) -> Result<(), Failure> {
    let program = std::env::current_exe();
    let program = program.map_err(|why| Failure::io("this program's file is not known", &why))?;
    let mut command = Command::new(program);
    command.args(["bench", "start", "--killed-in"]).arg(&site.options.folder);
    let ended = command.status();
    let ended = ended.map_err(|why| Failure::io("the other process did not start", &why))?;
    match ended.signal() {
        Some(signal) if signal == Signal::KILL.as_raw() => Ok(()),
        _ => Err(Failure::new(Exit::Failed, "the node ended before it was killed").why(ended)),
    }
}

/// Runs as that other process; does not return.
pub(super) fn be_killed(folder: &Path) -> Result<(), Failure> {
    let options = config::load(folder)?;
    super::super::block_on_many(async {
        let (direct, thread) = opened(Direct::open(&options).await)?;
        let os_user = rustix::process::getuid().as_raw();
        load::run(&direct, os_user, CALLERS_BEFORE_KILL, ROUNDS_BEFORE_KILL).await?;
        let _killed = kill_process(getpid(), Signal::KILL);
        direct.stop(thread).await;
        Err(Failure::new(Exit::Failed, "this process could not kill itself"))
    })?
}
