use std::time::Duration;

use tokio::time::Instant;

use crate::Deadlines;
use crate::limits::{
    FIRST_MESSAGE_MS_MAX, FLUSH_MS_MAX, LAST_MESSAGES_MS, LINGER_MS_MAX, SETTLE_MS_MAX,
    SHUTDOWN_MS_MAX, STALLED_MS_MAX, STOPPED_MS_MAX, TERMINATE_MS_MAX, WRITE_MS_MAX,
};

/// The time limits of [`crate::limits`]. Tests use shorter ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) deadlines: Deadlines,
    pub(super) write: Duration,
    pub(super) stalled: Duration,
    pub(super) shutdown: Duration,
    pub(super) settle: Duration,
    pub(super) stopped: Duration,
    pub(super) linger: Duration,
    pub(super) terminate: Duration,
    pub(super) flush: Duration,
    pub(super) first_message: Duration,
    pub(super) last_messages: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            deadlines: Deadlines::default(),
            write: Duration::from_millis(WRITE_MS_MAX),
            stalled: Duration::from_millis(STALLED_MS_MAX),
            shutdown: Duration::from_millis(SHUTDOWN_MS_MAX),
            settle: Duration::from_millis(SETTLE_MS_MAX),
            stopped: Duration::from_millis(STOPPED_MS_MAX),
            linger: Duration::from_millis(LINGER_MS_MAX),
            terminate: Duration::from_millis(TERMINATE_MS_MAX),
            flush: Duration::from_millis(FLUSH_MS_MAX),
            first_message: Duration::from_millis(FIRST_MESSAGE_MS_MAX),
            last_messages: Duration::from_millis(LAST_MESSAGES_MS),
        }
    }
}

/// The time until which the driver waits for the session's next stage: first for its end, then for
/// the gate's last answers.
#[derive(Debug)]
pub(super) struct Deadline {
    pub(super) times: Times,
    at: Option<Instant>,
    stage: Stage,
    pub(super) client_ended: bool,
    pub(super) server_exited: bool,
    /// The gate's last answers are no longer awaited.
    pub(super) given_up: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Both sides are open.
    Open,
    /// The client's stream has ended. Lines that came before are still handled.
    Emptying,
    /// One side has ended. The other has limited time to end.
    Draining,
    /// The session has ended. The server has limited time to end by itself.
    Lingering,
    /// The server is killed. The gate has limited time for its last answers.
    Settling,
}

impl Deadline {
    pub(super) fn new(times: Times) -> Self {
        Self {
            times,
            at: None,
            stage: Stage::Open,
            client_ended: false,
            server_exited: false,
            given_up: false,
        }
    }

    pub(super) fn is_set(&self) -> bool {
        self.at.is_some()
    }

    pub(super) fn at(&self) -> Instant {
        self.at.unwrap_or_else(Instant::now)
    }

    /// The client's stream has ended, but perhaps not all of its lines have been handled. Without
    /// this deadline, nobody would notice a client that leaves while the server reads nothing.
    pub(super) fn client_ends(&mut self) {
        self.client_ended = true;
        self.enter(Stage::Emptying, self.times.shutdown);
    }

    /// A line of the client is handled.
    pub(super) fn client_line_handled(&mut self) {
        if self.stage == Stage::Emptying {
            self.at = Some(Instant::now() + self.times.shutdown);
        }
    }

    /// The server's process has ended. Its stdout has not: other processes may hold it open.
    pub(super) fn server_exits(&mut self) {
        self.server_exited = true;
        self.enter(Stage::Draining, self.times.shutdown);
    }

    /// Nothing more goes to the server.
    pub(super) fn drain(&mut self) {
        self.enter(Stage::Draining, self.times.shutdown);
    }

    /// The session has ended.
    pub(super) fn linger(&mut self) {
        self.enter(Stage::Lingering, self.times.linger);
    }

    /// The server is killed.
    pub(super) fn settle(&mut self) {
        self.enter(Stage::Settling, self.times.settle);
    }

    pub(super) fn is_settling(&self) -> bool {
        self.stage == Stage::Settling
    }

    fn enter(&mut self, stage: Stage, wait: Duration) {
        if self.stage < stage {
            self.stage = stage;
            self.at = Some(Instant::now() + wait);
        }
    }
}
