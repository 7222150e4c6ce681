mod tests;

use serde_json::Value;

use crate::trace::Call;

/// What leaves once a decision is durable.
pub(super) struct Release {
    method: Option<&'static str>,
    id: Value,
}

impl Release {
    /// The forwarded call: a request with the method and the id that were decided.
    pub(super) fn forwarded(message: &Value) -> Release {
        Release { method: Some("tools/call"), id: message["id"].clone() }
    }

    /// The denial: an error under the id that was asked under.
    pub(super) fn denied(id: &Value) -> Release {
        Release { method: None, id: id.clone() }
    }

    fn is_in(&self, call: &Call) -> bool {
        call.messages().any(|message| {
            let is_kind = match self.method {
                Some(method) => message["method"] == method,
                None => message.get("error").is_some(),
            };
            is_kind && message["id"] == self.id
        })
    }
}

/// Lines of a trace on which it was seen that the order holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// Where the sync began.
    pub(super) synced: usize,
    /// Where the release began and ended.
    pub(super) released: (usize, usize),
}

/// Whether the record was written below `wal`, that very descriptor then synced, and then released.
pub(super) fn durable_before(
    calls: &[Call],
    wal: &str,
    record: &[u8],
    release: &Release,
) -> Result<Held, String> {
    let holds = |call: &&Call| call.is_on(wal) && contains(&call.data, record);
    let written = calls.iter().find(holds).ok_or("no write to the log holds the record")?;
    if written.result != i64::try_from(written.data.len()).ok() {
        return Err(format!("the record was not written whole: {:?}", written.result));
    }
    let is_sync = |call: &&Call| {
        matches!(call.name.as_str(), "fdatasync" | "fsync")
            && call.file == written.file
            && call.began > written.ended
    };
    let synced = calls.iter().find(is_sync).ok_or("the record's descriptor was never synced")?;
    if synced.result != Some(0) {
        return Err(format!("the sync failed: {:?}", synced.result));
    }
    let is_release = |call: &&Call| !call.is_on(wal) && release.is_in(call);
    let released = calls.iter().find(is_release).ok_or("nothing was released")?;
    if released.began <= synced.ended {
        return Err(format!(
            "released on line {}, before the sync of lines {} to {} had returned",
            released.began, synced.began, synced.ended
        ));
    }
    Ok(Held { synced: synced.began, released: (released.began, released.ended) })
}

fn contains(data: &[u8], part: &[u8]) -> bool {
    let starts = data.iter().enumerate().filter(|(_, byte)| **byte == part[0]);
    starts.map(|(start, _)| &data[start..]).any(|rest| rest.starts_with(part))
}
