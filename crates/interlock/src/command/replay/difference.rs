use proof::json::{Value, number, object};

use crate::command::answer::in_words;

use crate::output::{Paint, Style};

/// A decision with a different outcome.
pub(in crate::command) struct Difference {
    /// The record's index in the lineage log.
    pub(in crate::command) index: u64,
    /// The decision on record.
    pub(in crate::command) recorded: Value,
    /// The decision as derived now.
    pub(in crate::command) derived: Value,
}

/// Whether two decisions give the same verdict with the same code.
pub(in crate::command) fn is_same_answer(recorded: &Value, derived: &Value) -> bool {
    ["decision", "code"].iter().all(|name| recorded.get(name) == derived.get(name))
}

impl Difference {
    pub(in crate::command) fn to_value(&self) -> Value {
        object([
            ("derived", self.derived.clone()),
            ("index", number(self.index)),
            ("recorded", self.recorded.clone()),
        ])
    }

    /// The record's index, then before and after.
    pub(in crate::command) fn lines(&self, paint: Paint) -> [String; 3] {
        let index = paint.text(Style::Name, self.index.to_string());
        [
            format!("  record {index}"),
            format!("    {}", paint.text(Style::Bad, format!("- {}", answer(&self.recorded)))),
            format!("    {}", paint.text(Style::Good, format!("+ {}", answer(&self.derived)))),
        ]
    }
}

/// Verdict, code, and the policies that determined it. Where those are equal, the bytes differ
/// elsewhere.
fn answer(decision: &Value) -> String {
    let member = |name: &str| decision.get(name).and_then(Value::as_str).unwrap_or("?");
    let policies = decision.get("policies").and_then(Value::as_array).unwrap_or_default();
    let ids = policies.iter().filter_map(|policy| policy.get("id")?.as_str());
    let answer = in_words(member("decision"), member("code"), ids);
    let bundle: String = member("bundle").chars().take(8).collect();
    format!("{answer} (bundle {bundle})")
}

#[cfg(test)]
mod tests;
