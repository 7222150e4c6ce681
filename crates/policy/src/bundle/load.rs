//! From files to a bundle: every stage reports all that it finds, and the next one runs on what is
//! sound.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{Entities, Schema};
use cedar_policy_core::ast::EntityUID;
use proof::digest::Digest;

use super::detectors;
use super::entities::{self, EntityMap};
use super::labels::{self, LabelContext, LabelRules};
use super::manifest::{Manifest, ResourceId};
use super::messages;
use super::meters;
use super::names::NameSpellings;
use super::policies::{self, Policies, located};
use super::schema::{ActionShape, Extent, Shapes};
use super::store::Store;
use super::{
    Bundle, DETECTORS, ENTITIES, EXPECTED, Files, LABELS, MANIFEST, METERS, REQUESTS, SCHEMA,
    UNKNOWN_TOOL, blob,
};
use crate::detectors::Detectors;
use crate::engine::{Index, has_stack};
use crate::error::{LoadCode, LoadError, LoadErrors};
use crate::limits::{
    DECIDE_STACK_BYTES, NAMED_TYPE_DEPTH_MAX, SCHEMA_EXPANDED_MAX, TYPE_DEPTH_MAX, stack_needed,
};
use crate::meters::Meters;
use crate::nearest::nearest;
use crate::semantics::Semantics;
use crate::temporal::plan::{Plan, TICKS_PER_SECOND};
use crate::typed::{CedarError, EntityKind, Extension, RecordType, Type, Undeclared};

/// Loads a bundle from its files, under another version of the decider than it names if one is
/// given.
pub(super) fn load(files: &Files, under: Option<Semantics>) -> Result<Bundle, LoadErrors> {
    if !has_stack(0) {
        return Err(no_stack(0).into());
    }
    build(files, under)
}

/// Too little stack is left to load policies of this depth.
pub(super) fn no_stack(depth: usize) -> LoadError {
    let message = format!("less than {} bytes of stack are left", stack_needed(depth));
    LoadError::new(LoadCode::Stack, "", message)
        .help(format!("load on a thread with {DECIDE_STACK_BYTES}"))
}

/// Loads a bundle when there is stack enough.
pub(super) fn build(files: &Files, under: Option<Semantics>) -> Result<Bundle, LoadErrors> {
    let errors = blob::check(files);
    if !errors.is_empty() {
        return Err(LoadErrors::of(errors));
    }
    let (texts, mut errors) = texts(files);
    let manifest = manifest(&texts, files, &mut errors);
    let schema = schema(&texts, files, &mut errors);
    let Some((mut manifest, (schema, mut shapes))) = manifest.zip(schema) else {
        // Without a schema the policies can still be read for syntax and annotations.
        if let Err(found) = policies::load(&policy_texts(&texts), "", Semantics::CURRENT) {
            errors.extend(found.into_iter().filter(|error| {
                matches!(
                    error.code(),
                    LoadCode::PolicyAnnotation | LoadCode::PolicySyntax | LoadCode::Limit
                )
            }));
        }
        return Err(LoadErrors::of(errors));
    };
    manifest.semantics = under.unwrap_or(manifest.semantics);
    if manifest.semantics < Semantics::V4 {
        shapes.forget_claims();
        errors.extend(cedar_files(&texts));
    }
    errors.extend(check_tools(&manifest, &shapes, text(&texts, MANIFEST)));
    errors.extend(messages::check(manifest.semantics, &shapes, &text(&texts, SCHEMA)));
    errors.extend(labels::too_early(manifest.semantics, &shapes, texts.contains_key(LABELS)));
    let names = NameSpellings::read(&manifest, &shapes, &text(&texts, MANIFEST), &mut errors);
    let context = LabelContext { shapes: &shapes, spellings: &names, manifest: &manifest };
    let labels = labels(&texts, context, &mut errors);
    let detectors = detectors(&texts, &labels, manifest.semantics, &mut errors);
    let stated = stated(&texts, &shapes, &schema, &mut errors);
    let unnamed = stated.iter().flat_map(|(stated, _)| names.unnamed(stated));
    errors.extend(unnamed.map(|why| LoadError::new(LoadCode::Entities, ENTITIES, why)));
    let meters = metered(&texts, &manifest, &shapes, &schema, &mut errors);
    let policies =
        match policies::load(&policy_texts(&texts), &text(&texts, SCHEMA), manifest.semantics) {
            Ok(policies) if errors.is_empty() => policies,
            Ok(_) => return Err(LoadErrors::of(errors)),
            Err(found) => {
                errors.extend(found);
                return Err(LoadErrors::of(errors));
            }
        };
    let (stated, entities) = stated.unwrap_or_else(|| (EntityMap::new(), Entities::empty()));
    let blob = blob::pack(files);
    let index = index(&policies)?;
    Ok(Bundle {
        files: files.clone(),
        digest: Digest::of(&blob),
        blob,
        leaves: leaves(&policies.lowered),
        temporal: Plan::new(policies.lowered.temporal_fields(), TICKS_PER_SECOND),
        binds: binds(&manifest, &shapes),
        messages: messages::actions(&manifest, &shapes),
        labels,
        names,
        detectors,
        manifest,
        meters,
        shapes,
        schema,
        lowered: policies.lowered,
        policies: policies.infos,
        depth: policies.depth,
        store: Store::new(&stated, entities, &index),
        index,
        warnings: policies.warnings,
    })
}

/// The index of the policies, in their order.
fn index(policies: &Policies) -> Result<Index, LoadErrors> {
    let set: &cedar_policy_core::ast::PolicySet = policies.lowered.as_cedar().as_ref();
    let found = policies.infos.iter().map(|info| {
        let id = cedar_policy_core::ast::PolicyID::from_string(&info.cedar_id);
        set.get(&id).ok_or_else(|| policies::lost(&info.file))
    });
    Ok(Index::new(found.collect::<Result<Vec<_>, LoadError>>()?))
}

type Texts = BTreeMap<String, Arc<str>>;

/// The ending of policy files in plain Cedar, which the decider knows from its fourth version on.
const CEDAR: &str = ".cedar";

fn cedar_files(texts: &Texts) -> Vec<LoadError> {
    let files = texts.keys().filter(|path| path.ends_with(CEDAR));
    let early = |path: &String| {
        LoadError::new(LoadCode::File, path, "this file is not part of a bundle")
            .help("policies lie in `policies/*.dw`; with `semantics = 4` in `policies/*.cedar` too")
    };
    files.map(early).collect()
}

/// The files as texts. Whatever is not part of a bundle is an error.
fn texts(files: &Files) -> (Texts, Vec<LoadError>) {
    let (mut texts, mut errors) = (BTreeMap::new(), Vec::new());
    for (path, bytes) in files {
        let known = [MANIFEST, SCHEMA, LABELS, DETECTORS, ENTITIES, METERS, REQUESTS, EXPECTED];
        let policy = path
            .strip_prefix("policies/")
            .and_then(|name| name.strip_suffix(".dw").or_else(|| name.strip_suffix(CEDAR)))
            .is_some_and(|stem| !stem.is_empty() && !stem.contains('/'));
        if !policy && !known.contains(&path.as_str()) && path != "README.md" {
            let error = LoadError::new(LoadCode::File, path, "this file is not part of a bundle")
                .nearest(nearest(path, known))
                .help("a bundle has `bundle.toml`, `schema.cedarschema`, `policies/*.dw`, `labels.toml`, `detectors.toml`, `meters.toml`, `entities.json`, `tests/requests.jsonl`, `tests/expected.jsonl`, `README.md`");
            errors.push(error);
            continue;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.starts_with('\u{feff}') => {
                drop(texts.insert(path.clone(), Arc::from(text)))
            }
            _ => errors.push(LoadError::new(
                LoadCode::File,
                path,
                "this file is not UTF-8 without a byte order mark",
            )),
        }
    }
    (texts, errors)
}

fn text(texts: &Texts, path: &str) -> Arc<str> {
    texts.get(path).map_or_else(|| Arc::from(""), Arc::clone)
}

fn policy_texts(texts: &Texts) -> Texts {
    let policies = texts.iter().filter(|(path, _)| path.starts_with("policies/"));
    policies.map(|(path, text)| (path.clone(), Arc::clone(text))).collect()
}

fn manifest(texts: &Texts, files: &Files, errors: &mut Vec<LoadError>) -> Option<Manifest> {
    match texts.get(MANIFEST) {
        Some(text) => Manifest::read(text).map_err(|found| errors.extend(found)).ok(),
        // The bundle without any file is the empty one, which denies everything.
        None if files.is_empty() => Some(Manifest::default()),
        None => {
            let error = LoadError::new(LoadCode::File, MANIFEST, "the manifest is missing");
            errors.push(error.help("it holds at least `name`, `version` and `semantics = 2`"));
            None
        }
    }
}

fn labels(texts: &Texts, context: LabelContext<'_>, errors: &mut Vec<LoadError>) -> LabelRules {
    let Some(text) = texts.get(LABELS) else { return LabelRules::default() };
    LabelRules::read(text, context).map_err(|found| errors.extend(found)).unwrap_or_default()
}

/// The detectors, which the decider knows from its second version on.
fn detectors(
    texts: &Texts,
    labels: &LabelRules,
    semantics: Semantics,
    errors: &mut Vec<LoadError>,
) -> Detectors {
    let Some(text) = texts.get(DETECTORS) else { return Detectors::default() };
    if semantics < Semantics::V2 {
        let message = "detectors need `semantics = 2` in `bundle.toml`";
        errors.push(LoadError::new(LoadCode::Detectors, DETECTORS, message));
        return Detectors::default();
    }
    detectors::read(text, labels).map_err(|found| errors.extend(found)).unwrap_or_default()
}

fn schema(texts: &Texts, files: &Files, errors: &mut Vec<LoadError>) -> Option<(Schema, Shapes)> {
    let text = match texts.get(SCHEMA) {
        Some(text) => Arc::clone(text),
        None if files.is_empty() => Arc::from(""),
        None => {
            errors.push(LoadError::new(LoadCode::File, SCHEMA, "the schema is missing"));
            return None;
        }
    };
    if let Some(error) = too_deep(&text) {
        errors.push(error);
        return None;
    }
    let read =
        Schema::from_str(&text).map_err(|error| located(SCHEMA, &text, LoadCode::Schema, &error));
    let shapes = read.and_then(|schema| {
        let resolved = cedar_policy::schema_str_to_json_with_resolved_types(&text)
            .map_err(|error| located(SCHEMA, &text, LoadCode::Schema, &error))?;
        let shapes = Shapes::read(&resolved.0)
            .map_err(|why| LoadError::new(LoadCode::Schema, SCHEMA, why.to_string()))?;
        let shapes = shapes.compare(schema.as_ref());
        Ok((schema, shapes))
    });
    let (schema, shapes) = shapes.map_err(|error| errors.push(error)).ok()?;
    let found = check_actions(&shapes, &text);
    let sound = found.is_empty();
    errors.extend(found);
    sound.then_some((schema, shapes))
}

/// Types nested deeper, or larger, than any that is allowed, refused before the schema's parser
/// recurses into them.
fn too_deep(text: &Arc<str>) -> Option<LoadError> {
    let Extent { brackets, depth, size } = Extent::of(text);
    let message = if brackets > TYPE_DEPTH_MAX {
        format!("brackets are nested {brackets} deep; at most {TYPE_DEPTH_MAX} are allowed")
    } else if depth > NAMED_TYPE_DEPTH_MAX {
        format!(
            "types that name one another are nested {depth} deep; at most {NAMED_TYPE_DEPTH_MAX} are allowed"
        )
    } else if size > SCHEMA_EXPANDED_MAX {
        format!("written out, the types have more than {SCHEMA_EXPANDED_MAX} words and signs")
    } else {
        return None;
    };
    Some(LoadError::new(LoadCode::Limit, SCHEMA, message))
}

/// The members of a context that this crate supplies.
const CONTEXT: [&str; 10] = [
    "detected",
    "facts",
    "host",
    "input",
    "isOutput",
    "labels",
    "output",
    "resource_labels",
    "system",
    "undeclared",
];
/// The members of `context.facts`.
const FACTS: [&str; 4] = ["assurance", "at", "at_ms", "trust"];

fn check_actions(shapes: &Shapes, text: &Arc<str>) -> Vec<LoadError> {
    let mut errors = Vec::new();
    for (name, action) in shapes.actions() {
        let point = |message: String, word: &str| {
            let offset = find_word(text, word).unwrap_or(0);
            LoadError::new(LoadCode::Schema, SCHEMA, message).at(text, offset, word.len())
        };
        if action.id == UNKNOWN_TOOL || action.id.starts_with("tools/call:") {
            let message = format!("the action `{name}` bears a name that stands for unknown tools");
            errors.push(point(message, &action.id));
        }
        for (member, declared) in &action.context.members {
            let fits = match (member.as_str(), &declared.ty) {
                ("input", Type::Record(_)) | ("isOutput" | "undeclared", Type::Bool) => true,
                ("output", Type::Record(_)) | ("host", Type::String) => !declared.required,
                ("detected" | "labels" | "resource_labels", Type::Set(of)) => **of == Type::String,
                ("facts", Type::Record(record)) => {
                    errors.extend(check_facts(name, record, &point));
                    true
                }
                ("system", Type::Record(record)) => {
                    let now = Type::Extension(Extension::Datetime);
                    record.members.iter().all(|(name, member)| name == "now" && member.ty == now)
                }
                _ => false,
            };
            if !fits {
                let message = format!(
                    "nothing supplies `context.{member}` of the action `{name}` in this form"
                );
                let error = point(message, member)
                    .nearest(nearest(member, CONTEXT))
                    .help("a context has `input` (the arguments), `output?` (the result, for history), `facts`, `host?: String`, `labels: Set<String>`, `detected: Set<String>`, `resource_labels: Set<String>`, `system: { now: datetime }`, `isOutput: Bool`, `undeclared: Bool`");
                errors.push(error);
            }
        }
    }
    errors
}

fn check_facts(
    action: &str,
    record: &RecordType,
    point: &dyn Fn(String, &str) -> LoadError,
) -> Vec<LoadError> {
    let wrong = record.members.iter().filter(|(name, member)| {
        !matches!(
            (name.as_str(), &member.ty),
            ("assurance" | "trust", Type::String)
                | ("at_ms", Type::Long)
                | ("at", Type::Extension(Extension::Datetime))
        )
    });
    wrong
        .map(|(name, _)| {
            let message = format!(
                "nothing supplies `context.facts.{name}` of the action `{action}` in this form"
            );
            point(message, name).nearest(nearest(name, FACTS)).help(
                "facts are `assurance: String`, `trust: String`, `at_ms: Long`, `at: datetime`",
            )
        })
        .collect()
}

/// Where a word stands as such, and not as a part of another.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = text.get(..*at).and_then(|text| text.chars().next_back());
        let after = text.get(at.saturating_add(word.len())..).and_then(|text| text.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// The tools of the manifest against the schema: actions, resource types, arguments.
fn check_tools(manifest: &Manifest, shapes: &Shapes, text: Arc<str>) -> Vec<LoadError> {
    let mut errors = Vec::new();
    let mut modes: BTreeMap<&str, Undeclared> = BTreeMap::new();
    for (tool, entry) in &manifest.tools {
        let point = |message: String| {
            let message = format!("the tool `{tool}`: {message}");
            LoadError::new(LoadCode::Manifest, MANIFEST, message).at(
                &text,
                entry.offset,
                entry.bytes,
            )
        };
        if entry.pinned.is_some() && manifest.semantics < Semantics::V2 {
            let message = "nothing looks at `pinned` before `semantics = 2`".to_owned();
            errors.push(point(message));
        }
        let Some(action) = shapes.action(&entry.action) else {
            let message = format!("the action `{}` is not in the schema", entry.action);
            errors.push(point(message).nearest(nearest(&entry.action, shapes.action_ids())));
            continue;
        };
        match shapes.entity(&entry.resource_kind) {
            Some((kind, _)) if action.resources.contains(kind) => {}
            _ => {
                let message = format!(
                    "the action `{}` does not apply to resources of type `{}`",
                    entry.action, entry.resource_kind
                );
                let known = action.resources.iter().map(String::as_str);
                errors.push(point(message).nearest(nearest(&entry.resource_kind, known)));
            }
        }
        if let ResourceId::Argument(argument) = &entry.resource_id
            && !names_resource(action, argument)
        {
            let message =
                format!("`{argument}` is not a required string among the action's arguments");
            let known = action.input().into_iter().flat_map(|input| input.members.keys());
            errors.push(point(message).nearest(nearest(argument, known.map(String::as_str))));
        }
        if *modes.entry(&entry.action).or_insert(entry.undeclared) != entry.undeclared {
            let message = "another tool stands for the same action and treats undeclared arguments differently";
            errors.push(point(message.to_owned()));
        }
    }
    errors
}

fn names_resource(action: &ActionShape, argument: &str) -> bool {
    action.input().and_then(|input| input.members.get(argument)).is_some_and(|member| {
        member.required && matches!(member.ty, Type::String | Type::Entity(_))
    })
}

fn binds(manifest: &Manifest, shapes: &Shapes) -> BTreeSet<EntityUID> {
    let binding = manifest.tools.values().filter(|entry| entry.undeclared == Undeclared::Ignore);
    binding.filter_map(|entry| Some(shapes.action(&entry.action)?.uid.clone())).collect()
}

/// The meters, which the decider knows from its second version on.
fn metered(
    texts: &Texts,
    manifest: &Manifest,
    shapes: &Shapes,
    schema: &Schema,
    errors: &mut Vec<LoadError>,
) -> Meters {
    let Some(text) = texts.get(METERS) else { return Meters::default() };
    if manifest.semantics < Semantics::V2 {
        let message = "meters need `semantics = 2` in `bundle.toml`";
        errors.push(LoadError::new(LoadCode::Meters, METERS, message));
        return Meters::default();
    }
    let groups = groups(schema);
    let read = meters::read(text, &meters::ChargeTargets { shapes, groups: &groups });
    read.map_err(|found| errors.extend(found)).unwrap_or_default()
}

/// The actions of each group of actions, by the group's id.
fn groups(schema: &Schema) -> BTreeMap<String, BTreeSet<EntityUID>> {
    let mut groups: BTreeMap<String, BTreeSet<EntityUID>> = BTreeMap::new();
    for action in schema.action_entities().into_iter().flatten() {
        let action: &cedar_policy_core::ast::Entity = action.as_ref();
        for group in action.ancestors() {
            let id: &str = group.eid().as_ref();
            groups.entry(id.to_owned()).or_default().insert(action.uid().clone());
        }
    }
    groups
}

fn stated(
    texts: &Texts,
    shapes: &Shapes,
    schema: &Schema,
    errors: &mut Vec<LoadError>,
) -> Option<(EntityMap, Entities)> {
    let text = texts.get(ENTITIES).map_or("[]", |text| text);
    let wrong = |why: String| LoadError::new(LoadCode::Entities, ENTITIES, why);
    let stated = entities::read(text, shapes)
        .map_err(|found| errors.extend(found.into_iter().map(wrong)))
        .ok()?;
    let entities = stated.iter().map(|((kind, id), data)| data.to_cedar(kind, id));
    let entities: Result<Vec<_>, CedarError> = entities.collect();
    let store = entities.map_err(|why| why.to_string()).and_then(|all| {
        Entities::from_entities(all, Some(schema)).map_err(|error| error.to_string())
    });
    let store = store.map_err(|why| errors.push(wrong(why))).ok()?;
    Some((stated, store))
}

/// The temporal conditions of each action.
fn leaves(lowered: &dogwood_language::LoweredPolicySet) -> BTreeMap<EntityUID, Vec<String>> {
    let mut leaves: BTreeMap<EntityUID, Vec<String>> = BTreeMap::new();
    for field in lowered.temporal_fields() {
        for action in &field.target_actions {
            let kind = match &action.namespace {
                Some(namespace) => format!("{namespace}::Action"),
                None => "Action".to_owned(),
            };
            // A name that does not parse names no action of the schema, so no request can ask for
            // it.
            let Ok(kind) = EntityKind::parse(&kind) else { continue };
            leaves.entry(kind.uid(&action.id)).or_default().push(field.id.clone());
        }
    }
    leaves
}
