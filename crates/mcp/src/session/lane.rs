//! What each direction of a session waits for.

use std::mem;

use wire::jsonrpc::Id;

use super::SessionState;
use super::listing::Listing;
use super::read::{CallMessage, ResponseMessage};
use crate::Direction;

/// What a lane waits for.
#[derive(Debug, Default)]
pub(super) enum Lane {
    /// The next line.
    #[default]
    Idle,
    /// The decision of this call.
    Deciding(CallMessage),
    /// The decision of this answer.
    DecidingResponse(ResponseMessage),
    /// The gate's answer which of the tools are listed.
    FilteringTools(Id, Listing),
    /// The completion of the request with this id; then this response is written. A client's
    /// answer, which was decided, has a ticket of its own.
    Completing { id: Id, line: Vec<u8>, answer_ticket: Option<u64> },
    /// A write.
    Writing { to: Direction, after: AfterWrite },
    /// The completion of a notification or an answer that was written.
    CompletingOneWay,
    /// Nothing: it takes no more lines.
    Closed,
}

/// What remains to be done for a line that is being written.
#[derive(Debug)]
pub(super) enum AfterWrite {
    /// Nothing: it is completed already, or needs no completion.
    Settled,
    /// It is a request with this id, whose line has this many bytes; its response completes it.
    Request(Id, u64),
    /// It is a notification or an answer: writing it completes this ticket.
    OneWay(u64),
}

/// The state of each lane.
impl SessionState {
    /// Frees a lane that has finished its message. It closes if nothing more goes in its direction.
    pub(super) fn free_lane(&mut self, to: Direction) {
        let over = self.ended.is_some() || (to == Direction::ToServer && self.is_server_unwritable);
        *self.lane_mut(to) = if over { Lane::Closed } else { Lane::Idle };
    }

    /// Returns what a lane waits for, and leaves it idle.
    pub(super) fn take_lane(&mut self, to: Direction) -> Lane {
        mem::take(self.lane_mut(to))
    }

    pub(super) fn lane(&self, to: Direction) -> &Lane {
        match to {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        }
    }

    pub(super) fn lane_mut(&mut self, to: Direction) -> &mut Lane {
        match to {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}
