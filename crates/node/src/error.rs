use std::fmt::Display;
use std::path::Path;

use api::governance::Acting;
use api::problem::Code;
use client::limits::ANSWER_MS_MAX;
use kernel::governance::{GovernanceError, UNREPLAYED};

/// Why a node, or something that speaks to it, could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    code: &'static str,
    message: String,
    acting: Option<Box<Acting>>,
    refusal: Option<Box<str>>,
}

/// The stable code with which the kernel refuses: `docs/book/reference/errors.md` says what each
/// one means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RefusalCode(pub &'static str);

/// Whether a node that says nothing has an order already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedAnOrder {
    /// It was not asked anything yet, or something that changes nothing.
    NotYet,
    /// It was.
    Already,
}

impl Error {
    /// A stable word for the kind of error: `folder`, `keys`, `ledger`, `rollback`, `replay`,
    /// `governance`, `semantics.replay`, `server`, `socket`, `socket.owner`, `peer`,
    /// `entropy`, `input`, `output`, `descriptors`, `unrecorded`, `locked`, `stopping`, `ended`,
    /// `unanswered`, `overload`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The code with which a node refused it, such as `refused.peer`, where one did.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// A node did not do it, and said why.
    pub(crate) fn refused_with(code: &str, message: &str) -> Self {
        let why = Self::peer(&format!("the node refused ({code}): {message}"));
        Self { refusal: Some(code.into()), ..why }
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
    pub(crate) fn unrecorded() -> Self {
        let what = "the node acts on it already, but it is not on record yet: the disk or the log is slow; \
                    the node puts it there as soon as the disk takes it; if the node ends before, give it again";
        Self::new("unrecorded", what.to_owned())
    }

    /// The node stops, and does not carry out what it was asked.
    pub(crate) fn stopping() -> Self {
        Self::new("stopping", "the node is stopping".to_owned())
    }

    /// The node ended before it said what came of an order.
    pub(crate) fn ended() -> Self {
        let what = "the node ended before it said what came of this: nobody knows whether it was done; \
                    look once a node runs, and give it again where it was not";
        Self::new("ended", what.to_owned())
    }

    /// A node that ended had an order, and nobody else could put it on record.
    pub(crate) fn lost(why: &Self) -> Self {
        let what = format!(
            "the node ended before this was on record, and it could not be put there without the node: {why}; \
             it is NOT on record: give it again"
        );
        Self::new("unanswered", what)
    }

    /// The process that has the log answers on no socket.
    pub(crate) fn unreachable(socket: &Path, why: &Self) -> Self {
        let what = format!(
            "nothing was done: a process has the log, and answers on no socket ({why}). If it is the node, it puts \
             `{}` back within seconds: give this again then; else end it (`kill -TERM`, after 5 s `kill -KILL`), and \
             give this again",
            socket.display()
        );
        Self::new("unanswered", what)
    }

    /// A node says nothing in time to who gives it an order.
    pub(crate) fn silent(asked: AskedAnOrder) -> Self {
        let seconds = ANSWER_MS_MAX / 1_000;
        let done = match asked {
            AskedAnOrder::NotYet => "nothing was done",
            AskedAnOrder::Already => {
                "what it was given is NOT known to act, and is carried out if the node goes on"
            }
        };
        let what = format!(
            "the node does not answer within {seconds} s: {done}; end it (`kill -TERM`, after 5 s `kill -KILL`), and \
             give this again: without a node it goes to the log"
        );
        Self::new("unanswered", what)
    }

    /// What a node did not answer, or refused, over `/v1`.
    pub(crate) fn client(why: &::client::Error) -> Self {
        match why {
            ::client::Error::Refused(problem)
                if !matches!(problem.code, Code::Overload | Code::Stopping) =>
            {
                Self::refused_with(problem.code.as_str(), &problem.detail)
            }
            why => Self::new(why.code(), why.to_string()),
        }
    }

    /// The node has no place or no time for this now.
    pub(crate) fn overload(message: &str) -> Self {
        let what = format!(
            "nothing was done: the node refused (refused.overload): {message}; give this again"
        );
        Self::new("overload", what)
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
        Self { code, message, acting: None, refusal: None }
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

    /// A backup was read and could not be written.
    pub(crate) fn output(why: &dyn Display) -> Self {
        Self::new("output", format!("the backup could not be written: {why}"))
    }

    /// Another process has the log.
    pub(crate) fn locked(log: &str, why: &dyn Display) -> Self {
        Self::new("locked", format!("the {log} log: {why}"))
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

    /// The stated replay under both versions of the decider does not cover the decisions of this
    /// node.
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
