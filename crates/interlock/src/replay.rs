//! Deriving every decision of a lineage log again.

use std::sync::Arc;

use kernel::replay::{Fed, Replay};
use kernel::state::Blobs;
use policy::Bundle;
use proof::digest::Digest;

use crate::domain::Log;
use crate::exit::{Exit, Failure};

/// What came of the decisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Derived to the byte.
    pub(crate) identical: u64,
    /// Derived otherwise.
    pub(crate) different: u64,
    /// Not derivable: a sealed part is missing.
    pub(crate) not_replayable: u64,
}

impl Counts {
    /// How many decisions there are.
    pub(crate) fn decisions(&self) -> u64 {
        self.identical + self.different + self.not_replayable
    }
}

/// The bundles beside a governance log.
struct Beside<'a>(&'a Log);

impl Blobs for Beside<'_> {
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.0.reader.blob(digest).ok().flatten()
    }
}

/// Follows the lineage log and tells `each` what came of each record, by its index.
pub(crate) fn follow(
    (governance, lineage): (&Log, &Log),
    under: Option<Arc<Bundle>>,
    mut each: impl FnMut(u64, &Fed) -> Result<(), Failure>,
) -> Result<Counts, Failure> {
    let records = governance.entries(0)?.map(|entry| entry.map(|entry| entry.record));
    let records = records.collect::<Result<Vec<_>, _>>()?;
    let blobs = Beside(governance);
    let node = node_name(lineage)?;
    let mut replay = Replay::new(&node, governance.key.name(), &records, &blobs);
    if let Some(bundle) = under {
        replay = replay.under(bundle);
    }
    let mut counts = Counts::default();
    for entry in lineage.entries(0)? {
        let entry = entry?;
        let fed = replay.feed(&entry.record, &entry.sealed.unwrap_or_default()).map_err(|why| {
            Failure::new(Exit::Denied, "the lineage log cannot be followed").why(why)
        })?;
        match &fed {
            Fed::Followed => {}
            Fed::Identical => counts.identical += 1,
            Fed::Different { .. } => counts.different += 1,
            Fed::NotReplayable { .. } => counts.not_replayable += 1,
        }
        each(entry.index, &fed)?;
    }
    Ok(counts)
}

/// A lineage log's origin is `DOMAIN/lineage/NODE`.
fn node_name(lineage: &Log) -> Result<String, Failure> {
    let origin = lineage.key.name();
    let node = origin.rsplit_once("/lineage/").map(|(_, node)| node.to_owned());
    node.ok_or_else(|| Failure::new(Exit::Data, format!("`{origin}` is not the origin of a lineage log")))
}
