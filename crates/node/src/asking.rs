//! What waits for an officer, told to whoever has the officer's key, from any OS user.

use kernel::lineage::{Body, LineageRecord, Sealed};
use kernel::replay::Part;
use ledger::Reader;
use proof::base64url;
use proof::digest::Digest;
use proof::json::{Object, Value, object};
use proof::note::{Signer, VerifierKey};
use proof::record::Fields;

use crate::clock::wall_ms;
use crate::hello::{line, refusal};
use crate::limits::ASKING_MS_MAX;
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

/// The answer: the requests that this key's roles may approve, each with the message that the server gets.
pub(crate) async fn answer(shared: &Shared, asking: &Asking) -> Vec<u8> {
    let governance = shared.kernel.switch.governance();
    if !asking.is_good(&shared.options.governance_origin(), wall_ms()) {
        return refusal("refused.peer", "the question is not signed for this domain, or too old");
    }
    let holds = |role: &str| governance.role(role).is_some_and(|role| role.holds(&asking.key));
    let Some(waiting) = shared.kernel.waiting().await else {
        return refusal("refused.storage", "the node is stopping");
    };
    let all = waiting.get("requests").and_then(Value::as_array).unwrap_or_default().to_vec();
    let asked = all.into_iter().filter(|one| {
        let awaits = one.get("awaits").and_then(Value::as_array).unwrap_or_default();
        awaits.iter().any(|one| one.get("role").and_then(Value::as_str).is_some_and(holds))
    });
    let (asked, options): (Vec<Value>, _) = (asked.collect(), shared.options.clone());
    let told = move || asked.into_iter().map(|one| with_message(&options, one)).collect();
    let requests = tokio::task::spawn_blocking(told).await.unwrap_or_default();
    line(&object([
        ("origin", Value::from(shared.options.lineage_origin())),
        ("requests", Value::Array(requests)),
        ("type", Value::from("pending")),
        ("v", Value::Integer(1)),
    ]))
}

/// A request with server, tool and message, where they can be read.
fn with_message(options: &Options, request: Value) -> Value {
    let mut members = request.as_object().cloned().unwrap_or_else(Object::new);
    let index = request.get("record").and_then(Value::as_i64);
    let index = index.and_then(|index| u64::try_from(index).ok());
    let pending = request.get("pending").and_then(Value::as_str).unwrap_or_default();
    if let Some((asked_for, message)) = index.and_then(|index| message(options, (index, pending))) {
        members.insert("asked_for", Value::from(asked_for));
        members.insert("message", Value::from(message));
    }
    Value::Object(members)
}

/// What the pending record asks for, and the message that its server would get.
fn message(options: &Options, (index, pending): (u64, &str)) -> Option<(String, String)> {
    let reader = Reader::open(&options.lineage_folder()).ok()?;
    let entry = reader.entries(index).ok()?.next()?.ok()?;
    let digest = Digest::of(&entry.record);
    if digest.to_string() != pending {
        return None;
    }
    let record = LineageRecord::parse(&entry.record).ok()?;
    let (Body::Decided(decided), Some(link)) = (&record.body, &record.header.link) else {
        return None;
    };
    let mut opener = Opener::of(&options.lineage_folder(), &options.lineage_origin()).ok()?;
    let part = opener.part(Some(&link.execution), (index, &digest), entry.sealed.as_deref());
    let Part::Open(bytes) = part else { return None };
    let sealed = Sealed::parse(&bytes).ok()?;
    let message = sealed.open("message", decided.commitments.get("message")?)?;
    let tool = decided.tool.as_deref().unwrap_or(&decided.method);
    Some((format!("{}/{tool}", decided.server), String::from_utf8_lossy(message).into_owned()))
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
