//! What signals do to a program that serves.

use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use node::notes;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::exit::{Exit, Failure};
use crate::limits::END_MS_MAX;

/// Signals that say nothing to a node. By default each would end it.
///
/// SIGPIPE is ignored by every Rust program. Signals of a fault (SIGSEGV, SIGABRT and their like) are not in the list:
/// what raises them can't go on.
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

/// The signals that end the program in order: SIGTERM and SIGINT.
///
/// A thread of its own waits for them. It ends the program [`END_MS_MAX`] later, whatever the rest then waits for: a
/// disk, a pipe that nobody reads, a session.
pub(crate) struct Ends(watch::Receiver<bool>);

impl Ends {
    /// For a program that somebody watches: other signals do what they do to every program.
    pub(crate) fn of_a_demo() -> Result<Self, Failure> {
        Self::new(&[])
    }

    /// For a node: other signals do nothing to it.
    pub(crate) fn of_a_node() -> Result<Self, Failure> {
        let real_time = REAL_TIME.map(|number| (number, "a real-time signal"));
        Self::new(&MEANINGLESS.into_iter().chain(real_time).collect::<Vec<_>>())
    }

    fn new(meaningless: &[(i32, &'static str)]) -> Result<Self, Failure> {
        let failed = |why: std::io::Error| Failure::io("signals cannot be listened to", &why);
        let (asked, is_asked) = watch::channel(false);
        let (ready, is_ready) = mpsc::channel();
        let meaningless = meaningless.to_vec();
        let listen = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut ends = JoinSet::new();
                for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
                    let mut end = signal(kind)?;
                    ends.spawn(async move { end.recv().await });
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
                // Whoever waits for it has not gone.
                let _waits = ready.send(());
                ends.join_next().await;
                Ok::<(), std::io::Error>(())
            })
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                if listen().is_ok() {
                    asked.send_replace(true);
                    end_late();
                }
            })
            .map_err(failed)?;
        is_ready.recv().map_err(|why| failed(std::io::Error::other(why)))?;
        Ok(Self(is_asked))
    }

    /// Waits for the first of them. Once it has come, this returns at once.
    pub(crate) async fn wait(&mut self) {
        if self.0.wait_for(|is_asked| *is_asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Ends the process, unless it has ended by then.
fn end_late() -> ! {
    thread::sleep(Duration::from_millis(END_MS_MAX));
    notes::say("it did not end in order in time, and ends now");
    notes::flush(Duration::from_millis(node::limits::HALT_NOTE_MS_MAX));
    process::exit(Exit::Failed as i32)
}
