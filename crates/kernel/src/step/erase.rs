use record::lineage::{Body, ErasedFor};

use super::{Effect, Kernel, Now, Ticket};

/// An erasure whose record is not durable yet.
pub(super) struct PendingErasure {
    index: u64,
    ticket: Ticket,
    execution: String,
}

/// A request to make unreadable what an ended execution sealed.
pub(super) struct EraseInput {
    pub(super) ticket: Ticket,
    pub(super) execution: String,
    /// The OS user (uid) that asks.
    pub(super) os_user: u32,
    pub(super) reason: ErasedFor,
}

impl Kernel {
    /// Records that the sealed parts of an ended execution are to become unreadable. Its key may be
    /// destroyed once the record is durable, and not before. A running execution is refused: its
    /// history still decides, and without it the next session would begin clean. An officer ends it
    /// first. An execution whose events stand in the history of another that runs is refused as
    /// well.
    pub(super) fn erase(&mut self, now: Now, request: EraseInput) -> Vec<Effect> {
        let EraseInput { ticket, execution, os_user, reason } = request;
        if let Some(index) = self.state.erased(&execution) {
            // No second record; its key is destroyed again, if that was cut short.
            self.erasures.push_back(PendingErasure { index, ticket, execution });
            return Vec::new();
        }
        if self.state.ended_at(&execution).is_none() {
            let is_live = self.state.execution(&execution).is_some();
            let result = Err(if is_live { "execution.live" } else { "execution.unknown" });
            return vec![Effect::Erased { ticket, execution, result }];
        }
        if self.state.is_kept(&execution) {
            return vec![Effect::Erased { ticket, execution, result: Err("execution.line") }];
        }
        let index = self.state.size();
        let body = Body::Erased { execution: execution.clone(), os_user, reason };
        self.erasures.push_back(PendingErasure { index, ticket, execution });
        vec![self.append(now, None, body, Vec::new())]
    }

    /// Erasures whose record is durable.
    pub(super) fn release_erasures(&mut self, size: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        // A repeated erasure waits for an older record than those before it: all are looked at.
        for erasure in std::mem::take(&mut self.erasures) {
            if erasure.index < size {
                let PendingErasure { index, ticket, execution } = erasure;
                self.snapshots.forget(&execution);
                effects.push(Effect::Erased { ticket, execution, result: Ok(index) });
            } else {
                self.erasures.push_back(erasure);
            }
        }
        effects
    }
}

#[cfg(test)]
mod tests;
