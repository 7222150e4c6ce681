//! Whether the node's disk has room for what agents ask, and who is told where it has none.

use ledger::Disk;

use super::Driver;
use crate::limits::END_BYTES;

/// Why no execution can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoRoomToBegin {
    /// The disk is full.
    #[error("refused.storage")]
    Storage,
    /// As many keys lie ready, or are made, as may be.
    #[error("refused.overload")]
    Overload,
}

impl NoRoomToBegin {
    /// The code of the refusal.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Storage => "refused.storage",
            Self::Overload => "refused.overload",
        }
    }
}

impl<D: Disk> Driver<D> {
    /// Whether an execution that begins can be recorded and have its key: once that is decided,
    /// nothing may be missing.
    pub(super) fn has_room_to_begin(&self) -> Result<(), NoRoomToBegin> {
        if !self.log.has_space(0) {
            return Err(NoRoomToBegin::Storage);
        }
        if self.beginning.is_some() {
            return Ok(());
        }
        self.vault.make_room().map_err(|why| match why.is_exhausted() {
            true => NoRoomToBegin::Overload,
            false => NoRoomToBegin::Storage,
        })
    }

    /// Whether the disk has room for a session that begins and a small request of it. Where that
    /// changes, the operator is told.
    pub(super) fn has_storage(&mut self) -> bool {
        let has_room = self.has_space_for(2 * END_BYTES)
            && self.has_room_to_begin() != Err(NoRoomToBegin::Storage);
        let was_full = std::mem::replace(&mut self.is_full, !has_room);
        match (was_full, has_room) {
            (true, true) => crate::say(format_args!("the disk has room again: agents are served")),
            (false, false) => crate::say(format_args!(
                "the disk is full: agents are refused with `refused.storage` until {} bytes are free; stops go on",
                self.log.segment_bytes()
            )),
            _ => {}
        }
        has_room
    }

    /// Somebody was refused for want of room. Where the disk is known to be full, nothing more is
    /// asked of it until the next tick: asking may take as long as writing a segment.
    pub(super) fn note_refused(&mut self) {
        if !self.is_full {
            self.has_storage();
        }
    }

    /// Bytes that must be free on the disk before agents are served, where they are not.
    pub(super) fn storage_wanted_bytes(&self) -> Option<u64> {
        self.is_full.then(|| self.log.segment_bytes())
    }
}
