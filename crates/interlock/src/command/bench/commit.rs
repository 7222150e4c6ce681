//! Durable decisions, by the number of callers at the same time.

use std::path::Path;

use ledger::{FileDisk, Reader};
use node::Direct;

use super::load::{self, LoadResult};
use super::raw::Raw;
use super::row::{Row, rate};
use super::site::{Site, opened};
use crate::exit::{Exit, Failure};

/// The number of callers, and the requests of each.
const LOADS: [(u32, u32); 4] = [(1, 4_000), (16, 500), (256, 80), (4_096, 10)];

/// The number of measurements of the raw limits.
const RAW_TIMES: u32 = 2_000;

/// One row for each number of callers.
pub(super) async fn rows(below: &Path) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (callers, rounds) in LOADS {
        rows.push(row(below, callers, rounds).await?);
    }
    Ok(rows)
}

async fn row(below: &Path, callers: u32, rounds: u32) -> Result<Row, Failure> {
    let site = Site::new(below)?;
    let (direct, thread) = opened(Direct::open(&site.options).await)?;
    // Warm: the first calls make executions, segments and caches.
    load::run(&direct, site.os_user, callers, rounds.min(20)).await?;
    let LoadResult { samples, refused, whole, .. } =
        load::run(&direct, site.os_user, callers, rounds).await?;
    direct.stop(thread).await;
    let bytes = bytes_per_decision(&site)?;
    let row = Row::new(format!("commit_{callers}"), samples, whole);

    let group_bytes = bytes.saturating_mul(usize::try_from(callers).unwrap_or(usize::MAX));
    let mut raw = Raw::new(site.folder()).map_err(|why| unmeasured(&why))?;
    let mut one = raw.sync(1, RAW_TIMES).map_err(|why| unmeasured(&why))?;
    let times = RAW_TIMES / callers.clamp(1, 50);
    let mut group = raw.sync(group_bytes, times).map_err(|why| unmeasured(&why))?;
    let group_per_s = f64::from(callers) * 1_000_000.0 / group.per_mille_us(500);
    let nowhere_per_s = nowhere(&site, callers, rounds).await?;

    let limit_per_s = group_per_s.min(nowhere_per_s).round();
    let (raw_us, p50_us) = (one.per_mille_us(500), row.p50_us());
    let tenths = |value: f64| (value * 10.0).round() / 10.0;
    let limit = if group_per_s < nowhere_per_s {
        "raw group commit of the same bytes"
    } else {
        "the same path over a disk that writes nothing"
    };
    Ok(row
        .limited(limit_per_s, limit)
        .with("refused_and_asked_again", f64::from(refused))
        .with("raw_fdatasync_p50_us", raw_us)
        .with("over_raw_fdatasync_p50_us", tenths(p50_us - raw_us))
        .with("raw_group_per_s", group_per_s.round())
        .with("nowhere_per_s", nowhere_per_s)
        .with("bytes_per_decision", f64::from(u32::try_from(bytes).unwrap_or(u32::MAX))))
}

/// The same path over a disk that writes nothing.
async fn nowhere(site: &Site, callers: u32, rounds: u32) -> Result<f64, Failure> {
    let disk = ledger::simulation::NowhereDisk::new();
    let (direct, thread) = opened(Direct::over(&site.options, disk).await)?;
    load::run(&direct, site.os_user, callers, rounds.min(20)).await?;
    let LoadResult { samples, whole, .. } =
        load::run(&direct, site.os_user, callers, rounds).await?;
    direct.stop(thread).await;
    Ok(rate(samples.count(), whole))
}

/// The bytes of records and sealed parts for one decision and its end.
fn bytes_per_decision(site: &Site) -> Result<usize, Failure> {
    let reader = Reader::<FileDisk>::open(&site.options.lineage_folder());
    let reader = reader.map_err(|why| unmeasured(&why))?;
    let (mut bytes, mut decisions) = (0_usize, 0_usize);
    for entry in reader.entries(0).map_err(|why| unmeasured(&why))? {
        let entry = entry.map_err(|why| unmeasured(&why))?;
        bytes = bytes.saturating_add(entry.record.len());
        bytes = bytes.saturating_add(entry.sealed.map_or(0, |sealed| sealed.len()));
        let is_decision = String::from_utf8_lossy(&entry.record).contains(DECIDED);
        decisions = decisions.saturating_add(usize::from(is_decision));
    }
    Ok(bytes / decisions.max(1))
}

/// A text in the record of every decision, and in no other record.
const DECIDED: &str = r#""type":"transition.decided""#;

fn unmeasured(why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Io, "the disk could not be measured").why(why)
}
