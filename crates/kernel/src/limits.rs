//! Every limit of this crate, with what happens when it is reached.

/// Longest name of an officer's key, in bytes, where the key is made or gets its first role. A key
/// that already has a role in a log keeps its name.
pub const OFFICER_NAME_BYTES_MAX: usize = 256;

/// Longest life of an officer's signature, in milliseconds: one day. A later expiry is refused.
pub const PROPOSAL_LIFE_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// Most reductions that a node remembers one by one until governance adopts them. One more halts
/// the domain on that node.
pub const REDUCTIONS_MAX: usize = 1_024;

/// Most registrations (workloads and nodes) that one domain may hold. One more is refused; trust is
/// lowered and halts are ordered all the same.
pub const SUBJECTS_MAX: usize = 10_000;

/// Most executions that one node holds. A new one beyond it is refused with `refused.quota.node`.
pub const EXECUTIONS_MAX: usize = 10_000;

/// Most executions of one OS user. A delegated one counts for the OS user of the root of its line.
/// A new one beyond the limit is refused with `refused.quota.user`.
pub const EXECUTIONS_PER_USER_MAX: usize = 5_000;

/// The last places of [`EXECUTIONS_MAX`], reserved for OS users that have fewer than
/// [`EXECUTIONS_KEPT_PER_USER`]; the executions of others are refused with `refused.quota.node`.
pub const EXECUTIONS_KEPT: usize = 1_000;

/// Executions of one OS user that always find room, as long as [`EXECUTIONS_KEPT`] has places left.
pub const EXECUTIONS_KEPT_PER_USER: usize = 16;

/// Most generations of executions, including the first. A delegation beyond it is refused with
/// `refused.quota`.
pub const GENERATIONS_MAX: usize = 16;

/// Steps into which a meter's window is divided: the amount used in one step counts until the end
/// of that step has left the window.
pub const METER_STEPS: usize = 30;
/// Most accounts of meters on one node: one for each meter and subject. A charge to one more is
/// denied with `meter.exhausted`.
pub const METER_ACCOUNTS_MAX: usize = 65_536;
/// Most places whose labels a node knows one by one. A label that is left at one more counts as
/// left everywhere.
pub const PLACES_LEFT_MAX: usize = 1_024;
/// Most officers who vote on one pending request: the record of its retry lists their votes. One
/// more is refused with `approval.quota`.
pub const VOTES_MAX: usize = 128;
/// Most requests of one execution that are known to wait for approval. One more forgets the oldest,
/// which can then no longer be approved.
pub const WAITING_MAX: usize = 16;
/// Most transitions of one execution that may be permitted and not yet completed. One more is
/// refused with `refused.quota`.
pub const OPEN_TRANSITIONS_MAX: usize = 1_024;

/// Most bytes that one execution holds in memory: its history, and the requests of its open
/// transitions. A request that would exceed it is refused with `refused.quota.execution`.
pub const EXECUTION_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most bytes that the executions of one OS user hold together. A request that would exceed it is
/// refused with `refused.quota.user`.
pub const USER_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Most bytes that all executions of a node hold together. A request that would exceed it is
/// refused with `refused.quota.node`.
pub const NODE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Of those, the last ones are for OS users whose executions hold little.
pub const NODE_BYTES_KEPT: usize = 64 * 1024 * 1024;
/// Little, in that sense: at most so many bytes, those of the request included.
pub const NODE_BYTES_KEPT_PER_USER: usize = 4 * 1024 * 1024;

/// Most transitions of one execution whose resolved request stays in memory until they end. The
/// requests of further ones are resolved again: a resolved request takes some ten times the memory
/// of the request.
pub const RESOLVED_REQUESTS_MAX: usize = 16;

/// Items on one page of a snapshot's public part. One more begins another page.
pub const SNAPSHOT_PAGE_ITEMS: usize = 1_024;

/// Bytes of the items on one page of a snapshot. An item beyond them begins another page.
pub const SNAPSHOT_PAGE_BYTES: usize = 512 * 1024;

/// Most bytes of memory for the pages that a node writes ahead of the next snapshot, as their
/// events come. A page that finds no room is written when the snapshot is taken.
pub const OPEN_PAGES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of such pages that are written between two decisions, not counting the last event. The
/// rest is written after further records, or when the snapshot is taken.
pub const OPEN_PAGES_STEP_BYTES: usize = 256 * 1024;

/// Executions, including ended and erased ones, that a snapshot lists for each record that precedes
/// the next one, at least. This bounds the bytes written per record, and makes the records that a
/// start folds a small part of them.
pub const REMEMBERED_SHARE: u64 = 8;

/// Events of an execution from which on snapshots store the state of its monitors, and fewest new
/// events after which it is stored again. A start builds the monitors of shorter histories from the
/// events.
pub const MONITORS_EVENTS_MIN: usize = 256;

/// The state of an execution's monitors is stored again after one new event for each so many of its
/// bytes. This bounds the bytes written per event, and makes the events that a start replays a
/// small part of them.
pub const MONITORS_BYTES_PER_EVENT: usize = 128;

/// Most bytes of the stored state of one execution's monitors. A larger one is not stored; a start
/// builds it from the events.
pub const MONITORS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Fewest milliseconds of difference between the wall clock and the expected time that go on record
/// as a step. The expected time comes from the last tick or, at a start, from the log. A smaller
/// difference is adjusted time.
pub const CLOCK_STEP_MS: i64 = 1_000;

/// Most decisions that may wait for the disk. One more is refused with `refused.overload`.
pub const PENDING_MAX: usize = 16_384;

/// Longest time a permit may wait for the disk, in nanoseconds of the monotonic clock: one second.
/// A permit that waited longer is withheld.
pub const QUEUE_NS_MAX: u64 = 1_000_000_000;

/// Largest message that is decided, in bytes; a larger one is refused with `refused.input`. A
/// larger result can no longer be refused: its SHA-256 is sealed in the place of its bytes.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// Most bytes of a grant's canonical text in a delegation, so that the records of parent and child
/// fit the log.
pub const GRANT_BYTES_MAX: usize = 16 * 1024;

/// Most bytes of a signed change that acts before it is in the governance log, so that its record
/// fits the log.
pub const REDUCTION_BYTES_MAX: usize = 48 * 1024;
