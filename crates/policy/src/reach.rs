//! What of a bundle no request can ever reach: rules that never apply, words that nobody says,
//! tools that nobody may call.
//!
//! Who asks a node is a `Workload`; what it asks for is a tool of the manifest's table, a message
//! of the protocol, or a sub-agent. Whatever a bundle says about anything else is silently dead,
//! and a `forbid` that is dead is the worst typo there is. What is found here is allowed, since the
//! same bundle may decide for others (`interlock decide`).

mod conditions;
mod events;
mod scopes;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy_core::ast::{EntityType, EntityUID, Policy, PolicyID, PolicySet};

use crate::bundle::schema::ActionShape;
use crate::bundle::{Bundle, MANIFEST, PolicyInfo, SCHEMA};
use crate::error::{Warning, WarningCode};
use crate::protocol;

/// What a domain has, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DomainNames {
    /// Its registered workloads.
    pub workloads: BTreeSet<String>,
    /// How many officers hold each of its roles.
    pub roles: BTreeMap<String, u64>,
    /// The servers that its node starts.
    pub servers: BTreeSet<String>,
}

/// What of the bundle nothing can reach, by file and place. With a domain, also what only the
/// domain shows.
#[must_use]
pub fn unreached(bundle: &Bundle, domain: Option<&DomainNames>) -> Vec<Warning> {
    let Some(caller) = entity_type(bundle, CALLER) else {
        let message = "no node can ask by this bundle: its callers are entities of type `Workload`, which the schema does not declare. Declare it, or use the bundle with `interlock decide` only";
        return vec![Warning::new(WarningCode::CallerUndeclared, message).in_file(SCHEMA)];
    };
    let reach = Reachability { bundle, domain, sources: sources(bundle, &caller), caller };
    let (mut found, mut permits) = (Vec::new(), Vec::new());
    for (info, policy) in reach.policies() {
        match reach.scope(info, policy) {
            Some(never) => found.push(never),
            None => {
                found.extend(reach.conditions(info, policy));
                permits.extend((info.effect == "permit").then_some(policy));
            }
        }
    }
    found.extend(reach.actions(&permits));
    found.extend(reach.events());
    found.extend(reach.words());
    found.sort();
    found.dedup();
    found
}

/// The type of who asks a node.
const CALLER: &str = "Workload";
/// The type of what protocol messages are addressed to.
const SERVER: &str = "Server";
/// The action of starting a sub-agent, and the type of what it acts on.
const DELEGATE: (&str, &str) = ("agent/start", "Agent");

struct Reachability<'b> {
    bundle: &'b Bundle,
    domain: Option<&'b DomainNames>,
    caller: EntityType,
    /// What requests for an action act on. An action that none asks for is not in it.
    sources: BTreeMap<EntityUID, Vec<RequestSource>>,
}

/// The resources of one tool, or of all messages of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RequestSource {
    kind: EntityType,
    /// The only id; none where an argument says it.
    id: Option<String>,
}

fn entity_type(bundle: &Bundle, name: &str) -> Option<EntityType> {
    Some(bundle.shapes.entity(name)?.1.kind.uid("").entity_type().clone())
}

fn sources(bundle: &Bundle, caller: &EntityType) -> BTreeMap<EntityUID, Vec<RequestSource>> {
    let mut sources: BTreeMap<EntityUID, Vec<RequestSource>> = BTreeMap::new();
    let mut add = |action: &ActionShape, kind: &str, id: Option<String>| {
        let kind = bundle.shapes.entity(kind).filter(|(name, _)| action.resources.contains(*name));
        if let (Some((_, shape)), true) = (kind, action.principals.contains(&caller.to_string())) {
            let kind = shape.kind.uid("").entity_type().clone();
            sources.entry(action.uid.clone()).or_default().push(RequestSource { kind, id });
        }
    };
    for (_, action) in bundle.shapes.actions() {
        if protocol::is_action(&action.id) {
            add(action, SERVER, None);
        } else if action.id == DELEGATE.0 {
            add(action, DELEGATE.1, None);
        }
    }
    for tool in bundle.manifest.tools.values() {
        if let Some(action) = bundle.shapes.action(&tool.action) {
            add(action, &tool.resource_kind, tool.resource_id.fixed().map(str::to_owned));
        }
    }
    sources
}

impl<'b> Reachability<'b> {
    /// Each policy as it was written, and as Cedar has it.
    fn policies(&self) -> impl Iterator<Item = (&'b PolicyInfo, &'b Policy)> {
        let set: &PolicySet = self.bundle.lowered.as_cedar().as_ref();
        let policies = self.bundle.policies();
        policies.filter_map(|info| Some((info, set.get(&PolicyID::from_string(&info.cedar_id))?)))
    }

    /// A warning about a policy, at its place.
    fn about(&self, info: &PolicyInfo, code: WarningCode, why: &str) -> Warning {
        let message = format!("the {} `{}` {why}", info.effect, info.id);
        Warning::new(code, message).at_policy(&info.id, &info.file, info.line)
    }

    fn is_asked_for(&self, id: &str) -> bool {
        self.bundle.shapes.action(id).is_some_and(|action| self.sources.contains_key(&action.uid))
    }

    /// Actions that are missing or superfluous.
    fn actions(&self, permits: &[&Policy]) -> Vec<Warning> {
        let mut found = Vec::new();
        let start = |code, name: &str, what: &str| {
            let message = format!(
                "no policy can permit `{name}`, so {what}: declare the action for `Workload` and `Server` in the schema, and permit it"
            );
            Warning::new(code, message).in_file(SCHEMA)
        };
        if !self.may_be_permitted("initialize", permits) {
            found.push(start(WarningCode::StartInitialize, "initialize", "no client can start"));
        }
        if self.bundle.tools().next().is_some() && !self.may_be_permitted("tools/list", permits) {
            found.push(start(WarningCode::StartToolsList, "tools/list", "no client sees a tool"));
        }
        found.extend(self.answers(permits));
        found.extend(self.unasked());
        found.extend(self.unpermitted(permits));
        found.extend(self.unknown_servers());
        found
    }

    /// Requests of servers that may pass, and whose answers never can.
    fn answers(&self, permits: &[&Policy]) -> Vec<Warning> {
        let asked = protocol::OF_ANSWERS.iter().filter_map(|answer| {
            let request = format!("server/{}", answer.strip_prefix("answer/")?);
            (self.may_be_permitted(&request, permits) && !self.is_asked_for(answer)).then(|| {
                let message = format!(
                    "`{request}` can be permitted, and its answer never passes: declare and permit `{answer}` too"
                );
                Warning::new(WarningCode::AnswerUndeclared, message).in_file(SCHEMA)
            })
        });
        asked.collect()
    }

    /// Actions that nothing stands for, in one sentence.
    fn unasked(&self) -> Option<Warning> {
        let actions = self.bundle.shapes.actions().map(|(_, action)| action);
        let names = actions.filter(|action| !self.sources.contains_key(&action.uid));
        let names: Vec<String> = names.map(|action| format!("`{}`", action.id)).collect();
        (!names.is_empty()).then(|| {
            let message = format!(
                "no tool and no message stands for {}: name a tool for each in `{MANIFEST}`, or take them out",
                names.join(", ")
            );
            Warning::new(WarningCode::ActionUnreached, message).in_file(SCHEMA)
        })
    }

    /// Tools that can only be denied.
    fn unpermitted(&self, permits: &[&Policy]) -> Vec<Warning> {
        let tools = self.bundle.tools();
        let denied =
            tools.filter(|tool| !self.may_be_permitted(tool.action, permits)).map(|tool| {
                let message = format!(
                    "the tool `{}/{}` can only be denied: no policy permits `{}`",
                    tool.server, tool.tool, tool.action
                );
                Warning::new(WarningCode::ToolUnpermitted, message).in_file(MANIFEST)
            });
        denied.collect()
    }

    /// Servers of the tool table that the node does not start.
    fn unknown_servers(&self) -> Vec<Warning> {
        let Some(domain) = self.domain else { return Vec::new() };
        let named: BTreeSet<&str> = self.bundle.tools().map(|tool| tool.server).collect();
        let unknown = named.into_iter().filter(|name| !domain.servers.contains(*name));
        let warnings = unknown.map(|name| {
            let known = domain.servers.iter().map(String::as_str);
            let message = format!(
                "`interlock.toml` has no server `{name}`, so its tools can't be called{}",
                meant(name, known)
            );
            Warning::new(WarningCode::ServerUnknown, message).in_file(MANIFEST)
        });
        warnings.collect()
    }

    /// Whether one of the permits that can apply is about this action, and something asks for it.
    fn may_be_permitted(&self, id: &str, permits: &[&Policy]) -> bool {
        let Some(action) = self.bundle.shapes.action(id) else { return false };
        self.sources.contains_key(&action.uid)
            && permits
                .iter()
                .any(|policy| self.is_in_scope(policy.action_constraint(), &action.uid))
    }
}

/// What may have been meant by a name, as the end of a sentence.
fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    crate::nearest::nearest(name, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
