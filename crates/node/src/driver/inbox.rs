//! What waits for the kernel, in order. Its thread takes it, or whoever steps the kernel meanwhile.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::sync::watch;

use super::Command;
use super::seat::Seat;

/// What waits. Each caller waits for its answer, so there are at most a few commands for each connection.
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    ended: watch::Sender<bool>,
    seat: OnceLock<Weak<dyn Seat>>,
}

#[derive(Default)]
struct Waiting {
    /// What officers ordered: obeyed before all else.
    orders: VecDeque<Command>,
    commands: VecDeque<Command>,
    /// The kernel's thread waits for a command.
    is_asleep: bool,
    /// Nothing more is heard.
    is_closed: bool,
}

impl Waiting {
    fn len(&self) -> usize {
        self.orders.len().saturating_add(self.commands.len())
    }

    fn is_empty(&self) -> bool {
        self.orders.is_empty() && self.commands.is_empty()
    }
}

/// The end at which commands come out. Once it is dropped, nothing is heard any more and nobody waits.
pub(crate) struct Commands(Arc<Inbox>);

impl Inbox {
    pub(super) fn new() -> (Arc<Self>, Commands) {
        let inbox = Arc::new(Self {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            ended: watch::Sender::new(false),
            seat: OnceLock::new(),
        });
        (Arc::clone(&inbox), Commands(inbox))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the kernel's thread obey a command, after those that wait. One that is not heard any more is dropped, and with
    /// it the answer that somebody waits for.
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
                waiting.orders.push_back(command);
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
        if waiting.is_closed {
            return waiting.is_asleep;
        }
        match (waiting.commands.back_mut(), command) {
            // What is durable up to there is so up to here.
            (Some(Command::Durable { size: last }), Command::Durable { size }) => {
                *last = size.max(*last);
            }
            (_, command) => waiting.commands.push_back(command),
        }
        waiting.is_asleep
    }

    /// The next command, and how many wait behind it.
    pub(super) fn next(&self) -> Option<(Command, usize)> {
        let mut waiting = self.waiting();
        let next = match waiting.orders.pop_front() {
            Some(order) => order,
            None => waiting.commands.pop_front()?,
        };
        Some((next, waiting.len()))
    }

    pub(super) fn len(&self) -> usize {
        self.waiting().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Wakes the kernel's thread for what was left to it.
    pub(super) fn wake_if_left(&self) {
        let waiting = self.waiting();
        if waiting.is_asleep && !waiting.is_empty() {
            drop(waiting);
            self.changed.notify_one();
        }
    }

    /// From here on the kernel may be stepped by whoever has something for it.
    pub(super) fn seat(&self, seat: Weak<dyn Seat>) {
        // There is one kernel to an inbox.
        let _was_set = self.seat.set(seat);
    }

    /// Has this thread obey a command, if it can be done at once. What is given back is for the kernel's thread.
    pub(super) fn obey_here(&self, command: Command) -> Option<Command> {
        let seat = self.seat.get().and_then(Weak::upgrade);
        match seat {
            Some(seat) => seat.obey_here(command),
            None => Some(command),
        }
    }

    /// What waits is obeyed, and nothing that comes later.
    pub(super) fn close(&self) {
        self.waiting().is_closed = true;
        self.changed.notify_all();
    }

    /// Nothing more is obeyed, and nobody waits for anything.
    pub(super) fn end(&self) {
        let unheard = {
            let mut waiting = self.waiting();
            waiting.is_closed = true;
            (std::mem::take(&mut waiting.orders), std::mem::take(&mut waiting.commands))
        };
        drop(unheard);
        self.changed.notify_all();
        self.ended.send_replace(true);
    }

    pub(super) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut ended = self.ended.subscribe();
        async move {
            // An inbox that is gone has ended too.
            let _ended = ended.wait_for(|ended| *ended).await;
        }
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
mod tests {
    use super::*;

    #[test]
    fn orders_are_obeyed_before_what_agents_ask() {
        let (inbox, _commands) = Inbox::new();
        inbox.push(Command::Tick);
        inbox.push(Command::KeepUp);
        inbox.push_order(Command::Durable { size: 1 });
        inbox.push_order(Command::Durable { size: 2 });
        let obeyed: Vec<Command> =
            std::iter::from_fn(|| inbox.next()).map(|(command, _)| command).collect();
        assert!(matches!(
            obeyed[..],
            [
                Command::Durable { size: 1 },
                Command::Durable { size: 2 },
                Command::Tick,
                Command::KeepUp
            ]
        ));
    }
}
