//! Officers, and the log of what they decided.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::governance::{Change, Governance, Proposal, Role, Roles, SignedProposal, Workload};
use kernel::lineage::{Approval, SignedApproval};
use kernel::state::Blobs;
use policy::Bundle;
use proof::digest::Digest;
use proof::note::{Ed25519Signer, Signer};

use crate::broken::Broken;

pub(crate) const ORIGIN: &str = "sim.test/governance";

/// Workloads, and the OS users that speak for them.
pub(crate) const WORKLOADS: [(&str, u32); 3] = [("agent", 1001), ("clerk", 1002), ("helper", 1003)];

/// How long an officer's signature lives, in milliseconds.
const LIFE_MS: i64 = 60_000;

#[derive(Default, Clone)]
pub(crate) struct Shelf(BTreeMap<Digest, Arc<Bundle>>);

impl Blobs for Shelf {
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.0.get(digest).map(|bundle| bundle.blob().to_vec())
    }

    fn bundle(&self, digest: &Digest) -> Option<Arc<Bundle>> {
        self.0.get(digest).cloned()
    }
}

/// The governance log of a domain with one officer.
pub(crate) struct Authority {
    officer: Ed25519Signer,
    pub(crate) fold: Governance,
    pub(crate) records: Vec<Vec<u8>>,
    pub(crate) shelf: Arc<Shelf>,
}

/// All roles of a domain and those who approve payments: one officer has them.
fn roles(officer: &Ed25519Signer) -> Result<Roles, Broken> {
    let base = Roles::of_one(&officer.verifier()).map_err(Broken::run)?;
    let mut roles: BTreeMap<String, Role> =
        base.iter().map(|(name, role)| (name.to_owned(), role.clone())).collect();
    let finance = Role::new(1, vec![officer.verifier()]).map_err(Broken::run)?;
    roles.insert("finance".to_owned(), finance);
    Roles::new(roles).map_err(Broken::run)
}

impl Authority {
    pub(crate) fn new(at: i64, bundle: &Arc<Bundle>) -> Result<Self, Broken> {
        let officer =
            Ed25519Signer::from_seed("sim.test/officer", &[7; 32]).map_err(Broken::run)?;
        let roles = roles(&officer)?;
        let (fold, records) = (Governance::new(ORIGIN), Vec::new());
        let mut authority = Self { officer, fold, records, shelf: Arc::default() };
        authority
            .change(at, Change::DomainCreated { domain: "sim.test".into(), roles, semantics: 2 })?;
        for (name, os_user) in WORKLOADS {
            let workload = Workload { name: name.into(), os_user, zone: "prod".into() };
            authority.change(at, Change::WorkloadRegistered(workload))?;
        }
        authority.publish(at, bundle)?;
        Ok(authority)
    }

    pub(crate) fn publish(&mut self, at: i64, bundle: &Arc<Bundle>) -> Result<(), Broken> {
        let mut shelf = Shelf::clone(&self.shelf);
        shelf.0.insert(bundle.digest(), Arc::clone(bundle));
        self.shelf = Arc::new(shelf);
        self.change(at, Change::BundlePublished { bundle: bundle.digest() })
    }

    pub(crate) fn change(&mut self, at: i64, change: Change) -> Result<(), Broken> {
        let signed = self.propose(at, change)?;
        self.accept(at, &signed)
    }

    /// A change that the officer signed on what governs now.
    pub(crate) fn propose(&self, at: i64, change: Change) -> Result<SignedProposal, Broken> {
        let at = at.max(self.fold.at());
        let proposal =
            Proposal { based_on: self.fold.position(), expires_ms: at + LIFE_MS, change };
        proposal.sign(&self.officer).map_err(Broken::run)
    }

    /// The officer's word on a payment, or a stranger's.
    pub(crate) fn approve(
        &self,
        approval: Approval,
        is_officer: bool,
    ) -> Result<SignedApproval, Broken> {
        let stranger =
            Ed25519Signer::from_seed("sim.test/stranger", &[8; 32]).map_err(Broken::run)?;
        let signer = if is_officer { &self.officer } else { &stranger };
        approval.sign(crate::node::LINEAGE, signer).map_err(Broken::run)
    }

    pub(crate) fn accept(&mut self, at: i64, signed: &SignedProposal) -> Result<(), Broken> {
        let record = signed.to_record(at.max(self.fold.at())).to_bytes();
        self.fold.apply(&record).map_err(Broken::run)?;
        self.records.push(record);
        Ok(())
    }
}
