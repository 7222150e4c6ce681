//! Officers, and the log of what they decided.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::governance::{Governance, GovernanceError, SEMANTICS};
use kernel::state::BlobSource;
use policy::Bundle;
use proof::digest::Digest;
use proof::note::{Ed25519Signer, Signer};
use record::governance::{Change, Proposal, Role, Roles, SignedProposal, TRUST, Workload};
use record::lineage::{Approval, SignedApproval};

use crate::broken::Broken;
use crate::names::{LINEAGE, ORIGIN};

/// Workloads, and the OS users that speak for them.
pub(crate) const WORKLOADS: [(&str, u32); 3] = [("agent", 1001), ("clerk", 1002), ("helper", 1003)];

/// How long an officer's signature lives, in milliseconds.
const LIFE_MS: i64 = 60_000;

#[derive(Default, Clone)]
pub(crate) struct Shelf(BTreeMap<Digest, Arc<Bundle>>);

impl BlobSource for Shelf {
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.0.get(digest).map(|bundle| bundle.blob().to_vec())
    }

    fn bundle(&self, digest: &Digest) -> Option<Arc<Bundle>> {
        self.0.get(digest).cloned()
    }
}

/// The zone that a workload begins in.
pub(crate) fn first_zone(workload: &str) -> &'static str {
    if workload == "helper" { "lab" } else { "prod" }
}

/// How many officers sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    /// One who may take away.
    ByOne,
    /// As many as must where something is given back.
    ByQuorum,
}

/// The governance log of a domain with three officers. One has every role; two of the three give
/// trust back.
pub(crate) struct SimulatedAuthority {
    officers: Vec<Ed25519Signer>,
    /// A planted bug: what acts already is judged by the time of the log.
    pub(crate) is_late: bool,
    pub(crate) fold: Governance,
    pub(crate) records: Vec<Vec<u8>>,
    pub(crate) shelf: Arc<Shelf>,
}

/// All roles of a domain and those who approve payments: the first officer has them. Trust is given
/// back by two of all.
fn roles(officers: &[Ed25519Signer]) -> Result<Roles, Broken> {
    let keys: Vec<_> = officers.iter().map(Signer::verifier).collect();
    let Some(first) = keys.first() else { return Err(Broken::run("there is no officer")) };
    let base = Roles::of_one(first).map_err(Broken::run)?;
    let mut roles: BTreeMap<String, Role> =
        base.iter().map(|(name, role)| (name.to_owned(), role.clone())).collect();
    let finance = Role::new(1, vec![first.clone()]).map_err(Broken::run)?;
    roles.insert("finance".to_owned(), finance);
    roles.insert(TRUST.to_owned(), Role::new(2, keys).map_err(Broken::run)?);
    Roles::new(roles).map_err(Broken::run)
}

impl SimulatedAuthority {
    pub(crate) fn new(at: i64, bundle: &Arc<Bundle>) -> Result<Self, Broken> {
        let officer = |seed: u8| {
            Ed25519Signer::from_seed(&format!("sim.test/officer-{seed}"), &[seed; 32])
                .map_err(Broken::run)
        };
        let officers = [7, 9, 10].map(officer).into_iter().collect::<Result<Vec<_>, _>>()?;
        let roles = roles(&officers)?;
        let (fold, records) = (Governance::new(ORIGIN), Vec::new());
        let mut authority = Self { officers, is_late: false, fold, records, shelf: Arc::default() };
        let (domain, semantics) = ("sim.test".into(), SEMANTICS);
        authority.change(at, Change::DomainCreated { domain, roles, semantics })?;
        for (name, os_user) in WORKLOADS {
            let zone = first_zone(name).into();
            let workload = Workload { name: name.into(), os_user, zone };
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
        // What is no reduction is judged at the log's time.
        let signed = self.propose(at.max(self.fold.at()), change, Signed::ByQuorum)?;
        self.accept(at, &signed).map_err(Broken::run)
    }

    /// A change on what governs now, that was signed by so many at this time.
    pub(crate) fn propose(
        &self,
        at: i64,
        change: Change,
        signed: Signed,
    ) -> Result<SignedProposal, Broken> {
        let proposal =
            Proposal { based_on: self.fold.position(), expires_ms: at + LIFE_MS, change };
        let count = if signed == Signed::ByOne { 1 } else { 2 };
        let signers = self.officers.iter().take(count);
        let mut signed = proposal.unsigned();
        for officer in signers {
            signed = signed.and_signed(officer).map_err(Broken::run)?;
        }
        Ok(signed)
    }

    /// The officer's word on a payment, or a stranger's.
    pub(crate) fn approve(
        &self,
        approval: Approval,
        is_officer: bool,
    ) -> Result<SignedApproval, Broken> {
        let stranger =
            Ed25519Signer::from_seed("sim.test/stranger", &[8; 32]).map_err(Broken::run)?;
        let signer = self.officers.first().filter(|_| is_officer).unwrap_or(&stranger);
        approval.sign(LINEAGE, signer).map_err(Broken::run)
    }

    /// Accepts what was signed, and what acts on the node already, by this clock.
    pub(crate) fn accept(
        &mut self,
        clock: i64,
        signed: &SignedProposal,
    ) -> Result<(), GovernanceError> {
        let life_ends = signed.proposal.expires_ms;
        if self.is_late && clock.max(self.fold.at()) > life_ends {
            return Err(GovernanceError::Expired);
        }
        self.fold.check_owed(clock, signed)?;
        let at = self.fold.accepted_at(clock, signed);
        let record = signed.to_record(at).to_bytes();
        self.fold.apply(&record)?;
        self.records.push(record);
        Ok(())
    }
}
