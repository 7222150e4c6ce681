//! Every bound of this crate. Reaching one is an ordinary outcome: an error at load, a failed check in a decision.

/// Stack, in bytes, that a thread needs which calls [`crate::decide`], [`crate::Bundle::load`] or the functions that
/// call them. The caller starts the thread; this crate starts none.
pub const DECIDE_STACK_BYTES: usize = 8 * 1024 * 1024;

/// A decision with less stack left than this, in bytes, fails `policy.error`; so does loading, with `bundle.stack`.
/// Cedar's own evaluator gives up below 100 KiB; the floor lies well above, so that its limit is never what stops us.
pub const STACK_FLOOR_BYTES: usize = 1024 * 1024;

/// Greatest depth of an expression in a policy: operators, member accesses and brackets from the root to the deepest
/// leaf, counted as [`crate::Bundle::load`] documents. A quarter of the depth at which a debug build first fails on a
/// stack of [`DECIDE_STACK_BYTES`]; the test `expression_depth_is_a_quarter_of_what_breaks` measures it again.
pub const EXPRESSION_DEPTH_MAX: usize = 64;

/// Files in one bundle.
pub const FILES_MAX: usize = 512;
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
/// Uses of macro parameters in the body of one `def`, which bounds how far a macro can multiply its argument.
pub const MACRO_PARAMETER_USES_MAX: usize = 16;
/// Macro calls nested in the arguments of one another.
pub const MACRO_NESTING_MAX: usize = 2;
/// Policies without any scope above which [`crate::Bundle::warnings`] speaks up: an index can't skip these.
pub const UNSCOPED_POLICIES_WARN: usize = 20;
/// Problems that one load reports; the rest is counted.
pub const LOAD_ERRORS_MAX: usize = 100;
/// Depth of record and set types in a schema.
pub const TYPE_DEPTH_MAX: usize = 32;

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
/// Greatest time of a decision, in milliseconds since the epoch: exact in JSON, and in range as microseconds.
pub const AT_MS_MAX: i64 = (1 << 53) - 1;

/// Evaluation errors that one decision lists.
pub const ERRORS_LISTED_MAX: usize = 16;
/// Characters of a name from outside that a message repeats.
pub const QUOTED_CHARS_MAX: usize = 64;
/// Test cases in one bundle.
pub const CASES_MAX: usize = 10_000;
