//! The effect of signals on a program that serves.

use std::process;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use node::notes;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::exit::{Exit, Failure};
use crate::limits::END_MS_MAX;
use crate::unfinished;

/// Signals without a meaning for a node. By default each would end it.
///
/// SIGPIPE is ignored by every Rust program. Signals of a fault (SIGSEGV, SIGABRT and their like)
/// are not in the list: a program can't go on after a fault.
const MEANINGLESS: [(i32, &str); 11] = [
    (1, "SIGHUP"),
    (3, "SIGQUIT"),
    (10, "SIGUSR1"),
    (12, "SIGUSR2"),
    (14, "SIGALRM"),
    (16, "SIGSTKFLT"),
    (24, "SIGXCPU"),
    (26, "SIGVTALRM"),
    (27, "SIGPROF"),
    (29, "SIGIO"),
    (30, "SIGPWR"),
];

/// The real-time signals: nothing here uses them.
const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;

/// The signals that end the program in order: SIGTERM and SIGINT, and SIGHUP and SIGQUIT in a
/// program that a person watches.
///
/// A thread of its own waits for them. It ends the program [`END_MS_MAX`] later, even if the rest
/// still waits for a disk, a pipe that nobody reads or a session.
pub(crate) struct EndSignals {
    come: watch::Receiver<Option<i32>>,
    late: Arc<Mutex<Option<Late>>>,
}

/// The last act of a program that did not end in order in time, with the number of the signal.
type Late = Box<dyn FnOnce(i32) + Send>;

impl EndSignals {
    /// For a program that a person watches: other signals have their default effect.
    pub(crate) fn of_a_demo() -> Result<Self, Failure> {
        Self::new(&unfinished::signals(), &[])
    }

    /// For a node: other signals have no effect on it.
    pub(crate) fn of_a_node() -> Result<Self, Failure> {
        let real_time = REAL_TIME.map(|number| (number, "a real-time signal"));
        Self::new(&[2, 15], &MEANINGLESS.into_iter().chain(real_time).collect::<Vec<_>>())
    }

    fn new(ends: &[i32], meaningless: &[(i32, &'static str)]) -> Result<Self, Failure> {
        let failed = |why: std::io::Error| Failure::io("signals cannot be listened to", &why);
        let (asked, come) = watch::channel(None);
        let late = Arc::new(Mutex::new(None));
        let when_late = Arc::clone(&late);
        let (ready, is_ready) = mpsc::channel();
        let (numbers, meaningless) = (ends.to_vec(), meaningless.to_vec());
        let listen = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut ends = JoinSet::new();
                for number in numbers {
                    let mut end = signal(SignalKind::from_raw(number))?;
                    ends.spawn(async move {
                        end.recv().await;
                        number
                    });
                }
                let mut others = JoinSet::new();
                for (number, name) in meaningless {
                    let mut other = signal(SignalKind::from_raw(number))?;
                    others.spawn(async move {
                        other.recv().await;
                        notes::say(format!("{name} says nothing to a node and is ignored"));
                        while other.recv().await.is_some() {}
                    });
                }
                // The receiver waits for this.
                let _waits = ready.send(());
                Ok::<_, std::io::Error>(ends.join_next().await.and_then(Result::ok))
            })
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                if let Ok(Some(number)) = listen() {
                    asked.send_replace(Some(number));
                    end_late(number, &when_late);
                }
            })
            .map_err(failed)?;
        is_ready.recv().map_err(|why| failed(std::io::Error::other(why)))?;
        Ok(Self { come, late })
    }

    /// Sets the last act of the program for the case that it does not end in order in time.
    pub(crate) fn when_late(&self, late: Option<Late>) {
        *self.late.lock().unwrap_or_else(PoisonError::into_inner) = late;
    }

    /// Waits for the first of these signals, and returns its number. Once a signal has come, this
    /// returns at once.
    pub(crate) async fn wait(&mut self) -> i32 {
        let come = self.come.wait_for(Option::is_some).await.ok().and_then(|come| *come);
        match come {
            Some(number) => number,
            None => std::future::pending().await,
        }
    }

    /// The number of the signal that has come.
    pub(crate) fn come(&self) -> Option<i32> {
        *self.come.borrow()
    }
}

/// Ends the process, unless it has ended by then.
fn end_late(number: i32, late: &Mutex<Option<Late>>) -> ! {
    thread::sleep(Duration::from_millis(END_MS_MAX));
    if let Some(late) = late.lock().unwrap_or_else(PoisonError::into_inner).take() {
        late(number);
    }
    notes::say("it did not end in order in time, and ends now");
    notes::flush(Duration::from_millis(node::limits::HALT_NOTE_MS_MAX));
    process::exit(Exit::Failed as i32)
}
