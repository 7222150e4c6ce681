//! Labels, detectors, meters, roles, annotations and types that nobody adds, reads, charges, holds
//! or uses.

use std::collections::BTreeSet;

use cedar_policy_core::ast::EntityType;
use record::Labels;

use super::conditions::LabelsRead;
use super::{Reachability, meant};
use crate::bundle::{DETECTORS, LABELS, METERS, SCHEMA};
use crate::error::{Warning, WarningCode};

/// The roles that every domain has.
const ROLES: [&str; 4] = ["policy", "registrar", "root", "trust"];

impl Reachability<'_> {
    pub(super) fn words(&self) -> Vec<Warning> {
        let mut found = self.labels();
        found.extend(self.meters());
        found.extend(self.roles());
        found.extend(self.annotations());
        found.extend(self.types());
        found.extend(self.tags());
        found
    }

    fn labels(&self) -> Vec<Warning> {
        let mut read = LabelsRead::default();
        for (_, policy) in self.policies() {
            policy.non_scope_constraints().into_iter().for_each(|conditions| read.add(conditions));
        }
        let is_read = |label: &str| read.all || read.labels.contains(label);
        let detectors = &self.bundle.detectors;
        let mut added = self.bundle.labels.added();
        let sets = [&detectors.arguments, &detectors.results];
        sets.iter().flat_map(|set| &set.adds).for_each(|adds| added.union(adds));
        let mut found = Vec::new();
        for label in self.bundle.labels.names().iter() {
            if !added.contains(label) {
                let message = format!(
                    "nothing adds the label `{label}`, so no execution carries it: name an action, tool, resource or detector that does"
                );
                found.push(Warning::new(WarningCode::LabelNever, message).in_file(LABELS));
            }
            if !is_read(label) {
                let message = format!("no policy looks at the label `{label}`");
                found.push(Warning::new(WarningCode::LabelUnread, message).in_file(LABELS));
            }
        }
        let unread = |adds: &Labels| !adds.iter().any(is_read);
        let names = sets.iter().flat_map(|set| set.names.iter().zip(&set.adds));
        found.extend(names.filter(|(_, adds)| unread(adds)).map(|(name, _)| {
            let message = format!("the detector `{name}` adds only labels that no policy looks at");
            Warning::new(WarningCode::DetectorUnread, message).in_file(DETECTORS)
        }));
        found
    }

    fn meters(&self) -> Vec<Warning> {
        let rules = self.bundle.meters.rules.iter();
        let charged: BTreeSet<&str> = rules
            .filter(|(action, _)| self.sources.contains_key(*action))
            .flat_map(|(_, rules)| rules)
            .map(|rule| rule.meter.as_str())
            .collect();
        let idle = self.bundle.meters().filter(|meter| !charged.contains(meter.name.as_str()));
        idle.map(|meter| {
            let message = format!(
                "nothing that can be asked for charges the meter `{}`, so its limit is never met",
                meter.name
            );
            Warning::new(WarningCode::MeterUncharged, message).in_file(METERS)
        })
        .collect()
    }

    fn roles(&self) -> Vec<Warning> {
        let mut found = Vec::new();
        for info in self.bundle.policies() {
            let Some(approval) = &info.approval else { continue };
            let role = approval.role.as_str();
            let unknown = |known: Vec<&str>, where_: &str| {
                let why = format!(
                    "waits for the role `{role}`, which {where_}{}: who is asked never gets an answer",
                    meant(role, known)
                );
                self.about(info, WarningCode::RoleUnknown, &why)
            };
            match self.domain {
                Some(domain) => match domain.roles.get(role) {
                    None => found.push(unknown(
                        domain.roles.keys().map(String::as_str).collect(),
                        "nobody holds in this domain",
                    )),
                    Some(holders) if *holders < approval.count => {
                        let why = format!(
                            "waits for {} of `{role}`, which {holders} hold",
                            approval.count
                        );
                        found.push(self.about(info, WarningCode::RoleShort, &why));
                    }
                    Some(_) => {}
                },
                // A domain may have any other role besides: without one, only a misspelt name can
                // be told.
                None if !ROLES.contains(&role) && !meant(role, ROLES).is_empty() => {
                    found.push(unknown(ROLES.to_vec(), "no domain begins with"));
                }
                None => {}
            }
        }
        found
    }

    fn annotations(&self) -> Vec<Warning> {
        let policies = self.bundle.policies();
        let untold = policies.filter(|info| {
            info.annotations.contains_key("advice")
                && info.effect == "permit"
                && info.approval.is_none()
        });
        untold
            .map(|info| {
                let why = "has an `@advice` that nobody is ever told: a permit without `@approval` is never why something is denied";
                self.about(info, WarningCode::AnnotationUnread, why)
            })
            .collect()
    }

    /// Entity types with tags that nothing gives a node's requests.
    fn tags(&self) -> Vec<Warning> {
        let tagged = self.bundle.shapes.tagged();
        let is_stated = |kind: &EntityType| {
            let mut stated = self.bundle.store.of_type(kind);
            stated
                .any(|uid| self.bundle.store.get(uid).is_some_and(|one| !one.data.tags.is_empty()))
        };
        let unset = tagged.filter(|kind| !is_stated(kind));
        unset
            .map(|kind| {
                let message = format!("the type `{kind}` has tags, and `entities.json` states none: `hasTag` never holds in what a node is asked");
                Warning::new(WarningCode::TagsUnset, message).in_file(SCHEMA)
            })
            .collect()
    }

    /// Entity types that no action is about, that nothing used has above it, and that no value
    /// names.
    fn types(&self) -> Vec<Warning> {
        let shapes = &self.bundle.shapes;
        let mut used: BTreeSet<String> = BTreeSet::new();
        for (_, action) in shapes.actions() {
            used.extend(action.principals.iter().chain(&action.resources).cloned());
            used.extend(action.context.entity_names());
        }
        let mut waiting: Vec<String> = used.iter().cloned().collect();
        while let Some(name) = waiting.pop() {
            let Some((_, shape)) = shapes.entity(&name) else { continue };
            let more = shape.parents.iter().cloned().chain(shape.attributes.entity_names());
            waiting.extend(more.filter(|name| used.insert(name.clone())));
        }
        let unused = shapes.entity_types().filter(|name| !used.contains(*name));
        unused
            .map(|name| {
                let message = format!("no action is about the entity type `{name}`");
                Warning::new(WarningCode::TypeUnused, message).in_file(SCHEMA)
            })
            .collect()
    }
}
