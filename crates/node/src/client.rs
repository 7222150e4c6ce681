//! What an officer's command asks of the running node: what governs, and that it takes a change.
//!
//! The node's own answer to an order that takes something away comes in two parts: what it stopped
//! ([`Acting`](api::governance::Acting)) at once, and what came of it once the log has answered.
//! [`crate::Accepted::acting`] and [`Error::acting`] hand the first one on; an error `unrecorded`
//! says that the second did not come in time. A node that ends before it says what came of an order
//! is an error `ended`: [`crate::domain::bring`] puts the order on record without it then.

use std::path::Path;

use ::client::{Asked, Client};
use api::governance::ProposalRequest;
use api::problem::Code;
use proof::base64url;
use record::Position;
use record::governance::SignedProposal;

use crate::authority::{Accepted, BasedOn};
use crate::error::AskedAnOrder;
use crate::{Error, Options};

/// Where a change was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedBy {
    /// By the running node, which acts on it at once.
    Node,
    /// In the log, since no node runs: the next start acts on it.
    Log,
}

/// Brings a signed change to the running node. None where no node runs.
///
/// # Errors
/// `governance` where the node does not accept it; `unrecorded` where it acts, and is not on record
/// in time; `ended` where the node ends before it says what came of it.
pub(crate) fn govern(
    options: &Options,
    proposal: &SignedProposal,
    blob: Option<&[u8]>,
) -> Result<Option<Accepted>, Error> {
    let blob = blob.map(base64url::encode);
    let request = ProposalRequest { proposal: proposal.to_value().into(), blob };
    let reply = match node(options).propose(&request) {
        Ok(reply) => reply,
        Err(::client::Error::NotRunning(_)) => return Ok(None),
        Err(why) => return Err(of_order(why)),
    };
    let position = reply.position.ok_or_else(|| Error::input(&"the reply has no position"))?;
    let position = position_of(position)?;
    Ok(Some(Accepted { record: Vec::new(), position, acting: reply.acting }))
}

/// Why an order is not on record, as far as the node said.
fn of_order(why: ::client::Error) -> Error {
    let acting = why.acting().cloned();
    let why = match why {
        // Nobody took the connection.
        ::client::Error::Silent(Asked::Question, _) => Error::silent(AskedAnOrder::NotYet),
        ::client::Error::Silent(..) => Error::silent(AskedAnOrder::Already),
        ::client::Error::Ended(_) | ::client::Error::EndedWhileActing(_) => Error::ended(),
        ::client::Error::Unrecorded(_) => Error::unrecorded(),
        ::client::Error::Refused(problem) => match problem.code {
            Code::Governance => Error::governance(&problem.detail),
            Code::SemanticsReplay => Error::unreplayed(problem.detail),
            Code::Ledger => Error::unkept(problem.detail),
            Code::Overload => Error::overload(&problem.detail),
            Code::Stopping => Error::ended(),
            code => Error::refused_with(code.as_str(), &problem.detail),
        },
        why => Error::client(&why),
    };
    why.while_it_acts(acting)
}

/// What governs, as the running node's authority has it: for who signs on it and cannot read the
/// log. None where no node runs.
///
/// # Errors
/// `socket` where the node does not answer.
pub fn based_on(options: &Options) -> Result<Option<BasedOn>, Error> {
    let governs = match node(options).governance() {
        Ok(governs) => governs,
        Err(::client::Error::NotRunning(_)) => return Ok(None),
        Err(::client::Error::Silent(..)) => return Err(Error::silent(AskedAnOrder::NotYet)),
        Err(why) => return Err(Error::client(&why)),
    };
    Ok(Some(BasedOn { position: position_of(governs.position)?, at: governs.at_ms }))
}

/// The running node of a domain, over `/v1`.
pub(crate) fn node(options: &Options) -> Client {
    let Options { folder, officer_socket, socket, .. } = options.clone();
    Client::new(folder, officer_socket, socket)
}

fn position_of(
    api::governance::Position { origin, size, root }: api::governance::Position,
) -> Result<Position, Error> {
    let root = root.parse().map_err(|why| Error::input(&why))?;
    Ok(Position { origin, size, root })
}

/// Whether a node of this domain runs.
///
/// # Errors
/// `socket` where that can't be told.
pub fn runs(options: &Options) -> Result<bool, Error> {
    node(options).is_running().map_err(|why| Error::client(&why))
}

/// Whether something listens on the socket.
#[must_use]
pub fn is_running(socket: &Path) -> bool {
    ::client::is_listened_to(socket)
}

#[cfg(test)]
mod tests;
