use policy::{Decision, Facts, Labels, Request};
use proof::digest::Digest;

use super::sealed::{Commitments, request_value};
use super::{Body, Charged, Completion, Decided, OpenDecision, RecordedRetry, Sealed, Transition};
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

impl Sealed {
    /// Seals the parts that are committed to under any decision: the message, and the request that
    /// was made of it. Parts that were sealed ahead stay.
    pub(crate) fn seal_asked(
        &mut self,
        message: Vec<u8>,
        request: &Request,
        entropy: &[u8; 32],
    ) -> [(&'static str, Digest); 2] {
        let message = self.seal_once("message", || message, entropy);
        let request = self.seal_once("request", || request_value(request).to_bytes(), entropy);
        [("message", message), ("request", request)]
    }
}

impl Body {
    /// The body of a decided transition: its public part, and the rest sealed.
    pub(crate) fn decided(
        asked: Transition,
        request: &Request,
        judged: DecisionParts<'_>,
        sealed: &mut Sealed,
        entropy: &[u8; 32],
    ) -> Self {
        let DecisionParts { facts, decision, charges, retry, intent } = judged;
        let decided = [("decision", decision.to_bytes())];
        let private = decided.into_iter().chain(intent.map(|bytes| ("intent", bytes)));
        let committed = private.map(|(name, bytes)| (name, sealed.seal(name, bytes, entropy)));
        let mut commitments: Commitments =
            committed.map(|(name, commitment)| (name.into(), commitment)).collect();
        let asked_for = sealed.seal_asked(asked.message, request, entropy);
        commitments.extend(asked_for.map(|(name, commitment)| (name.into(), commitment)));
        Self::Decided(Box::new(Decided {
            server: asked.server,
            direction: asked.direction,
            method: asked.method,
            tool: asked.tool,
            action: request.action.clone(),
            charges,
            delegates: asked.delegates,
            retry,
            facts,
            decision: OpenDecision::of(decision),
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

impl Body {
    /// The body of a completion: the message that ended the transition, and the structured result
    /// that policy sees, are sealed.
    pub(crate) fn completed(
        ended: CompletionParts,
        sealed: &mut Sealed,
        entropy: &[u8; 32],
    ) -> Self {
        let CompletionParts { decided_seq, outcome, withheld, charges, labels, message, output } =
            ended;
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
        Self::Completed { decided_seq, outcome, withheld, charges, labels, commitments }
    }
}
