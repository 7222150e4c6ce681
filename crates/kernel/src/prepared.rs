//! The work on a request before its turn: on any thread, and whatever the state is by then.

use std::sync::Arc;

use policy::{Bundle, Request, ResolvedRequest, resolve_shared};
use record::Labels;
use record::lineage::{MessageDirection, Sealed};

use crate::lineage::{Transition, passing, seal_asked};

/// A request with its message, read against a bundle.
pub(crate) struct InspectedRequest {
    pub(crate) resolved: ResolvedRequest,
    /// The labels that detectors find in the message.
    pub(crate) detected: Labels,
}

impl InspectedRequest {
    pub(crate) fn of(
        bundle: &Arc<Bundle>,
        request: Arc<Request>,
        direction: MessageDirection,
        message: &[u8],
    ) -> Self {
        let resolved = resolve_shared(bundle, &request);
        Self { resolved, detected: bundle.detected(passing(direction), message) }
    }

    /// The same if it was read against this bundle; else it is read again.
    pub(crate) fn against(
        self,
        bundle: &Arc<Bundle>,
        direction: MessageDirection,
        message: &[u8],
    ) -> Self {
        if Arc::ptr_eq(self.resolved.bundle(), bundle) {
            return self;
        }
        Self::of(bundle, Arc::clone(self.resolved.request()), direction, message)
    }
}

/// A requested transition, perhaps with the parts that were prepared ahead. Parts that turn out to
/// be of another bundle or workload at its turn are prepared again, so that preparing ahead changes
/// no decision.
pub struct Prepared {
    transition: Transition,
    ahead: Option<PreparedParts>,
}

/// The parts that were prepared ahead.
struct PreparedParts {
    workload: String,
    inspected: InspectedRequest,
    /// The parts committed to under any decision, and the fresh bytes they were sealed with.
    sealed: Option<([u8; 32], Sealed)>,
}

/// A transition at its turn, with its inspected request.
pub(crate) struct PreparedTransition {
    pub(crate) transition: Transition,
    pub(crate) inspected: InspectedRequest,
    /// The parts that were sealed ahead.
    pub(crate) sealed: Sealed,
}

impl Prepared {
    /// Reads a transition ahead, for a workload and against a bundle.
    #[must_use]
    pub fn ahead(transition: Transition, workload: &str, bundle: &Arc<Bundle>) -> Self {
        let inspected = inspect(&transition, workload, bundle);
        let ahead = PreparedParts { workload: workload.to_owned(), inspected, sealed: None };
        Self { transition, ahead: Some(ahead) }
    }

    /// The same, with the message and the request sealed ahead, by 32 fresh bytes. If its
    /// [`Input::Request`] has other fresh bytes, it is sealed again.
    ///
    /// [`Input::Request`]: crate::step::Input::Request
    #[must_use]
    pub fn sealed(mut self, entropy: [u8; 32]) -> Self {
        if let Some(ahead) = &mut self.ahead {
            let mut sealed = Sealed::default();
            let request = ahead.inspected.resolved.request();
            seal_asked(&mut sealed, self.transition.message.clone(), request, &entropy);
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

    /// The requested transition.
    #[must_use]
    pub fn transition(&self) -> &Transition {
        &self.transition
    }

    /// The transition as this bundle decides it for this workload, with these fresh bytes.
    pub(crate) fn at(
        self,
        workload: &str,
        bundle: &Arc<Bundle>,
        entropy: &[u8; 32],
    ) -> PreparedTransition {
        let transition = self.transition;
        let fits = |ahead: &PreparedParts| {
            ahead.workload == workload && Arc::ptr_eq(ahead.inspected.resolved.bundle(), bundle)
        };
        let Some(ahead) = self.ahead.filter(fits) else {
            let inspected = inspect(&transition, workload, bundle);
            return PreparedTransition { transition, inspected, sealed: Sealed::default() };
        };
        let sealed = ahead.sealed.filter(|(with, _)| with == entropy);
        let sealed = sealed.map(|(_, sealed)| sealed).unwrap_or_default();
        PreparedTransition { transition, inspected: ahead.inspected, sealed }
    }
}

impl From<Transition> for Prepared {
    fn from(transition: Transition) -> Self {
        Self { transition, ahead: None }
    }
}

fn inspect(transition: &Transition, workload: &str, bundle: &Arc<Bundle>) -> InspectedRequest {
    let request = Arc::new(transition.to_request(bundle, workload));
    InspectedRequest::of(bundle, request, transition.direction, &transition.message)
}

#[cfg(test)]
mod tests;
