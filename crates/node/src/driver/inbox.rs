//! Commands that wait for the kernel, in order. The kernel's thread takes them, or the caller that
//! steps the kernel meanwhile.

mod waiting;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use kernel::step::Answer;
use tokio::sync::watch;

use super::mailbox::Answered;
use super::seat::Seat;
use super::{Command, Joining};
use waiting::{Next, Waiting};

/// The code of a refusal where too much waits, or for too long.
pub(crate) const OVERLOAD: &str = "refused.overload";

/// What waits, and how often something was refused before it came to the kernel.
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    closing: Condvar,
    ended: watch::Sender<bool>,
    seat: OnceLock<Weak<dyn Seat>>,
    refusals: Mutex<Refusals>,
}

/// How often something was refused, by code.
#[derive(Default)]
struct Refusals {
    /// Since they were counted into a record last.
    unrecorded: BTreeMap<&'static str, u64>,
    /// Since the node started.
    all: BTreeMap<&'static str, u64>,
}

/// The end at which commands come out. Once it is dropped, nothing is heard any more and nobody
/// waits.
pub(crate) struct Commands(Arc<Inbox>);

impl Inbox {
    pub(super) fn new() -> (Arc<Self>, Commands) {
        let inbox = Arc::new(Self {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            closing: Condvar::new(),
            ended: watch::Sender::new(false),
            seat: OnceLock::new(),
            refusals: Mutex::default(),
        });
        (Arc::clone(&inbox), Commands(inbox))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the kernel's thread obey a command in its turn, or refuses it at once. One that is not
    /// heard any more is dropped, and with it the answer that somebody waits for.
    pub(super) fn push(&self, command: Command) {
        if self.keep(command) {
            self.changed.notify_one();
        }
    }

    /// As [`Inbox::push`], before all that agents ask.
    pub(super) fn push_order(&self, command: Command) {
        let is_asleep = {
            let mut waiting = self.waiting();
            if !waiting.is_closed {
                waiting.push_order(command);
            }
            waiting.is_asleep
        };
        if is_asleep {
            self.changed.notify_one();
        }
    }

    /// As [`Inbox::push`], without waking anybody: for who takes what waits afterwards.
    pub(super) fn push_quietly(&self, command: Command) {
        self.keep(command);
    }

    /// Whether the kernel's thread must be woken for it. Each wake is a system call.
    fn keep(&self, command: Command) -> bool {
        let mut waiting = self.waiting();
        let is_asleep = waiting.is_asleep;
        if waiting.is_closed {
            return is_asleep;
        }
        let refused = waiting.push(command, Instant::now());
        drop(waiting);
        self.refuse(refused);
        is_asleep
    }

    /// The next command, and how many wait behind it. What waited too long is refused.
    pub(super) fn next(&self) -> Option<(Command, usize)> {
        loop {
            let next = self.waiting().next(Instant::now())?;
            match next {
                Next::Obeyed(command, behind) => return Some((command, behind)),
                Next::Refused(command) => self.refuse([command]),
            }
        }
    }

    /// Whether a request of this workload with so many bytes would wait for its turn, and not be
    /// refused at once.
    pub(super) fn takes(&self, of: &Arc<str>, bytes: usize) -> bool {
        self.waiting().takes(of, bytes, Instant::now())
    }

    /// Refuses what has waited too long, whatever the kernel's thread is doing. When there may be
    /// more.
    pub(super) fn refuse_late(&self) -> Option<Instant> {
        let mut waiting = self.waiting();
        let late = waiting.take_late(Instant::now());
        let next = waiting.late_at();
        drop(waiting);
        self.refuse(late);
        next
    }

    fn refuse(&self, commands: impl IntoIterator<Item = Command>) {
        for command in commands {
            match command {
                Command::Request { reply, .. } => {
                    self.refused(OVERLOAD);
                    let answer = Answer::Refused { code: OVERLOAD };
                    let _gone = reply.send(Answered::refused(answer));
                }
                // The session counts it, as it does every refusal of a first line.
                Command::Join(Joining { reply, .. }) => {
                    let _gone = reply.send(Err(OVERLOAD));
                }
                // Nothing else is refused.
                other => drop(other),
            }
        }
    }

    /// So many bytes of large messages are on their way to the disk.
    pub(super) fn set_large_in_flight(&self, bytes: usize) {
        self.waiting().set_large_in_flight(bytes);
    }

    /// Whether a command can be obeyed here and now: nothing waits before it, and nothing holds it
    /// back.
    pub(super) fn is_next(&self, command: &Command) -> bool {
        let waiting = self.waiting();
        waiting.is_empty() && !waiting.holds_back(command.bytes())
    }

    /// Counts a refusal.
    pub(super) fn refused(&self, code: &'static str) {
        let mut refusals = self.refusals();
        let Refusals { unrecorded, all } = &mut *refusals;
        for counts in [unrecorded, all] {
            let count = counts.entry(code).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_refusals(&self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut self.refusals().unrecorded)
    }

    /// How often something was refused since the node started, by code.
    pub(super) fn refusals_since_start(&self) -> BTreeMap<&'static str, u64> {
        self.refusals().all.clone()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting().len()
    }

    /// Whether an order waits.
    #[cfg(test)]
    pub(super) fn has_order(&self) -> bool {
        self.waiting().has_order()
    }

    /// Wakes the kernel's thread for what was left to it.
    pub(super) fn wake_if_left(&self) {
        let waiting = self.waiting();
        if waiting.is_asleep && !waiting.is_empty() {
            drop(waiting);
            self.changed.notify_one();
        }
    }

    /// From here on a caller that has a command for the kernel may step it.
    pub(super) fn seat(&self, seat: Weak<dyn Seat>) {
        // There is one kernel to an inbox.
        let _was_set = self.seat.set(seat);
    }

    /// Has this thread obey a command, if it can be done at once. What is given back is for the
    /// kernel's thread.
    pub(super) fn obey_here(&self, command: Command) -> Option<Command> {
        let seat = self.seat.get().and_then(Weak::upgrade);
        match seat {
            Some(seat) => seat.obey_here(command),
            None => Some(command),
        }
    }

    /// What waits is obeyed, and nothing that comes later.
    pub(super) fn close(&self) {
        let mut waiting = self.waiting();
        waiting.is_closed = true;
        waiting.set_large_in_flight(0);
        drop(waiting);
        self.changed.notify_all();
        self.closing.notify_all();
    }

    /// Nothing more is obeyed, and nobody waits for anything.
    pub(super) fn end(&self) {
        let unheard = {
            let mut waiting = self.waiting();
            let unheard = std::mem::take(&mut *waiting);
            waiting.is_closed = true;
            unheard
        };
        drop(unheard);
        self.changed.notify_all();
        self.closing.notify_all();
        self.ended.send_replace(true);
    }

    /// Whether nothing more is taken: the kernel is to stop.
    pub(super) fn is_closed(&self) -> bool {
        self.waiting().is_closed
    }

    pub(super) fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    pub(super) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ended = self.ended.subscribe();
        async move {
            // An inbox that is gone has ended too.
            let _ended = ended.wait_for(|ended| *ended).await;
        }
    }

    /// Waits until then, or until it is closed: false then.
    pub(super) fn wait_until(&self, until: Instant) -> bool {
        let mut waiting = self.waiting();
        while !waiting.is_closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.closing.wait_timeout(waiting, left);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !waiting.is_closed
    }
}

impl Commands {
    /// Waits until a command waits. False: there will be no more.
    pub(super) fn wait(&self) -> bool {
        let mut waiting = self.0.waiting();
        while waiting.is_empty() && !waiting.is_closed {
            waiting.is_asleep = true;
            waiting = self.0.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.is_asleep = false;
        !waiting.is_empty()
    }
}

impl Drop for Commands {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests;
