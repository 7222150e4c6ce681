//! Annotations. Cedar lets any pass; here each has a meaning, or is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::approval;
use super::policies::PolicyInfo;
use super::source::{Annotation, Statement};
use crate::error::{LoadCode, LoadError, SourcePlace};
use crate::limits::{ANNOTATION_BYTES_MAX, APPROVALS_MAX, POLICY_ID_BYTES_MAX};
use crate::nearest::nearest;
use crate::semantics::Semantics;

/// What an annotation may be called.
const KNOWN: [&str; 5] = ["advice", "approval", "description", "id", "reason"];
/// Names that mean something from the second version of the decider on.
const LATER: [&str; 2] = ["advice", "approval"];

/// Where each id was first given.
pub(crate) type Ids = BTreeMap<String, (String, usize)>;

/// Checks the names of a file's annotations.
pub(crate) fn check(
    path: &str,
    text: &Arc<str>,
    statements: &[Statement],
    semantics: Semantics,
) -> Vec<LoadError> {
    let mut errors = Vec::new();
    for statement in statements.iter().filter(|statement| statement.macro_name.is_none()) {
        for annotation in &statement.annotations {
            let point = |message: String| {
                LoadError::new(LoadCode::PolicyAnnotation, path, message).at(
                    text,
                    annotation.span.start,
                    annotation.span.len(),
                )
            };
            let name = annotation.name.as_str();
            if LATER.contains(&name) && semantics < Semantics::V2 {
                let error = point(format!("`@{name}` means nothing before `semantics = 2`"));
                errors.push(error.help("say `semantics = 2` in `bundle.toml`"));
            } else if !KNOWN.contains(&name) {
                let error = point(format!("unknown annotation `@{name}`"))
                    .nearest(nearest(name, KNOWN))
                    .help("the known annotations are `@id`, `@description`, `@reason`, `@advice`, `@approval`");
                errors.push(error);
            } else if !annotation.has_value {
                errors.push(point(format!("`@{name}` has no value")));
            } else if name == "approval"
                && let Err(why) = approval::parse(written(text, statement, annotation))
            {
                errors.push(point(why.to_string()));
            }
        }
    }
    errors
}

/// The value of an annotation as it is written, escapes and all.
fn written<'t>(text: &'t str, statement: &Statement, annotation: &Annotation) -> &'t str {
    let rest = text.get(annotation.span.end..statement.span.end).unwrap_or_default();
    rest.split('"').nth(1).unwrap_or_default()
}

/// The id of a file's only policy, where it has none of its own: the file's name.
pub(crate) fn file_id<'p>(path: &'p str, statements: &[Statement]) -> Option<&'p str> {
    let mut policies = statements.iter().filter(|statement| statement.macro_name.is_none());
    let (Some(only), None) = (policies.next(), policies.next()) else { return None };
    let name = path.rsplit('/').next().unwrap_or_default();
    let (stem, _) = name.rsplit_once('.')?;
    let has_id = only.annotations.iter().any(|annotation| annotation.name == "id");
    (!has_id && is_plain(stem)).then_some(stem)
}

/// Gives an id to the policy of a file, unless another one has it.
pub(crate) fn take_id(id: &str, path: &str, ids: &mut Ids) -> Option<LoadError> {
    if let Some((file, first)) = ids.get(id) {
        let message = format!("`{id}` is the id of another policy too, at {file}:{first}");
        let error = LoadError::new(LoadCode::PolicyAnnotation, path, message);
        return Some(
            error.help("the file's name is the id of a policy without one: give it an `@id`"),
        );
    }
    ids.insert(id.to_owned(), (path.to_owned(), 1));
    None
}

/// Checks that each policy of a file has an id, and that no other policy has it.
pub(crate) fn check_ids(
    path: &str,
    text: &Arc<str>,
    statements: &[Statement],
    ids: &mut Ids,
) -> Vec<LoadError> {
    let policies = statements.iter().filter(|statement| statement.macro_name.is_none());
    policies.filter_map(|statement| check_id(path, text, statement, ids)).collect()
}

fn check_id(
    path: &str,
    text: &Arc<str>,
    statement: &Statement,
    ids: &mut Ids,
) -> Option<LoadError> {
    let Some(annotation) = statement.annotations.iter().find(|annotation| annotation.name == "id")
    else {
        let error = LoadError::new(LoadCode::PolicyAnnotation, path, "a policy has no `@id`")
            .at(text, statement.span.start, 6)
            .help(
                "begin it with `@id(\"a-name-of-its-own\")`; decisions and explanations name it so",
            );
        return Some(error);
    };
    let value = written(text, statement, annotation).to_owned();
    let line = SourcePlace::of(text, annotation.span.start, 0).line;
    let wrong = |message: String| {
        LoadError::new(LoadCode::PolicyAnnotation, path, message).at(
            text,
            annotation.span.start,
            annotation.span.len(),
        )
    };
    if !is_plain(&value) {
        return Some(wrong(plain_only()));
    }
    if let Some((file, first)) = ids.get(&value) {
        return Some(wrong(format!(
            "`{value}` is the id of another policy too, at {file}:{first}"
        )));
    }
    ids.insert(value, (path.to_owned(), line));
    None
}

/// Checks the values of annotations, once they are read. Ids are looked at again: what counts is
/// what the parser read, not what the scan did.
pub(crate) fn check_values(infos: &[PolicyInfo]) -> Result<(), Vec<LoadError>> {
    let mut errors = Vec::new();
    let asked: BTreeSet<_> = infos.iter().filter_map(|info| info.approval.as_ref()).collect();
    if asked.len() > APPROVALS_MAX {
        let message = format!("a bundle has at most {APPROVALS_MAX} different `@approval`s");
        errors.push(LoadError::new(LoadCode::Limit, "", message));
    }
    let mut ids: BTreeMap<&str, &PolicyInfo> = BTreeMap::new();
    for info in infos {
        let wrong = |message: String| {
            let message = format!("{message} (line {})", info.line);
            LoadError::new(LoadCode::PolicyAnnotation, &info.file, message)
        };
        for (name, value) in &info.annotations {
            if value.trim().is_empty() || value.len() > ANNOTATION_BYTES_MAX {
                let message = format!(
                    "`@{name}` of `{}` is empty or longer than {ANNOTATION_BYTES_MAX} bytes",
                    info.id
                );
                errors.push(wrong(message));
            }
        }
        let approval = info.annotations.get("approval").map(|value| approval::parse(value));
        if let Some(Err(why)) = &approval {
            errors.push(wrong(why.to_string()));
        } else if approval.is_some() && info.effect == "forbid" {
            errors.push(wrong(
                "`@approval` belongs to a `permit`: what is forbidden waits for nobody".to_owned(),
            ));
        }
        if !is_plain(&info.id) {
            errors.push(wrong(plain_only()));
        } else if let Some(other) = ids.insert(&info.id, info) {
            let place = format!("{}:{}", other.file, other.line);
            errors
                .push(wrong(format!("`{}` is the id of another policy too, at {place}", info.id)));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn is_plain(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    !id.is_empty() && id.len() <= POLICY_ID_BYTES_MAX && id.chars().all(plain)
}

fn plain_only() -> String {
    format!("an `@id` has 1 to {POLICY_ID_BYTES_MAX} of the characters `a-z A-Z 0-9 - _ . /`")
}
