//! Every bound of this crate. The bounds on single messages are those of [`wire::limits`].

/// Requests of the client that wait for their response at the same time, without those that were cancelled. One
/// more is refused with `refused.overload`.
pub const OPEN_MAX: usize = 1_024;

/// The same of the server, whose requests wait for as long as the client likes, and take up room of its execution.
pub const SERVER_OPEN_MAX: usize = 64;

/// Cancelled requests of one side whose response may still come. With one more, the oldest is completed as
/// unknown, and its response no longer awaited.
pub const CANCELLED_MAX: usize = 64;

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
/// session holds at most this many and two lines of [`wire::limits::LINE_BYTES_MAX`] a side.
pub const LINES_AHEAD_MAX: usize = 2;

/// Bytes that one side may send without ending a line; then its stream counts as closed. Past
/// [`wire::limits::LINE_BYTES_MAX`] they are dropped as they come.
pub const ENDLESS_BYTES_MAX: usize = 8 * wire::limits::LINE_BYTES_MAX;

/// Lines waiting to be written to one side: one for each direction, one for each request of a refused batch, and at the
/// session's end one for each open request.
pub const WRITES_MAX: usize = OPEN_MAX + CANCELLED_MAX + wire::limits::BATCH_REQUESTS_MAX + 4;

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
pub const STOP_ROUNDS_MAX: usize = 16;

/// Milliseconds at the session's end for the client to take what is still to be written.
pub const FLUSH_MS_MAX: u64 = 1_000;

/// Bytes of one line of the server's stderr that are passed on in one note; longer ones are cut.
pub const STDERR_LINE_BYTES_MAX: usize = 4 * 1024;

/// Bytes of the server's stderr that are passed on in one session; the rest is read and dropped.
pub const STDERR_BYTES_MAX: usize = 1024 * 1024;
