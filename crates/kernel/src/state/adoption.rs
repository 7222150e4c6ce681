use std::sync::Arc;

use policy::{Bundle, Semantics};
use proof::digest::Digest;
use proof::json::Value;
use record::governance::{Change, SignedProposal};

use super::NodeState;
use crate::governance::GovernanceError;

/// The content of large values. Implementations check nothing: the caller checks the digest.
pub trait BlobSource {
    /// The bytes behind a digest, if they are there.
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>>;

    /// The bundle of that digest, where it was loaded before: loading one takes longer than
    /// following most logs.
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
    pub blobs: &'a dyn BlobSource,
}

/// The result of following a governance log.
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

/// Why a governance record is not adopted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AdoptionError {
    /// An earlier record could not be accepted.
    #[error("adoption had stopped before")]
    Stopped,
    /// The record does not follow from what governs.
    #[error(transparent)]
    Governance(#[from] GovernanceError),
    /// The bundle that the record publishes is not there.
    #[error("the bundle `{0}` is missing")]
    MissingBundle(Digest),
    /// The bytes under the bundle's digest have another digest.
    #[error("the bundle `{0}` has other bytes")]
    OtherBytes(Digest),
    /// The bundle cannot be loaded: its errors.
    #[error("{0}")]
    Bundle(String),
}

impl NodeState {
    /// Whether every governance record so far could be accepted.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// Follows the governance log: `records` come after those adopted. Stops for good at a record
    /// that cannot be accepted, or whose bundle is missing or cannot be loaded.
    pub fn adopt(&mut self, records: &[Vec<u8>], blobs: &dyn BlobSource) -> Adopted {
        for record in records {
            if let Err(why) = self.adopt_one(record, blobs) {
                self.is_verified = false;
                let why = why.to_string();
                return Adopted::StoppedAt { index: self.governance.position().size, why };
            }
        }
        Adopted::All
    }

    pub(crate) fn stop_adoption(&mut self) {
        self.is_verified = false;
    }

    fn adopt_one(&mut self, record: &[u8], blobs: &dyn BlobSource) -> Result<(), AdoptionError> {
        if !self.is_verified {
            return Err(AdoptionError::Stopped);
        }
        let bundle = match published_bundle(record) {
            Some(digest) if !self.is_bundle_overridden => {
                let bundle = load(&digest, blobs, self.semantics_override)?;
                let adopted = self.governance.check_semantics(bundle.semantics());
                if self.semantics_override.is_none() {
                    adopted?;
                }
                Some(bundle)
            }
            _ => None,
        };
        self.governance.apply(record)?;
        if let Some(signed) = signed_proposal(record) {
            self.settle_reductions(&signed);
        }
        if let Some(bundle) = bundle {
            self.executions.values_mut().for_each(|execution| execution.rebase(&bundle));
            self.resource_labels.forget(&bundle);
            self.bundle = bundle;
            self.merge_histories();
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
    blobs: &dyn BlobSource,
    semantics_override: Option<Semantics>,
) -> Result<Arc<Bundle>, AdoptionError> {
    let loaded = blobs.bundle(digest).filter(|bundle| bundle.digest() == *digest);
    if let (Some(bundle), None) = (loaded, semantics_override) {
        return Ok(bundle);
    }
    let blob = blobs.blob(digest).ok_or(AdoptionError::MissingBundle(*digest))?;
    if Digest::of(&blob) != *digest {
        return Err(AdoptionError::OtherBytes(*digest));
    }
    let bundle = match semantics_override {
        Some(semantics) => Bundle::from_blob_under(&blob, semantics),
        None => Bundle::from_blob(&blob),
    };
    bundle.map(Arc::new).map_err(|why| AdoptionError::Bundle(why.to_string()))
}

#[cfg(test)]
mod tests;
