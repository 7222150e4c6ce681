//! Room for long lines of clients that wait for a server which takes none: bounded for a session, and for an OS user over its
//! sessions.
//!
//! A line that is longer than [`SHORT_LINE_BYTES`] needs room for the longest line before more of it is read, and gives back what it
//! did not use at its end. So whoever has begun a line can end it, and nobody waits for somebody who waits. Whoever does not go on with it
//! while somebody waits loses its session ([`STALLED_MS_MAX`]).

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use wire::limits::LINE_BYTES_MAX;

use crate::limits::{AHEAD_BYTES_MAX, AHEAD_USER_BYTES_MAX};
#[cfg(doc)]
use crate::limits::{SHORT_LINE_BYTES, STALLED_MS_MAX};

/// Room of one OS user, for all its sessions.
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
    /// Bytes that are left of it.
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

/// Room of one session, within that of its OS user.
#[derive(Debug, Clone)]
pub(crate) struct SessionRoom {
    session: Arc<Semaphore>,
    user: UserRoom,
}

/// Room that a line has. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct LineRoom {
    session: OwnedSemaphorePermit,
    user: OwnedSemaphorePermit,
}

impl SessionRoom {
    pub(crate) fn new(user: UserRoom) -> Self {
        Self { session: Arc::new(Semaphore::new(AHEAD_BYTES_MAX)), user }
    }

    /// Room for the longest line, once there is. None where there will be none.
    pub(crate) async fn acquire_line(&self) -> Option<LineRoom> {
        let most = u32::try_from(LINE_BYTES_MAX).ok()?;
        // That of the session first: whoever waits for the other holds nothing that another session waits for.
        let session = Arc::clone(&self.session).acquire_many_owned(most).await.ok()?;
        let _waiting = WaitingLine::register(&self.user.0);
        let user = Arc::clone(&self.user.0.bytes).acquire_many_owned(most).await.ok()?;
        Some(LineRoom { session, user })
    }

    /// Resolves as soon as a line of the OS user waits for room.
    pub(crate) async fn until_wanted(&self) {
        let mut waiting = self.user.0.waiting.subscribe();
        // Its sender is in the room.
        let _ = waiting.wait_for(|waiting| *waiting > 0).await;
    }
}

/// A line that waits for room, as long as this is there.
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
    /// The room that a line keeps: as much as it is long. None where it was refused.
    pub(crate) fn shrink_to<E>(mut self, line: &Result<Vec<u8>, E>) -> Option<Self> {
        let bytes = line.as_ref().ok()?.len();
        for permit in [&mut self.session, &mut self.user] {
            drop(permit.split(permit.num_permits().saturating_sub(bytes)));
        }
        Some(self)
    }
}
