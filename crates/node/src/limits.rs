//! Every limit of this crate, with what happens when it is reached.

pub use mcp::limits::{
    DEADLINE_MS as SERVER_DEADLINE_MS, DEADLINE_MS_MAX as SERVER_DEADLINE_MS_MAX,
    DEADLINE_MS_MIN as SERVER_DEADLINE_MS_MIN,
};

/// Requests that wait for officers, or did, which one answer tells of, without their messages.
/// Workloads and their executions take turns, so that none hides another's; the others are counted,
/// and each is told to who asks for it by the beginning of its id.
pub const TOLD_MAX: usize = 256;

/// Bytes of those: with more, fewer are told, and one at least.
pub const TOLD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Least time between two notes on standard error that something waits for approval, in
/// milliseconds.
pub const WAITING_NOTE_MS_MIN: i64 = 1_000;

/// Changes of the newest governance records that are remembered beside `marks/`.
pub const SEEN_CHANGES_MAX: usize = 1_000;

/// Connections to `node.sock` that have not said yet what they are for, of one OS user. One more is
/// closed with `refused.overload`.
pub const WAITING_PER_USER_MAX: usize = 64;

/// The same, of all OS users together. Where descriptors are few, fewer.
pub const WAITING_MAX: usize = 512;

/// Of those, places that only the node's own OS user and root may take.
pub const WAITING_RESERVED: usize = 16;

/// Of the others, so many are kept for each OS user who has a workload here, as far as they go
/// round: strangers can't take them.
pub const WAITING_ASSURED: usize = 8;

/// Of the others, so many are kept for OS users who have no connection yet, one each: strangers who
/// have some can't keep out an officer of another OS user. Where descriptors are few, fewer.
pub const WAITING_NEWCOMERS: usize = 16;

/// Sessions of one OS user. One more is refused with `refused.quota`.
pub const SESSIONS_PER_USER_MAX: usize = 256;

/// Sessions of all OS users together. Where descriptors are few, fewer. One more is refused with
/// `refused.overload`.
pub const SESSIONS_MAX: usize = 2_048;

/// Of those, so many are kept for each OS user who has a workload here, as far as they go round.
pub const SESSIONS_ASSURED: usize = 8;

/// Longest time, in milliseconds, that sessions have to end when the node stops.
pub const SESSIONS_STOP_MS_MAX: u64 = 500;

/// Connections to `officer.sock`. One more is closed with `refused.overload`.
pub const OFFICERS_MAX: usize = 64;

/// Of those, of one OS user.
pub const OFFICERS_PER_USER_MAX: usize = 32;

/// Of those, places that only the node's own OS user and root may take.
pub const OFFICERS_RESERVED: usize = 16;

/// Bytes of requests that somebody who has no workload here may have the node hold at a time, in
/// all connections together. A longer request is refused.
pub const STRANGER_BYTES_MAX: usize = 64 * 1024;

/// Longest body of a request of an OS user who has a registered workload, in bytes: a delegation's
/// arguments travel in it.
pub const REGISTERED_BYTES_MAX: usize = 1024 * 1024 + 64 * 1024;

/// Longest body of a request of the node's own OS user, of root, and on `officer.sock`, in bytes: a
/// published bundle travels in it.
pub const ORDER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How many of its longest requests are held for one OS user at a time. A connection that needs
/// more is refused with `refused.overload`.
pub const HELD_REQUESTS: usize = 2;

/// Connections to the listener that serves the logs. One more waits until one of them ends. Where
/// descriptors are few, fewer.
pub const HTTP_MAX: usize = 64;

/// Of those, from one address that is not this machine's own. One more is closed.
pub const HTTP_PER_ADDRESS_MAX: usize = 8;

/// Bytes of a public file of a log that is served; none that the node writes is longer.
pub const HTTP_FILE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Longest life of one such connection, in milliseconds: it is closed then, whatever it is doing.
pub const HTTP_MS_MAX: u64 = 30_000;

/// Descriptors that the node keeps for itself: logs, snapshots, keys, officers. Where there are
/// few, half of them.
pub const DESCRIPTORS_RESERVED: usize = 256;

/// Descriptors that one session needs, most of them while its server starts: its connection, the
/// server's pipes, process and guard, and three for its workload's thread.
pub const DESCRIPTORS_PER_SESSION: usize = 12;

/// Least descriptors that a node can be served with. With fewer it does not start.
pub const DESCRIPTORS_MIN: usize = 128;

/// How long accepting waits, in milliseconds, where no descriptor is left and none is freed.
pub const ACCEPT_AGAIN_MS: u64 = 100;

/// Longest time, in milliseconds, that a node which stops waits for what the governance log is
/// doing.
pub const OFFICERS_STOP_MS_MAX: u64 = 2_000;

/// How often the node looks whether its sockets are there, in milliseconds.
pub const SOCKETS_MS: u64 = 1_000;

/// Longest time until the first byte of a connection is there, and from then on until the whole
/// head of its request is, in milliseconds.
pub const HEAD_MS_MAX: u64 = 5_000;

/// Longest time that the last word on an order waits until the servers that it stopped are
/// gone, in milliseconds.
pub const SERVERS_END_MS_MAX: u64 = 2_000;

/// Longest time that a client tries, in milliseconds, to bring an order where a process has the log
/// and no node answers: one that ends, one that starts, one whose sockets are gone.
pub const LOG_FREE_MS_MAX: u64 = 5_000;

/// How long a client waits before it tries that again, in milliseconds.
pub const LOG_FREE_AGAIN_MS: u64 = 50;

/// Lines for a person that wait to be read. Further ones are dropped and counted.
pub const NOTES_MAX: usize = 1_024;

/// Bytes of one line for a person; a longer one is cut.
pub const NOTE_BYTES_MAX: usize = 16 * 1024;

/// Milliseconds that a node which ends by itself waits for its last words to be written.
pub const HALT_NOTE_MS_MAX: u64 = 200;

/// Bytes of a signing key's file; no key is longer.
pub const KEY_BYTES_MAX: usize = 4 * 1024;

/// Records of a log up to which a start verifies all of it before anything is served; a longer one
/// is verified beside.
pub const START_VERIFIED_RECORDS: u64 = 16_384;

/// How alike two names are, by Jaro-Winkler, for one to be told where nothing is called the other.
pub const LIKENESS_MIN: f64 = 0.8;

/// Names that are told where nothing is called what an order names, at most.
pub const NEAR_MAX: usize = 3;

/// Executions that one question erases, at most; who asks repeats it for more.
pub const ERASED_AT_ONCE_MAX: usize = 1_000;

/// Records after which a snapshot of the state is kept, by default: the fold of so many takes a
/// small part of a second.
pub const SNAPSHOT_RECORDS: u64 = 10_000;

/// Bytes of records and of what they seal after which a snapshot of the state is kept, however few
/// records they are: a start folds at most about so many.
pub const SNAPSHOT_BYTES: usize = 16 * 1024 * 1024;

/// New records from which on an orderly stop keeps a snapshot of the state, so that the next start
/// folds no tail.
pub const SNAPSHOT_STOP_RECORDS: u64 = 256;

/// Milliseconds from the beginning of an orderly stop in which pieces of its snapshot are made:
/// what takes longer is left to the next start, which then reads more of the log.
pub const STOP_SNAPSHOT_MS_MAX: u64 = 1_500;

/// Milliseconds from the beginning of an orderly stop in which what is durable is read to be
/// published: what is left then, such as after a full disk, the next start publishes.
pub const STOP_PUBLISH_MS_MAX: u64 = 2_500;

/// Milliseconds from the beginning of an orderly stop in which a piece of a snapshot begins to be
/// written.
pub const STOP_PIECES_MS_MAX: u64 = 3_000;

/// New records after which pieces of the next snapshot are made ahead of it.
pub const PREPARE_RECORDS: u64 = 128;

/// Pieces that are made ahead at a time, at most: more would hold up a decision for too long.
pub const PREPARE_PIECES_MAX: usize = 4;

/// Bytes of pieces that wait to be written from which on none are made ahead and no snapshot is
/// taken.
pub const PIECES_WAITING_BYTES: usize = 16 * 1024 * 1024;

/// Longest commit, in microseconds, after which the next caller that is alone may wait for the disk
/// on its own thread. After a longer one the kernel's thread waits, until a commit is quick again.
pub const QUICK_COMMIT_US: u64 = 2_000;

/// Records that somebody waits for, and that wait for those of the commands behind, so that one
/// sync does for all: at most so many less one, and never longer than
/// `ledger::limits::UNHURRIED_MS`.
pub const TOGETHER_MAX: usize = 8;

/// Records of a lineage log that a thread reads ahead at a time, at most.
pub const AHEAD_RECORDS: usize = 64;

/// Bytes of records and sealed parts after which no more are read ahead at a time.
pub const AHEAD_BYTES: usize = 1024 * 1024;

/// How many times so many records are read ahead for each thread.
pub const AHEAD_CHUNKS: usize = 4;

/// Longest time that a request waits for its turn before the kernel, in milliseconds. Then it is
/// refused with `refused.overload`, whatever the kernel is doing.
pub const REQUEST_WAIT_MS_MAX: u64 = 1_000;

/// Requests of one workload that wait for their turn. One more is refused with `refused.overload`.
pub const REQUESTS_PER_WORKLOAD_MAX: usize = 512;

/// Bytes of the messages of those.
pub const REQUESTS_PER_WORKLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Requests of all workloads that wait for their turn. Where one more comes, the last one of the
/// workload that has most is refused.
pub const REQUESTS_MAX: usize = 4_096;

/// Bytes of the messages of those.
pub const REQUESTS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Longest time that somebody waits for the execution that a session begins with, in milliseconds.
/// Then the session is refused with `refused.overload`.
pub const JOIN_WAIT_MS_MAX: u64 = 5_000;

/// Sessions of one OS user that wait for their execution. One more is refused with
/// `refused.overload`.
pub const JOINS_PER_USER_MAX: usize = 256;

/// The same, of all OS users together.
pub const JOINS_MAX: usize = 1_024;

/// Executions that a session joins one after the other where each ended before the session began.
pub const JOIN_TRIES_MAX: usize = 8;

/// Turns of those who have joined for each of somebody who joins.
pub const REQUESTS_PER_JOIN: usize = 8;

/// Keys that lie ready for executions that may begin: each waits for the disk twice, and not on the
/// thread that decides.
pub const KEYS_AHEAD: usize = 16;

/// Messages of so many bytes and more are sealed before the kernel's thread gets them: on that
/// thread all others would wait for it.
pub const SEALED_AHEAD_BYTES_MIN: usize = 16 * 1024;

/// Messages of so many bytes and more wait before the kernel while [`LARGE_BYTES_IN_FLIGHT_MAX`] of
/// such are on their way to the disk: a small record waits for every byte that is sequenced before
/// it.
pub const LARGE_BYTES_MIN: usize = 64 * 1024;

/// Bytes of messages of at least [`LARGE_BYTES_MIN`] that are sequenced and not durable, at most;
/// one message alone may be larger.
pub const LARGE_BYTES_IN_FLIGHT_MAX: usize = 512 * 1024;

/// How far threads give way to the rest of the node whose work others do not wait for: those that
/// read messages of at least [`LARGE_BYTES_MIN`] ahead, and the one that writes snapshots.
pub const NICENESS: i32 = 5;

/// The node's own niceness, where the system lets it go before those it serves: the share of a core
/// of three others.
pub const NODE_NICENESS: i32 = -5;

/// How many times as long as it read a large message such a thread rests afterwards, while small
/// ones are asked for too.
pub const READER_RESTS: u32 = 3;

/// The same, in milliseconds at most: on a machine that is busy with other things reading takes
/// long, and others wait for their turn.
pub const READER_REST_MS_MAX: u64 = 100;

/// So long after a small message others count as there.
pub const SMALL_LATELY_MS: u64 = 1_000;

/// What a turn before the kernel costs besides the bytes of its message.
pub const TURN_BYTES: u64 = 16 * 1024;

/// So much may a workload that asked for nothing be before those who ask all the time.
pub const TURN_CREDIT_BYTES: u64 = 8 * TURN_BYTES;

/// The last time that a record can say, in milliseconds since the Unix epoch: the end of the year
/// 9999.
pub const WALL_MS_MAX: i64 = 253_402_300_799_999;

/// How often refusals are counted into a record and published checkpoints are refreshed, in
/// milliseconds.
pub const TICK_MS: u64 = 1_000;

/// How many times its bytes a message may take once it is sealed: as base64url, and its arguments
/// once more as an escaped string in base64url. So much space is asked for before it is decided;
/// without it the request is refused with `refused.storage`.
pub const SEALED_FACTOR: usize = 5;

/// Bytes on disk that are kept free for the end of each transition that is open: one where the
/// result is not kept takes a block of 4 KiB. Without them a request is refused with
/// `refused.storage`.
pub const END_BYTES: usize = 8 * 1024;

/// How long a node waits before it brings again what the governance log could not take, in
/// milliseconds: at first so long, then twice as long each time.
pub const BRING_AGAIN_MS_MIN: u64 = 100;

/// How long it waits at most between two attempts, in milliseconds.
pub const BRING_AGAIN_MS_MAX: u64 = 5_000;

/// Bytes of the head of an HTTP request: request line and headers. A longer one is answered with
/// 431.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Longest time in which a reply of the node is written, in milliseconds, however slowly it is
/// read. Then the connection is closed, and its place is free. A stream of events is not bounded.
pub const REPLY_MS_MAX: u64 = 5_000;

/// Longest time until the body of an HTTP request is there, in milliseconds. Then it is refused.
pub const BODY_MS_MAX: u64 = 5_000;

/// Life of an HTTP connection on a Unix socket, in milliseconds, whatever its peer does. A stream
/// of events is not bounded.
pub const CONNECTION_MS_MAX: u64 = 30_000;

/// Longest time that the answer to a signed change waits for the governance log, in milliseconds.
/// An order that acts is then answered as accepted, and goes on.
pub const PROPOSAL_MS_MAX: u64 = 5_000;

/// HTTP requests that read a log at a time, on each of the two sockets. One more is refused with
/// `refused.overload`.
pub const READS_MAX: usize = 4;

/// Records that one page of `/v1/records` looks at. The page names where the next one begins.
pub const RECORDS_SCANNED_MAX: u64 = 4_096;

/// Bytes of records after which a page of `/v1/records` ends; its last record may be beyond.
pub const RECORDS_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Streams of events. One more is refused with `refused.overload`.
pub const STREAMS_MAX: usize = 32;

/// Of those, of one OS user.
pub const STREAMS_PER_USER_MAX: usize = 16;

/// Pages of events that wait for a slow reader; the log is read no further until it takes one.
pub const EVENTS_WAITING_MAX: usize = 2;

/// How long a stream of events says nothing, in milliseconds. Then it sends a comment.
pub const EVENTS_KEEP_ALIVE_MS: u64 = 15_000;

/// Age of the newest probe record, in milliseconds, from which on `GET /health` writes another.
pub const PROBE_AGE_MS_MAX: u64 = 5_000;

/// Longest time until a probe record is on stable storage, in milliseconds. Then the node is
/// unhealthy.
pub const PROBE_MS_MAX: u64 = 2_000;
