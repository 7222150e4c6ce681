//! What the events of one request have in common, and the digest by which a history shares it.

use proof::digest::Digest;

use crate::request::{Entity, Request};

/// What many events of an execution have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventFrame {
    pub(crate) action: String,
    pub(crate) principal: Entity,
    pub(crate) resource: Entity,
}

impl EventFrame {
    /// About the bytes of text that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.texts().iter().map(|text| text.len()).sum()
    }

    pub(crate) fn texts(&self) -> [&str; 7] {
        texts(&self.action, &self.principal, &self.resource)
    }

    pub(crate) fn digest(&self) -> Digest {
        digest(self.texts())
    }
}

/// Tells what the events of a request have in common with others.
pub(crate) fn frame_digest(request: &Request) -> Digest {
    digest(texts(&request.action, &request.principal, &request.resource))
}

fn texts<'a>(action: &'a str, principal: &'a Entity, resource: &'a Entity) -> [&'a str; 7] {
    let [a, b, c] = [&principal.kind, &principal.id, &principal.properties];
    let [d, e, f] = [&resource.kind, &resource.id, &resource.properties];
    [action, a, b, c, d, e, f]
}

/// Of these texts and of where each ends, so that no others have it.
fn digest(texts: [&str; 7]) -> Digest {
    let lengths = texts.map(|text| (text.len() as u64).to_le_bytes());
    let [a, b, c, d, e, f, g] = texts.map(str::as_bytes);
    Digest::of_parts(&[lengths.as_flattened(), a, b, c, d, e, f, g])
}
