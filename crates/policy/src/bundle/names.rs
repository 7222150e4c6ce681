//! Which arguments name resources, and in what spelling.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy_core::ast::EntityUID;

use super::MANIFEST;
use super::entities::EntityMap;
use super::manifest::{Manifest, ResourceId, TomlReader, TomlSpan};
use super::schema::{ActionShape, Shapes};
use crate::error::{LoadCode, LoadError};
use crate::nearest::nearest;
use crate::protocol;
use crate::request::Entity;
use crate::semantics::Semantics;
use crate::spelling::{NotComposed, Spelling};
use crate::typed::{Type, Typed};

/// The names of resources in a bundle. From the fourth version of the decider on, each has one
/// spelling.
#[derive(Debug, Clone, Default)]
pub(crate) struct NameSpellings {
    is_looked_at: bool,
    /// By entity type, where the bundle says what makes no difference.
    of: BTreeMap<String, Spelling>,
    /// By action and argument: the type of what the argument names; none for what is no entity,
    /// such as a resource of MCP.
    arguments: BTreeMap<EntityUID, BTreeMap<String, Option<String>>>,
}

/// Why a request does not name its resources as it must.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    #[error("the resource's id {why}")]
    Resource { why: NotComposed },
    #[error(
        "the resource's id is not in the spelling in which names of type `{kind}` are compared: see `same_name` in `{MANIFEST}`"
    )]
    Spelling { kind: String },
    #[error("`input.{name}` {why}")]
    Argument { name: String, why: NotComposed },
}

impl NameSpellings {
    /// The one spelling of the name of a resource.
    pub(crate) fn spelt<'n>(&self, kind: &str, name: &'n str) -> Result<Cow<'n, str>, NotComposed> {
        match (self.is_looked_at, self.of.get(kind)) {
            (false, _) => Ok(Cow::Borrowed(name)),
            (true, Some(spelling)) => spelling.of(name),
            (true, None) => Spelling::default().of(name),
        }
    }

    /// Puts a name in its one spelling.
    pub(crate) fn respell(&self, kind: &str, name: &mut String) -> Result<(), NotComposed> {
        if let Cow::Owned(spelt) = self.spelt(kind, name)? {
            *name = spelt;
        }
        Ok(())
    }

    /// Why the resource of a request is not named as it must be.
    pub(crate) fn refused(&self, kind: &str, resource: &Entity) -> Option<NameError> {
        match self.spelt(kind, &resource.id) {
            Err(why) => Some(NameError::Resource { why }),
            Ok(spelt) if spelt == resource.id => None,
            Ok(_) => Some(NameError::Spelling { kind: kind.to_owned() }),
        }
    }

    /// The arguments of an action with each name in its one spelling.
    pub(crate) fn spell(
        &self,
        action: &ActionShape,
        arguments: &mut BTreeMap<String, Typed>,
    ) -> Result<(), NameError> {
        if !self.is_looked_at {
            return Ok(());
        }
        let naming = self.arguments.get(&action.uid);
        for (name, value) in arguments {
            let kind = naming.and_then(|naming| naming.get(name));
            let whose = |why| NameError::Argument { name: name.clone(), why };
            self.spell_value(value, kind.map(Option::as_deref)).map_err(whose)?;
        }
        Ok(())
    }

    /// `kind`: none for what names nothing, and within, the type of what is named.
    fn spell_value(
        &self,
        value: &mut Typed,
        kind: Option<Option<&str>>,
    ) -> Result<(), NotComposed> {
        match (value, kind) {
            (Typed::Entity { kind, id }, _) => self.respell(kind.name(), id),
            (Typed::String(name), Some(kind)) => self.respell(kind.unwrap_or_default(), name),
            (Typed::Set(items), kind) => {
                items.iter_mut().try_for_each(|item| self.spell_value(item, kind))
            }
            (Typed::Record(members), kind) => {
                members.values_mut().try_for_each(|member| self.spell_value(member, kind))
            }
            _ => Ok(()),
        }
    }

    /// Why no name of this type has this part, if none has.
    pub(crate) fn why_in_none(&self, kind: Option<&str>, part: &str) -> Option<&'static str> {
        let spelling = kind.and_then(|kind| self.of.get(kind));
        let by = || {
            spelling
                .map_or_else(|| Spelling::default().why_in_none(part), |by| by.why_in_none(part))
        };
        self.is_looked_at.then(by).flatten()
    }

    /// Complains about a pattern for ids of a type that fits no name of it.
    pub(super) fn check_pattern(
        &self,
        reader: &mut TomlReader<'_>,
        kind: &str,
        id: &str,
        at: &TomlSpan,
    ) {
        if let Some(why) = self.why_in_none(Some(kind), &id.to_lowercase()) {
            let message = format!("`id` fits no name of `{kind}`: it {why}");
            reader.wrong(LoadCode::Labels, at, message);
        }
    }

    /// Why no name that an argument of one of these actions bears has this part, if none has. None
    /// too where the argument names nothing.
    pub(crate) fn why_in_no_argument<'a>(
        &self,
        actions: impl Iterator<Item = &'a ActionShape>,
        argument: &str,
        part: &str,
    ) -> Option<&'static str> {
        let naming = actions.filter_map(|action| self.arguments.get(&action.uid));
        let kinds: Vec<Option<&str>> =
            naming.filter_map(|naming| naming.get(argument)).map(Option::as_deref).collect();
        let why: Option<Vec<_>> =
            kinds.into_iter().map(|kind| self.why_in_none(kind, part)).collect();
        why?.into_iter().next()
    }

    pub(super) fn read(
        manifest: &Manifest,
        shapes: &Shapes,
        text: &Arc<str>,
        errors: &mut Vec<LoadError>,
    ) -> NameSpellings {
        if manifest.semantics < Semantics::V4 {
            return NameSpellings::default();
        }
        let mut names = NameSpellings { is_looked_at: true, ..NameSpellings::default() };
        for (name, spelled) in &manifest.same_name {
            match shapes.entity(name) {
                Some((kind, _)) => drop(names.of.insert(kind.to_owned(), spelled.by.clone())),
                None => {
                    let message = format!("the entity type `{name}` is not in the schema");
                    let error = LoadError::new(LoadCode::Manifest, MANIFEST, message);
                    let meant = nearest(name, shapes.entity_names());
                    errors.push(error.at(text, spelled.offset, spelled.bytes).nearest(meant));
                }
            }
        }
        names.tools(manifest, shapes, text, errors);
        for (_, action) in shapes.actions() {
            for argument in protocol::naming(&action.id) {
                let naming = names.arguments.entry(action.uid.clone()).or_default();
                naming.insert((*argument).to_owned(), None);
            }
        }
        names
    }

    fn tools(
        &mut self,
        manifest: &Manifest,
        shapes: &Shapes,
        text: &Arc<str>,
        errors: &mut Vec<LoadError>,
    ) {
        for (tool, entry) in &manifest.tools {
            let Some(action) = shapes.action(&entry.action) else { continue };
            let mut wrong = |why: String| {
                let message = format!("the tool `{tool}`: {why}");
                let error = LoadError::new(LoadCode::Manifest, MANIFEST, message);
                errors.push(error.at(text, entry.offset, entry.bytes));
            };
            let own = match &entry.resource_id {
                ResourceId::Argument(argument) => Some((argument, &entry.resource_kind)),
                ResourceId::Fixed(_) => None,
            };
            for (argument, kind) in own.into_iter().chain(&entry.names) {
                let Some((kind, _)) = shapes.entity(kind) else {
                    wrong(format!("the entity type `{kind}` is not in the schema"));
                    continue;
                };
                if !is_text(action, argument) {
                    wrong(format!(
                        "`{argument}` names something, so it is a text or a set of texts among the action's arguments"
                    ));
                    continue;
                }
                let naming = self.arguments.entry(action.uid.clone()).or_default();
                let before = naming.insert(argument.clone(), Some(kind.to_owned()));
                if before.flatten().is_some_and(|before| before != kind) {
                    wrong(format!(
                        "another tool stands for the same action, and its `{argument}` names another type"
                    ));
                }
            }
        }
    }

    /// Entities that no request can name, since they are not in the one spelling of their type.
    pub(super) fn unnamed(&self, stated: &EntityMap) -> Vec<String> {
        let unnamed = stated.keys().filter_map(|(kind, id)| {
            let spelt = self.spelt(kind, id);
            let why = match &spelt {
                Ok(spelt) if spelt == id => return None,
                Ok(spelt) => format!("write it `{spelt}`, as names of its type are compared"),
                Err(why) => why.to_string(),
            };
            Some(format!("`{kind}::\"{}\"`: {why}", id.escape_debug()))
        });
        unnamed.collect()
    }
}

fn is_text(action: &ActionShape, argument: &str) -> bool {
    let member = action.input().and_then(|input| input.members.get(argument));
    member.is_some_and(|member| match &member.ty {
        Type::String | Type::Entity(_) => true,
        Type::Set(of) => matches!(**of, Type::String | Type::Entity(_)),
        _ => false,
    })
}

#[cfg(test)]
mod tests;
