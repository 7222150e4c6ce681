use proof::digest::Digest;
use proof::json::{Value, number, object};
use proof::note::VerifierKey;
use proof::record::Fields;

use super::{Replays, Roles, Subject};
use crate::Trust;
use crate::members::{MalformedRecord, members, name, wrong};

/// A registered kind of agent or service. `api` mirrors it for clients under the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Its name in this domain.
    pub name: String,
    /// The OS user (uid) whose processes may speak for it.
    pub os_user: u32,
    /// The zone it lives in.
    pub zone: String,
}

/// One change to what governs. The record's `type` names it, the record's `content` holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The genesis: the domain's name and its roles. Type `domain.created`.
    DomainCreated {
        /// The domain's name.
        domain: String,
        /// Who has which role.
        roles: Roles,
        /// The newest version of the decider that its bundles may name.
        semantics: u64,
    },
    /// Other officers, or other thresholds, from here on. Type `roles.changed`.
    RolesChanged {
        /// All roles.
        roles: Roles,
    },
    /// The newest version of the decider that bundles may name from here on. Type
    /// `semantics.adopted`.
    SemanticsAdopted {
        /// Its number.
        semantics: u64,
        /// The result of a replay under it and under the version in force.
        replays: Replays,
    },
    /// A new bundle decides from here on. Type `bundle.published`.
    BundlePublished {
        /// SHA-256 of the bundle's blob.
        bundle: Digest,
    },
    /// A workload may ask. Type `workload.registered`.
    WorkloadRegistered(Workload),
    /// A node may decide; its lineage log's key. Type `node.registered`.
    NodeRegistered {
        /// The node's name.
        node: String,
        /// The key that signs the node's lineage checkpoints.
        key: VerifierKey,
    },
    /// A trust state. Type `trust.changed`.
    TrustChanged {
        /// Whose.
        subject: Subject,
        /// The state from here on.
        trust: Trust,
    },
    /// Nothing more is permitted to the subject. Type `halt.ordered`.
    HaltOrdered {
        /// Whom.
        subject: Subject,
    },
    /// An execution ends, with all its descendants; the next session of its workload begins a new
    /// one. Type `execution.ended`.
    ExecutionEnded {
        /// Its id.
        execution: String,
    },
    /// An earlier halt ends. Type `halt.lifted`.
    HaltLifted {
        /// Whom.
        subject: Subject,
    },
}

impl Change {
    /// The roles that hold from this change on, where it changes them.
    #[must_use]
    pub fn roles(&self) -> Option<&Roles> {
        match self {
            Self::DomainCreated { roles, .. } | Self::RolesChanged { roles } => Some(roles),
            _ => None,
        }
    }

    /// The record type that carries this change.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::DomainCreated { .. } => "domain.created",
            Self::RolesChanged { .. } => "roles.changed",
            Self::SemanticsAdopted { .. } => "semantics.adopted",
            Self::BundlePublished { .. } => "bundle.published",
            Self::WorkloadRegistered(_) => "workload.registered",
            Self::NodeRegistered { .. } => "node.registered",
            Self::TrustChanged { .. } => "trust.changed",
            Self::HaltOrdered { .. } => "halt.ordered",
            Self::ExecutionEnded { .. } => "execution.ended",
            Self::HaltLifted { .. } => "halt.lifted",
        }
    }

    /// What the change is about. A signature that was made before the last change to the same thing
    /// is refused.
    #[must_use]
    pub fn about(&self) -> String {
        match self {
            Self::DomainCreated { .. } => "domain".to_owned(),
            Self::RolesChanged { .. } => "roles".to_owned(),
            Self::SemanticsAdopted { .. } => "semantics".to_owned(),
            Self::BundlePublished { .. } => "bundle".to_owned(),
            Self::WorkloadRegistered(workload) => format!("registration {}", workload.name),
            Self::NodeRegistered { node, .. } => format!("node {node}"),
            Self::TrustChanged { subject, .. } => format!("trust {subject}"),
            Self::ExecutionEnded { execution } => format!("end {execution}"),
            Self::HaltOrdered { subject } | Self::HaltLifted { subject } => {
                format!("halt {subject}")
            }
        }
    }

    pub(crate) fn to_content(&self) -> Value {
        match self {
            Self::DomainCreated { domain, roles, semantics } => object([
                ("domain", Value::from(domain.as_str())),
                ("roles", roles.to_value()),
                ("semantics", number(*semantics)),
            ]),
            Self::RolesChanged { roles } => object([("roles", roles.to_value())]),
            Self::SemanticsAdopted { semantics, replays } => object([
                ("replayed_at", Value::Integer(replays.at)),
                ("replays", replays.each_to_value()),
                ("semantics", number(*semantics)),
            ]),
            Self::BundlePublished { bundle } => {
                object([("bundle", Value::from(bundle.to_string()))])
            }
            Self::WorkloadRegistered(workload) => object([
                ("os_user", Value::Integer(i64::from(workload.os_user))),
                ("workload", Value::from(workload.name.as_str())),
                ("zone", Value::from(workload.zone.as_str())),
            ]),
            Self::NodeRegistered { node, key } => object([
                ("key", Value::from(key.to_string())),
                ("node", Value::from(node.as_str())),
            ]),
            Self::TrustChanged { subject, trust } => {
                object([("subject", subject.to_value()), ("trust", Value::from(trust.as_str()))])
            }
            Self::ExecutionEnded { execution } => {
                object([("execution", Value::from(execution.as_str()))])
            }
            Self::HaltOrdered { subject } | Self::HaltLifted { subject } => {
                object([("subject", subject.to_value())])
            }
        }
    }

    pub(crate) fn from_content(type_name: &str, content: &Value) -> Result<Self, MalformedRecord> {
        match type_name {
            "domain.created" => created(content),
            "roles.changed" => {
                let members = members(content, &["roles"])?;
                Ok(Self::RolesChanged { roles: Roles::from_value(members.value("roles")?)? })
            }
            "semantics.adopted" => {
                let members = members(content, &["replayed_at", "replays", "semantics"])?;
                let at = members.integer("replayed_at")?;
                let replays = Replays::read(at, members.array("replays")?)?;
                Ok(Self::SemanticsAdopted { semantics: members.count("semantics")?, replays })
            }
            "bundle.published" => {
                let members = members(content, &["bundle"])?;
                Ok(Self::BundlePublished { bundle: members.digest("bundle")? })
            }
            "workload.registered" => registered(content),
            "node.registered" => {
                let members = members(content, &["key", "node"])?;
                Ok(Self::NodeRegistered {
                    node: name(&members, "node")?,
                    key: key(&members, "key")?,
                })
            }
            "trust.changed" => trust_changed(content),
            "execution.ended" => {
                let members = members(content, &["execution"])?;
                Ok(Self::ExecutionEnded { execution: name(&members, "execution")? })
            }
            "halt.ordered" => Ok(Self::HaltOrdered { subject: halted(content)? }),
            "halt.lifted" => Ok(Self::HaltLifted { subject: halted(content)? }),
            _ => Err(MalformedRecord::new(format!("unknown governance record type `{type_name}`"))),
        }
    }
}

fn created(content: &Value) -> Result<Change, MalformedRecord> {
    let members = members(content, &["domain", "roles", "semantics"])?;
    Ok(Change::DomainCreated {
        domain: name(&members, "domain")?,
        roles: Roles::from_value(members.value("roles")?)?,
        semantics: members.count("semantics")?,
    })
}

fn registered(content: &Value) -> Result<Change, MalformedRecord> {
    let members = members(content, &["os_user", "workload", "zone"])?;
    let os_user = u32::try_from(members.integer("os_user")?);
    Ok(Change::WorkloadRegistered(Workload {
        name: name(&members, "workload")?,
        os_user: os_user.map_err(|_| wrong("os_user", "a user id of 32 bits"))?,
        zone: name(&members, "zone")?,
    }))
}

fn trust_changed(content: &Value) -> Result<Change, MalformedRecord> {
    let members = members(content, &["subject", "trust"])?;
    let trust = Trust::parse(members.str("trust")?)
        .ok_or_else(|| wrong("trust", "one of trusted, degraded, suspended, revoked"))?;
    Ok(Change::TrustChanged { subject: Subject::from_value(members.value("subject")?)?, trust })
}

fn halted(content: &Value) -> Result<Subject, MalformedRecord> {
    Subject::from_value(members(content, &["subject"])?.value("subject")?)
}

fn key(members: &Fields<'_>, member: &str) -> Result<VerifierKey, MalformedRecord> {
    members.str(member)?.parse().map_err(|_| wrong(member, "a verifier key (vkey)"))
}
