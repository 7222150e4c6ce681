//! Memory ("room") for long lines of clients that wait for a server which reads none. It is bounded
//! for each session, and for each OS user over all its sessions.
//!
//! A line longer than [`SHORT_LINE_BYTES`] must acquire room for the longest line before more of it
//! is read, and releases the unused part at its end. So a client that has room can always finish
//! its line, and no line that waits for room blocks another one. A client that stops in the middle
//! of a long line while others wait loses its session ([`STALLED_MS_MAX`]).

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use wire::limits::LINE_BYTES_MAX;

use crate::limits::{AHEAD_BYTES_MAX, AHEAD_USER_BYTES_MAX};
#[cfg(doc)]
use crate::limits::{SHORT_LINE_BYTES, STALLED_MS_MAX};

/// The room of one OS user, for all its sessions.
#[derive(Debug, Clone)]
pub struct UserRoom(Arc<UserRoomState>);

#[derive(Debug)]
struct UserRoomState {
    bytes: Arc<Semaphore>,
    /// Lines that wait for room.
    waiting: watch::Sender<usize>,
}

impl Default for UserRoom {
    fn default() -> Self {
        let bytes = Arc::new(Semaphore::new(AHEAD_USER_BYTES_MAX));
        Self(Arc::new(UserRoomState { bytes, waiting: watch::Sender::default() }))
    }
}

impl UserRoom {
    /// Bytes of it that are free.
    #[must_use]
    pub fn left_bytes(&self) -> usize {
        self.0.bytes.available_permits()
    }

    /// Whether both are the room of the same OS user.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The room of one session, within that of its OS user.
#[derive(Debug, Clone)]
pub(crate) struct SessionRoom {
    session: Arc<Semaphore>,
    user: UserRoom,
}

/// The room that a line occupies. It is released when this is dropped.
#[derive(Debug)]
pub(crate) struct LineRoom {
    session: OwnedSemaphorePermit,
    user: OwnedSemaphorePermit,
}

impl SessionRoom {
    pub(crate) fn new(user: UserRoom) -> Self {
        Self { session: Arc::new(Semaphore::new(AHEAD_BYTES_MAX)), user }
    }

    /// Acquires room for the longest line, once there is enough. None if there will never be any.
    pub(crate) async fn acquire_line(&self) -> Option<LineRoom> {
        let most = u32::try_from(LINE_BYTES_MAX).ok()?;
        // The session's room first: a line that waits for the user's room then holds nothing that
        // another session waits for.
        let session = Arc::clone(&self.session).acquire_many_owned(most).await.ok()?;
        let _waiting = WaitingLine::register(&self.user.0);
        let user = Arc::clone(&self.user.0.bytes).acquire_many_owned(most).await.ok()?;
        Some(LineRoom { session, user })
    }

    /// Resolves as soon as a line of the OS user waits for room.
    pub(crate) async fn until_wanted(&self) {
        let mut waiting = self.user.0.waiting.subscribe();
        // The sender lives as long as the room.
        let _ = waiting.wait_for(|waiting| *waiting > 0).await;
    }
}

/// Counts a line as waiting for room until this is dropped.
struct WaitingLine<'a>(&'a UserRoomState);

impl<'a> WaitingLine<'a> {
    fn register(shared: &'a UserRoomState) -> Self {
        shared.waiting.send_modify(|waiting| *waiting = waiting.saturating_add(1));
        Self(shared)
    }
}

impl Drop for WaitingLine<'_> {
    fn drop(&mut self) {
        self.0.waiting.send_modify(|waiting| *waiting = waiting.saturating_sub(1));
    }
}

impl LineRoom {
    /// Releases all but the line's own length. None if the framing refused the line.
    pub(crate) fn shrink_to<E>(mut self, line: &Result<Vec<u8>, E>) -> Option<Self> {
        let bytes = line.as_ref().ok()?.len();
        for permit in [&mut self.session, &mut self.user] {
            drop(permit.split(permit.num_permits().saturating_sub(bytes)));
        }
        Some(self)
    }
}
