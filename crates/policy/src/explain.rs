//! A decision in words: each check that failed and what to do, each policy that determined it with
//! its text.

mod near;

use proof::json::Value;

use crate::bundle::Bundle;
use crate::typed::quoted;
pub use near::{NearMiss, labels_looked_for, near_misses};

/// Explains a decision's canonical object by the bundle that made it, line by line. Lines that
/// concern one policy are indented under it.
///
/// A decision of another bundle is explained as far as its own words go, and the first line says
/// so.
#[must_use]
pub fn explain(bundle: &Bundle, decision: &Value) -> Vec<String> {
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_str).map(quoted).unwrap_or_default()
    };
    let mut lines = Vec::new();
    lines.push(format!("{}: {}", text(decision, "decision"), text(decision, "code")));
    if text(decision, "bundle") != bundle.digest().to_string() {
        lines.push(
            "decided by another bundle than this one; policies are named, not quoted".to_owned(),
        );
        bundle_differs(decision, &mut lines);
        return lines;
    }
    failed_checks(decision, &mut lines);
    for policy in items(decision, "policies") {
        let id = text(policy, "id");
        let Some(info) = bundle.policy(&id) else { continue };
        lines.push(format!("{} by `{}` at {}:{}", info.effect, info.id, info.file, info.line));
        for name in ["description", "reason"] {
            lines.extend(info.annotations.get(name).map(|value| format!("  {name}: {value}")));
        }
        lines.extend(info.source.lines().map(|line| format!("  | {line}")));
    }
    for error in items(decision, "errors") {
        lines.push(format!("error in `{}`: {}", text(error, "policy"), text(error, "why")));
    }
    lines
}

fn bundle_differs(decision: &Value, lines: &mut Vec<String>) {
    failed_checks(decision, lines);
    for policy in items(decision, "policies") {
        let word =
            |name: &str| policy.get(name).and_then(Value::as_str).map(quoted).unwrap_or_default();
        let line = policy.get("line").and_then(Value::as_i64).unwrap_or(0);
        lines.push(format!("{} by `{}` at {}:{line}", word("effect"), word("id"), word("file")));
    }
}

fn failed_checks(decision: &Value, lines: &mut Vec<String>) {
    for check in items(decision, "checks") {
        let word = |name: &str| check.get(name).and_then(Value::as_str).unwrap_or_default();
        if word("outcome") == "pass" {
            continue;
        }
        let outcome = if word("outcome") == "fail" { "failed" } else { "was not evaluated" };
        // Reasons are private: where the private part is gone, only the outcome is left.
        let why = word("why");
        let colon = if why.is_empty() { "" } else { ": " };
        lines.push(format!("{} {outcome}{colon}{why}", word("check")));
        if word("outcome") == "fail" {
            let is_forbidden = word("check") == "policy.denied" && is_forbidden(decision);
            let remedy = if is_forbidden { Some(FORBIDDEN) } else { remedy(word("check")) };
            lines.extend(remedy.map(|remedy| format!("  to do: {remedy}")));
        }
    }
}

/// What to do about a denial by a `forbid`.
const FORBIDDEN: &str = "nothing, if it should not happen; else have the policy below changed: no permit overrides a forbid";

/// Whether a `forbid` determined the decision.
#[must_use]
pub fn is_forbidden(decision: &Value) -> bool {
    let effect = |policy: &Value| policy.get("effect").and_then(Value::as_str) == Some("forbid");
    items(decision, "policies").iter().any(effect)
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).unwrap_or_default()
}

/// What to do about a failed check.
fn remedy(check: &str) -> Option<&'static str> {
    Some(match check {
        "request.malformed" => "send what the bundle's schema declares, or declare what is sent",
        "governance.unverified" => "run `interlock log verify` on the governance log",
        "identity.unregistered" => "have a registrar register the workload",
        "trust.insufficient" => "have an officer look into it and restore trust",
        "execution.halted" => "have an officer lift the halt",
        "lineage.broken" => {
            "run `interlock log verify` on the lineage log; the execution can't go on"
        }
        "grant.exceeded" => "have its parent hand on a grant that holds it, if the parent has it",
        "tool.unknown" => {
            "declare the action in the schema; for a tool, name it in `bundle.toml`; a method that MCP does not have is never permitted"
        }
        "policy.error" => {
            "correct the policy, or what it reads; until then every such request is denied"
        }
        "policy.denied" => "nothing, if it should not happen; else write a policy that permits it",
        "meter.exhausted" => "wait until the window has passed, or publish a higher limit",
        "approval.required" => {
            "`interlock approvals` shows what waits; the agent asks again by its id"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
