//! Who steps the kernel: its own thread, or a caller that has one command for it, while no other
//! thread does.
//!
//! Waking a thread and being woken by it takes as long as a fast disk. A caller that is alone
//! spares both: it decides, commits and takes its answer on its own thread, under the lock that the
//! kernel's thread takes otherwise. There is still one order, of one kernel.

use std::sync::{Arc, Mutex};

use ledger::Disk;

use super::inbox::{Commands, Inbox};
use super::{Command, Driver};

/// Where the kernel is stepped.
pub(super) trait Seat: Send + Sync {
    /// Obeys a command on this thread, or gives it back.
    fn obey_here(&self, command: Command) -> Option<Command>;
}

struct Seated<D: Disk> {
    /// None once it was told to stop.
    driver: Mutex<Option<Driver<D>>>,
    inbox: Arc<Inbox>,
}

/// A caller that steps the kernel. It ends the inbox when its thread unwinds: nobody may wait for a
/// kernel in an unknown state.
struct SteppingCaller<'a>(&'a Inbox);

impl Drop for SteppingCaller<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

impl<D: Disk> Seat for Seated<D> {
    fn obey_here(&self, command: Command) -> Option<Command> {
        if !policy::can_decide_here() {
            return Some(command);
        }
        let Ok(mut seat) = self.driver.try_lock() else { return Some(command) };
        let Some(driver) = seat.as_mut().filter(|driver| driver.is_quick) else {
            return Some(command);
        };
        if !self.inbox.is_next(&command) {
            return Some(command);
        }
        let _caller = SteppingCaller(&self.inbox);
        driver.obey(command, 0);
        // INVARIANT: what came while this thread waited for the disk, a stop order say, is obeyed
        // before the answer goes: it stands in the inbox before the word that the record is
        // durable.
        for _ in 0..self.inbox.len() {
            driver.obey_next();
        }
        if driver.wants_to_keep_up() {
            self.inbox.push_quietly(Command::KeepUp);
        }
        drop(seat);
        self.inbox.wake_if_left();
        None
    }
}

impl<D: Disk> Driver<D> {
    /// Runs until it is told to stop.
    pub(crate) fn run(self, commands: &Commands) {
        let inbox = Arc::clone(&self.mailbox.inbox);
        let seated = Arc::new(Seated { driver: Mutex::new(Some(self)), inbox });
        let seat: Arc<dyn Seat> = Arc::<Seated<D>>::clone(&seated);
        seated.inbox.seat(Arc::downgrade(&seat));
        while commands.wait() {
            // Of a kernel that somebody left in the middle of a step nothing is known: nothing more
            // is asked of it.
            let Ok(mut driver) = seated.driver.lock() else { return };
            while driver.as_mut().is_some_and(Driver::obey_next) {}
        }
        let driver = seated.driver.lock().ok().and_then(|mut driver| driver.take());
        driver.into_iter().for_each(Driver::close);
    }

    /// Obeys the next command. False where none waits.
    fn obey_next(&mut self) -> bool {
        let Some((command, behind)) = self.mailbox.inbox.next() else { return false };
        self.obey(command, behind);
        self.hurry();
        self.keep_up();
        true
    }
}

#[cfg(test)]
mod held;
#[cfg(test)]
mod tests;
