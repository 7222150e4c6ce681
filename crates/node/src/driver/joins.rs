//! Who wants to begin a session, and waits for a key where an execution begins with it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kernel::step::Input;
use ledger::Disk;
use tokio::sync::oneshot;

use super::key_pool::PooledKey;
use super::{Driver, OVERLOAD};
use crate::clock;
use crate::limits::{JOIN_WAIT_MS_MAX, JOINS_MAX, JOINS_PER_USER_MAX};

/// What joins an execution, or begins one.
pub(crate) struct Joining {
    pub(crate) workload: Arc<str>,
    pub(crate) os_user: u32,
    pub(crate) execution: Option<String>,
    pub(crate) reply: oneshot::Sender<Result<String, &'static str>>,
}

/// Those that wait for a key, in the order in which they came, and since when.
#[derive(Default)]
pub(super) struct Parked(VecDeque<(Instant, Joining)>);

impl Parked {
    fn has_place(&self, os_user: u32) -> bool {
        let of_user = self.0.iter().filter(|(_, one)| one.os_user == os_user).count();
        of_user < JOINS_PER_USER_MAX && self.0.len() < JOINS_MAX
    }
}

impl<D: Disk> Driver<D> {
    /// Joins, or has it wait until there is a key: the thread that decides waits for no disk then.
    pub(super) fn join(&mut self, joining: Joining) {
        if let Some(joining) = self.join_with_key(joining) {
            if self.parked.has_place(joining.os_user) {
                self.parked.0.push_back((Instant::now(), joining));
            } else {
                self.join_now(joining);
            }
        }
    }

    /// Joins, unless an execution would begin for which there will be a key soon: then gives back
    /// who joins.
    fn join_with_key(&mut self, joining: Joining) -> Option<Joining> {
        if self.would_begin(&joining) {
            match self.key_pool.take() {
                PooledKey::Ready(made) => self.beginning = Some(made),
                PooledKey::Soon => return Some(joining),
                // The key is made here; the session is told why, where it can't be.
                PooledKey::Failed => {}
            }
        }
        self.join_now(joining);
        if let Some(unused) = self.beginning.take() {
            self.key_pool.give_back(unused);
        }
        None
    }

    /// Whether an execution begins with it, unless that is refused.
    fn would_begin(&self, Joining { workload, os_user, execution, .. }: &Joining) -> bool {
        let state = self.kernel.state();
        let registered = state.governance().workload(workload);
        execution.is_none()
            && registered.is_some_and(|registered| registered.os_user == *os_user)
            && state.instance(*os_user, workload).is_none()
    }

    fn join_now(&mut self, Joining { workload, os_user, execution, reply }: Joining) {
        let made = self.beginning.as_ref().map(|made| made.entropy);
        let Ok(entropy) = made.map_or_else(clock::entropy, Ok) else { return };
        if let Err(why) = self.has_room_to_begin() {
            self.note_refused();
            let _gone = reply.send(Err(why.code()));
            return;
        }
        let ticket = self.ticket();
        self.waiting.joins.insert(ticket, reply);
        let workload = workload.as_ref().to_owned();
        self.step(Input::Join { ticket, workload, os_user, execution, entropy });
    }

    /// Those that waited for a key join, as far as there are keys now. Who waits too long is
    /// refused.
    pub(super) fn join_parked(&mut self) {
        while let Some((since, joining)) = self.parked.0.pop_front() {
            if since.elapsed() > Duration::from_millis(JOIN_WAIT_MS_MAX) {
                // The session counts it, as it does every refusal of a first line.
                let _gone = joining.reply.send(Err(OVERLOAD));
            } else if let Some(joining) = self.join_with_key(joining) {
                return self.parked.0.push_front((since, joining));
            }
        }
    }
}

#[cfg(test)]
mod tests;
