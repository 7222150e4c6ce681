use proof::json::{Value, object};
use proof::note::{Signer, VerifierKey};
use proof::record::Fields;

use super::Change;
use crate::Position;
use crate::limits::SIGNATURES_MAX;
use crate::members::{MalformedRecord, members, wrong};

/// Precedes the signed bytes, so that no signature made here can pass for another kind.
const SIGNING_CONTEXT: &[u8] = b"interlock.governance.v1\n";

/// A change that an officer may sign, with the state of the log that it was based on and the expiry
/// of the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The governance log's prefix that the officer looked at.
    pub based_on: Position,
    /// Until when the authority may accept it, in milliseconds since the Unix epoch.
    pub expires_ms: i64,
    /// The change.
    pub change: Change,
}

/// A proposal with the signatures of its officers: what travels to the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedProposal {
    /// The signed proposal.
    pub proposal: Proposal,
    /// By key, in rising order of its text; each key once.
    signatures: Vec<(VerifierKey, Vec<u8>)>,
}

impl Proposal {
    /// The bytes that an officer's key signs: a context line and the canonical JSON of origin,
    /// basis, expiry, type and content.
    #[must_use]
    pub fn signing_bytes(&self) -> Vec<u8> {
        let mut bytes = SIGNING_CONTEXT.to_vec();
        let signed = object([
            ("based_on", self.based_on.to_value()),
            ("content", self.change.to_content()),
            ("expires_ms", Value::Integer(self.expires_ms)),
            ("type", Value::from(self.change.type_name())),
        ]);
        bytes.extend_from_slice(&signed.to_bytes());
        bytes
    }

    /// Signs with one officer's key.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(self, officer: &dyn Signer) -> Result<SignedProposal, MalformedRecord> {
        self.unsigned().and_signed(officer)
    }

    /// The proposal before anybody signed it.
    #[must_use]
    pub fn unsigned(self) -> SignedProposal {
        SignedProposal { proposal: self, signatures: Vec::new() }
    }
}

impl SignedProposal {
    /// The same with one more officer's signature. An officer signs once only.
    ///
    /// # Errors
    /// When the key cannot sign, or there are as many signatures as a proposal may have.
    pub fn and_signed(mut self, officer: &dyn Signer) -> Result<Self, MalformedRecord> {
        let key = officer.verifier();
        if self.signatures.iter().any(|(signer, _)| *signer == key) {
            return Ok(self);
        }
        if self.signatures.len() >= SIGNATURES_MAX {
            return Err(wrong("signatures", "at most 64 signatures"));
        }
        let signature = officer.sign(&self.proposal.signing_bytes()).map_err(|why| {
            MalformedRecord::new(format!("the officer's key could not sign: {why}"))
        })?;
        self.signatures.push((key, signature));
        self.signatures.sort_by_key(|(key, _)| key.to_string());
        Ok(self)
    }

    /// The keys that signed, as the proposal claims.
    pub fn signers(&self) -> impl Iterator<Item = &VerifierKey> {
        self.signatures.iter().map(|(key, _)| key)
    }

    /// The keys that signed exactly this proposal; none where one signature of them is not good.
    #[must_use]
    pub fn verified(&self) -> Option<Vec<&VerifierKey>> {
        let bytes = self.proposal.signing_bytes();
        let is_good =
            |(key, signature): &(VerifierKey, Vec<u8>)| key.verify(&bytes, signature).is_ok();
        self.signatures.iter().all(is_good).then(|| self.signers().collect())
    }

    /// The record that carries it, once accepted at the authority's time `at`.
    #[must_use]
    pub fn to_record(&self, at: i64) -> Value {
        object([
            ("at", Value::Integer(at)),
            ("based_on", self.proposal.based_on.to_value()),
            ("content", self.proposal.change.to_content()),
            ("expires_ms", Value::Integer(self.proposal.expires_ms)),
            ("signatures", self.signatures_value()),
            ("type", Value::from(self.proposal.change.type_name())),
            ("v", Value::Integer(1)),
        ])
    }

    /// Reads a record back, with the time at which it was accepted.
    ///
    /// # Errors
    /// When the record is not a governance record of this version.
    pub fn from_record(record: &Value) -> Result<(i64, Self), MalformedRecord> {
        let known = ["at", "based_on", "content", "expires_ms", "signatures", "type", "v"];
        let members = members(record, &known)?;
        if members.integer("v")? != 1 {
            return Err(wrong("v", "1"));
        }
        Ok((members.integer("at")?, Self::read(&members)?))
    }

    /// The form in which a proposal travels to the authority: its record without `at` and `v`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        object([
            ("based_on", self.proposal.based_on.to_value()),
            ("content", self.proposal.change.to_content()),
            ("expires_ms", Value::Integer(self.proposal.expires_ms)),
            ("signatures", self.signatures_value()),
            ("type", Value::from(self.proposal.change.type_name())),
        ])
    }

    /// Reads what [`Self::to_value`] wrote.
    ///
    /// # Errors
    /// When it is not a proposal of this version.
    pub fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let known = ["based_on", "content", "expires_ms", "signatures", "type"];
        Self::read(&members(value, &known)?)
    }

    fn read(members: &Fields<'_>) -> Result<Self, MalformedRecord> {
        let signatures = members.array("signatures")?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(wrong("signatures", "at most 64 signatures"));
        }
        let proposal = Proposal {
            based_on: Position::from_value(members.value("based_on")?)?,
            expires_ms: members.integer("expires_ms")?,
            change: Change::from_content(members.str("type")?, members.value("content")?)?,
        };
        let signatures = signatures.iter().map(signature).collect::<Result<Vec<_>, _>>()?;
        let texts: Vec<String> = signatures.iter().map(|(key, _)| key.to_string()).collect();
        if !texts.windows(2).all(|pair| matches!(pair, [a, b] if a < b)) {
            return Err(wrong("signatures", "in the order of their keys, each key once"));
        }
        Ok(Self { proposal, signatures })
    }

    fn signatures_value(&self) -> Value {
        let one = |(key, signature): &(VerifierKey, Vec<u8>)| {
            object([
                ("key", Value::from(key.to_string())),
                ("signature", Value::from(proof::base64url::encode(signature))),
            ])
        };
        Value::Array(self.signatures.iter().map(one).collect())
    }
}

fn signature(value: &Value) -> Result<(VerifierKey, Vec<u8>), MalformedRecord> {
    let members = members(value, &["key", "signature"])?;
    let key = members.str("key")?.parse();
    let key = key.map_err(|_| wrong("key", "a verifier key (vkey)"))?;
    Ok((key, members.bytes("signature")?))
}
