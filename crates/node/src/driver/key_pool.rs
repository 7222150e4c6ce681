//! Keys for executions that may begin, made by a thread of its own: each waits for the disk twice,
//! and on the thread that decides everybody would wait with it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use identity::KeyAhead;
use kernel::step::execution_id;

use crate::clock;
use crate::limits::KEYS_AHEAD;

/// What an execution begins with: the randomness of its id, and its key.
pub(super) struct Beginning {
    pub(super) entropy: [u8; 32],
    pub(super) key: KeyAhead,
}

/// What there is for who asks for a key.
pub(super) enum PooledKey {
    Ready(Beginning),
    /// One is being made.
    Soon,
    /// The last one could not be made.
    Failed,
}

/// The way to the thread that makes keys.
pub(crate) struct KeyPool(Arc<Pool>);

#[derive(Default)]
struct Pool {
    ready: Mutex<ReadyKeys>,
    changed: Condvar,
}

#[derive(Default)]
struct ReadyKeys {
    keys: VecDeque<Beginning>,
    /// The last key could not be made. Nothing more is tried before somebody asks for one.
    has_failed: bool,
    is_closed: bool,
}

impl ReadyKeys {
    fn wants_more(&self) -> bool {
        !self.has_failed && self.keys.len() < KEYS_AHEAD
    }
}

impl Pool {
    fn ready(&self) -> MutexGuard<'_, ReadyKeys> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until another key is wanted. False: none will be.
    fn is_wanted(&self) -> bool {
        let mut ready = self.ready();
        while !ready.is_closed && !ready.wants_more() {
            ready = self.changed.wait(ready).unwrap_or_else(PoisonError::into_inner);
        }
        !ready.is_closed
    }

    fn put(&self, made: Option<Beginning>) {
        let mut ready = self.ready();
        ready.has_failed = made.is_none();
        ready.keys.extend(made);
    }
}

impl KeyPool {
    /// Makes keys from now on, and tells of each that was made, or could not be. Where the system
    /// gives no thread, there are none: each is made where it is needed. Those that are left at the
    /// end are removed by the next start.
    pub(super) fn start(maker: identity::KeysAhead, tell: impl Fn() + Send + 'static) -> Self {
        let shared = Arc::new(Pool::default());
        let started = std::thread::Builder::new().name("keys".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                while shared.is_wanted() {
                    shared.put(make(&maker));
                    tell();
                }
            }
        });
        shared.ready().is_closed = started.is_err();
        Self(shared)
    }

    /// One that is ready, or whether there will be one soon.
    pub(super) fn take(&self) -> PooledKey {
        let mut ready = self.0.ready();
        let taken = ready.keys.pop_front();
        let has_failed = std::mem::take(&mut ready.has_failed) || ready.is_closed;
        drop(ready);
        self.0.changed.notify_one();
        match taken {
            Some(made) => PooledKey::Ready(made),
            None if has_failed => PooledKey::Failed,
            None => PooledKey::Soon,
        }
    }

    /// It was not needed.
    pub(super) fn give_back(&self, unused: Beginning) {
        self.0.ready().keys.push_front(unused);
    }
}

impl Drop for KeyPool {
    fn drop(&mut self) {
        self.0.ready().is_closed = true;
        self.0.changed.notify_one();
    }
}

/// None where it can't be kept. The next join then makes a key itself, and is told why it can't.
fn make(maker: &identity::KeysAhead) -> Option<Beginning> {
    let entropy = clock::entropy().ok()?;
    let key = maker.make(execution_id(entropy)).ok()?;
    Some(Beginning { entropy, key })
}

#[cfg(test)]
mod tests;
