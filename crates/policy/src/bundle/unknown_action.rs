//! Actions that do not exist: where they are named, and what may have been meant. Cedar's guess is
//! often far off, and Dogwood gives neither a place nor a guess where a policy with a temporal
//! condition names one.

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy::Schema;

use crate::error::LoadError;
use crate::nearest::nearest;

/// The ids of the actions that a schema declares.
pub(super) struct Actions(BTreeSet<String>);

impl Actions {
    /// Those of a schema that is known to be sound; none of any other.
    pub(super) fn of(schema: &str) -> Actions {
        let ids = Schema::from_cedarschema_str(schema).map(|(schema, _)| {
            schema.actions().map(|action| action.id().unescaped().to_owned()).collect()
        });
        Actions(ids.unwrap_or_default())
    }

    /// The error with the nearest action, if it is about one that does not exist.
    pub(super) fn guess(&self, error: LoadError) -> LoadError {
        let Some((path, name)) = unknown(error.message()) else { return error };
        match nearest(name, self.0.iter().map(String::as_str)) {
            Some(near) if path.is_empty() => error.nearest(Some(near)),
            Some(near) => {
                let near = format!("{path}::\"{near}\"");
                error.nearest(Some(near))
            }
            None => error,
        }
    }
}

/// The file of an error that has none, and the place in it, if it is about an action that a file
/// names.
pub(super) fn place<'t>(
    message: &str,
    mut files: impl Iterator<Item = (&'t str, &'t Arc<str>)>,
) -> Option<(&'t str, &'t Arc<str>, usize, usize)> {
    let quoted = format!("\"{}\"", unknown(message)?.1);
    files.find_map(|(path, text)| Some((path, text, text.find(&quoted)?, quoted.len())))
}

/// The path, where it is given, and the id of the action that an error calls unknown.
fn unknown(message: &str) -> Option<(&str, &str)> {
    let named = |before: &str, after: &str| message.split_once(before)?.1.split_once(after);
    if let Some((entity, _)) = named("unrecognized action `", "\"`") {
        return entity.split_once("::\"");
    }
    let plain = named("derived for action `", "`").or_else(|| {
        named("action `", "`").filter(|(_, rest)| rest.starts_with(" not found in schema"))
    });
    plain.map(|(name, _)| ("", name))
}
