//! Turns of threads that read large messages. Reading one takes milliseconds of a thread; whoever sends a small one meanwhile needs
//! another thread.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::LARGE_MESSAGE_BYTES;

/// How many threads read large messages at a time, over all sessions.
#[derive(Debug, Clone)]
pub struct LargeTurns(Arc<Semaphore>);

/// The turn of one large message. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct LargeTurn {
    _permit: OwnedSemaphorePermit,
}

impl LargeTurns {
    /// Turns for half of so many threads, and for one at least.
    #[must_use]
    pub fn of_threads(threads: usize) -> Self {
        Self(Arc::new(Semaphore::new((threads / 2).max(1))))
    }

    /// Waits for a turn where a message of so many bytes needs one.
    pub(crate) async fn turn(&self, bytes: usize) -> Option<LargeTurn> {
        if bytes < LARGE_MESSAGE_BYTES {
            return None;
        }
        let permit = Arc::clone(&self.0).acquire_owned().await.ok()?;
        Some(LargeTurn { _permit: permit })
    }
}

impl Default for LargeTurns {
    fn default() -> Self {
        Self::of_threads(1)
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn half_of_the_threads_read_large_messages() {
        let turns = LargeTurns::of_threads(4);
        let first = poll(turns.turn(LARGE_MESSAGE_BYTES));
        let second = poll(turns.turn(LARGE_MESSAGE_BYTES));
        assert!(matches!((&first, &second), (Poll::Ready(Some(_)), Poll::Ready(Some(_)))));
        assert!(poll(turns.turn(LARGE_MESSAGE_BYTES)).is_pending());
        assert!(matches!(poll(turns.turn(LARGE_MESSAGE_BYTES - 1)), Poll::Ready(None)));
        drop(first);
        assert!(poll(turns.turn(LARGE_MESSAGE_BYTES)).is_ready());
    }

    #[test]
    fn one_thread_reads_large_messages_where_there_is_one() {
        let turns = LargeTurns::of_threads(1);
        assert!(matches!(poll(turns.turn(LARGE_MESSAGE_BYTES)), Poll::Ready(Some(_))));
    }
}
