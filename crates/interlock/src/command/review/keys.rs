use proof::json::{Object, Value, number, object};
use proof::note::VerifierKey;
use record::governance::{Role, Roles};

use crate::exit::Failure;
use crate::output::{Output, Style};

/// A key with its name and its id, and the whole key.
pub(super) fn named(key: &VerifierKey) -> String {
    format!("{} id {}  {key}", key.name(), id(key))
}

fn id(key: &VerifierKey) -> String {
    key.key_id().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Prints every role: its threshold before and after, the keys that leave and come, and those that
/// stay.
pub(super) fn print_roles(
    before: Option<&Roles>,
    after: &Roles,
    output: &mut Output,
) -> Result<(), Failure> {
    let paint = output.paint();
    for role in names(before, after) {
        let (was, is) = (before.and_then(|roles| roles.get(role)), after.get(role));
        let threshold = |role: Option<&Role>| match role {
            Some(role) => format!("{} of {}", role.threshold(), role.keys().len()),
            None => "nobody".to_owned(),
        };
        let needed = match before {
            Some(_) => format!("{} → {}", threshold(was), threshold(is)),
            None => threshold(is),
        };
        output.line(format!("  role {}  {needed}", paint.text(Style::Heading, role)))?;
        for (key, change) in keys(was, is) {
            let (mark, style) = match change {
                _ if before.is_none() => (" ", Style::Plain),
                KeyChange::Leaves => ("-", Style::Bad),
                KeyChange::Comes => ("+", Style::Warning),
                KeyChange::Stays => (" ", Style::Quiet),
            };
            output.line(format!(
                "    {} {}",
                paint.text(style, mark),
                paint.text(style, named(key))
            ))?;
        }
    }
    Ok(())
}

/// Whether a key holds a role before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyChange {
    Leaves,
    Comes,
    Stays,
}

fn keys<'a>(was: Option<&'a Role>, is: Option<&'a Role>) -> Vec<(&'a VerifierKey, KeyChange)> {
    let (was, is) =
        (was.map(Role::keys).unwrap_or_default(), is.map(Role::keys).unwrap_or_default());
    let leaves = was.iter().filter(|key| !is.contains(key)).map(|key| (key, KeyChange::Leaves));
    let rest = is
        .iter()
        .map(|key| (key, if was.contains(key) { KeyChange::Stays } else { KeyChange::Comes }));
    leaves.chain(rest).collect()
}

fn names<'a>(before: Option<&'a Roles>, after: &'a Roles) -> Vec<&'a str> {
    let mut names: Vec<&str> = after.iter().map(|(name, _)| name).collect();
    names.extend(before.into_iter().flat_map(Roles::iter).map(|(name, _)| name));
    names.sort_unstable();
    names.dedup();
    names
}

/// The roles before and after, as JSON.
pub(super) fn value(before: Option<&Roles>, after: &Roles) -> Value {
    let one = |role: Option<&Role>| {
        let role = role?;
        let keys = role.keys().iter().map(|key| {
            object([
                ("id", Value::from(id(key))),
                ("name", Value::from(key.name())),
                ("vkey", Value::from(key.to_string())),
            ])
        });
        let keys = Value::Array(keys.collect());
        Some(object([("keys", keys), ("threshold", number(role.threshold()))]))
    };
    let mut roles = Object::new();
    for name in names(before, after) {
        let mut members = Object::new();
        if let Some(was) = one(before.and_then(|roles| roles.get(name))) {
            members.insert("before", was);
        }
        if let Some(is) = one(after.get(name)) {
            members.insert("after", is);
        }
        roles.insert(name.to_owned(), Value::Object(members));
    }
    Value::Object(roles)
}

/// Warnings about keys that look like others, and about roles that pass to new keys.
pub(super) fn warnings(before: Option<&Roles>, after: &Roles) -> Vec<String> {
    let holders = |roles: &Roles| -> Vec<VerifierKey> {
        roles.iter().flat_map(|(_, role)| role.keys()).cloned().collect()
    };
    let mut all = holders(after);
    let known = before.map(holders).unwrap_or_default();
    all.extend(known.iter().cloned());
    all.sort_by_key(ToString::to_string);
    all.dedup();
    let mut warnings = Vec::new();
    for (nth, one) in all.iter().enumerate() {
        for other in all.iter().skip(nth + 1) {
            let alike = if one.name() == other.name() {
                "have the same name and are different keys"
            } else if plain(one.name()) == plain(other.name()) {
                "have names that look alike and are different keys"
            } else {
                continue;
            };
            warnings.push(format!("`{}` and `{}` {alike}", short(one), short(other)));
        }
        if !one.name().is_ascii() {
            warnings.push(format!("the name of `{}` is not plain ASCII", short(one)));
        }
    }
    if let Some(before) = before {
        let lost = |key: &&VerifierKey| !holders(after).contains(key);
        let losers = holders(before);
        if !losers.is_empty() && losers.iter().all(|key| lost(&key)) {
            warnings.push("every key that holds a role today loses all of its roles".to_owned());
        }
    }
    warnings
}

fn short(key: &VerifierKey) -> String {
    format!("{} (id {})", key.name(), id(key))
}

/// The name in a form that is equal for names that look alike: similar letters become one letter.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for one in name.chars().flat_map(char::to_lowercase) {
        if proof::shown::is_hidden(one) {
            continue;
        }
        plain.push(match one {
            '0' | 'о' | 'ο' | 'ö' | 'օ' => 'o',
            '1' | 'i' | 'í' | 'ı' | 'і' | 'ι' | '|' | 'ӏ' | 'ǀ' => 'l',
            'а' | 'α' | 'á' | 'à' | 'ä' | 'ɑ' => 'a',
            'е' | 'é' | 'è' | 'ε' | 'ё' => 'e',
            'с' | 'ϲ' => 'c',
            'р' | 'ρ' => 'p',
            'х' | 'χ' => 'x',
            'у' | 'γ' => 'y',
            'в' | '8' | 'ь' => 'b',
            'к' | 'κ' => 'k',
            'м' => 'm',
            'н' => 'h',
            'т' | 'τ' => 't',
            'ѕ' | '5' | '$' => 's',
            'ј' => 'j',
            'ν' | 'υ' => 'v',
            '_' | '‐' | '–' | '—' | '.' => '-',
            other => other,
        });
    }
    plain.replace("rn", "m").replace("vv", "w")
}
