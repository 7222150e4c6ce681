//! A bundle: one version of everything that decides, loaded strictly and as a whole.

mod annotations;
mod approval;
mod blob;
mod detection;
mod detectors;
pub(crate) mod entities;
mod event_schema;
mod history_scope;
pub(crate) mod labels;
mod load;
pub(crate) mod manifest;
pub(crate) mod messages;
mod metering;
mod meters;
pub(crate) mod names;
mod places;
mod policies;
pub(crate) mod schema;
mod source;
pub(crate) mod store;
mod tokens;
mod unknown_action;

use std::collections::BTreeMap;

use cedar_policy::Schema;
use cedar_policy_core::ast::EntityUID;
use dogwood_language::LoweredPolicySet;
use proof::digest::Digest;
use record::Trust;

use crate::engine::{Index, PolicyFailure};
use crate::error::{LoadErrors, Warning};
use crate::json::{InputValue, JsonError};
use crate::request::{Entity, Request, ToolName};
use crate::semantics::Semantics;
use crate::temporal::plan::Plan;
pub use history_scope::HistoryScope;
use manifest::{Manifest, ResourceId};
pub use policies::PolicyInfo;
use schema::Shapes;
use store::Store;

/// The manifest's path.
pub(crate) const MANIFEST: &str = "bundle.toml";
/// The schema's path.
pub(crate) const SCHEMA: &str = "schema.cedarschema";
/// The path of the labels.
pub(crate) const LABELS: &str = "labels.toml";
/// The path of the detectors.
pub(crate) const DETECTORS: &str = "detectors.toml";
/// The path of the entities.
pub(crate) const ENTITIES: &str = "entities.json";
/// The path of the meters.
pub(crate) const METERS: &str = "meters.toml";
/// The test requests' path, and that of what is expected of them.
pub(crate) const REQUESTS: &str = "tests/requests.jsonl";
pub(crate) const EXPECTED: &str = "tests/expected.jsonl";

/// The files of a bundle by path. Reading a folder is the caller's.
pub type Files = BTreeMap<String, Vec<u8>>;

/// One version of everything that decides. Compiled, immutable, `Send + Sync`: share it in an
/// `Arc`.
pub struct Bundle {
    files: Files,
    blob: Vec<u8>,
    digest: Digest,
    pub(crate) manifest: Manifest,
    /// Which spellings of a resource's name are one.
    pub(crate) names: names::NameSpellings,
    pub(crate) labels: labels::LabelRules,
    pub(crate) detectors: crate::detectors::Detectors,
    pub(crate) shapes: Shapes,
    /// The schema as written, which requests are checked against.
    pub(crate) schema: Schema,
    /// The policies in Cedar, with the schema that their temporal conditions were lowered into.
    pub(crate) lowered: LoweredPolicySet,
    /// By `@id`.
    policies: Vec<PolicyInfo>,
    /// The same policies in the same order, by their scopes.
    pub(crate) index: Index,
    /// The depth of the deepest expression.
    pub(crate) depth: usize,
    /// What the bundle states of entities, with the actions.
    pub(crate) store: Store,
    /// Per action, the temporal conditions that its context carries.
    pub(crate) leaves: BTreeMap<EntityUID, Vec<String>>,
    /// The temporal conditions, compiled.
    pub(crate) temporal: Plan,
    /// Actions whose undeclared arguments are bound by digest only.
    pub(crate) binds: std::collections::BTreeSet<EntityUID>,
    /// The actions of the protocol's messages, whose undeclared params are bound by digest only.
    pub(crate) messages: std::collections::BTreeSet<EntityUID>,
    /// The meters, and the rules by which actions charge them.
    pub(crate) meters: crate::meters::Meters,
    warnings: Vec<Warning>,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bundle({} {} {})", self.manifest.name, self.manifest.version, self.digest)
    }
}

/// A tool that a bundle knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolInfo<'a> {
    /// The server's name in this domain.
    pub server: &'a str,
    /// The tool's name on that server.
    pub tool: &'a str,
    /// The action that calling it stands for.
    pub action: &'a str,
}

impl Bundle {
    /// Loads a bundle from its files. Needs [`crate::limits::DECIDE_STACK_BYTES`] of stack.
    ///
    /// The depth of an expression is counted before it is parsed, as an upper bound: the operators
    /// that bind loosest (`||`, `if`, `then`, `else`, `when`, `unless`), plus, of their deepest
    /// operand, its `&&`, plus, of the deepest operand of those, every other operator, `.`, `in`,
    /// `like`, .. and one for each bracket around it.
    ///
    /// # Errors
    /// Every problem that was found, by file and place: those of the manifest, the schema and the
    /// policies' syntax and annotations together; those that need a valid schema once there is one.
    pub fn load(files: &Files) -> Result<Bundle, LoadErrors> {
        load::load(files, None)
    }

    /// Whether a condition over history looks at how requests for this action ended: with a result,
    /// or with an error.
    #[must_use]
    pub fn looks_back_at(&self, action: &str, is_result: bool) -> bool {
        self.temporal.is_about(action, if is_result { "response" } else { "error" })
    }

    /// Loads a bundle from its archive: canonical JSON, `{"files":[{"bytes","path"}...],"v":1}`,
    /// sorted by path, the bytes in base64url.
    ///
    /// # Errors
    /// As [`Bundle::load`], or when the archive is not in exactly that form.
    pub fn from_blob(blob: &[u8]) -> Result<Bundle, LoadErrors> {
        load::load(&blob::unpack(blob)?, None)
    }

    /// The same, deciding by this version of the decider whatever its manifest names: for trying a
    /// version out on what happened.
    ///
    /// # Errors
    /// As [`Bundle::from_blob`], or when it cannot be loaded under that version.
    pub fn from_blob_under(blob: &[u8], semantics: Semantics) -> Result<Bundle, LoadErrors> {
        load::load(&blob::unpack(blob)?, Some(semantics))
    }

    /// The bundle without files, which denies everything.
    #[must_use]
    #[expect(clippy::expect_used, reason = "loading no files is a constant, and tested")]
    pub fn empty() -> Bundle {
        load::build(&Files::new(), None).expect("the empty bundle loads")
    }

    /// The archive that [`Bundle::from_blob`] reads.
    #[must_use]
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The digest of [`Bundle::blob`].
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The files it was loaded from.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The name in the manifest.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// The version in the manifest.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.manifest.version
    }

    /// The version of the decider that it is written for.
    #[must_use]
    pub fn semantics(&self) -> Semantics {
        self.manifest.semantics
    }

    /// Whose events its conditions over history see, and whose use its meters of executions count.
    #[must_use]
    pub fn history_of(&self) -> HistoryScope {
        match self.semantics() >= Semantics::V4 {
            true => self.manifest.history_of.unwrap_or(HistoryScope::Line),
            false => HistoryScope::Execution,
        }
    }

    /// The worst trust state that may still act.
    #[must_use]
    pub fn trust_minimum(&self) -> Trust {
        self.manifest.trust_minimum
    }

    /// Parts that are allowed, and likely not meant.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The policies, by id.
    pub fn policies(&self) -> impl Iterator<Item = &PolicyInfo> {
        self.policies.iter()
    }

    /// The policy of that id.
    #[must_use]
    pub fn policy(&self, id: &str) -> Option<&PolicyInfo> {
        let at = self.policies.binary_search_by(|info| info.id.as_str().cmp(id)).ok()?;
        self.policies.get(at)
    }

    /// The policy of that number in the index.
    pub(crate) fn numbered(&self, number: usize) -> Option<&PolicyInfo> {
        self.policies.get(number)
    }

    /// The policy that failed, by `@id`.
    pub(crate) fn policy_id(&self, failure: &PolicyFailure) -> Option<&str> {
        Some(&self.numbered(failure.policy?)?.id)
    }

    /// The depth of its deepest expression, as [`Bundle::load`] counts it.
    /// [`crate::limits::stack_needed`] says what stack that takes.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The tools it knows, by server and tool.
    pub fn tools(&self) -> impl Iterator<Item = ToolInfo<'_>> {
        self.manifest.tools.iter().map(|(name, entry)| ToolInfo {
            server: &name.server,
            tool: &name.tool,
            action: &entry.action,
        })
    }

    /// Whether the manifest says what this tool of a server stands for.
    #[must_use]
    pub fn knows_tool(&self, server: &str, tool: &str) -> bool {
        self.manifest.tools.contains_key(&ToolName::new(server, tool))
    }

    /// Whether it knows the tool and pins no other definition than this.
    #[must_use]
    pub fn lists_tool(&self, server: &str, tool: &str, definition: &Digest) -> bool {
        let tool = self.manifest.tools.get(&ToolName::new(server, tool));
        tool.is_some_and(|entry| entry.pinned.is_none_or(|pinned| pinned == *definition))
    }

    /// The one definition with which a tool may be called, by server and tool; none where any will
    /// do.
    pub(crate) fn pinned(&self, tool: &ToolName) -> Option<Digest> {
        self.manifest.tools.get(tool)?.pinned
    }

    /// The request that calling a tool stands for. `arguments` is a JSON object in text; it becomes
    /// the input as it is. The resource's id is in the one spelling of its type. An unknown tool
    /// gives the action `tools/call:SERVER/TOOL`, which no schema can declare; an argument that
    /// should name the resource and does not gives a resource without id, which is malformed.
    #[must_use]
    pub fn tool_request(
        &self,
        principal: Entity,
        server: &str,
        tool: &str,
        arguments: &str,
    ) -> Request {
        let input = arguments.to_owned();
        let Some(entry) = self.manifest.tools.get(&ToolName::new(server, tool)) else {
            let action = format!("{UNKNOWN_TOOL}:{server}/{tool}");
            return Request { principal, action, resource: Entity::new("Server", server), input };
        };
        let id = match &entry.resource_id {
            ResourceId::Fixed(id) => id.clone(),
            ResourceId::Argument(name) => {
                let arguments = self.read_input(arguments).unwrap_or_default();
                arguments.get(name).and_then(InputValue::as_str).unwrap_or_default().to_owned()
            }
        };
        let resource = self.spelt(Entity::new(entry.resource_kind.clone(), id));
        Request { principal, action: entry.action.clone(), resource, input }
    }

    /// A resource with its id in the one spelling of its type. One that can't be spelt stays as it
    /// is, and is malformed.
    pub(crate) fn spelt(&self, mut resource: Entity) -> Entity {
        let kind = self.shapes.entity(&resource.kind).map(|(kind, _)| kind);
        let _unspelt = self.names.respell(kind.unwrap_or(&resource.kind), &mut resource.id);
        resource
    }

    /// Reads what is authorised, as this version of the decider does.
    pub(crate) fn read_input(&self, text: &str) -> Result<BTreeMap<String, InputValue>, JsonError> {
        match self.semantics() >= Semantics::V4 {
            true => InputValue::parse_input(text),
            false => InputValue::parse_object(text),
        }
    }

    /// Reads what came of a request, as this version of the decider does.
    pub(crate) fn read_output(
        &self,
        text: &str,
    ) -> Result<BTreeMap<String, InputValue>, JsonError> {
        match self.semantics() >= Semantics::V4 {
            true => InputValue::parse_output(text),
            false => InputValue::parse_object(text),
        }
    }
}

/// The action of a tool that the manifest does not know begins so; no schema may declare such an
/// action.
pub(crate) const UNKNOWN_TOOL: &str = "tools/call";

#[cfg(test)]
mod tests;
