use std::sync::Arc;

use api::RecordJson;
use api::problem::Code;
use api::record::Explanation;
use kernel::replay::SealedPart;
use kernel::state::{BlobSource as _, Unreadable};
use ledger::ReadEntry;
use policy::Bundle;
use proof::digest::Digest;
use proof::json::Value;
use record::MalformedRecord;
use record::lineage::{Body, Decided, LineageRecord, Sealed};
use tokio::sync::oneshot;

use super::refusal::Refusal;
use super::requester::Requester;
use crate::authority::GovernanceBlobs;
use crate::sealing::Opener;
use crate::{Error, Options};

/// Why a transition was decided so. None where the record is no decision.
pub(super) async fn of(
    requester: &Requester,
    entry: ReadEntry,
) -> Result<Option<Explanation>, Refusal> {
    let Ok(LineageRecord { header, body: Body::Decided(decided) }) =
        LineageRecord::parse(&entry.record)
    else {
        return Ok(None);
    };
    let _permit = requester.may_read()?;
    let execution = header.link.map(|link| link.execution).unwrap_or_default();
    let (options, blobs) = (requester.shared.options.clone(), Arc::clone(&requester.shared.blobs));
    let (reply, explained) = oneshot::channel();
    // A bundle is parsed with the stack that deciding needs.
    let thread = std::thread::Builder::new().name("explanation".to_owned());
    let started = thread.stack_size(policy::limits::DECIDE_STACK_BYTES).spawn(move || {
        let explanation = explain(&options, &blobs, &entry, &execution, &decided);
        let _gone = reply.send(explanation);
    });
    let failed = || requester.refuse(Code::Ledger, "the decision could not be explained");
    started.map_err(|_| failed())?;
    explained.await.map(Some).map_err(|_| failed())
}

fn explain(
    options: &Options,
    blobs: &GovernanceBlobs,
    entry: &ReadEntry,
    execution: &str,
    decided: &Decided,
) -> Explanation {
    let (sealed, unreadable) = match sealed(options, entry, execution) {
        Ok(sealed) => (sealed, None),
        Err(why) => (Sealed::default(), Some(why.to_string())),
    };
    let open = |name: &str| {
        let bytes = sealed.open(name, decided.commitments.get(name)?)?;
        Value::parse(bytes).ok()
    };
    // The reasons are sealed; the record itself has the outcomes.
    let decision = open("decision").unwrap_or_else(|| decided.decision.to_value());
    let bundle = Arc::new(bundle(blobs, &decision).unwrap_or_else(Bundle::empty));
    Explanation {
        lines: policy::explain(&bundle, &decision),
        request: open("request").map(RecordJson),
        decision: RecordJson(decision),
        unreadable,
    }
}

/// Why the sealed part of a decision is not read.
#[derive(Debug, thiserror::Error)]
enum SealedPartError {
    /// The keys may not be used.
    #[error(transparent)]
    Keys(#[from] Error),
    /// The part is missing, damaged, or without its key.
    #[error("{}", .0.as_str())]
    Unreadable(Unreadable),
    /// It opens, and is no sealed part.
    #[error(transparent)]
    Malformed(#[from] MalformedRecord),
}

fn sealed(
    options: &Options,
    entry: &ReadEntry,
    execution: &str,
) -> Result<Sealed, SealedPartError> {
    let mut opener = Opener::of(&options.lineage_folder(), &options.lineage_origin())?;
    let digest = Digest::of(&entry.record);
    match opener.part(Some(execution), entry.index, &digest, entry.sealed.as_deref()) {
        SealedPart::Open(bytes) => Ok(Sealed::parse(&bytes)?),
        SealedPart::Unreadable(why) => Err(SealedPartError::Unreadable(why)),
    }
}

/// The bundle that the decision names, where it still lies beside the governance log.
fn bundle(blobs: &GovernanceBlobs, decision: &Value) -> Option<Bundle> {
    let digest = decision.get("bundle").and_then(Value::as_str)?.parse().ok()?;
    Bundle::from_blob(&blobs.blob(&digest)?).ok()
}
