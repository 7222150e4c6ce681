//! What waits for an officer, told to whoever has the officer's key, from any OS user.

use kernel::lineage::{Body, LineageRecord, Sealed};
use kernel::replay::Part;
use ledger::Reader;
use proof::base64url;
use proof::digest::Digest;
use proof::json::{Value, object};
use proof::note::{Signer, VerifierKey};
use proof::record::Fields;

use crate::clock::wall_ms;
use crate::driver::Kernel;
use crate::hello::{line, refusal};
use crate::limits::ASKING_MS_MAX;
use crate::pending::{self, Sought};
use crate::sealing::Opener;
use crate::socket::Shared;
use crate::{Error, Options};

/// What stands before the signed bytes, so that no signature made here can pass for another kind.
const SIGNING_CONTEXT: &[u8] = b"interlock.asking.v1\n";

/// A question that an officer's key signed: what waits for this key's roles?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asking {
    key: VerifierKey,
    expires_ms: i64,
    signature: Vec<u8>,
}

impl Asking {
    /// Signs it for the node of the domain with this governance log.
    pub(crate) fn sign(origin: &str, officer: &dyn Signer) -> Result<Self, Error> {
        let expires_ms = wall_ms().saturating_add(ASKING_MS_MAX);
        let signature = officer.sign(&signing_bytes(origin, expires_ms));
        let signature = signature.map_err(|why| Error::input(&why))?;
        Ok(Self { key: officer.verifier(), expires_ms, signature })
    }

    fn is_good(&self, origin: &str, now_ms: i64) -> bool {
        let left_ms = self.expires_ms.saturating_sub(now_ms);
        let signed = signing_bytes(origin, self.expires_ms);
        (0..=ASKING_MS_MAX).contains(&left_ms) && self.key.verify(&signed, &self.signature).is_ok()
    }

    pub(crate) fn write(&self, put: &mut impl FnMut(&str, Value)) {
        put("expires_ms", Value::Integer(self.expires_ms));
        put("key", Value::from(self.key.to_string()));
        put("signature", Value::from(base64url::encode(&self.signature)));
    }

    pub(crate) fn read(fields: &Fields<'_>) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self {
            key: fields.str("key")?.parse()?,
            expires_ms: fields.integer("expires_ms")?,
            signature: fields.bytes("signature")?,
        })
    }
}

fn signing_bytes(origin: &str, expires_ms: i64) -> Vec<u8> {
    let signed =
        object([("expires_ms", Value::Integer(expires_ms)), ("origin", Value::from(origin))]);
    [SIGNING_CONTEXT, &signed.to_bytes()].concat()
}

/// The answer: the requests that this key's roles may approve.
pub(crate) async fn answer(
    (shared, kernel): (&Shared, &Kernel),
    asking: Asking,
    beginning: String,
) -> Vec<u8> {
    let sought = match sought(shared, asking, beginning) {
        Ok(sought) => sought,
        Err(refusal) => return refusal,
    };
    pending::answer(&shared.options, kernel, sought).await
}

/// The answer: the message that the server would get of one request which this key's roles may approve. It always fits: base64url
/// makes any message a third longer, and no message is longer than `kernel::limits::MESSAGE_BYTES_MAX`.
pub(crate) async fn message(
    (shared, kernel): (&Shared, &Kernel),
    asking: Asking,
    pending: Digest,
) -> Vec<u8> {
    let sought = match sought(shared, asking, pending.to_string()) {
        Ok(sought) => sought,
        Err(refusal) => return refusal,
    };
    let Some(found) = kernel.waiting(sought).await else {
        return refusal("refused.storage", "the node is stopping");
    };
    let Some(index) = found.requests.first().map(|request| request.record) else {
        return refusal("approval.unknown", "nothing waits for this key's roles under that id");
    };
    let options = shared.options.clone();
    let read = tokio::task::spawn_blocking(move || read_message(&options, (index, &pending)));
    let Some(message) = read.await.ok().flatten() else {
        return refusal(
            "approval.unread",
            "what it sealed cannot be read: it was erased, or damaged",
        );
    };
    line(&object([
        ("message", Value::from(base64url::encode(&message))),
        ("type", Value::from("message")),
        ("v", Value::Integer(1)),
    ]))
}

/// What is sought for who asks, or the refusal.
fn sought(shared: &Shared, asking: Asking, beginning: String) -> Result<Sought, Vec<u8>> {
    if !asking.is_good(&shared.options.governance_origin(), wall_ms()) {
        let why = "the question is not signed for this domain, or too old";
        return Err(refusal("refused.peer", why));
    }
    Ok(Sought { beginning, key: Some(asking.key) })
}

/// The message that the server of the pending record would get.
fn read_message(options: &Options, (index, pending): (u64, &Digest)) -> Option<Vec<u8>> {
    let reader = Reader::open(&options.lineage_folder()).ok()?;
    let entry = reader.entries(index).ok()?.next()?.ok()?;
    if Digest::of(&entry.record) != *pending {
        return None;
    }
    let record = LineageRecord::parse(&entry.record).ok()?;
    let (Body::Decided(decided), Some(link)) = (&record.body, &record.header.link) else {
        return None;
    };
    let mut opener = Opener::of(&options.lineage_folder(), &options.lineage_origin()).ok()?;
    let part = opener.part(Some(&link.execution), (index, pending), entry.sealed.as_deref());
    let Part::Open(bytes) = part else { return None };
    let sealed = Sealed::parse(&bytes).ok()?;
    sealed.open("message", decided.commitments.get("message")?).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use proof::note::Ed25519Signer;

    use super::*;

    #[test]
    fn a_question_is_good_for_its_domain_and_for_a_short_time() {
        let key = Ed25519Signer::from_seed("office/ann", &[1; 32]).unwrap();
        let asking = Asking::sign("office/governance", &key).unwrap();
        let now = asking.expires_ms - ASKING_MS_MAX;
        assert!(asking.is_good("office/governance", now));
        assert!(!asking.is_good("other/governance", now));
        assert!(!asking.is_good("office/governance", asking.expires_ms + 1));
        assert!(!asking.is_good("office/governance", now - 1), "none is made ahead");
        let other = Ed25519Signer::from_seed("office/eve", &[2; 32]).unwrap().verifier();
        assert!(!Asking { key: other, ..asking }.is_good("office/governance", now));
    }
}
