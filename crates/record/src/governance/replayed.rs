//! The result of a replay under the version in force and under a new one, before the new one is
//! adopted.

use proof::checkpoint::{self, Checkpoint};
use proof::json::{Value, number, object};
use proof::note::VerifierKey;

use crate::members::{MalformedRecord, members, name};

/// The officers' statement when they adopt a version of the decider: every node's lineage log was
/// replayed under both versions.
///
/// A log that does not replay identically under the version in force cannot be stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replays {
    /// When, in milliseconds since the Unix epoch: what the logs held then is covered.
    pub at: i64,
    /// One for each registered node, in the order of their names.
    pub each: Vec<Replayed>,
}

/// One node's part: its log up to a signed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The node.
    pub node: String,
    /// The head up to which its log was replayed: a checkpoint that the node signed.
    pub checkpoint: String,
    /// Decisions that get the same answer under both versions.
    pub same: u64,
    /// Decisions that get another answer under the new one.
    pub different: u64,
    /// Decisions that can't be derived any more: they were erased, and the log says so.
    pub erased: u64,
}

impl Replays {
    pub(super) fn each_to_value(&self) -> Value {
        Value::Array(self.each.iter().map(Replayed::to_value).collect())
    }

    pub(super) fn read(at: i64, each: &[Value]) -> Result<Self, MalformedRecord> {
        let each = each.iter().map(Replayed::from_value).collect::<Result<_, _>>()?;
        Ok(Self { at, each })
    }
}

impl Replayed {
    /// The head that it covers, if this key signed it. The origin of a node's log is the name of
    /// its key.
    ///
    /// # Errors
    /// When the checkpoint is malformed, of another log, or not signed by the key.
    pub fn head(&self, key: &VerifierKey) -> Result<Checkpoint, checkpoint::Error> {
        checkpoint::open(&self.checkpoint, key, key.name())
    }

    fn to_value(&self) -> Value {
        object([
            ("checkpoint", Value::from(self.checkpoint.as_str())),
            ("different", number(self.different)),
            ("erased", number(self.erased)),
            ("node", Value::from(self.node.as_str())),
            ("same", number(self.same)),
        ])
    }

    fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let members = members(value, &["checkpoint", "different", "erased", "node", "same"])?;
        Ok(Self {
            node: name(&members, "node")?,
            checkpoint: members.str("checkpoint")?.to_owned(),
            same: members.count("same")?,
            different: members.count("different")?,
            erased: members.count("erased")?,
        })
    }
}
