//! Brings to the authority what officers signed. A reduction acts on the node before; where the
//! governance log can't take it, the node brings it again until it can, or it is acceptable no
//! more. What is owed is the kernel's state, so that a restart goes on with it; nothing is brought
//! but what is in that state, as it was signed, and the authority judges it like everything else.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use api::governance::Acting;
use api::problem::Code;
use proof::digest::Digest;
use record::Position;
use record::governance::SignedProposal;
use tokio::sync::mpsc;

use crate::authority::HeldReductions;
use crate::clock::wall_ms;
use crate::driver::halt;
use crate::limits::{BRING_AGAIN_MS_MAX, BRING_AGAIN_MS_MIN};
use crate::marks::in_words;
use crate::shared::Shared;
use crate::stop::StopSwitch;
use crate::{Authority, Error};

/// Why somebody whom the node does not trust may not bring a change: all others that one may.
const ONLY_TAKES_AWAY: &str = "this gives something: bring it as the node's own OS user, as root, or \
                               as a member of `officers_group` (in `interlock.toml`)";

/// Why somebody whom the node does not trust may not bring this; nothing where it takes something
/// away, as enough officers signed.
pub(crate) fn refusal_of_a_stranger(
    switch: &StopSwitch,
    proposal: &SignedProposal,
) -> Option<(Code, String)> {
    match switch.takes_away(proposal) {
        Ok(()) => None,
        Err(Some(why)) => Some((Code::Governance, why.to_string())),
        Err(None) => Some((Code::Peer, ONLY_TAKES_AWAY.to_owned())),
    }
}

/// What becomes of a change that an officer's command brings.
pub(crate) enum ChangeProgress {
    /// It takes something away, and acts: what was stopped. The end follows.
    Acting(Acting),
    /// What came of it.
    Ended(BroughtChange),
}

/// What came of a change.
pub(crate) struct BroughtChange {
    /// The log has it, up to here; or why it does not.
    pub(crate) brought: Result<Position, Error>,
    /// How many of the servers that it stopped still end, where it takes something away.
    pub(crate) ending: Option<u64>,
}

/// Carries out what an officer's command brings, and reports its end, or two things where it takes
/// something away: what was stopped, at once, and then what the log says. On the officers' thread.
pub(crate) async fn govern(
    shared: Arc<Shared>,
    proposal: SignedProposal,
    blob: Option<Vec<u8>>,
    progress: mpsc::Sender<ChangeProgress>,
) {
    // What is not acceptable here may be based on a record that the log has and the switch does not
    // have yet: the authority judges it again.
    let ordered = shared.kernel.switch.order(wall_ms(), &proposal).ok().flatten();
    if let Some((_, acting)) = &ordered {
        shared.log.say(order_note(&proposal, acting));
        // The client that brought it may have gone; the order goes on.
        let _gone = progress.send(ChangeProgress::Acting(acting.clone())).await;
    }
    let order = ordered.as_ref().map(|(order, _)| order);
    let record = async {
        let brought = bring_new(&shared, &proposal, blob).await;
        order.into_iter().for_each(|order| shared.kernel.switch.release(order));
        brought
    };
    let servers = async {
        match order {
            Some(order) => Some(order.still_ending().await),
            None => None,
        }
    };
    let (brought, ending) = tokio::join!(record, servers);
    let _gone = progress.send(ChangeProgress::Ended(BroughtChange { brought, ending })).await;
}

/// What an operator reads of an order: whose sessions end with it, their clients learn from the
/// node.
fn order_note(proposal: &SignedProposal, acting: &Acting) -> String {
    let Acting { executions, sessions, servers, .. } = acting;
    let what = in_words(&proposal.proposal.change);
    format!(
        "{what} was ordered: {executions} executions, {sessions} sessions and {servers} servers are stopped"
    )
}

/// Has the kernel act on a change, if it takes something away, and the authority append it.
async fn bring_new(
    shared: &Arc<Shared>,
    proposal: &SignedProposal,
    blob: Option<Vec<u8>>,
) -> Result<Position, Error> {
    // The log may have room again afterwards, also for changes that were owed before: the task that
    // brings those again is woken at the end.
    let _under_way = UnderWay::begin(shared, proposal);
    // What is taken away is taken away now, whatever becomes of the log. What the kernel does not
    // accept may be based on a record that the log has and the kernel does not have yet: the
    // authority judges it again.
    let acts = match shared.kernel.reduce(proposal.clone()).await {
        Some(acts) => acts.unwrap_or(false),
        None => return Err(Error::stopping()),
    };
    match bring(shared, proposal, blob, acts).await {
        Err(why) if acts => {
            // Once this is said, no crash may take the order back.
            let kept = shared.kernel.kept().await;
            kept.ok_or_else(Error::stopping)?;
            Err(why.although_it_acts())
        }
        brought => brought,
    }
}

/// A change that an officer's command brings just now: it acts already, and is not owed yet.
/// Brought by two at once, the second would be told that it is too late.
struct UnderWay<'a> {
    shared: &'a Shared,
    name: Digest,
}

impl<'a> UnderWay<'a> {
    fn begin(shared: &'a Shared, signed: &SignedProposal) -> Self {
        let name = name(signed);
        Self::names(shared).push(name);
        Self { shared, name }
    }

    fn names(shared: &Shared) -> MutexGuard<'_, Vec<Digest>> {
        shared.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut names = Self::names(self.shared);
        if let Some(at) = names.iter().position(|name| *name == self.name) {
            names.remove(at);
        }
        drop(names);
        self.shared.owing.notify_one();
    }
}

fn name(signed: &SignedProposal) -> Digest {
    Digest::of(&signed.to_value().to_bytes())
}

/// Hands a change to the authority, and what it accepted to the switch and to the kernel; `acts`
/// says whether it holds here already.
async fn bring(
    shared: &Arc<Shared>,
    proposal: &SignedProposal,
    blob: Option<Vec<u8>>,
    acts: bool,
) -> Result<Position, Error> {
    let held = shared.kernel.reductions().await;
    let held = held.ok_or_else(Error::stopping)?;
    let changes = held.into_iter().map(|signed| signed.proposal.change).collect();
    let held = HeldReductions { acts, changes };
    let (signed, here) = (proposal.clone(), Arc::clone(shared));
    let (position, adopted) = with_authority(shared, move |authority| {
        let accepted = authority.accept_beside(&signed, blob.as_deref(), &held)?;
        here.kernel.switch.govern(authority.governance().clone());
        let blobs = Arc::clone(&here.blobs);
        Ok((accepted.position, here.kernel.govern(vec![accepted.record], blobs)))
    })
    .await?;
    adopted.await;
    Ok(position)
}

/// Does something with the authority, on a thread that may wait for the disk. Ends the process
/// where its log failed so that nobody knows what of it is durable.
async fn with_authority<T: Send + 'static>(
    shared: &Arc<Shared>,
    act: impl FnOnce(&mut Authority) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let here = Arc::clone(shared);
    let done = tokio::task::spawn_blocking(move || {
        // Held over the disk's work on purpose: changes are rare and have one order, which the
        // kernel must see too.
        let mut authority = here.authority.lock().unwrap_or_else(PoisonError::into_inner);
        let done = act(&mut authority);
        (done, authority.must_end())
    });
    let (done, must_end) = done.await.map_err(|_| Error::stopping())?;
    if must_end {
        // What acts already is on record first: the next start goes on with it.
        shared.kernel.kept().await;
        halt("the governance log failed: what of it is on stable storage is not known");
    }
    done
}

/// Brings again what is owed, whenever something is, until the kernel stops.
pub(crate) async fn keep_bringing(shared: Arc<Shared>) {
    let (mut told, mut waits) = (BTreeSet::new(), Backoff::new());
    while let Some(is_done) = bring_owed(&shared, &mut told).await {
        if is_done {
            waits = Backoff::new();
            shared.owing.notified().await;
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(waits.next()) => {}
            () = shared.owing.notified() => {}
        }
    }
}

/// One attempt. Whether nothing is left that another one could mend; none once the kernel has
/// stopped.
async fn bring_owed(shared: &Arc<Shared>, told: &mut BTreeSet<(Digest, bool)>) -> Option<bool> {
    let owed = shared.kernel.reductions().await?;
    let names: BTreeSet<Digest> = owed.iter().map(name).collect();
    told.retain(|(name, _)| names.contains(name));
    let mut is_done = true;
    for signed in &owed {
        if UnderWay::names(shared).contains(&name(signed)) {
            // Its command says what comes of it, and then there is another attempt.
            continue;
        }
        let about = signed.proposal.change.about();
        let Err(why) = bring(shared, signed, None, true).await else {
            tell(shared, format!("`{about}` is in the governance log now"));
            continue;
        };
        if !shared.kernel.reductions().await?.contains(signed) {
            // Its own command was quicker: the log has it by now, or something newer.
            continue;
        }
        let may_still = why.code() != "governance";
        if told.insert((name(signed), may_still)) {
            tell(shared, owed_line(&about, &why, may_still));
        }
        if may_still {
            is_done = false;
            break;
        }
    }
    Some(with_authority(shared, Authority::publish).await.is_ok() && is_done)
}

fn owed_line(about: &str, why: &Error, may_still: bool) -> String {
    if may_still {
        format!(
            "`{about}` acts here and is not in the governance log: {why}; it is brought again until it is"
        )
    } else {
        format!(
            "`{about}` acts here and can't get into the governance log any more: {why}; order it anew, or lift it"
        )
    }
}

fn tell(shared: &Shared, what: String) {
    shared.log.say(what);
}

/// How long to wait before each further attempt: twice as long as before, up to a limit.
struct Backoff(u64);

impl Backoff {
    fn new() -> Self {
        Self(BRING_AGAIN_MS_MIN)
    }

    fn next(&mut self) -> Duration {
        let wait_ms = self.0;
        self.0 = wait_ms.saturating_mul(2).min(BRING_AGAIN_MS_MAX);
        Duration::from_millis(wait_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit() {
        let mut waits = Backoff::new();
        let waited: Vec<u128> = (0..9).map(|_| waits.next().as_millis()).collect();
        assert_eq!(waited, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
        assert_eq!((BRING_AGAIN_MS_MIN, BRING_AGAIN_MS_MAX), (100, 5_000));
    }
}
