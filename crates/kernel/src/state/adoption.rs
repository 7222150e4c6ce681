use std::sync::Arc;

use policy::{Bundle, Semantics};
use proof::digest::Digest;
use proof::json::Value;

use super::NodeState;
use crate::governance::{Change, SignedProposal};

/// Where the content of large values comes from. Whoever implements it checks nothing: the digest is
/// checked here.
pub trait Blobs {
    /// The bytes behind a digest, if they are there.
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>>;

    /// The bundle of that digest, where it was loaded before: loading takes longer than most logs take to be followed.
    fn bundle(&self, _digest: &Digest) -> Option<Arc<Bundle>> {
        None
    }
}

/// A governance log, with the blobs beside it.
#[derive(Clone, Copy)]
pub struct GovernanceLog<'a> {
    /// The log's origin.
    pub origin: &'a str,
    /// All its records.
    pub records: &'a [Vec<u8>],
    /// The content of its large values.
    pub blobs: &'a dyn Blobs,
}

/// What came of following a governance log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adopted {
    /// All records were accepted.
    All,
    /// Adoption stopped before the record at this index, and nothing is permitted from here on.
    StoppedAt {
        /// Index in the governance log.
        index: u64,
        /// Why.
        why: String,
    },
}

impl NodeState {
    /// Whether every governance record so far could be accepted.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// Follows the governance log: `records` come after what was adopted. Stops for good at a record
    /// that cannot be accepted, or whose bundle is missing or cannot be loaded.
    pub fn adopt(&mut self, records: &[Vec<u8>], blobs: &dyn Blobs) -> Adopted {
        for record in records {
            if let Err(why) = self.adopt_one(record, blobs) {
                self.is_verified = false;
                return Adopted::StoppedAt { index: self.governance.position().size, why };
            }
        }
        Adopted::All
    }

    pub(crate) fn stop_adoption(&mut self) {
        self.is_verified = false;
    }

    fn adopt_one(&mut self, record: &[u8], blobs: &dyn Blobs) -> Result<(), String> {
        if !self.is_verified {
            return Err("adoption had stopped before".to_owned());
        }
        let bundle = match published_bundle(record) {
            Some(digest) if !self.is_bundle_fixed => {
                let bundle = load(&digest, blobs, self.supposed)?;
                let adopted = self.governance.check_semantics(bundle.semantics());
                if self.supposed.is_none() {
                    adopted.map_err(|why| why.to_string())?;
                }
                Some(bundle)
            }
            _ => None,
        };
        self.governance.apply(record).map_err(|why| why.to_string())?;
        if let Some(signed) = signed_proposal(record) {
            self.settle_reductions(&signed);
        }
        if let Some(bundle) = bundle {
            self.executions.values_mut().for_each(|execution| execution.rebase(&bundle));
            self.left.forget(&bundle);
            self.bundle = bundle;
            self.put_together();
        }
        Ok(())
    }
}

fn signed_proposal(record: &[u8]) -> Option<SignedProposal> {
    let value = Value::parse(record).ok()?;
    SignedProposal::from_record(&value).ok().map(|(_, signed)| signed)
}

fn published_bundle(record: &[u8]) -> Option<Digest> {
    match signed_proposal(record)?.proposal.change {
        Change::BundlePublished { bundle } => Some(bundle),
        _ => None,
    }
}

pub(super) fn load(
    digest: &Digest,
    blobs: &dyn Blobs,
    supposed: Option<Semantics>,
) -> Result<Arc<Bundle>, String> {
    let loaded = blobs.bundle(digest).filter(|bundle| bundle.digest() == *digest);
    if let (Some(bundle), None) = (loaded, supposed) {
        return Ok(bundle);
    }
    let blob = blobs.blob(digest).ok_or_else(|| format!("the bundle `{digest}` is missing"))?;
    if Digest::of(&blob) != *digest {
        return Err(format!("the bundle `{digest}` has other bytes"));
    }
    let bundle = match supposed {
        Some(semantics) => Bundle::from_blob_under(&blob, semantics),
        None => Bundle::from_blob(&blob),
    };
    let bundle = bundle.map_err(|why| why.to_string())?;
    Ok(Arc::new(bundle))
}

#[cfg(test)]
mod tests;
