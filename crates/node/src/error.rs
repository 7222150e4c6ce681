use std::fmt::Display;
use std::path::Path;

use kernel::governance::{GovernanceError, UNREPLAYED};

use crate::client::Acting;

/// Why a node, or something that speaks to it, could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    code: &'static str,
    message: String,
    acting: Option<Box<Acting>>,
}

impl Error {
    /// A stable word for the kind of error: `folder`, `keys`, `ledger`, `rollback`, `replay`, `governance`,
    /// `semantics.replay`, `server`, `session`, `socket`, `peer`, `entropy`, `input`, `output`,
    /// `descriptors`, `unrecorded`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What the node stopped by an order, although the order is not in the governance log.
    #[must_use]
    pub fn acting(&self) -> Option<&Acting> {
        self.acting.as_deref()
    }

    /// The same error, of an order on which the node acts.
    pub(crate) fn while_it_acts(self, acting: Option<Acting>) -> Self {
        Self { acting: acting.map(Box::new), ..self }
    }

    /// The node acts on an order, and did not say in time that it is on record.
    pub(crate) fn unrecorded(acting: Acting) -> Self {
        let what = "the node acts on it already, but it is not on record yet: the disk or the log is slow; \
                    the node brings it again until it is, and `interlock status` says when";
        Self::new("unrecorded", what.to_owned()).while_it_acts(Some(acting))
    }

    /// The governance log does not have what the node acts on already.
    pub(crate) fn although_it_acts(self) -> Self {
        let message = format!(
            "the node acts on it already, but it is not in the governance log: {}; {}",
            self.message,
            match self.code {
                "governance" => "sign it again on what governs now",
                _ => "the node brings it again until it is",
            }
        );
        Self { message, ..self }
    }

    fn new(code: &'static str, message: String) -> Self {
        Self { code, message, acting: None }
    }

    pub(crate) fn folder(path: &Path, why: &dyn Display) -> Self {
        Self::new("folder", format!("the file or folder `{}`: {why}", path.display()))
    }

    pub(crate) fn keys(path: &Path, why: &dyn Display) -> Self {
        Self::new("keys", format!("the key `{}`: {why}", path.display()))
    }

    pub(crate) fn sealing(why: &dyn Display) -> Self {
        Self::new("keys", format!("what is sealed: {why}"))
    }

    pub(crate) fn ledger(log: &str, why: &dyn Display) -> Self {
        Self::new("ledger", format!("the {log} log: {why}"))
    }

    /// What was read could not be written elsewhere.
    pub(crate) fn output(why: &dyn Display) -> Self {
        Self::new("output", format!("the backup could not be written: {why}"))
    }

    /// A node's own words about a log of its.
    pub(crate) fn unkept(message: String) -> Self {
        Self::new("ledger", message)
    }

    /// A log that is older than what was seen of it, or another one, is not gone on from.
    pub(crate) fn rollback(log: &str, why: &dyn Display) -> Self {
        let help = "put its newest copy back, with `marks/` as it is; where there is none, \
                    `interlock restore` shows what is lost and goes on without it";
        Self::new(
            "rollback",
            format!("the {log} log is not the newest that was seen: {why}; {help}"),
        )
    }

    /// Nothing can be said of what was seen of a log.
    pub(crate) fn unseen(log: &str, place: &Path, why: &dyn Display) -> Self {
        let place = place.display();
        let what = format!(
            "`{place}`, where the newest head of the {log} log is remembered: {why}; copy it back from a backup; \
             where there is none, `interlock restore` goes on without it"
        );
        Self::new("rollback", what)
    }

    pub(crate) fn replay(why: &dyn Display) -> Self {
        Self::new(
            "replay",
            format!("the lineage log cannot be gone on from: {why}; `interlock replay` says more"),
        )
    }

    pub(crate) fn governance(why: &dyn Display) -> Self {
        Self::new("governance", why.to_string())
    }

    /// What governance does not accept.
    pub(crate) fn refused(why: &GovernanceError) -> Self {
        Self::new(why.code(), why.to_string())
    }

    /// What is stated of the replay under both versions of the decider is not about what this node decided.
    pub(crate) fn unreplayed(message: String) -> Self {
        Self::new(UNREPLAYED, message)
    }

    pub(crate) fn socket(path: &Path, why: &dyn Display) -> Self {
        Self::new("socket", format!("the socket `{}`: {why}", path.display()))
    }

    /// A server that can't be started, or may not be.
    pub(crate) fn server(why: &dyn Display) -> Self {
        Self::new("server", why.to_string())
    }

    /// A session that ended before its client ended it.
    pub(crate) fn session(why: &dyn Display) -> Self {
        Self::new("session", why.to_string())
    }

    pub(crate) fn peer(why: &dyn Display) -> Self {
        Self::new("peer", why.to_string())
    }

    /// The machine lets the node have too few file descriptors.
    pub(crate) fn descriptors(least: usize) -> Self {
        let what = format!(
            "the node may have fewer than {least} file descriptors: raise the hard limit (`ulimit -Hn`)"
        );
        Self::new("descriptors", what)
    }

    pub(crate) fn entropy(why: &dyn Display) -> Self {
        Self::new("entropy", format!("no randomness from the operating system: {why}"))
    }

    pub(crate) fn input(why: &dyn Display) -> Self {
        Self::new("input", why.to_string())
    }
}
