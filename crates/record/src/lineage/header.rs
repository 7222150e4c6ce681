use proof::digest::Digest;
use proof::json::{ObjectWriter, Span, number, write_array};

use crate::Position;
use crate::members::{MalformedRecord, checked_name, wrong};
use crate::reader::{count, digest, digests, integer, missing, string};
use crate::writer::{Interleaved, precedes};

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

/// A member that any record has besides those of its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderMember {
    At,
    Execution,
    Governance,
    Node,
    Parents,
    Prev,
    Seq,
    Type,
    Version,
}

impl HeaderMember {
    /// With their names, in the order of these.
    const NAMED: [(&str, Self); 9] = [
        ("at", Self::At),
        ("execution", Self::Execution),
        ("governance", Self::Governance),
        ("node", Self::Node),
        ("parents", Self::Parents),
        ("prev", Self::Prev),
        ("seq", Self::Seq),
        ("type", Self::Type),
        ("v", Self::Version),
    ];

    pub(super) fn names() -> [&'static str; 9] {
        Self::NAMED.map(|(name, _)| name)
    }
}

/// Writes the members of a header between those of a body.
pub(super) struct HeaderWriter<'h> {
    header: &'h Header,
    type_name: &'static str,
    next: usize,
}

impl<'h> HeaderWriter<'h> {
    pub(super) fn new(header: &'h Header, type_name: &'static str) -> Self {
        Self { header, type_name, next: 0 }
    }

    fn write(&self, member: HeaderMember, name: &str, record: &mut ObjectWriter<'_>) {
        let Header { at, node, governance, link } = self.header;
        match (member, link) {
            (HeaderMember::At, _) => record.integer(name, *at),
            (HeaderMember::Governance, _) => governance.write(record.member(name)),
            (HeaderMember::Node, _) => record.string(name, node),
            (HeaderMember::Type, _) => record.string(name, self.type_name),
            (HeaderMember::Version, _) => record.integer(name, 1),
            (HeaderMember::Execution, Some(link)) => record.string(name, &link.execution),
            (HeaderMember::Parents, Some(link)) => {
                write_array(&link.parents, record.member(name), Digest::write);
            }
            (HeaderMember::Prev, Some(Link { prev: Some(prev), .. })) => {
                prev.write(record.member(name));
            }
            (HeaderMember::Seq, Some(link)) => number(link.seq).write(record.member(name)),
            _ => {}
        }
    }
}

impl Interleaved for HeaderWriter<'_> {
    #[inline]
    fn write_before(&mut self, key: Option<&str>, record: &mut ObjectWriter<'_>) {
        while let Some((name, member)) = HeaderMember::NAMED.get(self.next) {
            if key.is_some_and(|key| !precedes(name, key)) {
                return;
            }
            self.write(*member, name, record);
            self.next += 1;
        }
    }
}

impl Header {
    /// Reads the members of a header, which were laid aside from those of the body.
    pub(super) fn read(members: [Option<Span<'_>>; 9]) -> Result<Self, MalformedRecord> {
        let [at, execution, governance, node, parents, prev, seq, _type, _version] = members;
        let there = |name: &str, member: Option<_>| member.ok_or_else(|| missing(name));
        let link = match (execution, seq, prev, parents) {
            (None, None, None, None) => None,
            (execution, seq, prev, parents) => {
                let execution = string("execution", there("execution", execution)?)?;
                let link = Link {
                    execution: checked_name("execution", &execution)?,
                    seq: count("seq", there("seq", seq)?)?,
                    prev: prev.map(|prev| digest("prev", prev)).transpose()?,
                    parents: digests("parents", there("parents", parents)?)?,
                };
                Some(link.checked()?)
            }
        };
        Ok(Self {
            at: integer("at", there("at", at)?)?,
            node: checked_name("node", &string("node", there("node", node)?)?)?,
            governance: Position::read("governance", there("governance", governance)?)?,
            link,
        })
    }
}

impl Link {
    fn checked(self) -> Result<Self, MalformedRecord> {
        if self.prev.is_some() == (self.seq > 0) {
            Ok(self)
        } else {
            Err(wrong("prev", "there from `seq` 1 on, and only then"))
        }
    }
}
