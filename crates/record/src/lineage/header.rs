use proof::digest::Digest;
use proof::json::{Object, Value, number};

use crate::Position;
use crate::members::{MalformedRecord, members, name, wrong};

/// The members of every lineage record.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// Milliseconds since the Unix epoch; never less than in the record before.
    pub at: i64,
    /// The node that wrote it.
    pub node: String,
    /// The governance state that the node had adopted.
    pub governance: Position,
    /// The place in its execution's chain, for records of an execution.
    pub link: Option<Link>,
}

/// A record's place among those of its execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The execution's id.
    pub execution: String,
    /// 0, 1, 2 ... without a gap.
    pub seq: u64,
    /// SHA-256 of the execution's previous record; none at `seq` 0.
    pub prev: Option<Digest>,
    /// Digests of the records that led to this one, as an enforcement point knows them.
    pub parents: Vec<Digest>,
}

impl Link {
    /// Of the record with which an execution begins.
    #[must_use]
    pub fn first(execution: &str) -> Self {
        Self { execution: execution.to_owned(), seq: 0, prev: None, parents: Vec::new() }
    }
}

const LINK_MEMBERS: [&str; 4] = ["execution", "parents", "prev", "seq"];

impl Header {
    pub(super) fn write(&self, object: &mut Object) {
        object.insert("at", Value::Integer(self.at));
        object.insert("node", Value::from(self.node.as_str()));
        object.insert("governance", self.governance.to_value());
        if let Some(link) = &self.link {
            let parents = link.parents.iter().map(Digest::to_value).collect();
            object.insert("execution", Value::from(link.execution.as_str()));
            object.insert("seq", number(link.seq));
            object.insert("parents", Value::Array(parents));
            if let Some(prev) = link.prev {
                object.insert("prev", prev.to_value());
            }
        }
    }

    /// Takes the header's members out of a record, leaving those of its body.
    pub(super) fn take(object: &mut Object) -> Result<Self, MalformedRecord> {
        let names = ["at", "governance", "node"];
        let mine = Value::Object(take(object, &names));
        let members = members(&mine, &names)?;
        let link = Value::Object(take(object, &LINK_MEMBERS));
        Ok(Self {
            at: members.integer("at")?,
            node: name(&members, "node")?,
            governance: Position::from_value(members.value("governance")?)?,
            link: Link::read(&link)?,
        })
    }
}

impl Link {
    fn read(value: &Value) -> Result<Option<Self>, MalformedRecord> {
        if value.as_object().is_some_and(Object::is_empty) {
            return Ok(None);
        }
        let members = members(value, &LINK_MEMBERS)?;
        let seq = members.count("seq")?;
        let prev = members.optional_digest("prev")?;
        if prev.is_some() != (seq > 0) {
            return Err(wrong("prev", "there from `seq` 1 on, and only then"));
        }
        let parent = |value: &Value| {
            let digest = value.as_str().and_then(|text| text.parse().ok());
            digest.ok_or_else(|| wrong("parents", "an array of digests in base64url"))
        };
        let parents = members.array("parents")?.iter().map(parent).collect::<Result<_, _>>()?;
        Ok(Some(Self { execution: name(&members, "execution")?, seq, prev, parents }))
    }
}

fn take(object: &mut Object, names: &[&str]) -> Object {
    names.iter().filter_map(|name| object.remove(name).map(|value| (*name, value))).collect()
}
