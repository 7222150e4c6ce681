//! Opening a node on its log: what it takes to be asked again.

use std::path::Path;
use std::time::Instant;

use node::Direct;

use super::grow::{Ends, grow};
use super::history::count;
use super::row::Row;
use super::samples::Samples;
use super::site::{Site, opened};
use crate::domain;
use crate::exit::Failure;

/// How often a node is started.
const STARTS: u32 = 7;

/// A log of so many records whose executions end, at a hundredth, a tenth and all of its length; then one as long whose
/// executions all live, with everything that they did.
pub(super) fn rows(below: &Path, records: u32) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let site = Site::new(below)?;
    for (name, part) in [("start_hundredth", 100), ("start_tenth", 10), ("start", 1)] {
        grow(&site, records / part, Ends::InTime)?;
        rows.push(super::super::block_on_many(row(&site, name))??);
    }
    let site = Site::new(below)?;
    grow(&site, records, Ends::Never)?;
    rows.push(super::super::block_on_many(row(&site, "start_live"))??);
    Ok(rows)
}

async fn row(site: &Site, name: &str) -> Result<Row, Failure> {
    let mut samples = Samples::default();
    let begun = Instant::now();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let (direct, thread) = opened(Direct::open(&site.options).await)?;
        samples.push(begun.elapsed());
        direct.stop(thread).await;
    }
    let whole = begun.elapsed();
    let (_, lineage) = domain::both(&site.options.folder)?;
    let records = f64::from(count(lineage.published()?));
    Ok(Row::new(name, samples, whole).with("records", records))
}
