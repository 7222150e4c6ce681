//! `labels.toml`: the labels, what actions do to them, and the resources that carry some from the
//! start.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy_core::ast::EntityUID;
use record::{LabelChange, Labels};
use toml::de::{DeTable, DeValue};

use super::LABELS;
use super::manifest::{Manifest, TomlCodes, TomlEntry, TomlKey, TomlReader};
use super::names::NameSpellings;
use super::places::{self, PlacePatterns};
use super::schema::Shapes;
use crate::error::{LoadCode, LoadError};
use crate::limits::{LABEL_BYTES_MAX, LABELLED_RESOURCES_MAX, LABELS_MAX};
use crate::nearest::nearest;
use crate::request::{Request, ToolName};
use crate::semantics::Semantics;

/// The parts of the bundle that `labels.toml` is checked against.
#[derive(Clone, Copy)]
pub(super) struct LabelContext<'a> {
    pub(super) shapes: &'a Shapes,
    pub(super) spellings: &'a NameSpellings,
    pub(super) manifest: &'a Manifest,
}

/// The rules of `labels.toml`.
#[derive(Debug, Clone, Default)]
pub(crate) struct LabelRules {
    names: Labels,
    actions: BTreeMap<EntityUID, ActionRule>,
    /// The labels that tools add beyond their actions.
    tools: BTreeMap<ToolName, Labels>,
    resources: Vec<ResourceRule>,
    pub(super) places: PlacePatterns,
}

#[derive(Debug, Clone)]
struct ActionRule {
    change: LabelChange,
    /// Whether who acts takes the labels of the resource.
    reads: bool,
    /// Whether who acts leaves its labels on the resource.
    writes: bool,
}

#[derive(Debug, Clone)]
struct ResourceRule {
    kind: String,
    id: IdPattern,
    labels: Labels,
}

/// An id, in lower case: whole, or how it begins, or how it ends, or what is in it.
#[derive(Debug, Clone)]
pub(super) enum IdPattern {
    Whole(String),
    Begins(String),
    Ends(String),
    Holds(String),
}

impl IdPattern {
    /// `*` stands for anything, at the end, at the beginning or at both, and nowhere else.
    pub(super) fn parse(text: &str) -> Option<IdPattern> {
        let lower = text.to_lowercase();
        let pattern = match (lower.strip_suffix('*'), lower.strip_prefix('*')) {
            (Some(start), _) => match start.strip_prefix('*') {
                Some(part) => IdPattern::Holds(part.to_owned()),
                None => IdPattern::Begins(start.to_owned()),
            },
            (None, Some(end)) => IdPattern::Ends(end.to_owned()),
            (None, None) => IdPattern::Whole(lower),
        };
        let (IdPattern::Whole(rest)
        | IdPattern::Begins(rest)
        | IdPattern::Ends(rest)
        | IdPattern::Holds(rest)) = &pattern;
        (!rest.contains('*') && !text.is_empty()).then_some(pattern)
    }

    pub(super) fn fits(&self, id: &str) -> bool {
        match self {
            IdPattern::Whole(whole) => id == whole,
            IdPattern::Begins(start) => id.starts_with(start.as_str()),
            IdPattern::Ends(end) => id.ends_with(end.as_str()),
            IdPattern::Holds(part) => id.contains(part.as_str()),
        }
    }
}

impl LabelRules {
    /// The labels that it declares.
    pub(crate) fn names(&self) -> &Labels {
        &self.names
    }

    /// The labels that an action, a tool or a resource brings.
    pub(crate) fn added(&self) -> Labels {
        let mut added = Labels::NONE;
        self.actions.values().for_each(|rule| added.union(&rule.change.adds));
        self.tools.values().for_each(|adds| added.union(adds));
        self.resources.iter().for_each(|rule| added.union(&rule.labels));
        added
    }

    /// The labels that the resource of a request carries from the start. Letter case makes no
    /// difference: where it should, a label too many is the safe mistake.
    pub(crate) fn stated(&self, shapes: &Shapes, request: &Request) -> Labels {
        let mut labels = Labels::NONE;
        if self.resources.is_empty() {
            return labels;
        }
        let Some((kind, _)) = shapes.entity(&request.resource.kind) else { return labels };
        let id = request.resource.id.to_lowercase();
        for rule in self.resources.iter().filter(|rule| rule.kind == kind) {
            if rule.id.fits(&id) {
                labels.union(&rule.labels);
            }
        }
        labels
    }

    /// What a permitted request does to the labels of who asks. An action that the file does not
    /// name reads its resource, and adds nothing of its own; a tool adds to what its action does.
    pub(crate) fn change(
        &self,
        shapes: &Shapes,
        request: &Request,
        tool: Option<&ToolName>,
        resource: &Labels,
    ) -> LabelChange {
        if self.actions.is_empty() && self.tools.is_empty() && resource.is_empty() {
            return LabelChange::default();
        }
        let action = shapes.action(&request.action);
        let rule = action.and_then(|action| self.actions.get(&action.uid));
        let mut change = rule.map(|rule| rule.change.clone()).unwrap_or_default();
        if rule.is_none_or(|rule| rule.reads) {
            change.adds.union(resource);
        }
        if let (Some(_), Some((kind, _))) =
            (rule.filter(|rule| rule.writes), shapes.entity(&request.resource.kind))
        {
            change.leaves = self.places.with(kind, &request.resource.id.to_lowercase());
        }
        if let Some(adds) = tool.and_then(|tool| self.tools.get(tool)) {
            change.adds.union(adds);
        }
        change
    }

    /// Reads the file, with all of its problems.
    pub(super) fn read(
        text: &Arc<str>,
        context: LabelContext<'_>,
    ) -> Result<LabelRules, Vec<LoadError>> {
        let codes = TomlCodes { value: LoadCode::Labels, key: LoadCode::LabelsKey };
        let mut reader = TomlReader::new(text, LABELS, codes);
        let Some(table) = reader.table() else { return Err(reader.errors) };
        let table = table.get_ref();
        let known = ["actions", "forgets", "labels", "places", "resources", "tools"];
        reader.only(table, "at the top", &known);
        let names = names(&mut reader, table);
        let places = places::read(&mut reader, table, context);
        let mut rules = LabelRules { names, places, ..LabelRules::default() };
        if let Some((actions, _)) = reader.optional(table, "actions", DeValue::as_table) {
            for (key, value) in actions {
                rules.action(&mut reader, key, value, context.shapes);
            }
        }
        if let Some((tools, _)) = reader.optional(table, "tools", DeValue::as_table) {
            for (key, value) in tools {
                rules.tool(&mut reader, key, value, context);
            }
        }
        if let Some((resources, span)) = reader.optional(table, "resources", DeValue::as_array) {
            for value in resources {
                rules.resource(&mut reader, value, context);
            }
            if resources.len() > LABELLED_RESOURCES_MAX {
                let message = format!("more than {LABELLED_RESOURCES_MAX} labelled resources");
                reader.wrong(LoadCode::Limit, &span, message);
            }
        }
        if reader.errors.is_empty() { Ok(rules) } else { Err(reader.errors) }
    }

    fn action(
        &mut self,
        reader: &mut TomlReader<'_>,
        key: &TomlKey<'_>,
        value: &TomlEntry<'_>,
        shapes: &Shapes,
    ) {
        let name = key.get_ref().as_ref();
        let Some(action) = shapes.action(name) else {
            let message = format!("the action `{name}` is not in the schema");
            let meant = nearest(name, shapes.action_ids());
            return reader.wrong_name(&key.span(), message, meant);
        };
        let Some(table) = value.get_ref().as_table() else {
            let message = "what an action does to labels is a table".to_owned();
            return reader.wrong(LoadCode::Labels, &key.span(), message);
        };
        reader.only(
            table,
            &format!("of the action `{name}`"),
            &["adds", "reads", "removes", "writes"],
        );
        let adds = self.list(reader, table, "adds");
        let removes = self.list(reader, table, "removes");
        let reads = reader.optional(table, "reads", DeValue::as_bool);
        let writes = reader.optional(table, "writes", DeValue::as_bool);
        if !removes.is_empty() && !adds.is_empty() {
            let message =
                "an action that removes labels adds none: declassifying is a transition of its own";
            reader.wrong(LoadCode::Labels, &key.span(), message.to_owned());
        }
        let reads = reads.is_none_or(|(reads, _)| reads);
        let writes = writes.is_some_and(|(writes, _)| writes);
        let change = LabelChange { adds, removes, ..LabelChange::default() };
        let rule = ActionRule { change, reads, writes };
        if self.actions.insert(action.uid.clone(), rule).is_some() {
            let message = format!("the action `{name}` stands here twice, by two of its names");
            reader.wrong(LoadCode::Labels, &key.span(), message);
        }
    }

    fn tool(
        &mut self,
        reader: &mut TomlReader<'_>,
        key: &TomlKey<'_>,
        value: &TomlEntry<'_>,
        context: LabelContext<'_>,
    ) {
        let LabelContext { shapes, manifest, .. } = context;
        let name = key.get_ref().as_ref();
        let tool = name.split_once('/').map(|(server, tool)| ToolName::new(server, tool));
        let known = tool.and_then(|tool| manifest.tools.get_key_value(&tool));
        let Some((tool, entry)) = known else {
            let message = format!("the tool `{name}` is not in `bundle.toml`");
            let names: Vec<String> = manifest.tools.keys().map(ToolName::to_string).collect();
            let meant = nearest(name, names.iter().map(String::as_str));
            return reader.wrong_name(&key.span(), message, meant);
        };
        let Some(table) = value.get_ref().as_table() else {
            let message = "what a tool does to labels is a table".to_owned();
            return reader.wrong(LoadCode::Labels, &key.span(), message);
        };
        reader.only(table, &format!("of the tool `{name}`"), &["adds"]);
        let adds = self.list(reader, table, "adds");
        if adds.is_empty() {
            let message = format!("the tool `{name}` names what it `adds`");
            reader.wrong(LoadCode::Labels, &key.span(), message);
        }
        let action = shapes.action(&entry.action).and_then(|one| self.actions.get(&one.uid));
        if action.is_some_and(|rule| !rule.change.removes.is_empty()) {
            let message = format!(
                "the action of the tool `{name}` removes labels, so it adds none: declassifying is a transition of its own"
            );
            reader.wrong(LoadCode::Labels, &key.span(), message);
        }
        self.tools.insert(tool.clone(), adds);
    }

    fn resource(
        &mut self,
        reader: &mut TomlReader<'_>,
        value: &TomlEntry<'_>,
        context: LabelContext<'_>,
    ) {
        let LabelContext { shapes, spellings, .. } = context;
        let span = value.span();
        let Some(table) = value.get_ref().as_table() else {
            let message = "a labelled resource is a table".to_owned();
            return reader.wrong(LoadCode::Labels, &span, message);
        };
        reader.only(table, "of a labelled resource", &["id", "labels", "type"]);
        let Some((name, at)) = reader.required(table, "type", &span, DeValue::as_str) else {
            return;
        };
        let Some((kind, _)) = shapes.entity(name) else {
            let message = format!("the entity type `{name}` is not in the schema");
            return reader.wrong_name(&at, message, nearest(name, shapes.entity_names()));
        };
        let Some((id, at)) = reader.required(table, "id", &span, DeValue::as_str) else { return };
        spellings.check_pattern(reader, kind, id, &at);
        let Some(id) = IdPattern::parse(id) else {
            let message = "`id` is an id, with `*` for anything at its end, its beginning or both";
            return reader.wrong(LoadCode::Labels, &at, message.to_owned());
        };
        let kind = kind.to_owned();
        let labels = self.list(reader, table, "labels");
        if labels.is_empty() {
            reader.wrong(LoadCode::Labels, &span, "a labelled resource names `labels`".to_owned());
        }
        self.resources.push(ResourceRule { kind, id, labels });
    }

    /// A list of declared labels; none where the table has no such key.
    pub(super) fn list(
        &self,
        reader: &mut TomlReader<'_>,
        table: &DeTable<'_>,
        name: &str,
    ) -> Labels {
        let Some((items, _)) = reader.optional(table, name, DeValue::as_array) else {
            return Labels::NONE;
        };
        let mut found = Vec::new();
        for item in items {
            let label = item.get_ref().as_str().unwrap_or_default();
            if self.names.contains(label) {
                found.push(label.to_owned());
                continue;
            }
            let message = format!("`{label}` is not a label that `[labels]` declares");
            let meant = nearest(label, self.names.iter());
            reader.wrong_name(&item.span(), message, meant);
        }
        found.into_iter().collect()
    }
}

/// `[labels]`: name = "what it means".
fn names(reader: &mut TomlReader<'_>, table: &DeTable<'_>) -> Labels {
    let Some((labels, span)) = reader.required(table, "labels", &(0..0), DeValue::as_table) else {
        return Labels::NONE;
    };
    if labels.len() > LABELS_MAX {
        reader.wrong(LoadCode::Limit, &span, format!("more than {LABELS_MAX} labels"));
    }
    let mut names = Vec::new();
    for (key, value) in labels {
        let name = key.get_ref().as_ref();
        if !is_label(name) {
            let message = format!(
                "`{name}` is not a label: small letters, digits, `_` and `-`, at most {LABEL_BYTES_MAX}, a letter first"
            );
            reader.wrong(LoadCode::Labels, &key.span(), message);
        }
        if value.get_ref().as_str().is_none_or(str::is_empty) {
            let message = format!("the label `{name}` is described by a text");
            reader.wrong(LoadCode::Labels, &value.span(), message);
        }
        names.push(name.to_owned());
    }
    names.into_iter().collect()
}

/// Whether it may be the name of a label.
pub(super) fn is_label(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    name.len() <= LABEL_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(fits)
}

/// What only a later version of the decider looks at, in a bundle for an earlier one: it would be
/// silently without effect.
pub(super) fn too_early(semantics: Semantics, shapes: &Shapes, has_file: bool) -> Vec<LoadError> {
    if semantics >= Semantics::V2 {
        return Vec::new();
    }
    const HELP: &str = "say `semantics = 2` in `bundle.toml`";
    let mut errors = Vec::new();
    if has_file {
        let message = "labels are looked at from `semantics = 2` on";
        errors.push(LoadError::new(LoadCode::Labels, LABELS, message).help(HELP));
    }
    for (name, action) in shapes.actions() {
        for member in ["labels", "resource_labels"] {
            if action.context.members.contains_key(member) {
                let message = format!(
                    "nothing supplies `context.{member}` of the action `{name}` before `semantics = 2`"
                );
                errors.push(LoadError::new(LoadCode::Schema, super::SCHEMA, message).help(HELP));
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests;
