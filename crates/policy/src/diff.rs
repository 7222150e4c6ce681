//! What differs between two bundles: policies, tools and files by name, and what each answers to
//! the same requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bundle::Bundle;
use crate::decision::{Decision, Verdict};
use crate::evaluation::{Evaluation, evaluate};

/// Names that only one of two bundles has, or that both have and mean other things by; each list
/// sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameChanges {
    /// Only the new one has them.
    pub added: Vec<String>,
    /// Only the old one has them.
    pub removed: Vec<String>,
    /// Both have them, with another text or action.
    pub changed: Vec<String>,
}

/// How an answer turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerdictChange {
    /// A permit now, and none before.
    Allowed,
    /// A denial now, and none before.
    Denied,
    /// Officers must approve now, and had not to before.
    Waits,
    /// The same verdict for another reason: another code, or other policies.
    Otherwise,
}

impl VerdictChange {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Allowed, Self::Denied, Self::Waits, Self::Otherwise];

    /// `allowed`, `denied`, `waits` or `otherwise`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Waits => "waits",
            Self::Otherwise => "otherwise",
        }
    }

    /// How the answer turned from one decision to the other. None where it is the same: verdict,
    /// code and policies.
    #[must_use]
    pub fn between(old: &Decision, new: &Decision) -> Option<Self> {
        if old.verdict() != new.verdict() {
            return Some(match new.verdict() {
                Verdict::Permit => Self::Allowed,
                Verdict::Deny => Self::Denied,
                Verdict::Pending => Self::Waits,
            });
        }
        let is_same = old.code() == new.code() && old.policy_ids().eq(new.policy_ids());
        (!is_same).then_some(Self::Otherwise)
    }
}

/// What differs between two bundles, whatever is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BundleChanges {
    /// Policies, by id; changed where their text differs, annotations included.
    pub policies: NameChanges,
    /// Tools, as `server/tool`; changed where they stand for something else.
    pub tools: NameChanges,
    /// Files, by path.
    pub files: NameChanges,
}

/// Compares two bundles part by part.
#[must_use]
pub fn parts(old: &Bundle, new: &Bundle) -> BundleChanges {
    fn policies(bundle: &Bundle) -> BTreeMap<String, &str> {
        bundle.policies().map(|one| (one.id.clone(), one.source.as_str())).collect()
    }
    fn tools(bundle: &Bundle) -> BTreeMap<String, String> {
        let tools = bundle.manifest.tools.iter().map(|(tool, entry)| {
            // Without where the table stands in its file.
            let resource = (&entry.resource_kind, &entry.resource_id);
            let meaning = (&entry.action, resource, &entry.undeclared, &entry.pinned);
            (tool.to_string(), format!("{meaning:?}"))
        });
        tools.collect()
    }
    BundleChanges {
        policies: NameChanges::between(&policies(old), &policies(new)),
        tools: NameChanges::between(&tools(old), &tools(new)),
        files: NameChanges::between(old.files(), new.files()),
    }
}

impl NameChanges {
    fn between<T: PartialEq>(old: &BTreeMap<String, T>, new: &BTreeMap<String, T>) -> Self {
        let only = |of: &BTreeMap<String, T>, other: &BTreeMap<String, T>| {
            of.keys().filter(|name| !other.contains_key(*name)).cloned().collect()
        };
        let both = new.iter().filter_map(|(name, one)| Some((name, one, old.get(name)?)));
        let changed = both.filter(|(_, one, other)| one != other).map(|(name, ..)| name.clone());
        Self { added: only(new, old), removed: only(old, new), changed: changed.collect() }
    }
}

/// What both bundles answer to one request, and how that turned.
#[must_use]
pub fn answers(
    old: &Arc<Bundle>,
    new: &Arc<Bundle>,
    request: &Evaluation,
) -> (Decision, Decision, Option<VerdictChange>) {
    let (before, after) = (evaluate(old, request), evaluate(new, request));
    let turn = VerdictChange::between(&before, &after);
    (before, after, turn)
}

#[cfg(test)]
mod tests;
