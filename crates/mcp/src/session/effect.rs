use proof::digest::Digest;

use super::SessionEnd;
use crate::{CompletionAnswer, Direction, GateAnswer, MessageStep, Note, StepEnd};

/// An event that the session handles.
#[derive(Debug)]
pub enum SessionInput {
    /// A line arrived that is to go in this direction, without its LF; or one that the framing
    /// refused.
    Line(Direction, Result<Vec<u8>, wire::frame::Error>),
    /// No further line will arrive in this direction.
    Closed(Direction),
    /// The answer to [`SessionEffect::Decide`].
    Decided(Direction, GateAnswer),
    /// The answer to [`SessionEffect::FilterTools`]: for each tool, whether it is listed.
    Filtered(Vec<bool>),
    /// The answer to a [`SessionEffect::Complete`] that names a lane.
    Completed(Direction, CompletionAnswer),
    /// A [`SessionEffect::Write`] that names this lane is written completely.
    Written(Direction),
    /// A write in this direction failed, and all later ones will fail. The number is how many bytes
    /// of the line that was being written the pipe accepted.
    Failed(Direction, u64),
    /// The end of the given-up request with this ticket is sequenced: the answer to
    /// [`SessionEffect::GiveUp`].
    GiveUpSequenced(u64),
    /// The gate failed: the answer that this lane waits for will not come.
    GateFailed(Direction),
    /// The time [`super::SessionState::due_ms`] has come.
    Time,
    /// The session must end.
    End(SessionEnd),
}

impl SessionInput {
    /// Whether this input ends the session, which answers all open requests. No byte goes to the
    /// server before that.
    pub(super) fn ends(&self) -> bool {
        matches!(
            self,
            Self::End(_)
                | Self::GateFailed(_)
                | Self::Decided(_, GateAnswer::Stopped(_))
                | Self::Completed(_, CompletionAnswer::Stopped)
        )
    }
}

/// An action for the driver. Effects are carried out in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEffect {
    /// Ask the gate for a decision; answered by [`SessionInput::Decided`].
    Decide(MessageStep),
    /// Complete a ticket at the gate; answered by [`SessionInput::Completed`] if a lane waits for
    /// it.
    Complete {
        /// The lane that waits.
        lane: Option<Direction>,
        /// The permit's ticket.
        ticket: u64,
        /// How it ended.
        end: StepEnd,
        /// The line that will be forwarded.
        message: Vec<u8>,
        /// The structured result.
        output: Option<String>,
    },
    /// Complete a ticket as unknown at the gate. No lane waits for it.
    CompleteUnknown {
        /// The permit's ticket.
        ticket: u64,
        /// How much of its line was written.
        written: Written,
    },
    /// As [`SessionEffect::CompleteUnknown`], for a request that is given up; answered by
    /// [`SessionInput::GiveUpSequenced`].
    GiveUp {
        /// The permit's ticket.
        ticket: u64,
        /// How much of its line was written.
        written: Written,
    },
    /// Ask the gate which of these tools are listed, by name and digest of the definition; answered
    /// by [`SessionInput::Filtered`].
    FilterTools(Vec<(String, Digest)>),
    /// Write this line and an LF; answered by [`SessionInput::Written`] if a lane waits for it.
    Write {
        /// The lane that waits.
        lane: Option<Direction>,
        /// The direction to write in.
        to: Direction,
        /// The line without its LF.
        line: Vec<u8>,
    },
    /// Count a refusal.
    CountRefusal(&'static str),
    /// Send a note to the operator.
    Note(Note),
    /// Nothing more goes to the server: close its stdin after the queued lines.
    CloseServer,
    /// The session has ended: stop the server, and cut the line that is being written to it.
    /// Effects and inputs for calls in flight still follow.
    End,
}

/// How much of a line the server's pipe accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// So many bytes, its LF included.
    Bytes(u64),
    /// It is being written: as many bytes as were accepted until it was cut.
    UnderWay,
    /// It goes to the client, where bytes are not measured.
    Unmeasured,
}
