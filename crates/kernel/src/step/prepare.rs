use proof::base64url;
use record::lineage::Body;
use record::members::checked_name;

use super::{Effect, Kernel, Now, Ticket};
use crate::limits::{MESSAGE_BYTES_MAX, PENDING_MAX};
use crate::lineage::Transition;

/// A process that speaks for a workload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer<'a> {
    /// The workload's name.
    pub(super) workload: &'a str,
    /// The process's OS user (uid).
    pub(super) os_user: u32,
}

/// A request to join an execution.
pub(super) struct JoinInput<'a> {
    pub(super) peer: Peer<'a>,
    /// The delegated execution that is meant, where it is one.
    pub(super) execution: Option<&'a str>,
    /// 32 fresh bytes.
    pub(super) entropy: &'a [u8; 32],
}

impl Kernel {
    /// Joins a peer to the execution that its OS user's instances of the workload share.
    pub(super) fn join(&mut self, now: Now, ticket: Ticket, request: JoinInput<'_>) -> Vec<Effect> {
        let JoinInput { peer, execution, entropy } = request;
        let Peer { workload, os_user } = peer;
        let registered = self.state.governance().workload(workload);
        if registered.is_none_or(|registered| registered.os_user != os_user) {
            self.count_refusals("refused.peer", 1);
            return vec![Effect::Joined { ticket, result: Err("refused.peer") }];
        }
        if let Some(id) = execution {
            return self.join_delegated(ticket, peer, id);
        }
        if let Some(id) = self.state.instance(os_user, workload) {
            return vec![Effect::Joined { ticket, result: Ok(id.to_owned()) }];
        }
        if let Some(code) = self.executions.exceeded(os_user) {
            self.count_refusals(code, 1);
            return vec![Effect::Joined { ticket, result: Err(code) }];
        }
        let id = execution_id(*entropy);
        self.executions.begins(os_user);
        let body = Body::Started { workload: workload.to_owned(), os_user, delegation: None };
        let append = self.append(now, Some(&id), body, Vec::new());
        vec![append, Effect::Joined { ticket, result: Ok(id) }]
    }

    /// A peer joins a delegated execution if it speaks for its workload, and only while all its
    /// ancestors are registered for the OS users that speak for them.
    fn join_delegated(&mut self, ticket: Ticket, peer: Peer<'_>, id: &str) -> Vec<Effect> {
        let known = self.state.execution(id).filter(|one| one.parent().is_some());
        let is_its = known
            .is_some_and(|one| one.workload() == peer.workload && one.os_user() == peer.os_user);
        let result = match is_its && self.state.is_line_registered(id) {
            true => Ok(id.to_owned()),
            false => Err("refused.peer"),
        };
        if result.is_err() {
            self.count_refusals("refused.peer", 1);
        }
        vec![Effect::Joined { ticket, result }]
    }

    /// The code of the refusal of a request before its decision, if it is refused.
    pub(super) fn refusal_code(&self, execution: &str, asked: &Transition) -> Option<&'static str> {
        let Some(known) = self.state.execution(execution) else { return Some("refused.peer") };
        let names = [Some(&asked.server), Some(&asked.method), asked.tool.as_ref()];
        let mut names = names.into_iter().flatten();
        let unfit = names.any(|name| checked_name("name", name).is_err());
        if unfit || asked.message.len() > MESSAGE_BYTES_MAX {
            Some("refused.input")
        } else if self.pending.len() >= PENDING_MAX {
            Some("refused.overload")
        } else if !known.has_room() {
            Some("refused.quota")
        } else {
            self.delegation_refusal_code(execution, asked)
        }
    }
}

/// The id of an execution that begins with this entropy: 127 random bits. It starts with a letter,
/// so that no command line reads it as an option.
#[must_use]
pub fn execution_id(random: [u8; 32]) -> String {
    let [first, rest @ ..] = random;
    let id = [&[first & 0x7f], rest.get(..15).unwrap_or_default()].concat();
    base64url::encode(&id)
}

#[cfg(test)]
mod tests;
