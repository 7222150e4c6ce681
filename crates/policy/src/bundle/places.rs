//! Places: by what the labels that writers leave are kept. Their names stand in records in the
//! open, so they are made of what the bundle says and of nothing that a request does.

use std::collections::{BTreeMap, BTreeSet};

use proof::digest::Digest;
use toml::de::{DeTable, DeValue};

use super::labels::{IdPattern, LabelContext};
use super::manifest::{TomlEntry, TomlReader};
use crate::bundle::Bundle;
use crate::error::LoadCode;
use crate::limits::{PLACE_BYTES_MAX, PLACES_MAX};
use crate::nearest::nearest;
use crate::request::Request;

/// The places of a bundle. What is of a type and in none of its places is one place too: the rest
/// of the type.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlacePatterns {
    /// By entity type: the patterns, each with the place's name.
    of: BTreeMap<String, Vec<(IdPattern, String)>>,
    /// Names of places of which nothing that was left before counts.
    forgets: BTreeSet<String>,
}

impl PlacePatterns {
    /// The names of the places that a resource of this type is in, by its id in lower case. One at
    /// least.
    pub(super) fn with(&self, kind: &str, id: &str) -> BTreeSet<String> {
        let places = self.of.get(kind).into_iter().flatten();
        let fitting = places.filter(|(pattern, _)| pattern.fits(id)).map(|(_, name)| name.clone());
        let found: BTreeSet<String> = fitting.collect();
        if found.is_empty() { [self.rest(kind)].into() } else { found }
    }

    /// The name of the rest of a type. It changes with what is left out of it, so that nothing
    /// leaves it unseen.
    fn rest(&self, kind: &str) -> String {
        let names: BTreeSet<&str> =
            self.of.get(kind).into_iter().flatten().map(|(_, name)| name.as_str()).collect();
        if names.is_empty() {
            return format!("{kind}/rest");
        }
        let names: Vec<&str> = names.into_iter().collect();
        format!("{kind}/rest/{}", Digest::of(names.join("\n").as_bytes()))
    }

    fn knows(&self, name: &str) -> bool {
        let rest = name.split_once('/').is_some_and(|(kind, _)| self.rest(kind) == name);
        rest || self.of.values().flatten().any(|(_, known)| known == name)
    }
}

impl Bundle {
    /// The places that the resource of a request is in; none where its type is not in the schema.
    #[must_use]
    pub fn places(&self, request: &Request) -> BTreeSet<String> {
        match self.shapes.entity(&request.resource.kind) {
            Some((kind, _)) => self.labels.places.with(kind, &request.resource.id.to_lowercase()),
            None => BTreeSet::new(),
        }
    }

    /// Whether a place is one that it still tells from others. What was left at another one may be
    /// anywhere.
    #[must_use]
    pub fn knows_place(&self, name: &str) -> bool {
        let kind = name.split([' ', '/']).next().unwrap_or_default();
        self.shapes.entity(kind).is_some_and(|(known, _)| known == kind)
            && self.labels.places.knows(name)
    }

    /// Whether what was left at a place before this bundle counts no more.
    #[must_use]
    pub fn forgets_place(&self, name: &str) -> bool {
        self.labels.places.forgets.contains(name)
    }
}

/// `[[places]]` and `forgets`.
pub(super) fn read(
    reader: &mut TomlReader<'_>,
    table: &DeTable<'_>,
    context: LabelContext<'_>,
) -> PlacePatterns {
    let mut places = PlacePatterns::default();
    if let Some((items, span)) = reader.optional(table, "places", DeValue::as_array) {
        if items.len() > PLACES_MAX {
            reader.wrong(LoadCode::Limit, &span, format!("more than {PLACES_MAX} places"));
        }
        for item in items {
            if let Some((kind, pattern, name)) = place(reader, item, context) {
                places.of.entry(kind).or_default().push((pattern, name));
            }
        }
    }
    if let Some((items, _)) = reader.optional(table, "forgets", DeValue::as_array) {
        for item in items {
            match item.get_ref().as_str().filter(|name| !name.is_empty()) {
                Some(name) => drop(places.forgets.insert(name.to_owned())),
                None => {
                    let message = "`forgets` names places as records do: `labels.leaves`";
                    reader.wrong(LoadCode::Labels, &item.span(), message.to_owned());
                }
            }
        }
    }
    places
}

fn place(
    reader: &mut TomlReader<'_>,
    item: &TomlEntry<'_>,
    context: LabelContext<'_>,
) -> Option<(String, IdPattern, String)> {
    let LabelContext { shapes, spellings, .. } = context;
    let span = item.span();
    let Some(table) = item.get_ref().as_table() else {
        reader.wrong(LoadCode::Labels, &span, "a place is a table".to_owned());
        return None;
    };
    reader.only(table, "of a place", &["id", "type"]);
    let (kind, at) = reader.required(table, "type", &span, DeValue::as_str)?;
    let Some((kind, _)) = shapes.entity(kind) else {
        let message = format!("the entity type `{kind}` is not in the schema");
        reader.wrong_name(&at, message, nearest(kind, shapes.entity_names()));
        return None;
    };
    let (id, at) = reader.required(table, "id", &span, DeValue::as_str)?;
    spellings.check_pattern(reader, kind, id, &at);
    let name = format!("{kind} {}", id.to_lowercase());
    let pattern = IdPattern::parse(id).filter(|_| name.len() <= PLACE_BYTES_MAX);
    if pattern.is_none() {
        let message = format!(
            "`id` is an id, with `*` for anything at its end, its beginning or both; with its type at most {PLACE_BYTES_MAX} bytes"
        );
        reader.wrong(LoadCode::Labels, &at, message);
    }
    Some((kind.to_owned(), pattern?, name))
}

#[cfg(test)]
mod tests;
