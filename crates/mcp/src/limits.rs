//! Every bound of this crate. The bounds on single messages are those of [`wire::limits`].

/// Requests of the client that wait for their response at the same time, without those that were cancelled. One
/// more is refused with `refused.overload`.
pub const OPEN_MAX: usize = 1_024;

/// Bytes of a message that can be decided, which is what the node decides at most: a longer one is refused.
pub const DECIDED_BYTES_MAX: usize = 1024 * 1024;

/// A client's requests without an answer that its own end of the connection remembers. The node refuses more than
/// [`OPEN_MAX`], so that the rest is on its way.
pub const UNANSWERED_MAX: usize = 4 * OPEN_MAX;

/// The same of the server, whose requests wait for as long as the client likes, and take up room of its execution.
pub const SERVER_OPEN_MAX: usize = 64;

/// Cancelled requests of one side whose response may still come. With one more, the oldest is completed as
/// unknown, and its response no longer awaited.
pub const CANCELLED_MAX: usize = 64;

/// Requests of one side that were given up without a response, and whose late one is still known as such. Of one more the
/// oldest is forgotten: its response then answers nothing that was asked.
pub const GIVEN_UP_MAX: usize = 1_024;

/// Milliseconds for a server to answer a request, where nothing else is said. SDKs give up after one minute by themselves,
/// and tools that take longer tell of progress.
pub const DEADLINE_MS: u64 = 600_000;

/// The least that may be said: less than that a busy machine needs for an ordinary answer.
pub const DEADLINE_MS_MIN: u64 = 100;

/// The most that may be said: a day.
pub const DEADLINE_MS_MAX: u64 = 86_400_000;

/// With progress, and while the client is asked something, a request is open for at most so many of its deadlines, and for
/// [`CLIENT_DEADLINE_MS`] where that is longer.
pub const DEADLINES_MAX: u64 = 24;

/// Milliseconds for a client to answer a request of the server, such as a question to a person.
pub const CLIENT_DEADLINE_MS: u64 = 3_600_000;

/// Tools whose definitions one session remembers. Another one counts as not listed.
pub const DEFINITIONS_MAX: usize = 4_096;

/// Lines of a server at a time that are refused, or say nothing, such as those of a log; with one more the server is stopped.
pub const SERVER_REFUSALS_BURST: u64 = 16_384;

/// The same in a second, in the long run: a server may write some lines with each answer.
pub const SERVER_REFUSALS_PER_SECOND: u64 = 1_024;

/// Requests and notifications that a server may send at a time, of its own accord. One more is dropped, and a request
/// answered with `refused.overload`. Answers, and cancellations of what is open, are not among them.
pub const SERVER_MESSAGES_BURST: u64 = 512;

/// Requests and notifications that a server may send in a second, in the long run.
pub const SERVER_MESSAGES_PER_SECOND: u64 = 16;

/// Dropped messages of a server without a pause that is long enough for another [`SERVER_MESSAGES_BURST`]; with one more
/// the server is stopped.
pub const SERVER_DROPPED_MAX: u64 = 65_536;

/// Refused messages, and probes, of one side that are noted in one session; further ones are only counted.
pub const NOTES_MAX: u64 = 64;

/// Bytes asked for in one read.
pub const READ_BYTES: usize = 16 * 1024;

/// Lines of one side that are read before their turn. With the line being read and the one being handled, a
/// session holds at most this many and two lines of [`wire::limits::LINE_BYTES_MAX`] a side; of its client's, fewer bytes
/// ([`AHEAD_BYTES_MAX`], [`AHEAD_USER_BYTES_MAX`]).
pub const LINES_AHEAD_MAX: usize = 2;

/// Bytes of a line of a client up to which it needs no room of its OS user's.
pub const SHORT_LINE_BYTES: usize = 64 * 1024;

/// Bytes of longer lines of a client that wait in one session, with the one that the server takes: two of the longest. With more, none is
/// read until the server has taken some.
pub const AHEAD_BYTES_MAX: usize = 2 * wire::limits::LINE_BYTES_MAX;

/// Bytes of such lines in all sessions of one OS user.
pub const AHEAD_USER_BYTES_MAX: usize = 8 * wire::limits::LINE_BYTES_MAX;

/// Milliseconds in which a client must go on by [`READ_BYTES`] with a long line, or end it, while other sessions of its OS user wait for
/// room; else its session ends.
pub const STALLED_MS_MAX: u64 = 5_000;

/// Bytes that one side may send without ending a line; then its stream counts as closed. Past
/// [`wire::limits::LINE_BYTES_MAX`] they are dropped as they come.
pub const ENDLESS_BYTES_MAX: usize = 8 * wire::limits::LINE_BYTES_MAX;

/// Lines that wait for the client to take them; with more, none of its own is read.
pub const UNREAD_MAX: usize = 64;

/// Lines waiting to be written to one side: those that the client has not taken, one for each direction, one for each request
/// of a refused batch, and one for each open request that is given up, or that the session's end leaves open.
pub const WRITES_MAX: usize =
    UNREAD_MAX + OPEN_MAX + SERVER_OPEN_MAX + CANCELLED_MAX + wire::limits::BATCH_REQUESTS_MAX + 4;

/// Milliseconds for one side to take one line. A side that does not is gone.
pub const WRITE_MS_MAX: u64 = 120_000;

/// Milliseconds for the server to end by itself once its stdin is closed, and for its stdout to end once its
/// process has. MCP's clients wait two seconds and more.
pub const SHUTDOWN_MS_MAX: u64 = 5_000;

/// Milliseconds at the session's end for the gate to answer what is in flight and to complete what is open.
pub const SETTLE_MS_MAX: u64 = 10_000;

/// Milliseconds after an order for the client to be told what became of its requests; then its stream is closed, whatever the
/// gate waits for.
pub const STOPPED_MS_MAX: u64 = 200;

/// Milliseconds after a session's end, which the client did not bring about, for the first message of a client that has sent
/// none. What it asks is answered with why the session ended.
pub const FIRST_MESSAGE_MS_MAX: u64 = 2_000;

/// Milliseconds without a message of such a client after which no more are waited for.
pub const LAST_MESSAGES_MS: u64 = 100;

/// Milliseconds for the server to end by itself once one side has ended the session; then it is killed.
pub const LINGER_MS_MAX: u64 = 500;

/// Milliseconds between SIGTERM to a server and SIGKILL to all that it started.
pub const TERMINATE_MS_MAX: u64 = 2_000;

/// Milliseconds for the operating system to end what was killed; then a server's exit is reported all the same.
pub const GUARD_REPORT_MS_MAX: u64 = 1_000;

/// Bytes of a server's program, arguments, folder and environment together.
pub const GUARD_START_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Processes and threads of a server's own OS user, on the whole machine.
pub const SERVER_PROCESSES_MAX: u64 = 4_096;

/// Rounds in which a server's processes are stopped before they are killed, while new ones appear.
pub const STOP_ROUNDS_MAX: usize = 32;

/// Milliseconds at the session's end for the client to take what is still to be written.
pub const FLUSH_MS_MAX: u64 = 1_000;

/// Bytes of one line of the server's stderr that are passed on in one note; longer ones are cut.
pub const STDERR_LINE_BYTES_MAX: usize = 4 * 1024;

/// Bytes of the server's stderr that are passed on in one session; the rest is read and dropped.
pub const STDERR_BYTES_MAX: usize = 1024 * 1024;
