use wire::jsonrpc::Id;

use super::{REFUSED_INPUT, SessionEffect, SessionState};
use crate::Direction;

/// Cancellations. They only withdraw, so that a cancellation passes in any state. If the sender's
/// own message is not permitted, the gateway sends a bare one.
impl SessionState {
    /// Drops and counts a cancellation of a request that is not open or was cancelled before.
    pub(super) fn drop_cancellation(&mut self, to: Direction, out: &mut Vec<SessionEffect>) {
        self.counts.stray_cancellations = self.counts.stray_cancellations.saturating_add(1);
        out.push(SessionEffect::CountRefusal(REFUSED_INPUT));
        self.free_lane(to);
    }

    /// Sends a cancellation of the gateway's own in place of one that is not permitted, if the
    /// request is still open.
    pub(super) fn cancel_in_place(&mut self, to: Direction, id: &Id, out: &mut Vec<SessionEffect>) {
        // The id is spelled as in the request, which was forwarded before.
        let Some(line) = self.open_requests(to).cancellable(id).map(cancellation) else {
            return self.free_lane(to);
        };
        if let Some(forgotten) = self.open_requests(to).cancel(id) {
            out.push(forgotten.completed_as_unknown());
        }
        self.write(to, to, line, out);
    }
}

/// A cancellation of a request, without a reason.
pub(super) fn cancellation(id: &Id) -> Vec<u8> {
    let method = "notifications/cancelled";
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"requestId":{}}}}}"#, id.raw())
        .into_bytes()
}
