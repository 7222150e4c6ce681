//! What can be made of a request before its turn: on any thread, and whatever the state is by then.

use std::sync::Arc;

use policy::{Bundle, Labels, Request, ResolvedRequest, resolve_shared};

use crate::lineage::{Direction, Sealed, Transition};

/// A request with its message, read against a bundle.
pub(crate) struct Read {
    pub(crate) formed: ResolvedRequest,
    /// The labels that detectors find in the message.
    pub(crate) detected: Labels,
}

impl Read {
    pub(crate) fn of(
        bundle: &Arc<Bundle>,
        request: Arc<Request>,
        direction: Direction,
        message: &[u8],
    ) -> Self {
        let formed = resolve_shared(bundle, &request);
        Self { formed, detected: bundle.detected(direction.passing(), message) }
    }

    /// The same if it was read against this bundle; else it is read again.
    pub(crate) fn against(
        self,
        bundle: &Arc<Bundle>,
        direction: Direction,
        message: &[u8],
    ) -> Self {
        if Arc::ptr_eq(self.formed.bundle(), bundle) {
            return self;
        }
        Self::of(bundle, Arc::clone(self.formed.request()), direction, message)
    }
}

/// A transition that is asked for, perhaps with what was made of it ahead. What turns out to be of another bundle or
/// workload by its turn is made again, so that it changes no decision.
pub struct Prepared {
    asked: Transition,
    ahead: Option<Ahead>,
}

/// What was made ahead.
struct Ahead {
    workload: String,
    read: Read,
    /// What the record commits to whatever is decided, and the fresh bytes that it was sealed with.
    sealed: Option<([u8; 32], Sealed)>,
}

/// What is to be decided.
pub(crate) struct Asked {
    pub(crate) transition: Transition,
    pub(crate) read: Read,
    /// What was sealed ahead.
    pub(crate) sealed: Sealed,
}

impl Prepared {
    /// Reads a transition ahead, for a workload and against a bundle.
    #[must_use]
    pub fn ahead(asked: Transition, workload: &str, bundle: &Arc<Bundle>) -> Self {
        let read = read(&asked, workload, bundle);
        let ahead = Ahead { workload: workload.to_owned(), read, sealed: None };
        Self { asked, ahead: Some(ahead) }
    }

    /// The same, with the message and the request sealed ahead, by 32 fresh bytes. They are those of its [`Input::Request`], or it
    /// is sealed again.
    ///
    /// [`Input::Request`]: crate::step::Input::Request
    #[must_use]
    pub fn sealed(mut self, entropy: [u8; 32]) -> Self {
        if let Some(ahead) = &mut self.ahead {
            let mut sealed = Sealed::default();
            let request = ahead.read.formed.request();
            sealed.seal_asked(self.asked.message.clone(), request, &entropy);
            sealed.write_ahead();
            ahead.sealed = Some((entropy, sealed));
        }
        self
    }

    /// The fresh bytes that it was sealed with.
    #[must_use]
    pub fn entropy(&self) -> Option<[u8; 32]> {
        let (entropy, _) = self.ahead.as_ref()?.sealed.as_ref()?;
        Some(*entropy)
    }

    /// What is asked for.
    #[must_use]
    pub fn asked(&self) -> &Transition {
        &self.asked
    }

    /// What is asked for, as it is to be decided by this bundle for this workload, with these fresh bytes.
    pub(crate) fn at(self, workload: &str, bundle: &Arc<Bundle>, entropy: &[u8; 32]) -> Asked {
        let transition = self.asked;
        let fits = |ahead: &Ahead| {
            ahead.workload == workload && Arc::ptr_eq(ahead.read.formed.bundle(), bundle)
        };
        let Some(ahead) = self.ahead.filter(fits) else {
            let read = read(&transition, workload, bundle);
            return Asked { transition, read, sealed: Sealed::default() };
        };
        let sealed = ahead.sealed.filter(|(with, _)| with == entropy);
        let sealed = sealed.map(|(_, sealed)| sealed).unwrap_or_default();
        Asked { transition, read: ahead.read, sealed }
    }
}

impl From<Transition> for Prepared {
    fn from(asked: Transition) -> Self {
        Self { asked, ahead: None }
    }
}

fn read(asked: &Transition, workload: &str, bundle: &Arc<Bundle>) -> Read {
    let request = Arc::new(asked.to_request(bundle, workload));
    Read::of(bundle, request, asked.direction, &asked.message)
}

#[cfg(test)]
mod tests;
