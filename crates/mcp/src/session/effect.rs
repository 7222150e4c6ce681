use proof::digest::Digest;

use super::SessionEnd;
use crate::{CompletionAnswer, Direction, GateAnswer, MessageStep, Note, StepEnd};

/// Something that happened.
#[derive(Debug)]
pub enum SessionInput {
    /// A line came that wants to go in this direction, without its LF; or one that the framing refused.
    Line(Direction, Result<Vec<u8>, wire::frame::Error>),
    /// No further line comes in this direction.
    Closed(Direction),
    /// The answer to [`SessionEffect::Decide`].
    Decided(Direction, GateAnswer),
    /// The answer to [`SessionEffect::FilterTools`]: for each name, whether it is listed.
    Filtered(Vec<bool>),
    /// The answer to a [`SessionEffect::Complete`] that named a lane.
    Completed(Direction, CompletionAnswer),
    /// A [`SessionEffect::Write`] that named this lane is written whole.
    Written(Direction),
    /// A write in this direction failed, and all later ones will. Of the line that was being written so many bytes were
    /// taken.
    Failed(Direction, u64),
    /// That the request with this ticket was given up is sequenced: the answer to [`SessionEffect::GiveUp`].
    GiveUpSequenced(u64),
    /// What this lane waits for will not come.
    GateFailed(Direction),
    /// Time has passed: [`super::SessionState::due_ms`] has come.
    Time,
    /// The session must end.
    End(SessionEnd),
}

impl SessionInput {
    /// Whether the session ends by it, which answers all that is open. Not a byte goes to the server before.
    pub(super) fn ends(&self) -> bool {
        matches!(
            self,
            Self::End(_)
                | Self::GateFailed(_)
                | Self::Decided(_, GateAnswer::Stopped)
                | Self::Completed(_, CompletionAnswer::Stopped)
        )
    }
}

/// Something to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEffect {
    /// Ask the gate; answered by [`SessionInput::Decided`].
    Decide(MessageStep),
    /// Tell the gate what came of a ticket; answered by [`SessionInput::Completed`] if a lane waits for it.
    Complete {
        /// The lane that waits.
        lane: Option<Direction>,
        /// The permit's ticket.
        ticket: u64,
        /// How it ended.
        end: StepEnd,
        /// What will be forwarded.
        message: Vec<u8>,
        /// The structured result.
        output: Option<String>,
    },
    /// Tell the gate that nobody knows how a ticket ended; no lane waits for it.
    CompleteUnknown {
        /// The permit's ticket.
        ticket: u64,
        /// How much of its line was written.
        written: Written,
    },
    /// As [`SessionEffect::CompleteUnknown`], of a request that is given up; answered by [`SessionInput::GiveUpSequenced`].
    GiveUp {
        /// The permit's ticket.
        ticket: u64,
        /// How much of its line was written.
        written: Written,
    },
    /// Ask the gate which of these tools are listed, by name and digest of the definition; answered by
    /// [`SessionInput::Filtered`].
    FilterTools(Vec<(String, Digest)>),
    /// Write this line and an LF; answered by [`SessionInput::Written`] if a lane waits for it.
    Write {
        /// The lane that waits.
        lane: Option<Direction>,
        /// Whom to write to.
        to: Direction,
        /// The line without its LF.
        line: Vec<u8>,
    },
    /// Count a refusal.
    CountRefusal(&'static str),
    /// Tell an operator.
    Note(Note),
    /// Nothing more goes to the server: close its stdin, after what is to be written.
    CloseServer,
    /// The session has ended: stop the server, and cut the line that is being written to it. Effects and inputs for what
    /// is in flight still follow.
    End,
}

/// How much of a line the server's pipe took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// So many bytes, its LF included.
    Bytes(u64),
    /// It is being written: as much as was taken until it was cut.
    UnderWay,
    /// It goes to the client, where it is not measured.
    Unmeasured,
}
