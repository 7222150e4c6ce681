//! An execution in a snapshot: what is public as items, what is private by its parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::History;
use proof::digest::Digest;
use proof::json::{Object, Value, number, object};
use proof::record::Fields;
use record::lineage::{Delegation, DelegationRequest, MessageDirection};
use record::members::{MalformedRecord, members, name, wrong};

use super::{Execution, OpenTransition, RetainedRequest};
use crate::lineage::{request_of, request_value};
use crate::state::approvals::WaitingRequests;
use crate::state::labels::ExecutionLabels;
use crate::state::line::Sharing;

const MEMBERS: [&str; 10] =
    ["calls", "delegation", "id", "kept", "labels", "os_user", "prev", "seq", "shares", "workload"];

impl Execution {
    /// Its public members, without the open transitions.
    pub(in crate::state) fn to_item(&self, id: &str) -> Value {
        let Self {
            workload,
            os_user,
            seq,
            prev,
            // Private, or about whether that can be read.
            history: _,
            secret: _,
            lost: _,
            // Items of their own.
            open: _,
            delegation,
            calls,
            touched,
            // Items of their own, and their intents are private.
            waiting: _,
            sharing,
        } = self;
        let mut item = Object::from([
            ("calls", number(*calls)),
            ("id", Value::from(id)),
            ("labels", touched.held_value()),
            ("os_user", Value::from(*os_user)),
            ("seq", number(*seq)),
            ("workload", Value::from(workload.as_str())),
        ]);
        if let Some(prev) = prev {
            item.insert("prev", prev.to_value());
        }
        if let Some(delegation) = delegation {
            item.insert("delegation", delegation.to_value());
        }
        sharing.members().for_each(|(name, value)| {
            item.insert(name, value);
        });
        Value::Object(item)
    }

    /// Reads what [`Self::to_item`] gave.
    pub(in crate::state) fn from_item(item: &Value) -> Result<(String, Self), MalformedRecord> {
        let members = members(item, &MEMBERS)?;
        let os_user = u32::try_from(members.integer("os_user")?);
        let delegation = members.has("delegation").then(|| members.value("delegation"));
        let execution = Self {
            workload: name(&members, "workload")?,
            os_user: os_user.map_err(|_| wrong("os_user", "a user id of 32 bits"))?,
            seq: members.count("seq")?,
            prev: members.optional_digest("prev")?,
            history: None,
            secret: None,
            lost: None,
            open: BTreeMap::new(),
            delegation: delegation.transpose()?.map(Delegation::from_value).transpose()?,
            calls: members.count("calls")?,
            touched: ExecutionLabels::from_held(members.value("labels")?)?,
            waiting: WaitingRequests::default(),
            sharing: sharing_of(&members)?,
        };
        Ok((name(&members, "id")?, execution))
    }

    /// Its permitted transitions that have not completed, as far as they are public.
    pub(in crate::state) fn open_items(&self, id: &str) -> impl Iterator<Item = Value> {
        self.open.iter().map(move |(seq, OpenTransition { asked: _, delegates, direction })| {
            let mut item = object([
                ("direction", Value::from(direction.as_str())),
                ("execution", Value::from(id)),
                ("seq", number(*seq)),
            ]);
            if let (Value::Object(item), Some(delegates)) = (&mut item, delegates) {
                item.insert("hands_on", delegates.to_value());
            }
            item
        })
    }

    /// Reads one of [`Self::open_items`].
    pub(in crate::state) fn restore_open(&mut self, item: &Value) -> Result<(), MalformedRecord> {
        let members = members(item, &["direction", "execution", "hands_on", "seq"])?;
        let direction = MessageDirection::parse(members.str("direction")?)
            .ok_or_else(|| wrong("direction", "`to_server` or `to_client`"))?;
        let delegates = members.has("hands_on").then(|| members.value("hands_on")).transpose()?;
        let delegates = delegates.map(DelegationRequest::from_value).transpose()?;
        let opened = OpenTransition { asked: None, delegates, direction };
        self.open.insert(members.count("seq")?, opened);
        Ok(())
    }

    /// The requests of the transitions that are open.
    pub(crate) fn open_requests(&self) -> Vec<Value> {
        let request = |(seq, open): (&u64, &OpenTransition)| {
            let request = request_value(open.asked.as_ref()?.request());
            Some(Value::Array(vec![number(*seq), request]))
        };
        self.open.iter().filter_map(request).collect()
    }

    /// Its history, if it is known.
    pub(crate) fn history(&self) -> Option<&History> {
        self.history.as_ref()
    }

    /// Tells one state of its private part from an earlier one.
    pub(crate) fn version(&self) -> (u64, usize) {
        (self.seq, self.history.as_ref().map_or(0, History::events))
    }

    /// The digest of its first sealed part: nobody can know it without its key.
    pub(crate) fn secret(&self) -> Option<Digest> {
        self.secret
    }

    /// Adds its private part. None where the requests are not those of its open transitions.
    pub(crate) fn restore_private(
        &mut self,
        history: Option<History>,
        secret: Option<Digest>,
        requests: &[Value],
        intents: &Value,
    ) -> Option<()> {
        (self.history, self.secret) = (history, secret);
        for request in requests {
            let [seq, request] = request.as_array()? else { return None };
            let open = self.open.get_mut(&u64::try_from(seq.as_i64()?).ok()?)?;
            open.asked = Some(RetainedRequest::Put(Arc::new(request_of(&request.to_bytes())?)));
        }
        self.waiting.restore_intents(intents)?;
        self.open.values().all(|open| open.asked.is_some()).then_some(())
    }
}

/// How an execution shares its history, as its item has it.
fn sharing_of(members: &Fields<'_>) -> Result<Sharing, MalformedRecord> {
    let ids = members.has("kept").then(|| members.array("kept")).transpose()?.unwrap_or_default();
    let ended = ids.iter().map(|id| id.as_str().map(str::to_owned)).collect::<Option<_>>();
    let ended = ended.ok_or_else(|| wrong("kept", "names of executions"))?;
    Ok(Sharing { is_kept_above: members.has("shares") && members.bool("shares")?, ended })
}
