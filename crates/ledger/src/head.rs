//! How far a log is durable, and the space that is left for more of it.
use proof::digest::Digest;
use std::sync::{Arc, Mutex, PoisonError};

/// How far a log is durable: what a checkpoint may cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many records there are.
    pub size: u64,
    /// The Merkle root over them (RFC 6962).
    pub root: Digest,
}

/// The free space of the segment that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FreeSpace {
    /// Bytes that ordinary batches may still take in it.
    pub(crate) bytes: u64,
    /// Whether so much of it is used that the next segment should be made.
    pub(crate) wants_spare: bool,
}

/// The head and the free space, as the committer advances them and others read them.
#[derive(Debug, Clone)]
pub(crate) struct SharedHead(Arc<Mutex<(Head, FreeSpace)>>);

impl SharedHead {
    pub(crate) fn new(head: Head, free: FreeSpace) -> SharedHead {
        SharedHead(Arc::new(Mutex::new((head, free))))
    }

    pub(crate) fn get(&self) -> Head {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    pub(crate) fn free_space(&self) -> FreeSpace {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    pub(crate) fn advance(&self, head: Head, free: FreeSpace) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (head, free);
    }
}
