use proof::base64url;
use proof::digest::Digest;
use proof::json::{Object, Value, object};
use proof::note::{Signer, VerifierKey};
use proof::record::Fields;

use super::Body;
use crate::members::{MalformedRecord, members, wrong};

/// Precedes the signed bytes, so that no signature made here can pass for another kind.
const SIGNING_CONTEXT: &[u8] = b"interlock.approval.v1\n";

/// An officer's vote on one pending record: everything that is signed except the log of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Digest of the pending record.
    pub pending: Digest,
    /// Whether it may happen; else it is refused.
    pub approves: bool,
    /// Until when it may be used, in milliseconds since the Unix epoch.
    pub expires_ms: i64,
}

/// The same with the officer's signature: what travels to the node, and its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedApproval {
    /// The signed vote.
    pub approval: Approval,
    /// Whose key signed it.
    pub key: VerifierKey,
    signature: Vec<u8>,
}

impl Approval {
    /// The bytes that an officer's key signs: a context line, and the canonical object of the log's
    /// origin and this.
    #[must_use]
    pub fn signing_bytes(&self, origin: &str) -> Vec<u8> {
        let signed = object([
            ("expires_ms", Value::Integer(self.expires_ms)),
            ("origin", Value::from(origin)),
            ("pending", Value::from(self.pending.to_string())),
            ("verdict", Value::from(self.verdict())),
        ]);
        [SIGNING_CONTEXT, &signed.to_bytes()].concat()
    }

    /// Signs it for a record of the log of this origin.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(
        self,
        origin: &str,
        officer: &dyn Signer,
    ) -> Result<SignedApproval, MalformedRecord> {
        let signature = officer.sign(&self.signing_bytes(origin)).map_err(|why| {
            MalformedRecord::new(format!("the officer's key could not sign: {why}"))
        })?;
        Ok(SignedApproval { approval: self, key: officer.verifier(), signature })
    }

    fn verdict(&self) -> &'static str {
        if self.approves { "permit" } else { "refuse" }
    }
}

impl SignedApproval {
    /// Whether its key signed exactly this, for the log of this origin.
    #[must_use]
    pub fn is_good(&self, origin: &str) -> bool {
        self.key.verify(&self.approval.signing_bytes(origin), &self.signature).is_ok()
    }

    /// The form in which it travels to the node.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut members = Object::new();
        self.write(&mut members);
        Value::Object(members)
    }

    /// Reads what [`Self::to_value`] wrote.
    ///
    /// # Errors
    /// When it is not an approval of this version.
    pub fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        Self::of(&members(value, &["expires_ms", "key", "pending", "signature", "verdict"])?)
    }

    pub(super) fn write(&self, into: &mut Object) {
        let Approval { pending, expires_ms, .. } = &self.approval;
        into.insert("expires_ms", Value::Integer(*expires_ms));
        into.insert("key", Value::from(self.key.to_string()));
        into.insert("pending", Value::from(pending.to_string()));
        into.insert("signature", Value::from(base64url::encode(&self.signature)));
        into.insert("verdict", Value::from(self.approval.verdict()));
    }

    fn of(members: &Fields<'_>) -> Result<Self, MalformedRecord> {
        let key = members.str("key")?.parse();
        let approves = match members.str("verdict")? {
            "permit" => true,
            "refuse" => false,
            _ => return Err(wrong("verdict", "permit or refuse")),
        };
        let pending = members.digest("pending")?;
        let expires_ms = members.integer("expires_ms")?;
        Ok(Self {
            approval: Approval { pending, approves, expires_ms },
            key: key.map_err(|_| wrong("key", "a verifier key (vkey)"))?,
            signature: members.bytes("signature")?,
        })
    }
}

/// The pending record that a request names, and the approvals that it stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRetry {
    /// Digest of the pending record, as the agent names it.
    pub pending: Digest,
    /// Digests of the approvals that were given for it, in the order of their records.
    pub votes: Vec<Digest>,
}

impl RecordedRetry {
    pub(super) fn to_value(&self) -> Value {
        let votes = self.votes.iter().map(|digest| Value::from(digest.to_string()));
        object([
            ("given", Value::Array(votes.collect())),
            ("pending", Value::from(self.pending.to_string())),
        ])
    }

    pub(super) fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let members = members(value, &["given", "pending"])?;
        let digest = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let votes: Option<Vec<Digest>> = members.array("given")?.iter().map(digest).collect();
        let votes = votes.ok_or_else(|| wrong("given", "digests in base64url"))?;
        Ok(Self { pending: members.digest("pending")?, votes })
    }
}

pub(super) fn read(value: &Value) -> Result<Body, MalformedRecord> {
    Ok(Body::Approved(Box::new(SignedApproval::from_value(value)?)))
}
