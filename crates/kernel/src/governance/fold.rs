use std::collections::{BTreeMap, BTreeSet};

use policy::Trust;
use proof::digest::Digest;
use proof::json::Value;
use proof::merkle::{Frontier, leaf_hash};
use proof::note::VerifierKey;

use super::{Change, Position, SignedProposal, Subject, Workload};
use crate::limits::{PROPOSAL_LIFE_MS_MAX, SUBJECTS_MAX};
use crate::members::Malformed;

/// The newest version of the decider that this program carries: new domains begin with it.
pub const SEMANTICS: u64 = 2;

/// Why a governance record or proposal is not accepted. Adoption stops at such a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GovernanceError {
    /// It cannot be read.
    #[error("the governance record cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// The first record is no genesis, or a later one is.
    #[error("a governance log begins with `domain.created` and holds it once")]
    Genesis,
    /// The genesis names a semantics version that this program does not carry.
    #[error("semantics version {0} is not known to this program: use one that carries it")]
    Semantics(u64),
    /// The genesis is for another log.
    #[error("the domain `{0}` does not own this log")]
    Domain(String),
    /// No signature by the officer's key.
    #[error("the record is not signed by the domain's officer")]
    Unsigned,
    /// Signed for another log, or on a prefix that this log never had.
    #[error("the record was signed on another log or another history")]
    Basis,
    /// Something newer was decided about the same subject.
    #[error("`{0}` changed after the record was signed: look at it again and sign anew")]
    Superseded(String),
    /// Accepted after its expiry, or signed for too long a time.
    #[error("the signature had expired, or was made for more than a day")]
    Expired,
    /// The authority's time went back.
    #[error("the record is older than the one before it")]
    Time,
    /// Too many subjects.
    #[error("the domain holds {SUBJECTS_MAX} registrations already")]
    Full,
}

/// The fold of a governance log: what governs, and how it came to.
#[derive(Debug, Clone)]
pub struct Governance {
    origin: String,
    at: i64,
    frontier: Frontier,
    roots: Vec<Digest>,
    domain: Option<(String, VerifierKey)>,
    bundle: Option<Digest>,
    workloads: BTreeMap<String, Workload>,
    nodes: BTreeMap<String, VerifierKey>,
    trust: BTreeMap<Subject, Trust>,
    halts: BTreeSet<Subject>,
    ended: BTreeSet<String>,
    changed: BTreeMap<String, u64>,
}

impl Governance {
    /// The fold of the empty log with this origin.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        let frontier = Frontier::new();
        let roots = vec![frontier.root()];
        Self {
            origin: origin.to_owned(),
            at: 0,
            frontier,
            roots,
            domain: None,
            bundle: None,
            workloads: BTreeMap::new(),
            nodes: BTreeMap::new(),
            trust: BTreeMap::new(),
            halts: BTreeSet::new(),
            ended: BTreeSet::new(),
            changed: BTreeMap::new(),
        }
    }

    /// Folds the next record in. The state is unchanged when it is refused.
    ///
    /// # Errors
    /// See [`GovernanceError`].
    pub fn apply(&mut self, record: &[u8]) -> Result<Change, GovernanceError> {
        let value = Value::parse(record).map_err(Malformed::from)?;
        let (at, signed) = SignedProposal::from_record(&value)?;
        self.check(at, &signed)?;
        let change = signed.proposal.change;
        self.changed.insert(change.about(), self.position().size);
        self.at = at;
        self.frontier.push(leaf_hash(record));
        self.roots.push(self.frontier.root());
        self.fold(change.clone());
        Ok(change)
    }

    /// Whether a proposal would be accepted now, at the authority's time `at`.
    ///
    /// # Errors
    /// See [`GovernanceError`].
    pub fn check(&self, at: i64, signed: &SignedProposal) -> Result<(), GovernanceError> {
        let proposal = &signed.proposal;
        let officer = self.officer_for(&proposal.change)?;
        if !signed.is_signed_by(officer) {
            return Err(GovernanceError::Unsigned);
        }
        self.check_basis(&proposal.based_on, &proposal.change)?;
        if at < self.at {
            return Err(GovernanceError::Time);
        }
        let life = proposal.expires_ms.saturating_sub(at);
        if !(0..=PROPOSAL_LIFE_MS_MAX).contains(&life) {
            return Err(GovernanceError::Expired);
        }
        // Only what widens is bounded: trust is lowered and halts are ordered however full the state is.
        let full = self.workloads.len() + self.nodes.len() >= SUBJECTS_MAX;
        let registers = matches!(
            proposal.change,
            Change::WorkloadRegistered(_) | Change::NodeRegistered { .. }
        );
        if full && registers { Err(GovernanceError::Full) } else { Ok(()) }
    }

    fn officer_for<'a>(&'a self, change: &'a Change) -> Result<&'a VerifierKey, GovernanceError> {
        match (&self.domain, change) {
            (None, Change::DomainCreated { domain, officer, semantics }) => {
                if policy::Semantics::from_number(*semantics).is_none() {
                    Err(GovernanceError::Semantics(*semantics))
                } else if format!("{domain}/governance") != self.origin {
                    Err(GovernanceError::Domain(domain.clone()))
                } else {
                    Ok(officer)
                }
            }
            (Some((_, officer)), change) if !matches!(change, Change::DomainCreated { .. }) => {
                Ok(officer)
            }
            _ => Err(GovernanceError::Genesis),
        }
    }

    fn check_basis(&self, basis: &Position, change: &Change) -> Result<(), GovernanceError> {
        let root = usize::try_from(basis.size).ok().and_then(|size| self.roots.get(size));
        if basis.origin != self.origin || root != Some(&basis.root) {
            return Err(GovernanceError::Basis);
        }
        match self.changed.get(&change.about()) {
            Some(index) if *index >= basis.size => Err(GovernanceError::Superseded(change.about())),
            _ => Ok(()),
        }
    }

    fn fold(&mut self, change: Change) {
        match change {
            Change::DomainCreated { domain, officer, .. } => self.domain = Some((domain, officer)),
            Change::BundlePublished { bundle } => self.bundle = Some(bundle),
            Change::WorkloadRegistered(workload) => {
                self.workloads.insert(workload.name.clone(), workload);
            }
            Change::NodeRegistered { node, key } => {
                self.nodes.insert(node, key);
            }
            Change::TrustChanged { subject, trust } => {
                self.trust.insert(subject, trust);
            }
            Change::HaltOrdered { subject } => {
                self.halts.insert(subject);
            }
            Change::ExecutionEnded { execution } => {
                self.ended.insert(execution);
            }
            Change::HaltLifted { subject } => {
                self.halts.remove(&subject);
            }
        }
    }

    /// The prefix folded so far.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            origin: self.origin.clone(),
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }

    /// The authority's time of the last record, in milliseconds.
    #[must_use]
    pub fn at(&self) -> i64 {
        self.at
    }

    /// The domain's name, once the genesis is folded.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_ref().map(|(name, _)| name.as_str())
    }

    /// Digest of the bundle that decides, if one was published.
    #[must_use]
    pub fn bundle(&self) -> Option<Digest> {
        self.bundle
    }

    /// A registered workload.
    #[must_use]
    pub fn workload(&self, name: &str) -> Option<&Workload> {
        self.workloads.get(name)
    }

    /// All registered workloads, by name.
    pub fn workloads(&self) -> impl Iterator<Item = &Workload> {
        self.workloads.values()
    }

    /// The key of a registered node's lineage log.
    #[must_use]
    pub fn node_key(&self, node: &str) -> Option<&VerifierKey> {
        self.nodes.get(node)
    }

    /// The worst trust state among the given subjects.
    #[must_use]
    pub fn trust(&self, subjects: &[Subject]) -> Trust {
        let states = subjects.iter().filter_map(|subject| self.trust.get(subject).copied());
        states.max().unwrap_or(Trust::Trusted)
    }

    /// Whether any of the given subjects is halted.
    #[must_use]
    pub fn is_halted(&self, subjects: &[Subject]) -> bool {
        subjects.iter().any(|subject| self.halts.contains(subject))
    }

    /// Whether an officer ended this execution.
    #[must_use]
    pub fn is_ended(&self, execution: &str) -> bool {
        self.ended.contains(execution)
    }

    /// All trust states that were ever set, and all halts in force.
    pub fn standing(
        &self,
    ) -> (impl Iterator<Item = (&Subject, Trust)>, impl Iterator<Item = &Subject>) {
        (self.trust.iter().map(|(subject, trust)| (subject, *trust)), self.halts.iter())
    }
}
