//! Records of the lineage log, by filter and by page, and one decision explained.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RecordJson;

/// Which records `GET /v1/records` shows. A record is shown where all that is asked holds of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordQuery {
    /// Those of this execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// Those of executions of this workload that go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// Decisions about this tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Decisions with this reason code, and transitions that were withheld with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Decisions that add or remove this label, and ends in which a detector found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Those at or after this time, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    /// Those before this time, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// Those from this index on: the `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// How many at most; as many as a page holds where this is missing.
    #[schemars(range(min = 1, max = 256))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
}

/// The reply of `GET /v1/records`, in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordPage {
    /// The records; a page may be empty and still have a next one.
    pub records: Vec<Record>,
    /// What to ask for with `from`; missing where the log was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// How many records of the log are on stable storage.
    pub size: u64,
}

/// One record of the lineage log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its index in the log.
    pub index: u64,
    /// SHA-256 of its bytes, in lower-case hexadecimal.
    pub digest: String,
    /// The record itself.
    pub record: RecordJson,
}

/// The reply of `GET /v1/records/{index}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordDetail {
    /// Its index in the log.
    pub index: u64,
    /// SHA-256 of its bytes, in lower-case hexadecimal.
    pub digest: String,
    /// The record itself.
    pub record: RecordJson,
    /// Why it was decided so, where the record is a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// Why a transition was decided as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The decision in sentences.
    pub lines: Vec<String>,
    /// The whole decision where its sealed part can be read, else what its record says of it.
    pub decision: RecordJson,
    /// What was asked, where the sealed part can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RecordJson>,
    /// Why the sealed part cannot be read; missing where it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// The reply of `GET /v1/records/{index}/receipt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The record's index in the log.
    pub index: u64,
    /// The log's origin.
    pub origin: String,
    /// The receipt: C2SP `tlog-proof`, which `interlock verify` reads.
    pub receipt: String,
}

/// Where `GET /v1/events` begins. The header `Last-Event-ID` says the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventQuery {
    /// After the record of this index; with the next record where this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}
