use policy::{Decision, Request, TransitionOutcome};
use proof::digest::Digest;
use record::lineage::{
    Body, Charged, Commitments, Completion, Decided, OpenDecision, RecordedRetry, Sealed,
};
use record::{Facts, Labels};

use super::Transition;
use super::request::request_value;
use crate::limits::MESSAGE_BYTES_MAX;

/// A decision with all that goes on its record.
pub(crate) struct DecisionParts<'a> {
    pub(crate) facts: Facts,
    pub(crate) decision: &'a Decision,
    pub(crate) charges: Vec<Charged>,
    pub(crate) retry: Option<RecordedRetry>,
    /// The exact request, where it waits for approval or names an approved one: the record must
    /// show that both are the same.
    pub(crate) intent: Option<Vec<u8>>,
}

/// Seals the parts that are committed to under any decision: the message, and the request that was
/// made of it. Parts that were sealed ahead stay.
pub(crate) fn seal_asked(
    sealed: &mut Sealed,
    message: Vec<u8>,
    request: &Request,
    entropy: &[u8; 32],
) -> [(&'static str, Digest); 2] {
    let message = sealed.seal_once("message", || message, entropy);
    let request = sealed.seal_once("request", || request_value(request).to_bytes(), entropy);
    [("message", message), ("request", request)]
}

/// The public part of a decision, as its record has it.
fn open_decision(decision: &Decision) -> OpenDecision {
    let has_labels = !decision.labels().is_empty();
    OpenDecision::new(decision.to_public_text(), decision.verdict().as_str(), has_labels)
}

impl DecisionParts<'_> {
    /// The body of a decided transition: its public part, and the rest sealed.
    pub(crate) fn into_body(
        self,
        asked: Transition,
        request: &Request,
        sealed: &mut Sealed,
        entropy: &[u8; 32],
    ) -> Body {
        let DecisionParts { facts, decision, charges, retry, intent } = self;
        let decided = [("decision", decision.to_bytes())];
        let private = decided.into_iter().chain(intent.map(|bytes| ("intent", bytes)));
        let committed = private.map(|(name, bytes)| (name, sealed.seal(name, bytes, entropy)));
        let mut commitments: Commitments =
            committed.map(|(name, commitment)| (name.into(), commitment)).collect();
        let asked_for = seal_asked(sealed, asked.message, request, entropy);
        commitments.extend(asked_for.map(|(name, commitment)| (name.into(), commitment)));
        Body::Decided(Box::new(Decided {
            server: asked.server,
            direction: asked.direction,
            method: asked.method,
            tool: asked.tool,
            action: request.action.clone(),
            charges,
            delegates: asked.delegates,
            retry,
            facts,
            decision: open_decision(decision),
            commitments,
        }))
    }
}

/// The end of a transition with all that goes on its record: see [`Body::Completed`].
pub(crate) struct CompletionParts {
    /// `seq` of the decision that permitted it.
    pub(crate) decided_seq: u64,
    pub(crate) outcome: Completion,
    pub(crate) withheld: Option<String>,
    pub(crate) charges: Vec<Charged>,
    pub(crate) labels: Labels,
    /// The message that ended it; empty where there was none.
    pub(crate) message: Vec<u8>,
    /// JSON text of its structured result, if any.
    pub(crate) output: Option<String>,
}

impl CompletionParts {
    /// The body of a completion: the message that ended the transition, and the structured result
    /// that policy sees, are sealed.
    pub(crate) fn into_body(self, sealed: &mut Sealed, entropy: &[u8; 32]) -> Body {
        let Self { decided_seq, outcome, withheld, charges, labels, message, output } = self;
        let message = match message.len() {
            0 => None,
            1..=MESSAGE_BYTES_MAX => Some(("message", message)),
            _ => Some(("message_digest", Digest::of(&message).as_bytes().to_vec())),
        };
        let output = output.map(|text| ("output", text.into_bytes()));
        let commitments = message
            .into_iter()
            .chain(output)
            .map(|(name, bytes)| (name.into(), sealed.seal(name, bytes, entropy)))
            .collect();
        Body::Completed { decided_seq, outcome, withheld, charges, labels, commitments }
    }
}

/// The outcome as policy sees it, with the JSON text of the structured result, if any.
pub(crate) fn seen(outcome: Completion, output: Option<String>) -> TransitionOutcome {
    match outcome {
        Completion::Result => TransitionOutcome::Result(output),
        Completion::Error => TransitionOutcome::Error,
        Completion::Sent => TransitionOutcome::Sent,
        Completion::Unknown { .. } => TransitionOutcome::Unknown,
    }
}
