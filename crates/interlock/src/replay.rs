//! Deriving every decision of a domain's lineage log again.

use std::sync::Arc;

use kernel::governance::UNREPLAYED;
use kernel::replay::{Counts, Replay, ReplayError, ReplayOutcome, Tally};
use kernel::state::BlobSource;
use node::follow::follow as follow_ahead;
use node::sealing::Opener;
use policy::{Bundle, Semantics};
use proof::digest::Digest;
use proof::merkle::Frontier;

use crate::domain::{DomainLogs, Log};
use crate::exit::{Exit, Failure};

/// The bundles beside a governance log.
struct BundlesBesideLog<'a>(&'a Log);

impl BlobSource for BundlesBesideLog<'_> {
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        // A blob that cannot be read counts as missing; the replay names it.
        self.0.reader.blob(digest).ok().flatten()
    }
}

/// The rules under which history is decided again.
pub(crate) enum ReplayRules {
    /// The rules of that time.
    Published,
    /// This bundle.
    Bundle(Arc<Bundle>),
    /// The bundles of that time, under this version of the decider.
    Semantics(Semantics),
}

/// Follows the lineage log and calls `each` with the index and the outcome of each record. The
/// published records must be those that were signed.
///
/// # Errors
/// When a log does not verify or cannot be followed.
pub(crate) fn follow(
    DomainLogs { governance, lineage }: &DomainLogs,
    under: ReplayRules,
    mut each: impl FnMut(u64, &ReplayOutcome) -> Result<(), Failure>,
) -> Result<Counts, Failure> {
    let records = governance.entries(0)?.map(|entry| entry.map(|entry| entry.record));
    let records = records.collect::<Result<Vec<_>, _>>()?;
    let blobs = BundlesBesideLog(governance);
    let node = node_name(lineage)?;
    let replay = Replay::new(&node, governance.key.name(), &records, &blobs);
    let (mut replay, supposed) = match under {
        ReplayRules::Published => (replay, None),
        ReplayRules::Bundle(bundle) => (replay.under(bundle), None),
        ReplayRules::Semantics(semantics) => (replay.under_semantics(semantics), Some(semantics)),
    };
    let (head, mut frontier) = (lineage.verified()?.checkpoint().clone(), Frontier::new());
    let mut tally = Tally::default();
    let openers = Opener::to_follow(&lineage.folder, lineage.key.name());
    let openers = openers.map_err(|why| Failure::node(&why))?;
    follow_ahead(&mut replay, lineage.entries(0)?, openers, |replay, read| {
        frontier.push(read.leaf);
        if frontier.size() == head.size && frontier.root() != head.root {
            return Err(lineage.not_verified(&"its entries do not hash to the signed root"));
        }
        let fed = replay.apply_prefetched(read.ahead);
        let fed = fed.map_err(|why| unfollowed(lineage, supposed, &why))?;
        tally.add(&fed);
        each(read.index, &fed)
    })?;
    if frontier.size() < head.size {
        return Err(lineage.not_verified(&"it is shorter than its signed head"));
    }
    Ok(tally.finish(replay.state()))
}

/// The failure for a log that could not be followed further. Another version of the decider may be
/// unable to read the log's bundles.
fn unfollowed(lineage: &Log, supposed: Option<Semantics>, why: &ReplayError) -> Failure {
    match (supposed, why) {
        (Some(semantics), ReplayError::Governance { .. }) => {
            let what =
                format!("version {} of the decider cannot decide all of this", semantics.number());
            Failure::new(Exit::Denied, what).code(UNREPLAYED).why(why).help(
                "a bundle that was published does not load under it: without --semantics each version decides its own",
            )
        }
        _ => lineage.not_verified(why),
    }
}

/// The opener of the sealed parts beside a lineage log, with the keys of its domain's folder.
pub(crate) fn opener(lineage: &Log) -> Result<Opener, Failure> {
    Opener::of(&lineage.folder, lineage.key.name()).map_err(|why| Failure::node(&why))
}

/// The node's name from a lineage log's origin, which is `DOMAIN/lineage/NODE`.
pub(crate) fn node_name(lineage: &Log) -> Result<String, Failure> {
    let origin = lineage.key.name();
    let node = origin.rsplit_once("/lineage/").map(|(_, node)| node.to_owned());
    node.ok_or_else(|| {
        Failure::new(Exit::Data, format!("`{origin}` is not the origin of a lineage log"))
    })
}
