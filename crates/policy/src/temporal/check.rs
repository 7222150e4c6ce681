//! What a temporal condition is compiled to: checks of the newest event against what is known of
//! earlier ones.

use dogwood_language::Value;
use dogwood_language::temporal_ast::CmpOp;

/// A path of members, as `input.user`.
pub(super) type Path = Vec<String>;

/// A place in [`super::plan::Plan`]'s list of streams. What a stream itself looks at lies before
/// it.
pub(super) type StreamId = usize;

/// Something that holds or does not hold at the newest event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum MonitorCheck {
    /// All hold. None is enough.
    All(Vec<MonitorCheck>),
    /// One holds.
    Any(Vec<MonitorCheck>),
    Not(Box<MonitorCheck>),
    /// The newest event is one of these.
    Here(EventPattern),
    /// The operand has a value.
    Known(Operand),
    Compare(CmpOp, Operand, Operand),
    /// The newest event or one before it, at most `window` ticks ago.
    Formerly {
        past: PastEvents,
        window: i64,
    },
    /// The event before the newest, at most `window` ticks ago.
    Previous {
        past: PastEvents,
        window: i64,
    },
    /// An event of `past`, at most `window` ticks ago, and `left` ever after it.
    Since {
        left: Box<SinceBody>,
        past: PastEvents,
        window: i64,
    },
}

/// The events of a stream whose key has these values now, if the guards hold now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PastEvents {
    pub(super) stream: StreamId,
    pub(super) key: Vec<Operand>,
    pub(super) guards: Vec<MonitorCheck>,
}

/// What must hold at each event after an anchor, in terms of when it last did not.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SinceBody {
    /// No event of these.
    Unless(PastEvents),
    /// Every event is one of these.
    While(PastEvents),
    /// It does not depend on the event.
    If(MonitorCheck),
    /// All of them.
    All(Vec<SinceBody>),
}

/// A value at the newest event.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    Literal(Value),
    /// What the newest event carries there.
    Field(Path),
    /// A member of the request's context. Only where the newest event is the one that is decided.
    Context(Path),
    /// `principal` or `resource` of the request, and an attribute of it.
    Scope(String, Path),
    /// The tally of a stream over a window; 0 where the guards do not hold.
    Total {
        past: PastEvents,
        window: i64,
    },
    /// One, or a value of the newest event, if the checks hold; else 0.
    Once {
        checks: Vec<MonitorCheck>,
        value: Option<Box<Operand>>,
    },
}

/// What an event looks like.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EventPattern {
    pub(super) namespace: Vec<String>,
    pub(super) action: String,
    pub(super) kind: String,
    pub(super) tests: Vec<FieldTest>,
}

/// A field that must be there, and what it must be equal to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FieldTest {
    pub(super) field: Path,
    pub(super) is: Option<Operand>,
}

/// The events that are of interest to a condition, told apart by a key, and what is kept of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StreamSpec {
    /// At least one; an event has to match all of them.
    pub(super) patterns: Vec<EventPattern>,
    /// What else has to hold at the event, in terms of the event alone.
    pub(super) checks: Vec<MonitorCheck>,
    /// The fields by which the events are told apart.
    pub(super) key: Vec<Path>,
    pub(super) measure: Measure,
}

/// What a series keeps of the events of one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Measure {
    /// The last one.
    Latest,
    /// How many there are, or the sum of a field.
    Every { sum: Option<Path> },
    /// How many different values of these fields there are, or the sum of one of them over the
    /// different values.
    Distinct { by: Vec<Path>, sum: Option<Path> },
}
