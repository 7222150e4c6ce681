//! Requests that wait for officers, and the officers' votes.

use proof::base64url;
use proof::json::{Value, object};
use proof::note::{Signer, VerifierKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RecordJson;
use crate::limits::QUESTION_MS_MAX;

/// Where what waits for a key's roles is searched. Questions are signed for it.
pub const SEARCH_PATH: &str = "/v1/approvals/search";

/// Where the message of a request is asked for. Questions are signed for it.
pub const MESSAGE_PATH: &str = "/v1/approvals/message";

/// Which requests `GET /v1/approvals` shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingQuery {
    /// Those whose id begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beginning: Option<String>,
}

/// The reply of `GET /v1/approvals`: requests that wait, and those that did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingPage {
    /// The origin of the node's lineage log: an approval is signed for it.
    pub origin: String,
    /// The requests. Workloads and their executions take turns, so that none hides another's.
    pub requests: Vec<PendingRequest>,
    /// How many more there are. Each is shown to who asks for it by the beginning of its id.
    pub left_out: u64,
}

/// A request that waits for officers, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingRequest {
    /// Its id: SHA-256 of the pending record, in base64url without padding.
    pub pending: String,
    /// The index of that record.
    pub record: u64,
    /// Its execution.
    pub execution: String,
    /// The execution's workload.
    pub workload: String,
    /// Server and tool; missing where the record cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_for: Option<String>,
    /// When it was asked, in milliseconds since the Unix epoch.
    pub asked_ms: i64,
    /// Until when an approval counts, in milliseconds since the Unix epoch.
    pub until_ms: i64,
    /// `waits`, `approved`, `used`, `expired` or `denied`.
    pub state: String,
    /// The id of an older request of the execution that asks for the same and still waits: an
    /// approval of that one is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// Whether the approved request was made.
    #[serde(rename = "used")]
    pub is_used: bool,
    /// Whose approval it needs: {`count`, `role`, `within_ms`}.
    pub awaits: Vec<RecordJson>,
    /// Who must still sign.
    pub still: Vec<MissingVotes>,
    /// The votes so far.
    pub approvals: Vec<Vote>,
}

/// Who must still sign for one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MissingVotes {
    /// The role.
    pub role: String,
    /// How many signatures are missing.
    pub missing: u64,
    /// The names of the keys that may sign.
    pub keys: Vec<String>,
}

/// An officer's vote on a pending request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// The officer's key: a C2SP `vkey` line.
    pub key: String,
    /// `permit` or `refuse`.
    pub verdict: String,
    /// When it was recorded, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// When it stops counting, in milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

/// Proves which key a question comes from, whatever the OS user that brings it: see [`Question`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedQuestion {
    /// The officer's key: a C2SP `vkey` line.
    pub key: String,
    /// Until when the question is good, in milliseconds since the Unix epoch: at most
    /// [`QUESTION_MS_MAX`] from now.
    pub expires_ms: i64,
    /// The signature over [`Question::signed_bytes`], in base64url without padding.
    pub signature: String,
}

/// What stands before the signed bytes, so that no signature made here can pass for another kind.
const SIGNING_CONTEXT: &[u8] = b"interlock.asking.v2\n";

/// What an officer's key asks, and of whom. All of it is signed: a question that one node got is of
/// no use at another, nor for anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The origin of the domain's governance log.
    pub origin: &'a str,
    /// The OS user that listens at the socket, as the kernel tells it to who asks.
    pub node_user: u32,
    /// The path of the route.
    pub path: &'a str,
    /// The request's `pending` or `beginning`; empty where it has none.
    pub about: &'a str,
}

impl Question<'_> {
    /// What the key signs: `interlock.asking.v2`, a line feed, and canonical JSON of `about`,
    /// `expires_ms`, `node_user`, `origin` and `path`.
    #[must_use]
    pub fn signed_bytes(&self, expires_ms: i64) -> Vec<u8> {
        let signed = object([
            ("about", Value::from(self.about)),
            ("expires_ms", Value::Integer(expires_ms)),
            ("node_user", Value::Integer(self.node_user.into())),
            ("origin", Value::from(self.origin)),
            ("path", Value::from(self.path)),
        ]);
        [SIGNING_CONTEXT, &signed.to_bytes()].concat()
    }

    /// Signs it, good until then.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(
        &self,
        officer: &dyn Signer,
        expires_ms: i64,
    ) -> Result<SignedQuestion, proof::note::SignError> {
        let signature = officer.sign(&self.signed_bytes(expires_ms))?;
        let key = officer.verifier().to_string();
        Ok(SignedQuestion { key, expires_ms, signature: base64url::encode(&signature) })
    }
}

impl SignedQuestion {
    /// The key that signed it, where it is this question and good at this time.
    #[must_use]
    pub fn signer(&self, question: &Question<'_>, now_ms: i64) -> Option<VerifierKey> {
        let key: VerifierKey = self.key.parse().ok()?;
        let signature = base64url::decode(&self.signature).ok()?;
        let left_ms = self.expires_ms.saturating_sub(now_ms);
        let is_signed = key.verify(&question.signed_bytes(self.expires_ms), &signature).is_ok();
        ((0..=QUESTION_MS_MAX).contains(&left_ms) && is_signed).then_some(key)
    }
}

/// The body of `POST /v1/approvals/search`: what waits for the roles of the key that signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingSearch {
    /// Who asks.
    pub question: SignedQuestion,
    /// Requests whose id begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beginning: Option<String>,
}

/// The body of `POST /v1/approvals/message`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageRequest {
    /// Who asks.
    pub question: SignedQuestion,
    /// The whole id of a request that waits for the roles of the key that signs.
    pub pending: String,
}

/// The reply of `POST /v1/approvals/message`: what the server would get, with the proof that it is
/// what the pending record stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PendingMessage {
    /// The pending record, as spec/records.md has it. SHA-256 of its canonical bytes is the
    /// request's id.
    pub record: RecordJson,
    /// The message, in base64url without padding.
    pub message: String,
    /// The salt of the record's commitment `message`: 32 bytes, in base64url without padding.
    /// SHA-256 over the salt and the message's bytes is that commitment.
    pub salt: String,
}

/// The body of `POST /v1/approvals`: an officer's signed vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoteRequest {
    /// The signed approval, as `approval.given` has it in spec/records.md.
    pub approval: RecordJson,
}

/// The reply of `POST /v1/approvals`: the vote is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoteReply {
    /// The index of its record in the lineage log.
    pub record: u64,
}

#[cfg(test)]
mod tests {
    use proof::note::Ed25519Signer;

    use super::*;

    #[test]
    fn a_question_is_good_for_its_domain_and_for_a_short_time() {
        let key = Ed25519Signer::from_seed("office/ann", &[1; 32]).unwrap();
        let now = 1_000;
        let question = Question {
            origin: "office/governance",
            node_user: 990,
            path: MESSAGE_PATH,
            about: "abc",
        };
        let signed = question.sign(&key, now + QUESTION_MS_MAX).unwrap();
        assert_eq!(signed.signer(&question, now), Some(key.verifier()));
        for other in [
            Question { origin: "other/governance", ..question },
            Question { node_user: 991, ..question },
            Question { path: SEARCH_PATH, ..question },
            Question { about: "abd", ..question },
        ] {
            assert_eq!(signed.signer(&other, now), None, "{other:?}");
        }
        assert_eq!(signed.signer(&question, signed.expires_ms + 1), None);
        assert_eq!(signed.signer(&question, now - 1), None, "none is made ahead");
        let other = Ed25519Signer::from_seed("office/eve", &[2; 32]).unwrap().verifier();
        let forged = SignedQuestion { key: other.to_string(), ..signed };
        assert_eq!(forged.signer(&question, now), None);
    }
}
