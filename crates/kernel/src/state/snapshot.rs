//! The state's public part as items, and back. The private part of each execution is its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::Bundle;
use proof::json::{Object, Value, number};
use record::Position;
use record::members::{MalformedRecord, members};

use super::reduction::HeldReduction;
use super::{BlobSource, Execution, GovernanceLog, NodeState, adoption, meters};
use crate::governance::Governance;

/// Why a snapshot cannot be gone on from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(String);

impl Unusable {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<MalformedRecord> for Unusable {
    fn from(why: MalformedRecord) -> Self {
        Self(why.to_string())
    }
}

impl From<proof::json::Error> for Unusable {
    fn from(why: proof::json::Error) -> Self {
        Self(why.to_string())
    }
}

impl From<proof::record::Error> for Unusable {
    fn from(why: proof::record::Error) -> Self {
        Self(why.to_string())
    }
}

/// Items of the state, by what they are of.
pub(crate) type Sections<Name> = BTreeMap<Name, Vec<Value>>;

const EXECUTIONS: &str = "executions";
const OPEN: &str = "open";
const LABELS: &str = "labels";
const WAITING: &str = "waiting";
const ACCOUNTS: &str = "accounts";
const RESERVED: &str = "reserved";
const LEFT: &str = "left";
const INSTANCES: &str = "instances";
const REDUCTIONS: &str = "reductions";
const ENDED: &str = "ended";
const ERASED: &str = "erased";

impl NodeState {
    /// The number of executions that a snapshot lists: running, ended and erased ones.
    pub(crate) fn remembered(&self) -> u64 {
        let count = self.executions.len().saturating_add(self.ended.len());
        u64::try_from(count.saturating_add(self.erased.len())).unwrap_or(u64::MAX)
    }

    /// Everything that the public headers of the log's records determine: single members, and items
    /// in sections. Each new member of the state needs a place here.
    pub(crate) fn public_parts(&self) -> (Object, Sections<&'static str>) {
        let Self {
            node,
            governance,
            is_verified,
            // These follow from governance, and from a what-if replay's own bundle or version of
            // the decider.
            bundle: _,
            is_bundle_overridden: _,
            semantics_override: _,
            at,
            size,
            executions,
            instances,
            reductions,
            ended,
            erased,
            accounts,
            resource_labels,
        } = self;
        let single = Object::from([
            ("at", Value::Integer(*at)),
            ("governance", governance.position().to_value()),
            ("is_verified", Value::Bool(*is_verified)),
            ("node", Value::from(node.as_str())),
            ("size", number(*size)),
        ]);
        let instance = |((os_user, workload), id): (&(u32, String), &String)| {
            let parts = [Value::from(*os_user), Value::from(workload.as_str())];
            Value::Array(parts.into_iter().chain([Value::from(id.as_str())]).collect())
        };
        let ended = ended.iter().map(|(id, at)| pair(id, Value::Integer(*at)));
        let erased = erased.iter().map(|(id, index)| pair(id, number(*index)));
        let sections = Sections::from([
            (EXECUTIONS, executions.iter().map(|(id, one)| one.to_item(id)).collect()),
            (OPEN, executions.iter().flat_map(|(id, one)| one.open_items(id)).collect()),
            (LABELS, executions.iter().flat_map(|(id, one)| one.touched.open_items(id)).collect()),
            (WAITING, executions.iter().flat_map(|(id, one)| one.waiting.items(id)).collect()),
            (ACCOUNTS, accounts.items().collect()),
            (RESERVED, accounts.reserved_items().collect()),
            (LEFT, resource_labels.items().collect()),
            (INSTANCES, instances.iter().map(instance).collect()),
            (REDUCTIONS, reductions.iter().map(HeldReduction::to_item).collect()),
            (ENDED, ended.collect()),
            (ERASED, erased.collect()),
        ]);
        (single, sections)
    }

    /// The state with these public parts; its executions have no private part yet.
    ///
    /// # Errors
    /// When the parts are not exactly those that [`Self::public_parts`] gives of a state of this
    /// node, under this governance log.
    pub(crate) fn from_public_parts(
        node: &str,
        single: &Value,
        mut sections: Sections<String>,
        log: GovernanceLog<'_>,
    ) -> Result<Self, Unusable> {
        let members = members(single, &["at", "governance", "is_verified", "node", "size"])?;
        if members.str("node")? != node {
            return Err(Unusable::new("it is the state of another node"));
        }
        let position = Position::from_value(members.value("governance")?)?;
        let mut state = Self::new(node, log.origin);
        state.governance = governed(log, &position)?;
        state.bundle = bundle(&state.governance, log.blobs)?;
        state.is_verified = members.bool("is_verified")?;
        state.at = members.integer("at")?;
        state.size = members.count("size")?;
        let mut take = |section: &str| {
            let missing = || Unusable::new(format!("its section `{section}` is missing"));
            sections.remove(section).ok_or_else(missing)
        };
        for item in take(EXECUTIONS)? {
            let (id, execution) = Execution::from_item(&item)?;
            state.executions.insert(id, execution);
        }
        for item in take(OPEN)? {
            state.of_item(&item)?.restore_open(&item)?;
        }
        for item in take(LABELS)? {
            state.of_item(&item)?.touched.restore_open(&item)?;
        }
        for item in take(WAITING)? {
            state.of_item(&item)?.waiting.restore(&item)?;
        }
        for item in take(ACCOUNTS)? {
            state.accounts.restore(&item)?;
        }
        for item in take(RESERVED)? {
            let (id, seq, charges) = meters::reserved_of(&item)?;
            state.reserve(&id, seq, charges);
        }
        for item in take(LEFT)? {
            state.resource_labels.restore(&item).ok_or_else(|| wrong(LEFT))?;
        }
        for item in take(INSTANCES)? {
            let instance = instance_of(&item).ok_or_else(|| wrong(INSTANCES))?;
            state.instances.extend([instance]);
        }
        for item in take(REDUCTIONS)? {
            state.reductions.push(HeldReduction::from_item(&item)?);
        }
        for item in take(ENDED)? {
            let (id, at) = pair_of(&item).ok_or_else(|| wrong(ENDED))?;
            state.ended.insert(id, at);
        }
        for item in take(ERASED)? {
            let (id, index) = pair_of(&item).ok_or_else(|| wrong(ERASED))?;
            state.erased.insert(id, u64::try_from(index).map_err(|_| wrong(ERASED))?);
        }
        match sections.keys().next() {
            None => Ok(state),
            Some(other) => Err(Unusable::new(format!("its section `{other}` is not known"))),
        }
    }

    /// The execution that an item is of.
    fn of_item(&mut self, item: &Value) -> Result<&mut Execution, Unusable> {
        let id = item.get("execution").and_then(Value::as_str);
        let execution = id.and_then(|id| self.executions.get_mut(id));
        execution.ok_or_else(|| Unusable::new("an item is of no execution"))
    }
}

/// Governance as it was at a position of its log.
fn governed(log: GovernanceLog<'_>, at: &Position) -> Result<Governance, Unusable> {
    let size = usize::try_from(at.size).unwrap_or(usize::MAX);
    let shorter = || Unusable::new("the governance log is shorter");
    let mut governance = Governance::new(log.origin);
    for record in log.records.get(..size).ok_or_else(shorter)? {
        governance.apply(record).map_err(|why| Unusable::new(why.to_string()))?;
    }
    let is_same = governance.position() == *at;
    is_same.then_some(governance).ok_or_else(|| Unusable::new("the governance log is another one"))
}

fn bundle(governance: &Governance, blobs: &dyn BlobSource) -> Result<Arc<Bundle>, Unusable> {
    match governance.bundle() {
        Some(digest) => {
            adoption::load(&digest, blobs, None).map_err(|why| Unusable::new(why.to_string()))
        }
        None => Ok(Arc::new(Bundle::empty())),
    }
}

fn pair(id: &str, value: Value) -> Value {
    Value::Array(vec![Value::from(id), value])
}

fn pair_of(item: &Value) -> Option<(String, i64)> {
    match item.as_array()? {
        [id, value] => Some((id.as_str()?.to_owned(), value.as_i64()?)),
        _ => None,
    }
}

fn instance_of(item: &Value) -> Option<((u32, String), String)> {
    let [os_user, workload, id] = item.as_array()? else { return None };
    let os_user = u32::try_from(os_user.as_i64()?).ok()?;
    Some(((os_user, workload.as_str()?.to_owned()), id.as_str()?.to_owned()))
}

fn wrong(section: &str) -> MalformedRecord {
    MalformedRecord::new(format!("an item of the section `{section}` is not one"))
}
