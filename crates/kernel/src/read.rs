//! What can be made of a request before its turn: on any thread, and whatever the state is by then.

use std::sync::Arc;

use policy::{Bundle, Formed, Labels, Request, form_shared};

use crate::lineage::{Direction, Transition};

/// A request with its message, read against a bundle.
pub(crate) struct Read {
    pub(crate) formed: Formed,
    /// The labels that detectors find in the message.
    pub(crate) detected: Labels,
}

impl Read {
    pub(crate) fn of(
        bundle: &Arc<Bundle>,
        request: Arc<Request>,
        (direction, message): (Direction, &[u8]),
    ) -> Self {
        let formed = form_shared(bundle, &request);
        Self { formed, detected: bundle.detected(direction.passing(), message) }
    }

    /// The same if it was read against this bundle; else it is read again.
    pub(crate) fn against(self, bundle: &Arc<Bundle>, message: (Direction, &[u8])) -> Self {
        if Arc::ptr_eq(self.formed.bundle(), bundle) {
            return self;
        }
        Self::of(bundle, Arc::clone(self.formed.request()), message)
    }
}

/// A transition that is asked for, perhaps with what was made of it ahead. What turns out to be of another bundle or
/// workload by its turn is made again, so that it changes no decision.
pub struct Prepared {
    asked: Transition,
    ahead: Option<(String, Read)>,
}

impl Prepared {
    /// Reads a transition ahead, for a workload and against a bundle.
    #[must_use]
    pub fn ahead(asked: Transition, workload: &str, bundle: &Arc<Bundle>) -> Self {
        let read = read(&asked, workload, bundle);
        Self { asked, ahead: Some((workload.to_owned(), read)) }
    }

    /// What is asked for.
    #[must_use]
    pub fn asked(&self) -> &Transition {
        &self.asked
    }

    /// The transition, as it is to be decided by this bundle for this workload.
    pub(crate) fn at(self, workload: &str, bundle: &Arc<Bundle>) -> (Transition, Read) {
        let ahead = self
            .ahead
            .filter(|(of, read)| of == workload && Arc::ptr_eq(read.formed.bundle(), bundle));
        let read = ahead.map_or_else(|| read(&self.asked, workload, bundle), |(_, read)| read);
        (self.asked, read)
    }
}

impl From<Transition> for Prepared {
    fn from(asked: Transition) -> Self {
        Self { asked, ahead: None }
    }
}

fn read(asked: &Transition, workload: &str, bundle: &Arc<Bundle>) -> Read {
    let request = Arc::new(asked.to_request(bundle, workload));
    Read::of(bundle, request, (asked.direction, &asked.message))
}

#[cfg(test)]
mod tests;
