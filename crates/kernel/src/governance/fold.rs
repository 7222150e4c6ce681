use std::collections::{BTreeMap, BTreeSet};

use proof::digest::Digest;
use proof::json::Value;
use proof::merkle::{Frontier, leaf_hash};
use proof::note::VerifierKey;
use record::governance::{Change, Role, Roles, SignedProposal, Subject, Workload};
use record::{MalformedRecord, Position, Trust};

use crate::limits::{OFFICER_NAME_BYTES_MAX, PROPOSAL_LIFE_MS_MAX, SUBJECTS_MAX};

/// The newest version of the decider that this program carries: new domains begin with it.
pub const SEMANTICS: u64 = 4;

/// The version of the decider from which on the log itself refuses a change that gives something
/// back by a detour.
const STRICT_SEMANTICS: u64 = 4;

/// Why a governance record or proposal is not accepted. Adoption stops at such a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GovernanceError {
    /// It cannot be read.
    #[error("the governance record cannot be read: {0}")]
    Malformed(#[from] MalformedRecord),
    /// The first record is no genesis, or a later one is.
    #[error("a governance log begins with `domain.created` and holds it once")]
    Genesis,
    /// The genesis names a semantics version that this program does not carry.
    #[error("semantics version {0} is not known to this program: use one that carries it")]
    Semantics(u64),
    /// The genesis is for another log.
    #[error("the domain `{0}` does not own this log")]
    Domain(String),
    /// Too few officers of the role signed.
    #[error("it needs the signatures of {needed} of the {of} officers of `{role}`, and has {have}")]
    Unsigned {
        /// The role.
        role: &'static str,
        /// How many must sign.
        needed: u64,
        /// How many there are.
        of: u64,
        /// How many did.
        have: u64,
    },
    /// A signature is not that of its key over this proposal.
    #[error(
        "a signature is not good: the proposal was changed after it was signed, or for another one"
    )]
    Signature,
    /// A signer has no role: a stranger, or a former officer.
    #[error("a key signed that has no role in this domain now")]
    Stranger,
    /// The bundle is written for a newer version of the decider than the domain has adopted.
    #[error(
        "the bundle is written for semantics {bundle}, the domain has adopted {domain}: adopt it first"
    )]
    TooNew {
        /// The bundle's.
        bundle: u64,
        /// The domain's.
        domain: u64,
    },
    /// The version of the decider would go back.
    #[error("the domain has adopted semantics {0} already, and does not go back")]
    SemanticsBack(u64),
    /// The replay that the officers state does not cover the decisions of this domain's nodes.
    #[error("the replay under both versions: {0}; propose it again, which replays the logs")]
    Replays(String),
    /// Signed for another log, or on a prefix that this log never had.
    #[error("the record was signed on another log or another history")]
    Basis,
    /// Something newer was decided about the same subject.
    #[error("`{0}` changed after the record was signed: look at it again and sign anew")]
    Superseded(String),
    /// Accepted after its expiry, or signed for too long a time.
    #[error("the signature had expired, or was made for more than a day")]
    Expired,
    /// It acts before it is in the log, and no record of a node could hold it.
    #[error("the change and its signatures take more than {0} bytes: have fewer officers sign")]
    TooLong(usize),
    /// A key is to be an officer's, and its name is longer than one may be.
    #[error(
        "the name of an officer's key that begins `{0}` is longer than {OFFICER_NAME_BYTES_MAX} bytes: make \
         a key with a shorter name (`interlock key`)"
    )]
    KeyName(String),
    /// The authority's time went back.
    #[error("the record is older than the one before it")]
    Time,
    /// A workload would leave a zone in which it is stopped.
    #[error(
        "`{workload}` would leave the zone `{zone}`, which is halted or trusted less: give that back first"
    )]
    Leaves {
        /// The workload.
        workload: String,
        /// The zone that it is registered in.
        zone: String,
    },
    /// Too many subjects.
    #[error("the domain holds {SUBJECTS_MAX} registrations already")]
    Full,
}

/// The code of a replay under both versions of the decider that does not do.
pub const UNREPLAYED: &str = "semantics.replay";

impl GovernanceError {
    /// A stable word for the kind of refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Replays(_) => UNREPLAYED,
            _ => "governance",
        }
    }
}

/// The fold of a governance log: the state in force, and the changes that led to it. `api` mirrors
/// its public part for clients under the same name.
#[derive(Debug, Clone)]
pub struct Governance {
    origin: String,
    at: i64,
    frontier: Frontier,
    roots: Vec<Digest>,
    domain: Option<String>,
    roles: Option<Roles>,
    semantics: u64,
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
            roles: None,
            semantics: 0,
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
        let value = Value::parse(record).map_err(MalformedRecord::from)?;
        let (at, signed) = SignedProposal::from_record(&value)?;
        self.check_but_life(at, &signed)?;
        if at < self.at {
            return Err(GovernanceError::Time);
        }
        // The time of a reduction that came while the log was ahead is the log's, and not related
        // to its life.
        if at > self.at || !self.is_reduction(&signed.proposal.change) {
            Self::check_life(at, &signed)?;
        }
        let change = signed.proposal.change;
        self.changed.insert(change.about(), self.position().size);
        self.at = at;
        self.frontier.push(leaf_hash(record));
        self.roots.push(self.frontier.root());
        self.fold(change.clone());
        Ok(change)
    }

    /// Whether a proposal would be accepted now, by this clock. A change that widens is judged at
    /// the log's time where that is ahead of the clock. A reduction is judged by the clock alone:
    /// the log's time cannot make it late.
    ///
    /// # Errors
    /// See [`GovernanceError`].
    pub fn check(&self, clock: i64, signed: &SignedProposal) -> Result<(), GovernanceError> {
        let at = clock.max(self.at);
        self.check_but_life(at, signed)?;
        self.check_key_names(&signed.proposal.change)?;
        match self.is_reduction(&signed.proposal.change) {
            true if clock > signed.proposal.expires_ms => Err(GovernanceError::Expired),
            true => Ok(()),
            false => Self::check_life(at, signed),
        }
    }

    /// The time of the record of a change that is accepted by this clock: never before that of the
    /// previous record. The time of a reduction lies within the life of its signatures where the
    /// clock does, and before their end in any case. Where they are valid for longer than a day, or
    /// the clock is behind, it is the time of the previous record: one officer's signature moves no
    /// time.
    #[must_use]
    pub fn accepted_at(&self, clock: i64, signed: &SignedProposal) -> i64 {
        let last = signed.proposal.expires_ms;
        let at = match self.is_reduction(&signed.proposal.change) {
            true if clock < last.saturating_sub(PROPOSAL_LIFE_MS_MAX) => self.at,
            true => clock.min(last),
            false => clock,
        };
        at.max(self.at)
    }

    /// As [`Self::check`], of a reduction that acts already: its life was judged when it came.
    ///
    /// # Errors
    /// See [`GovernanceError`].
    pub fn check_owed(&self, clock: i64, signed: &SignedProposal) -> Result<(), GovernanceError> {
        if !self.is_reduction(&signed.proposal.change) {
            return self.check(clock, signed);
        }
        self.check_but_life(clock.max(self.at), signed)
    }

    /// Everything but how long the signatures may be used.
    fn check_but_life(&self, at: i64, signed: &SignedProposal) -> Result<(), GovernanceError> {
        let proposal = &signed.proposal;
        self.check_place(&proposal.change)?;
        self.check_signers(signed)?;
        self.check_basis(&proposal.based_on, &proposal.change)?;
        if let Change::SemanticsAdopted { replays, .. } = &proposal.change {
            self.check_replays(at, replays)?;
        }
        if self.semantics >= STRICT_SEMANTICS {
            self.check_giving_back(signed, &[])?;
        }
        // Only changes that widen are bounded: trust is lowered and halts are ordered however full
        // the state is.
        let full = self.workloads.len() + self.nodes.len() >= SUBJECTS_MAX;
        let registers = matches!(
            proposal.change,
            Change::WorkloadRegistered(_) | Change::NodeRegistered { .. }
        );
        if full && registers { Err(GovernanceError::Full) } else { Ok(()) }
    }

    /// Whether the signatures may be used at this time.
    fn check_life(at: i64, signed: &SignedProposal) -> Result<(), GovernanceError> {
        let life = signed.proposal.expires_ms.saturating_sub(at);
        if (0..=PROPOSAL_LIFE_MS_MAX).contains(&life) {
            Ok(())
        } else {
            Err(GovernanceError::Expired)
        }
    }

    /// A genesis is the first record, names this log, and occurs once. A version of the decider is
    /// one that this program has, and later than the one in force.
    fn check_place(&self, change: &Change) -> Result<(), GovernanceError> {
        let unknown = |number: u64| policy::Semantics::from_number(number).is_none();
        match (&self.domain, change) {
            (None, Change::DomainCreated { semantics, .. })
            | (Some(_), Change::SemanticsAdopted { semantics, .. })
                if unknown(*semantics) =>
            {
                Err(GovernanceError::Semantics(*semantics))
            }
            (None, Change::DomainCreated { domain, .. }) => {
                let is_own = format!("{domain}/governance") == self.origin;
                if is_own { Ok(()) } else { Err(GovernanceError::Domain(domain.clone())) }
            }
            (None, _) | (Some(_), Change::DomainCreated { .. }) => Err(GovernanceError::Genesis),
            (Some(_), Change::SemanticsAdopted { semantics, .. })
                if *semantics <= self.semantics =>
            {
                Err(GovernanceError::SemanticsBack(self.semantics))
            }
            (Some(_), _) => Ok(()),
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
            Change::DomainCreated { domain, roles, semantics } => {
                (self.domain, self.roles, self.semantics) = (Some(domain), Some(roles), semantics);
            }
            Change::RolesChanged { roles } => self.roles = Some(roles),
            Change::SemanticsAdopted { semantics, .. } => self.semantics = semantics,
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
        let (origin, size) = (self.origin.clone(), self.frontier.size());
        Position { origin, size, root: self.root() }
    }

    /// Whether this is the prefix folded so far.
    pub(crate) fn is_at(&self, position: &Position) -> bool {
        position.size == self.frontier.size()
            && position.root == self.root()
            && position.origin == self.origin
    }

    /// The root of the records so far, which is asked for with each record of a lineage log.
    fn root(&self) -> Digest {
        self.roots.last().copied().unwrap_or_else(|| self.frontier.root())
    }

    /// The authority's time of the last record, in milliseconds.
    #[must_use]
    pub fn at(&self) -> i64 {
        self.at
    }

    /// The domain's name, once the genesis is folded.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The roles and their officers, once the genesis is folded.
    #[must_use]
    pub fn roles(&self) -> Option<&Roles> {
        self.roles.as_ref()
    }

    /// A role by its name.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.as_ref()?.get(name)
    }

    /// The newest version of the decider that bundles may name.
    #[must_use]
    pub fn semantics(&self) -> u64 {
        self.semantics
    }

    /// Whether a bundle for this version of the decider may decide here.
    ///
    /// # Errors
    /// [`GovernanceError::TooNew`].
    pub fn check_semantics(&self, bundle: policy::Semantics) -> Result<(), GovernanceError> {
        let (bundle, domain) = (bundle.number(), self.semantics);
        if bundle <= domain { Ok(()) } else { Err(GovernanceError::TooNew { bundle, domain }) }
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

    /// All registered nodes with the keys of their lineage logs, by name.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &VerifierKey)> {
        self.nodes.iter().map(|(node, key)| (node.as_str(), key))
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
