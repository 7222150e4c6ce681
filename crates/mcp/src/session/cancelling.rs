use wire::jsonrpc::Id;

use super::{REFUSED_INPUT, SessionEffect, SessionState};
use crate::Direction;

/// Cancellations. They take back, so that they pass in any state; but the words of who may not speak do not.
impl SessionState {
    /// A cancellation of what is not open, or was cancelled before, says nothing: it is dropped, and counted.
    pub(super) fn drop_cancellation(&mut self, to: Direction, out: &mut Vec<SessionEffect>) {
        self.counts.stray_cancellations = self.counts.stray_cancellations.saturating_add(1);
        out.push(SessionEffect::CountRefusal(REFUSED_INPUT));
        self.free_lane(to);
    }

    /// A cancellation may not pass as it is: one of the gateway's own goes in its place, for what is still open.
    pub(super) fn cancel_in_place(&mut self, to: Direction, id: &Id, out: &mut Vec<SessionEffect>) {
        // Its spelling is that of the request, which has gone there before.
        let Some(line) = self.open_requests(to).cancellable(id).map(cancellation) else {
            return self.free_lane(to);
        };
        if let Some(forgotten) = self.open_requests(to).cancel(id) {
            out.push(forgotten.completed_as_unknown());
        }
        self.write(to, to, line, out);
    }
}

/// Cancels a request, and says nothing else.
pub(super) fn cancellation(id: &Id) -> Vec<u8> {
    let method = "notifications/cancelled";
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"requestId":{}}}}}"#, id.raw())
        .into_bytes()
}
