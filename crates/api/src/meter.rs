//! The use of the meters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The reply of `GET /v1/meters`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Meters {
    /// Each meter of the bundle that something is used of, by meter and subject.
    pub accounts: Vec<MeterAccount>,
}

/// What one subject has used of one meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeterAccount {
    /// The meter's name.
    pub meter: String,
    /// What a subject of this meter is: `execution`, `workload`, `zone` or `node`.
    pub per: String,
    /// The execution's id, or the name of the workload, zone or node.
    pub subject: String,
    /// The unit of the amounts.
    pub unit: String,
    /// How much may be used.
    pub limit: u64,
    /// How much is used and still counts.
    pub used: u64,
    /// How much open permits have reserved besides.
    pub reserved: u64,
    /// How long a use counts, in milliseconds; for good where this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_ms: Option<i64>,
}
