//! Deriving every decision of a domain's lineage log again.

use std::sync::Arc;

use kernel::replay::{Fed, Replay};
use kernel::state::Blobs;
use policy::Bundle;
use proof::digest::Digest;
use proof::merkle::{Frontier, leaf_hash};

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
        self.identical.saturating_add(self.different).saturating_add(self.not_replayable)
    }

    fn add(&mut self, fed: &Fed) {
        let count = match fed {
            Fed::Followed => return,
            Fed::Identical => &mut self.identical,
            Fed::Different { .. } => &mut self.different,
            Fed::NotReplayable { .. } => &mut self.not_replayable,
        };
        *count = count.saturating_add(1);
    }
}

/// The bundles beside a governance log.
struct Beside<'a>(&'a Log);

impl Blobs for Beside<'_> {
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        // A blob that cannot be read is one that is not there: the replay says which.
        self.0.reader.blob(digest).ok().flatten()
    }
}

/// Follows the lineage log, under one bundle if one is given, and tells `each` what came of each record, by its index.
/// The published records must be those that were signed.
///
/// # Errors
/// When a log does not verify or cannot be followed.
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
    let (head, mut frontier) = (lineage.verified()?.checkpoint().clone(), Frontier::new());
    let mut counts = Counts::default();
    for entry in lineage.entries(0)? {
        let entry = entry?;
        frontier.push(leaf_hash(&entry.record));
        if frontier.size() == head.size && frontier.root() != head.root {
            return Err(lineage.not_verified(&"its entries do not hash to the signed root"));
        }
        let fed = replay.feed(&entry.record, &entry.sealed.unwrap_or_default());
        let fed = fed.map_err(|why| lineage.not_verified(&why))?;
        counts.add(&fed);
        each(entry.index, &fed)?;
    }
    if frontier.size() < head.size {
        return Err(lineage.not_verified(&"it is shorter than its signed head"));
    }
    Ok(counts)
}

/// A lineage log's origin is `DOMAIN/lineage/NODE`.
fn node_name(lineage: &Log) -> Result<String, Failure> {
    let origin = lineage.key.name();
    let node = origin.rsplit_once("/lineage/").map(|(_, node)| node.to_owned());
    node.ok_or_else(|| {
        Failure::new(Exit::Data, format!("`{origin}` is not the origin of a lineage log"))
    })
}
