use proof::base64url;
use proof::digest::Digest;
use proof::json::{Span, Value, object, write_array};
use proof::note::{Signer, VerifierKey};

use crate::members::MalformedRecord;
use crate::reader::{MemberReader, digests};
use crate::writer::{Interleaved, MemberWriter, value_of};

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
        let mut text = String::new();
        let mut members = MemberWriter::begin(&mut text);
        self.write(&mut members);
        members.end();
        value_of(&text)
    }

    /// Reads what [`Self::to_value`] wrote.
    ///
    /// # Errors
    /// When it is not an approval of this version.
    pub fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let mut text = String::new();
        value.write(&mut text);
        let mut members = MemberReader::of("approval", Span::known(&text))?;
        let approval = Self::read(&mut members)?;
        members.end()?;
        Ok(approval)
    }

    pub(super) fn write(&self, members: &mut MemberWriter<'_, impl Interleaved>) {
        let Approval { pending, expires_ms, .. } = &self.approval;
        members.integer("expires_ms", *expires_ms);
        members.string("key", &self.key.to_string());
        members.digest("pending", pending);
        members.string("signature", &base64url::encode(&self.signature));
        members.string("verdict", self.approval.verdict());
    }

    pub(super) fn read<const N: usize>(
        members: &mut MemberReader<'_, N>,
    ) -> Result<Self, MalformedRecord> {
        let expires_ms = members.integer("expires_ms")?;
        let key = members.word("key", |text| text.parse().ok(), "a verifier key (vkey)")?;
        let pending = members.digest("pending")?;
        let signature = members.bytes("signature")?;
        let verdict = |text: &str| match text {
            "permit" => Some(true),
            "refuse" => Some(false),
            _ => None,
        };
        let approves = members.word("verdict", verdict, "permit or refuse")?;
        Ok(Self { approval: Approval { pending, approves, expires_ms }, key, signature })
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
    pub(super) fn write(&self, text: &mut String) {
        let mut members = MemberWriter::begin(text);
        write_array(&self.votes, members.member("given"), Digest::write);
        members.digest("pending", &self.pending);
        members.end();
    }

    pub(super) fn read(span: Span<'_>) -> Result<Self, MalformedRecord> {
        let mut members = MemberReader::of("retry", span)?;
        let votes = digests("given", members.required("given")?)?;
        let pending = members.digest("pending")?;
        members.end()?;
        Ok(Self { pending, votes })
    }
}
