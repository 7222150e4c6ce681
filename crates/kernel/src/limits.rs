//! Every limit of this crate, with what happens when it is reached.

/// Longest name of a domain, node, zone, workload, server, method or tool, in bytes. A longer one is
/// malformed (`refused.input` on a session, an error in a proposal).
pub const NAME_BYTES_MAX: usize = 128;

/// Longest name of an officer's key, in bytes, where the key is made or is given its first role. One that a log has already given a role
/// keeps its name.
pub const OFFICER_NAME_BYTES_MAX: usize = 256;

/// Longest life of an officer's signature, in milliseconds: one day. A later expiry is refused.
pub const PROPOSAL_LIFE_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// Most officers' signatures of one proposal: two quorums at their largest. One more is refused.
pub const SIGNATURES_MAX: usize = 64;

/// Most roles of a domain. A record with more is malformed.
pub const ROLES_MAX: usize = 64;

/// Most officers of one role. A record with more is malformed.
pub const ROLE_KEYS_MAX: usize = 32;

/// Most reductions that a node remembers one by one until governance says the same. One more halts the domain on that
/// node.
pub const REDUCTIONS_MAX: usize = 1_024;

/// Most registrations (workloads and nodes) that one domain may hold. One more is refused; trust is
/// lowered and halts are ordered all the same.
pub const SUBJECTS_MAX: usize = 10_000;

/// Most executions that one node holds. A new one beyond it is refused with `refused.quota.node`.
pub const EXECUTIONS_MAX: usize = 10_000;

/// Most executions of one OS user. One that was delegated counts for the OS user of the execution from which its line descends. A
/// new one beyond it is refused with `refused.quota.user`.
pub const EXECUTIONS_PER_USER_MAX: usize = 5_000;

/// Of all executions, the last so many are for OS users that have fewer than [`EXECUTIONS_KEPT_PER_USER`]; another one's
/// is refused with `refused.quota.node`.
pub const EXECUTIONS_KEPT: usize = 1_000;

/// Executions of one OS user for which there is room whatever others have, as long as [`EXECUTIONS_KEPT`] has some left.
pub const EXECUTIONS_KEPT_PER_USER: usize = 16;

/// Most generations of executions, the first included. Delegating beyond it is refused with `refused.quota`.
pub const GENERATIONS_MAX: usize = 16;

/// Steps into which a meter's window is divided: what is used in one step counts until the last of it has left the
/// window.
pub const METER_STEPS: usize = 30;
/// Most accounts of meters that one node keeps: one for each meter and subject. A charge to one more is denied with
/// `meter.exhausted`.
pub const METER_ACCOUNTS_MAX: usize = 65_536;
/// Most places at which a node knows what writers left. What is left at one more counts as left everywhere.
pub const PLACES_LEFT_MAX: usize = 1_024;
/// Most officers who say something about one pending request: their records are listed in that of its retry. One more is
/// refused with `approval.quota`.
pub const VOTES_MAX: usize = 128;
/// Most requests of one execution that are known to wait for approval. One more forgets the oldest, which then can't be
/// approved any more.
pub const WAITING_MAX: usize = 16;
/// Most transitions of one execution that may be permitted and not yet completed. One more is refused
/// with `refused.quota`.
pub const OPEN_TRANSITIONS_MAX: usize = 1_024;

/// Most bytes that one execution holds in memory: what its history keeps, and what its open transitions asked for. A request that
/// would pass it is refused with `refused.quota.execution`.
pub const EXECUTION_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most bytes that the executions of one OS user hold together. A request that would pass it is refused with
/// `refused.quota.user`.
pub const USER_BYTES_MAX: usize = 128 * 1024 * 1024;
/// Most bytes that all executions of a node hold together. A request that would pass it is refused with `refused.quota.node`.
pub const NODE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Of those, the last ones are for OS users whose executions hold little.
pub const NODE_BYTES_KEPT: usize = 64 * 1024 * 1024;
/// Little, in that sense: at most so many bytes, those of the request included.
pub const NODE_BYTES_KEPT_PER_USER: usize = 4 * 1024 * 1024;

/// Most transitions of one execution whose request is kept as it was read for its decision, until they end. Those of one more are
/// read again: what was read takes some ten times the memory of the request.
pub const RESOLVED_REQUESTS_MAX: usize = 16;

/// Items on one page of a snapshot's public part. One more begins another page.
pub const SNAPSHOT_PAGE_ITEMS: usize = 1_024;

/// Bytes of the items on one page of a snapshot. An item beyond them begins another page.
pub const SNAPSHOT_PAGE_BYTES: usize = 512 * 1024;

/// Most bytes of memory that the pages take which a node writes ahead of the next snapshot, as their events come. A page that finds no
/// room is written at once when the snapshot is taken.
pub const OPEN_PAGES_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of such pages that are written between two decisions, but for the last event. The rest is written after further records, or
/// when the snapshot is taken.
pub const OPEN_PAGES_STEP_BYTES: usize = 256 * 1024;

/// Executions, ended and erased ones too, that a snapshot remembers one by one for each record that comes before the next one at
/// least: so that what is written for a record is bounded, and the records that a start folds are a small part of them.
pub const REMEMBERED_SHARE: u64 = 8;

/// Events of an execution from which on what its monitors know is kept with snapshots, and new ones after which it is kept again
/// at the earliest. A start builds that of fewer from the events.
pub const MONITORS_EVENTS_MIN: usize = 256;

/// What the monitors of an execution know is kept again after one new event for so many of its bytes: so many are written for an
/// event at most, and what a start builds from events is a small part of them.
pub const MONITORS_BYTES_PER_EVENT: usize = 128;

/// Most bytes of what the monitors of one execution know that are kept. What takes more is built from the events at a start.
pub const MONITORS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Milliseconds by which the wall clock differs from what it must be, since the last tick or from the log at a start, from
/// which on that is on record as a step. A smaller difference is adjusted time.
pub const CLOCK_STEP_MS: i64 = 1_000;

/// Most decisions that may wait for the disk. One more is refused with `refused.overload`.
pub const PENDING_MAX: usize = 16_384;

/// Longest time a permit may wait for the disk, in nanoseconds of the monotonic clock: one second. A
/// permit that waited longer is withheld.
pub const QUEUE_NS_MAX: u64 = 1_000_000_000;

/// Largest message that is decided, in bytes; a larger one is refused with `refused.input`. Of a larger
/// result, which cannot be refused any more, the SHA-256 is sealed instead of the bytes.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of a grant's canonical text in a delegation, so that the records of parent and child can be kept.
pub const GRANT_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a signed change that acts before it is in the governance log, so that its record can be kept.
pub const REDUCTION_BYTES_MAX: usize = 48 * 1024;
