mod ahead;
mod approvals;
mod ends;
mod in_flight;
mod inbox;
mod joins;
mod key_pool;
mod mailbox;
mod permit;
mod readers;
mod reductions;
mod sealing;
mod seat;
mod snapshots;
mod status;
mod storage;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use identity::Vault;
use kernel::Prepared;
use kernel::step::{self, Answer, Effect, Input, Ticket};
use ledger::{Disk, Entry, GroupCommit};
use record::lineage::Completion;
use tokio::sync::oneshot;

use crate::clock::{self, Clock};
use crate::limits::{
    END_BYTES, HALT_NOTE_MS_MAX, SEALED_FACTOR, STOP_PIECES_MS_MAX, STOP_PUBLISH_MS_MAX,
    STOP_SNAPSHOT_MS_MAX,
};
use crate::{monitors, notes};
pub(crate) use ahead::NotRead;
use in_flight::InFlight;
pub(crate) use inbox::{Commands, OVERLOAD};
pub(crate) use joins::Joining;
use joins::Parked;
use key_pool::{Beginning, KeyPool};
use mailbox::SettledReply;
pub(crate) use mailbox::{Answered, Command, End, KernelHandle, ToolListing};
pub(crate) use permit::HeldPermit;
use sealing::KeyNotDestroyed;
pub(crate) use snapshots::Keeping;
use storage::NoRoomToBegin;

/// Steps the kernel and carries its effects out, in order.
pub(crate) struct Driver<D: Disk> {
    pub(crate) kernel: step::Kernel,
    pub(crate) log: GroupCommit<D>,
    pub(crate) clock: Clock,
    pub(crate) mailbox: KernelHandle,
    vault: Vault,
    key_pool: KeyPool,
    /// The key and the id for an execution that the current join may begin.
    beginning: Option<Beginning>,
    parked: Parked,
    keeping: Keeping,
    waiting: PendingReplies,
    /// How many commands wait behind the one that is obeyed.
    behind: usize,
    /// Records that somebody waits for, and that were left waiting for others to be committed with.
    together: usize,
    /// The disk took little time when it was waited for last.
    is_quick: bool,
    in_flight: InFlight,
    /// The disk had no room for what agents ask when it was looked at last.
    is_full: bool,
}

/// What a driver is made of, besides its mailbox.
pub(crate) struct DriverParts<D: Disk> {
    pub(crate) kernel: step::Kernel,
    /// Seals and opens the parts of the lineage log.
    pub(crate) vault: Vault,
    /// Stores snapshots of the kernel's state.
    pub(crate) keeping: Keeping,
    /// The lineage log.
    pub(crate) log: GroupCommit<D>,
    pub(crate) clock: Clock,
}

#[derive(Default)]
struct PendingReplies {
    next: Ticket,
    joins: BTreeMap<Ticket, oneshot::Sender<Result<String, &'static str>>>,
    requests: BTreeMap<Ticket, Asking>,
    ends: BTreeMap<Ticket, oneshot::Sender<Result<(), &'static str>>>,
    erasures: BTreeMap<Ticket, oneshot::Sender<Result<u64, &'static str>>>,
    approvals: BTreeMap<Ticket, oneshot::Sender<Result<u64, &'static str>>>,
    reductions: BTreeMap<Ticket, oneshot::Sender<Result<bool, String>>>,
    /// Who waits until the log is durable up to a size.
    kept: Vec<(u64, oneshot::Sender<()>)>,
    /// Executions that permitted delegations began, until the answer is handed out.
    children: BTreeMap<Ticket, String>,
    outcomes: BTreeMap<Ticket, SettledReply>,
    /// Permits that were handed out and have not ended.
    open: BTreeSet<Ticket>,
}

/// Who asks, and waits for an answer.
struct Asking {
    workload: Arc<str>,
    reply: oneshot::Sender<Answered>,
}

impl PendingReplies {
    /// One caller waits for the disk, for an answer or for a result, and no other.
    fn is_one(&self) -> bool {
        self.requests.len().saturating_add(self.outcomes.len()) == 1
    }
}

impl<D: Disk> Driver<D> {
    pub(crate) fn new(parts: DriverParts<D>, mailbox: KernelHandle) -> Self {
        let DriverParts { kernel, vault, keeping, log, clock } = parts;
        let inbox = Arc::clone(&mailbox.inbox);
        // What waits for a key goes on with it.
        let tell = move || inbox.push(Command::KeepUp);
        let key_pool = KeyPool::start(vault.keys_ahead(), tell);
        let driver = Self {
            kernel,
            log,
            clock,
            mailbox,
            key_pool,
            parked: Parked::default(),
            beginning: None,
            vault,
            keeping,
            waiting: PendingReplies::default(),
            behind: 0,
            together: 0,
            is_quick: true,
            in_flight: InFlight::default(),
            is_full: false,
        };
        driver.show_bundle();
        driver.mailbox.durable.send_replace(driver.log.head().size);
        driver.mailbox.switch.follow(driver.kernel.state());
        driver
    }

    /// Writes what was sequenced, and ends.
    fn close(mut self) {
        // What has been refused since the last tick is counted into a record.
        self.obey(Command::Tick, 0);
        let begun = Instant::now();
        self.keep_last(begun + Duration::from_millis(STOP_SNAPSHOT_MS_MAX));
        // What has been sequenced is written before the log is closed.
        match self.log.close_until(begun + Duration::from_millis(STOP_PUBLISH_MS_MAX)) {
            Ok(head) => {
                let until = begun + Duration::from_millis(STOP_PIECES_MS_MAX);
                self.keeping.close(head.size, until);
            }
            // All of it is on stable storage in the write-ahead files.
            Err(why) if why.is_unpublished() => crate::say(format_args!(
                "what came last is published at the next start: the lineage log: {why}"
            )),
            Err(why) => halt(&format!("the lineage log could not be closed: {why}")),
        }
    }

    fn obey(&mut self, command: Command, behind: usize) {
        self.behind = behind;
        self.in_flight.obey(command.bytes());
        match command {
            Command::Join(joining) => self.join(joining),
            Command::End { execution, child, reply, .. } => {
                let ticket = self.ticket();
                self.waiting.ends.insert(ticket, reply);
                self.step(Input::End { ticket, execution, child });
                self.mailbox.switch.forget_ended(self.kernel.state());
            }
            Command::Request { workload, execution, transition, reply } => {
                self.request(execution, transition, Asking { workload, reply });
            }
            Command::Outcome { ticket, end, reply, .. } => self.outcome(ticket, end, reply),
            Command::Reduce { proposal, reply } => self.reduce(proposal, reply),
            Command::Reductions { reply } => self.reductions(reply),
            Command::Kept { reply } => self.await_kept(reply),
            Command::Govern { records, blobs, reply } => {
                let before = self.kernel.state().bundle().digest();
                self.step(Input::Governance { records, blobs });
                if self.kernel.state().bundle().digest() != before {
                    monitors::build(self.kernel.state());
                }
                self.show_bundle();
                self.mailbox.switch.follow(self.kernel.state());
                let _gone = reply.send(());
            }
            Command::IsListed { tool: ToolListing { server, tool, definition }, reply, .. } => {
                let bundle = self.kernel.state().bundle();
                let _gone = reply.send(bundle.lists_tool(&server, &tool, &definition));
            }
            Command::Approve { approval, reply } => self.approve(approval, reply),
            Command::Waiting { sought, reply } => {
                let _gone = reply.send(sought.find(self.kernel.state(), self.time()));
            }
            Command::Meters { reply } => {
                let _gone = reply.send(crate::reply::meters(self.kernel.state(), self.time()));
            }
            Command::Executions { ids, reply } => {
                let (state, at) = (self.kernel.state(), self.time());
                let _gone = reply.send(crate::reply::executions(state, &ids, at));
            }
            Command::Probe { reply } => self.probe(reply),
            Command::Erase { execution, by: (os_user, reason), reply } => {
                self.erase(execution, os_user, reason, reply);
            }
            Command::EndedExecutions { reply } => {
                let _gone = reply.send(crate::reply::ended(self.kernel.state()));
            }
            Command::Status { is_local, reply } => {
                let _gone = reply.send(self.status(is_local));
            }
            Command::Durable { size } => {
                if let Some(bytes) = self.in_flight.settle(size) {
                    self.mailbox.inbox.set_large_in_flight(bytes);
                }
                self.mailbox.durable.send_if_modified(|known| {
                    let grows = size > *known;
                    *known = size.max(*known);
                    grows
                });
                self.step(Input::Durable { size });
                self.tell_kept(size);
            }
            Command::KeepUp => self.join_parked(),
            Command::Tick => self.tick(),
        }
    }

    /// The time of the next record.
    fn time(&self) -> i64 {
        self.kernel.state().time(self.clock.now().wall_ms)
    }

    /// Counts into a record what was refused. On a full disk, where small requests are refused too,
    /// it is left for later: a flood of refusals must not eat up the space that is kept for stops.
    fn tick(&mut self) {
        self.join_parked();
        let stays_full = self.is_full && !self.has_storage();
        if stays_full || !self.has_space_for(4 * END_BYTES) {
            return;
        }
        self.count_refusals();
        self.step(Input::Tick);
    }

    /// Hands the kernel what was refused before it came to it.
    fn count_refusals(&mut self) {
        for (code, count) in self.mailbox.inbox.take_refusals() {
            self.step(Input::Refused { code, count });
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.waiting.next = self.waiting.next.wrapping_add(1);
        self.waiting.next
    }

    fn request(&mut self, execution: String, transition: Box<Prepared>, asking: Asking) {
        let Ok(entropy) = transition.entropy().map_or_else(clock::entropy, Ok) else { return };
        let ticket = self.ticket();
        // With room for a small result, so that a permit is not given just to find none for what
        // comes of it.
        let begins = transition.transition().delegates.is_some();
        let mut room = match begins {
            true => self.has_room_to_begin().map_err(NoRoomToBegin::code),
            false => Ok(()),
        };
        let wanted_bytes = transition.transition().message.len().saturating_add(2 * END_BYTES);
        if !self.has_space_for(wanted_bytes) {
            room = Err("refused.storage");
        }
        if let Err(code) = room {
            self.note_refused();
            self.mailbox.refused(code);
            let answer = Answer::Refused { code };
            let _gone = asking.reply.send(Answered::refused(answer));
            return;
        }
        self.waiting.requests.insert(ticket, asking);
        self.step(Input::Request { ticket, execution, transition, entropy });
    }

    /// Whether a message of so many bytes can be kept, and after it the end of all that is open.
    /// Sealed, a message and the arguments in it take at most so many times their bytes.
    fn has_space_for(&self, message_bytes: usize) -> bool {
        let open = self.waiting.requests.len().saturating_add(self.waiting.open.len());
        let ends_bytes = open.saturating_mul(END_BYTES);
        self.log.has_space(message_bytes.saturating_mul(SEALED_FACTOR).saturating_add(ends_bytes))
    }

    fn step(&mut self, input: Input) {
        for effect in self.kernel.step(self.clock.now(), input) {
            self.carry_out(effect);
        }
    }

    pub(crate) fn carry_out(&mut self, effect: Effect) {
        self.carry_out_for(true, effect);
    }

    /// Carries an effect out; `is_awaited` says whether somebody waits for a record that it
    /// appends.
    fn carry_out_for(&mut self, is_awaited: bool, effect: Effect) {
        match effect {
            Effect::Append { index, scope, digest, record, sealed } => {
                match self.seal(scope, index, &digest, &sealed) {
                    Ok(sealed) => self.append(index, Entry { record, sealed }, is_awaited),
                    Err(why) => halt(&format!("record {index} could not be sealed: {why}")),
                }
            }
            Effect::Erased { ticket, execution, result } => {
                let result = result.and_then(|index| {
                    let destroyed = self.destroy(&execution);
                    destroyed.map(|()| index).map_err(KeyNotDestroyed::code)
                });
                self.waiting.erasures.remove(&ticket).map(|reply| reply.send(result));
            }
            Effect::Approved { ticket, result } => {
                self.waiting.approvals.remove(&ticket).map(|reply| reply.send(result));
            }
            Effect::Joined { ticket, result } => {
                if let Ok(id) = &result {
                    self.mailbox.switch.begin(self.kernel.state(), id);
                }
                self.waiting.joins.remove(&ticket).map(|reply| reply.send(result));
            }
            Effect::Answer { ticket, answer } => self.answer(ticket, answer),
            Effect::Delegated { ticket, child } => {
                self.mailbox.switch.begin(self.kernel.state(), &child);
                self.waiting.children.insert(ticket, child);
            }
            Effect::Ended { ticket, result } => {
                self.waiting.ends.remove(&ticket).map(|reply| reply.send(result));
            }
            Effect::Reduced { ticket, result } => {
                // INVARIANT: the switch has what the kernel holds before the caller is answered and
                // releases its own order.
                self.mailbox.switch.hold(self.kernel.state());
                self.waiting.reductions.remove(&ticket).map(|reply| reply.send(result));
            }
            Effect::Settled { ticket } => {
                self.waiting.outcomes.remove(&ticket).map(|reply| reply.send(Ok(())));
            }
            Effect::Withheld { ticket, code } => {
                self.waiting.outcomes.remove(&ticket).map(|reply| reply.send(Err(code)));
            }
            // The dropped sender tells the session that nothing is forwarded.
            Effect::Unsettled { ticket } => drop(self.waiting.outcomes.remove(&ticket)),
            Effect::StorePieces { index, pieces, names } => self.keep(pieces, Some((index, names))),
            Effect::Halt { why } => halt(&why),
        }
    }

    /// Hands an answer to its session. A permit that nobody waits for any more is not made use of:
    /// it ends as `unknown`, with nothing written.
    fn answer(&mut self, ticket: Ticket, answer: Answer) {
        let child = self.waiting.children.remove(&ticket);
        // A delegation has ended already: nothing of it is open.
        let is_permit = matches!(answer, Answer::Permit { .. }) && child.is_none();
        if is_permit {
            self.waiting.open.insert(ticket);
        }
        let Some(Asking { workload, reply }) = self.waiting.requests.remove(&ticket) else {
            // INVARIANT: each request is answered once.
            halt(&format!("the request {ticket} was answered twice"));
        };
        let held = is_permit.then(|| HeldPermit::new(&self.mailbox, workload, ticket));
        let unheard = reply.send(Answered { ticket, answer, child, held }).err();
        if let Some(held) = unheard.and_then(|answered| answered.held) {
            held.discharge();
            let (reply, _nobody) = oneshot::channel();
            let outcome = Completion::Unknown { written: Some(0) };
            self.outcome(ticket, (outcome, Vec::new(), None), reply);
        }
    }
}

/// Ends the process: what can't be made durable, or decided within the engine's limits, must not go
/// on.
pub(crate) fn halt(why: &str) -> ! {
    crate::say(format_args!("halted: {why}"));
    // Whether anybody reads it or not.
    notes::flush(Duration::from_millis(HALT_NOTE_MS_MAX));
    std::process::abort()
}
