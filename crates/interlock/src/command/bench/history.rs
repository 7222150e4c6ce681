//! The measurements that depend on the length of the log: verifying and replaying.

use std::time::Instant;

use proof::merkle::leaf_hash;

use super::grow::{ExecutionEnds, grow};
use super::row::{Row, rate};
use super::site::Site;
use crate::cli::{BenchArgs, Measurement};
use crate::command::log::verify_records;
use crate::domain::DomainLogs;
use crate::exit::Failure;
use crate::output::Output;

/// Records hashed for the limit of verification.
const HASHED: u32 = 500_000;

/// The rows that are wanted.
pub(super) fn rows(
    arguments: &BenchArgs,
    wants: impl Fn(Measurement) -> bool,
    output: &Output,
) -> Result<Vec<Row>, Failure> {
    let site = Site::new(&arguments.folder)?;
    grow(&site, arguments.records, ExecutionEnds::Never)?;
    let mut rows = Vec::new();
    if wants(Measurement::Verify) {
        rows.push(verify(&site, output)?);
    }
    if wants(Measurement::Replay) {
        rows.push(replay(&site)?);
    }
    Ok(rows)
}

fn verify(site: &Site, output: &Output) -> Result<Row, Failure> {
    let DomainLogs { lineage, .. } = DomainLogs::open(&site.options.folder)?;
    let begun = Instant::now();
    let records = count(verify_records(&lineage, output)?.records);
    let whole = begun.elapsed();
    let bytes = lineage.entry(u64::from(records / 2))?.record.len();
    let row = Row::of_work("verify", records, whole).with("records", f64::from(records));
    let limit_per_s = hashes_per_s(bytes);
    Ok(row.limited(limit_per_s, "SHA-256 over records as long, on all cores, read from memory"))
}

/// How many leaf hashes of this many bytes all cores make in a second.
fn hashes_per_s(bytes: usize) -> f64 {
    let record = vec![0x5a; bytes];
    let cores = node::machine::cores();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                for _ in 0..HASHED {
                    std::hint::black_box(leaf_hash(std::hint::black_box(&record)));
                }
            });
        }
    });
    rate(HASHED, begun.elapsed()) * f64::from(u32::try_from(cores).unwrap_or(1))
}

fn replay(site: &Site) -> Result<Row, Failure> {
    let logs = DomainLogs::open(&site.options.folder)?;
    let begun = Instant::now();
    let counts =
        crate::replay::follow(&logs, crate::replay::ReplayRules::Published, |_, _| Ok(()))?;
    let row = Row::of_work("replay", count(counts.decisions()), begun.elapsed());
    Ok(row
        .with("decisions", f64::from(count(counts.decisions())))
        .with("different", f64::from(count(counts.different)))
        .with("not_replayable", f64::from(count(counts.not_replayable()))))
}

/// Counts here stay far below 2^32: `--records` is one.
pub(super) fn count(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
