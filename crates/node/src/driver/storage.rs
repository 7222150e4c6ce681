//! Whether the node's disk has room for what agents ask, and who is told where it has none.

use ledger::Disk;

use super::Driver;
use crate::limits::END_BYTES;

impl<D: Disk> Driver<D> {
    /// Whether an execution that begins can be recorded and have its key: once that is decided, nothing may be missing.
    pub(super) fn has_room_to_begin(&self) -> Result<(), &'static str> {
        if !self.log.has_space(0) {
            return Err("refused.storage");
        }
        self.vault.make_room().map_err(|why| match why.is_exhausted() {
            true => "refused.overload",
            false => "refused.storage",
        })
    }

    /// Whether the disk has room for a session that begins and a small request of it. Where that changes, whoever runs the node
    /// is told.
    pub(super) fn has_storage(&mut self) -> bool {
        let can_begin = self.has_room_to_begin() != Err("refused.storage");
        self.note_storage(can_begin && self.has_space_for(2 * END_BYTES));
        !self.is_full
    }

    /// Asks the disk again only where it was full: asking may take as long as writing a segment.
    pub(super) fn look_for_storage(&mut self) {
        if self.is_full {
            self.has_storage();
        }
    }

    fn note_storage(&mut self, has_room: bool) {
        if self.is_full != has_room {
            return;
        }
        self.is_full = !has_room;
        if has_room {
            crate::say(format_args!("the disk has room again: agents are served"));
        } else {
            let bytes = self.log.segment_bytes();
            crate::say(format_args!(
                "the disk is full: agents are refused with `refused.storage` until {bytes} bytes are free; stops go on"
            ));
        }
    }

    /// Bytes that must be free on the disk before agents are served, where they are not.
    pub(super) fn storage_wanted_bytes(&self) -> Option<u64> {
        self.is_full.then(|| self.log.segment_bytes())
    }
}
