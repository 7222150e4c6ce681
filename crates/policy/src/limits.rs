//! Every bound of this crate. Reaching one is an ordinary outcome: an error at load, a failed check
//! in a decision.

/// Stack, in bytes, that a thread needs which calls [`crate::decide`], [`crate::Bundle::load`] or
/// the functions that call them. The caller starts the thread; this crate starts none.
pub const DECIDE_STACK_BYTES: usize = 16 * 1024 * 1024;

/// Greatest depth of an expression in a policy: operators, member accesses and brackets from the
/// root to the deepest leaf, counted as [`crate::Bundle::load`] documents. Less than a quarter of
/// the depth at which a debug build first fails with [`DECIDE_STACK_BYTES`]; the test
/// `expression_depth_is_a_quarter_of_what_breaks` holds it to that.
pub const EXPRESSION_DEPTH_MAX: usize = 64;

/// Stack that loading and deciding need whatever the policies, in bytes. Measured in a debug build:
/// 340 KiB.
pub const STACK_BASE_BYTES: usize = 512 * 1024;
/// Stack that each level of the deepest expression needs, in bytes. Measured in a debug build: 55
/// KiB.
pub const STACK_PER_LEVEL_BYTES: usize = 64 * 1024;

/// The stack that must be left to load or decide by policies of this depth. With less, loading
/// fails with `bundle.stack`, and a decision fails `policy.error`, before Cedar's own limit (100
/// KiB) could be met.
#[must_use]
pub const fn stack_needed(depth: usize) -> usize {
    STACK_BASE_BYTES.saturating_add(depth.saturating_mul(STACK_PER_LEVEL_BYTES))
}

/// Files in one bundle.
pub const FILES_MAX: usize = 512;
/// Levels of a JSON text that is brought into canonical form, at most. A deeper one is compared as
/// it is written.
pub const CANONICAL_DEPTH_MAX: usize = 128;

/// Bytes of one file of a bundle.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of all files of a bundle together.
pub const BUNDLE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of a file's path inside the bundle.
pub const PATH_BYTES_MAX: usize = 200;
/// Policies in one bundle.
pub const POLICIES_MAX: usize = 10_000;
/// Bytes of the value of an annotation.
pub const ANNOTATION_BYTES_MAX: usize = 1_000;
/// Bytes of a policy's `@id`.
pub const POLICY_ID_BYTES_MAX: usize = 100;
/// Bytes of the policies that one decision names, so that its record can be kept: where more
/// determine it, it is denied with `policy.error`.
pub const DETERMINING_BYTES_MAX: usize = 48 * 1024;
/// Uses of macro parameters in the body of one `def`, which bounds how far a macro can multiply its
/// argument.
pub const MACRO_PARAMETER_USES_MAX: usize = 16;
/// Macro calls nested in the arguments of one another.
pub const MACRO_NESTING_MAX: usize = 2;
/// Policies without any scope above which [`crate::Bundle::warnings`] speaks up: an index can't
/// skip these.
pub const UNSCOPED_POLICIES_WARN: usize = 20;
/// Problems that one load reports; the rest is counted.
pub const LOAD_ERRORS_MAX: usize = 100;
/// Labels that one bundle declares. More are an error at load.
pub const LABELS_MAX: usize = 64;
/// Bytes of a label's name. A longer one is an error at load.
pub const LABEL_BYTES_MAX: usize = 64;
/// Rules of one bundle for resources that carry labels from the start. More are an error at load.
pub const LABELLED_RESOURCES_MAX: usize = 256;
/// Places of one bundle, by which the labels are kept that writers leave. More are an error at
/// load.
pub const PLACES_MAX: usize = 64;
/// Bytes of a place's name: its type, a space, and its pattern. A longer one is an error at load.
pub const PLACE_BYTES_MAX: usize = 256;
/// Detectors of one bundle. More are an error at load.
pub const DETECTORS_MAX: usize = 64;
/// Bytes of a detector's pattern. A longer one is an error at load.
pub const DETECTOR_PATTERN_BYTES_MAX: usize = 1_000;
/// Bytes of a detector's compiled pattern, and of all together that look at the same. More are an
/// error at load.
pub const DETECTOR_PROGRAM_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a message that detectors look at: as long as one may be that is passed on. A longer one
/// brings all their labels.
pub const DETECTED_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The same before the fourth version of the decider.
pub const DETECTED_BYTES_MAX_BEFORE: usize = 1024 * 1024;
/// Depth of record and set types in a schema.
pub const TYPE_DEPTH_MAX: usize = 32;
/// Depth of a schema's types with those that they name, used or not. A deeper one is an error at
/// load.
pub const NAMED_TYPE_DEPTH_MAX: usize = 256;
/// Words and signs of a schema in which each name of a type is written out as what it names. More
/// are an error at load.
pub const SCHEMA_EXPANDED_MAX: usize = 4_000_000;

/// Bytes of the arguments of one request.
pub const INPUT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of the properties of one entity of a request.
pub const PROPERTIES_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a result that policies may look back at; a longer one counts as one without fields.
pub const OUTPUT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of an entity's kind or id, or of an action's name.
pub const NAME_BYTES_MAX: usize = 4_096;
/// Events that one execution's history holds; once it is full, every decision fails `policy.error`.
pub const HISTORY_EVENTS_MAX: usize = 100_000;
/// Bytes of a string that a history keeps as it is; of a longer one it keeps the digest
/// (`semantics = 4`). As long as a name can be, so that what names something is kept.
pub const HISTORY_STRING_BYTES_MAX: usize = NAME_BYTES_MAX;
/// Bytes that an event takes besides its texts, as a history counts them.
pub const HISTORY_EVENT_BYTES: usize = 128;
/// Events of one execution's history that servers brought about, from the fourth version of the
/// decider on: what they send, and the answers to it. Only what some condition looks back at is
/// kept. Once there are so many, such a message of a server fails `policy.error`; the agent's own
/// calls do not.
pub const SERVER_EVENTS_MAX: usize = 20_000;
/// Events on one page of a history; the next one begins another page.
pub const HISTORY_PAGE_EVENTS: usize = 256;
/// Bytes of text that the events of one page have of their own: one more event begins another page,
/// unless it is the first.
pub const HISTORY_PAGE_BYTES: usize = 1024 * 1024;
/// Streams of events that the monitors of one bundle's temporal conditions keep; a condition that
/// would need more goes to the local engine. A stream keeps at most one entry for each event of a
/// history: at most 24 bytes where events are counted or summed up, 80 and the value where
/// different values are, and 100 and the key for each different key.
pub const MONITOR_STREAMS_MAX: usize = 1_024;
/// Greatest time of a decision, in milliseconds since the epoch: exact in JSON, and in range as
/// microseconds.
pub const AT_MS_MAX: i64 = (1 << 53) - 1;

/// Meters in one bundle.
pub const METERS_MAX: usize = 64;
/// Bytes of a meter's name.
pub const NAME_METER_BYTES_MAX: usize = 64;
/// Greatest limit, and greatest charge of one request to one meter: exact in every reader of JSON.
pub const METER_AMOUNT_MAX: u64 = (1 << 53) - 1;
/// Longest window of a meter, in milliseconds: 366 days.
pub const METER_WINDOW_MS_MAX: i64 = 366 * 86_400_000;

/// Different `@approval`s in one bundle: a pending record lists those that it waits for.
pub const APPROVALS_MAX: usize = 64;
/// Officers that one `@approval` asks for: as many as a role has at most.
pub const APPROVERS_MAX: u64 = 32;
/// Longest time that an `@approval` waits, in milliseconds: seven days.
pub const APPROVAL_WITHIN_MS_MAX: i64 = 7 * 86_400_000;
/// Bytes of the name of a role in an `@approval`.
pub const ROLE_BYTES_MAX: usize = 128;

/// Evaluation errors that one decision lists.
pub const ERRORS_LISTED_MAX: usize = 16;
/// Permits that are shown as near misses of a denial.
pub const NEAR_MISSES_MAX: usize = 8;
/// Characters of a policy's condition that an explanation repeats.
pub const SHOWN_CONDITION_CHARS_MAX: usize = 400;
/// Characters of a name from outside that a message repeats.
pub const QUOTED_CHARS_MAX: usize = 64;
/// Lines of a bundle's tests that are told as none of a case.
pub const MISFITS_MAX: usize = 20;
/// Test cases in one bundle.
pub const CASES_MAX: usize = 10_000;
