use std::fmt;
use std::str::FromStr;

use proof::json::{Value, object};

use crate::members::{MalformedRecord, checked_name, members};

/// Whom a trust state or a halt is about. Written `domain`, `zone:NAME`, `node:NAME`,
/// `workload:NAME` or `execution:ID`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Everything in the domain.
    Domain,
    /// All workloads of a zone.
    Zone(String),
    /// All executions on a node.
    Node(String),
    /// All executions of a workload.
    Workload(String),
    /// One execution.
    Execution(String),
}

impl Subject {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Domain => ("domain", ""),
            Self::Zone(name) => ("zone", name),
            Self::Node(name) => ("node", name),
            Self::Workload(name) => ("workload", name),
            Self::Execution(id) => ("execution", id),
        }
    }

    fn from_parts(kind: &str, id: &str) -> Result<Self, MalformedRecord> {
        if kind == "domain" {
            return if id.is_empty() {
                Ok(Self::Domain)
            } else {
                Err(MalformedRecord::new("the subject `domain` takes no name"))
            };
        }
        let id = checked_name("id", id)?;
        match kind {
            "zone" => Ok(Self::Zone(id)),
            "node" => Ok(Self::Node(id)),
            "workload" => Ok(Self::Workload(id)),
            "execution" => Ok(Self::Execution(id)),
            _ => Err(MalformedRecord::new(format!(
                "unknown subject `{kind}`: write domain, zone:NAME, node:NAME, workload:NAME or execution:ID"
            ))),
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        let (kind, id) = self.parts();
        object([("id", Value::from(id)), ("kind", Value::from(kind))])
    }

    pub(crate) fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let members = members(value, &["id", "kind"])?;
        Self::from_parts(members.str("kind")?, members.str("id")?)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            ("domain", _) => f.write_str("domain"),
            (kind, id) => write!(f, "{kind}:{id}"),
        }
    }
}

impl FromStr for Subject {
    type Err = MalformedRecord;

    fn from_str(text: &str) -> Result<Self, MalformedRecord> {
        let (kind, id) = text.split_once(':').unwrap_or((text, ""));
        Self::from_parts(kind, id)
    }
}
