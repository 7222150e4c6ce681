use std::fmt::Write as _;

use api::route::OPEN_METRICS;
use axum::http::header;
use axum::response::IntoResponse;

use super::extract::Officer;
use super::refusal::Refusal;

/// The node's counts as `OpenMetrics` text.
pub(super) async fn metrics(
    Officer(requester): Officer,
) -> Result<impl IntoResponse + use<>, Refusal> {
    let status = requester.kernel.status(false).await.ok_or_else(|| requester.stopping())?;
    let switch = &requester.shared.kernel.switch;
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, value: u64| {
        // Writing to a string does not fail.
        let _written = write!(text, "# TYPE {name} gauge\n# HELP {name} {help}\n{name} {value}\n");
    };
    gauge("interlock_executions", "Executions that go on.", status.executions);
    gauge("interlock_sessions", "Sessions of agents with servers.", switch.session_count());
    gauge("interlock_lineage_records", "Records of the lineage log.", status.records);
    gauge("interlock_governance_records", "Records of governance.", status.governance.size);
    gauge(
        "interlock_governance_verified",
        "Whether governance could be verified (1) or not (0).",
        u64::from(status.is_verified),
    );
    gauge(
        "interlock_storage_wanted_bytes",
        "Bytes that must be free on the disk before agents are served again; 0 where there is room.",
        status.storage_wanted_bytes.unwrap_or(0),
    );
    let name = "interlock_refusals";
    let _written = writeln!(text, "# TYPE {name} counter\n# HELP {name} Refusals by code.");
    for (code, count) in requester.kernel.refusals_since_start() {
        let _written = writeln!(text, "{name}_total{{code=\"{code}\"}} {count}");
    }
    text.push_str("# EOF\n");
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text))
}
