//! Grows a log to a number of records, through the requests of callers.

use node::Direct;
use record::governance::Change;

use super::load;
use super::site::{Site, opened};
use crate::domain::DomainLogs;
use crate::exit::Failure;

/// Callers that grow the log. A node has room for that many to end at the same time.
const CALLERS: u32 = 512;

/// Decisions of all executions together after which these end and others begin.
const LIVES: u32 = 64_000;

/// Records by which a log may fall short of the wanted number.
const MISSING_MAX: u32 = 100;

/// Whether executions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExecutionEnds {
    /// After about a thousand decisions each.
    InTime,
    Never,
}

/// Lets the node decide until its log has so many records. A permitted call has two records, and
/// three of four calls are permitted.
pub(super) fn grow(site: &Site, records: u32, ends: ExecutionEnds) -> Result<(), Failure> {
    loop {
        let DomainLogs { lineage, .. } = DomainLogs::open(&site.options.folder)?;
        let missing = u64::from(records).saturating_sub(lineage.published()?);
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        if missing < MISSING_MAX {
            return Ok(());
        }
        let decisions = (missing / 7 * 4).min(LIVES);
        let executions = super::super::block_on_many(decide(site, decisions))??;
        if ends == ExecutionEnds::InTime && decisions == LIVES {
            for execution in executions {
                let change = Change::ExecutionEnded { execution };
                opened(node::domain::govern(&site.options, change, None))?;
            }
        }
    }
}

async fn decide(site: &Site, decisions: u32) -> Result<Vec<String>, Failure> {
    let (direct, thread) = opened(Direct::open(&site.options).await)?;
    let callers = CALLERS.min(decisions).max(1);
    let load = load::run(&direct, site.os_user, callers, decisions.div_ceil(callers)).await?;
    direct.stop(thread).await;
    Ok(load.executions)
}
