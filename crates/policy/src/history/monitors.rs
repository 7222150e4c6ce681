//! What the monitors know of a history, kept for a start to go on from.
//!
//! It is a projection of the events: the same events build the same bytes.

use std::sync::OnceLock;

use proof::digest::Digest;

use super::History;
use super::live::Monitors;

impl History {
    /// Tells by what events are judged, and what the monitors keep of them.
    #[must_use]
    pub fn monitors_digest(&self) -> Digest {
        self.bundle.temporal.digest(&self.bundle.digest())
    }

    /// What the monitors know of all events, as bytes. None where nothing has asked them since the
    /// bundle came, where no condition looks back, or where one has no monitor.
    #[must_use]
    pub fn monitors(&self) -> Option<Vec<u8>> {
        let live = self.live.get()?.as_ref().ok()?;
        if live.is_idle(&self.bundle) { None } else { live.encode() }
    }

    /// The same of its first events, built anew of these alone.
    #[must_use]
    pub fn monitors_of_first(&self, events: usize) -> Option<Vec<u8>> {
        Monitors::of(&self.bundle, self.events.all.get(..events)?).ok()?.encode()
    }

    /// Goes on from what the monitors knew of the first events, by taking the others. False where
    /// the bytes are not what [`Self::monitors`] gave under this bundle: then nothing has changed.
    #[must_use]
    pub fn resume_monitors(&mut self, events: usize, bytes: &[u8]) -> bool {
        let rest = self.events.all.get(events..);
        let Some(live) = rest.and_then(|rest| Monitors::resume(&self.bundle, bytes, rest)) else {
            return false;
        };
        self.live = OnceLock::from(Ok(live));
        true
    }

    /// Has the monitors take every event, unless they have. Else the first decision does it, in its
    /// place in the log's order.
    pub fn build_monitors(&self) {
        let _built = self.live();
    }
}

#[cfg(test)]
mod tests;
