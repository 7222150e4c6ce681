//! Every bound of this crate. The bounds on single messages are in [`wire::limits`].

/// Requests of the client that wait for their responses at the same time; cancelled ones do not
/// count. One more is refused with `refused.overload`.
pub const OPEN_MAX: usize = 1_024;

/// Bytes of a message that can be decided: the node's own limit. A longer message is refused.
pub const DECIDED_BYTES_MAX: usize = 1024 * 1024;

/// Unanswered requests that a client's own end of the connection remembers. The node refuses more
/// than [`OPEN_MAX`]; the rest are messages on their way.
pub const UNANSWERED_MAX: usize = 4 * OPEN_MAX;

/// Requests of the server that wait for their responses at the same time. They wait as long as the
/// client likes, and use the room of its execution.
pub const SERVER_OPEN_MAX: usize = 64;

/// Cancelled requests of one side whose responses may still come. With one more, the oldest is
/// completed as unknown, and its response is no longer awaited.
pub const CANCELLED_MAX: usize = 64;

/// Given-up requests of one side that are remembered, so that a late response is recognised. With
/// one more, the oldest is forgotten: its response then counts as one to no request.
pub const GIVEN_UP_MAX: usize = 1_024;

/// Milliseconds for a server to answer a request, by default. SDKs give up after one minute by
/// themselves, and tools that take longer report progress.
pub const DEADLINE_MS: u64 = 600_000;

/// The least that may be configured. A busy machine needs up to this for an ordinary answer.
pub const DEADLINE_MS_MIN: u64 = 100;

/// The most that may be configured: a day.
pub const DEADLINE_MS_MAX: u64 = 86_400_000;

/// The longest time that a request is open, in its deadlines, if progress or a question to the
/// client postpones its deadline; [`CLIENT_DEADLINE_MS`] if that is longer.
pub const DEADLINES_MAX: u64 = 24;

/// Milliseconds for a client to answer a request of the server, such as a question to a person.
pub const CLIENT_DEADLINE_MS: u64 = 3_600_000;

/// Tools whose definitions one session remembers. Another one counts as not listed.
pub const DEFINITIONS_MAX: usize = 4_096;

/// Burst of a server's lines that are refused or blank, such as lines of a log. With one more the
/// server is stopped.
pub const SERVER_REFUSALS_BURST: u64 = 16_384;

/// The same lines in a second, in the long run: a server may write some log lines with each answer.
pub const SERVER_REFUSALS_PER_SECOND: u64 = 1_024;

/// Burst of requests and notifications that a server may send on its own initiative. One more is
/// dropped, and a request is answered with `refused.overload`. Answers, and cancellations of open
/// requests, do not count.
pub const SERVER_MESSAGES_BURST: u64 = 512;

/// Requests and notifications that a server may send in a second, in the long run.
pub const SERVER_MESSAGES_PER_SECOND: u64 = 16;

/// Dropped messages of a server without a pause long enough to regain a full
/// [`SERVER_MESSAGES_BURST`]. With one more the server is stopped.
pub const SERVER_DROPPED_MAX: u64 = 65_536;

/// Refused messages, and probes, of one side that are noted in one session. Further ones are only
/// counted.
pub const NOTES_MAX: u64 = 64;

/// Bytes requested by one read.
pub const READ_BYTES: usize = 16 * 1024;

/// Lines of one side that are read ahead. With the line being read and the one being handled, a
/// session holds at most this many lines plus two for each side, each of up to
/// [`wire::limits::LINE_BYTES_MAX`]. Its client's lines have lower limits in bytes
/// ([`AHEAD_BYTES_MAX`], [`AHEAD_USER_BYTES_MAX`]).
pub const LINES_AHEAD_MAX: usize = 2;

/// Bytes up to which a client's line needs no room of its OS user.
pub const SHORT_LINE_BYTES: usize = 64 * 1024;

/// Bytes of a client's longer lines that wait in one session, including the one that the server
/// reads: two of the longest. At this limit, no more is read until the server has read some.
pub const AHEAD_BYTES_MAX: usize = 2 * wire::limits::LINE_BYTES_MAX;

/// Bytes of such lines over all sessions of one OS user.
pub const AHEAD_USER_BYTES_MAX: usize = 8 * wire::limits::LINE_BYTES_MAX;

/// Milliseconds in which a client must send [`READ_BYTES`] more of a long line, or end it, while
/// other sessions of its OS user wait for room. Otherwise its session ends.
pub const STALLED_MS_MAX: u64 = 5_000;

/// Bytes that one side may send without ending a line; then its stream counts as closed. Bytes
/// beyond [`wire::limits::LINE_BYTES_MAX`] are dropped as they come.
pub const ENDLESS_BYTES_MAX: usize = 8 * wire::limits::LINE_BYTES_MAX;

/// Lines that may wait until the client reads them. With more, no line of the client is read.
pub const UNREAD_MAX: usize = 64;

/// Lines that wait to be written to one side: those that the client has not read, one for each
/// direction, one for each request of a refused batch, and one for each open request that is given
/// up or left open by the session's end.
pub const WRITES_MAX: usize =
    UNREAD_MAX + OPEN_MAX + SERVER_OPEN_MAX + CANCELLED_MAX + wire::limits::BATCH_REQUESTS_MAX + 4;

/// Milliseconds for one side to read one line. A side that takes longer counts as gone.
pub const WRITE_MS_MAX: u64 = 120_000;

/// Milliseconds for the server to end by itself once its stdin is closed, and for its stdout to end
/// once its process has ended. MCP's clients wait two seconds and more.
pub const SHUTDOWN_MS_MAX: u64 = 5_000;

/// Milliseconds at the session's end for the gate to answer calls in flight and to complete open
/// requests.
pub const SETTLE_MS_MAX: u64 = 10_000;

/// Milliseconds after an order to send the client errors for its open requests. Then its stream is
/// closed, even if the gate has not answered yet.
pub const STOPPED_MS_MAX: u64 = 200;

/// Milliseconds after a session's end that the client did not cause, for the first message of a
/// client that has sent none. A request is answered with the reason of the end.
pub const FIRST_MESSAGE_MS_MAX: u64 = 2_000;

/// Milliseconds without a message of such a client after which no more are awaited.
pub const LAST_MESSAGES_MS: u64 = 100;

/// Milliseconds for the server to end by itself once one side has ended the session; then it is
/// killed.
pub const LINGER_MS_MAX: u64 = 500;

/// Milliseconds between SIGTERM to a server and SIGKILL to every process that it started.
pub const TERMINATE_MS_MAX: u64 = 2_000;

/// Milliseconds for the operating system to end killed processes. Then a server's exit is reported
/// all the same.
pub const GUARD_REPORT_MS_MAX: u64 = 1_000;

/// Bytes of a server's program, arguments, folder and environment together.
pub const GUARD_START_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Processes and threads of a server's own OS user, on the whole machine.
pub const SERVER_PROCESSES_MAX: u64 = 4_096;

/// Rounds in which a server's processes are stopped before they are killed, while new ones appear.
pub const STOP_ROUNDS_MAX: usize = 32;

/// Milliseconds at the session's end for the client to read the lines that are still to be written.
pub const FLUSH_MS_MAX: u64 = 1_000;

/// Bytes of one line of the server's stderr that one note holds. Longer lines are split.
pub const STDERR_LINE_BYTES_MAX: usize = 4 * 1024;

/// Bytes of the server's stderr that are passed on in one session; the rest is read and dropped.
pub const STDERR_BYTES_MAX: usize = 1024 * 1024;
