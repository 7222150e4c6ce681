use std::collections::BTreeMap;
use std::path::Path;

use node::plain;
use proof::json::{Object, Value, number, object};
use proof::note::Signer;
use record::governance::{Role, Roles};
use serde::Deserialize;

use crate::cli;
use crate::exit::{Exit, Failure};
use crate::limits::ROLES_BYTES_MAX;
use crate::output::{Output, Style, Table};
use crate::{config, key, unfinished};

/// Prints the keys of each role.
pub(super) fn show(arguments: &cli::RolesArgs, output: &mut Output) -> Result<Exit, Failure> {
    let options = config::load(&arguments.domain)?;
    let governance = node::domain::governance(&options).map_err(|why| Failure::node(&why))?;
    let Some(roles) = governance.roles() else {
        return Err(Failure::new(Exit::NoInput, "the governance log is empty"));
    };
    if output.is_json() {
        let one = |(name, role): (&str, &Role)| {
            let keys = role.keys().iter().map(|key| Value::from(key.to_string()));
            let keys = Value::Array(keys.collect());
            (name.to_owned(), object([("keys", keys), ("threshold", number(role.threshold()))]))
        };
        output.json(&Value::Object(roles.iter().map(one).collect::<Object>()))?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::default();
    for (name, role) in roles.iter() {
        let needed = format!("{} of {}", role.threshold(), role.keys().len());
        let mut first = [name.to_owned(), needed];
        for key in role.keys() {
            let [name, needed] = std::mem::take(&mut first);
            table.row([
                (Style::Heading, name),
                (Style::Plain, needed),
                (Style::Quiet, key.to_string()),
            ]);
        }
    }
    table.lines(0, output.paint()).iter().try_for_each(|line| output.line(line))?;
    Ok(Exit::Ok)
}

/// Makes an officer's key.
pub(super) fn key(arguments: &cli::KeyArgs, output: &mut Output) -> Result<Exit, Failure> {
    let make = || node::keys::create_file(&arguments.file, &arguments.name);
    let signer = unfinished::uninterrupted(|| make().map_err(|why| Failure::node(&why)))?;
    let vkey = signer.verifier().to_string();
    if output.is_json() {
        output.json(&object([("vkey", Value::from(vkey.as_str()))]))?;
    } else {
        output.line(vkey)?;
    }
    Ok(Exit::Ok)
}

/// The file of roles.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RolesFile {
    roles: BTreeMap<String, RoleEntry>,
}

/// One role in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "struct Officers")]
struct RoleEntry {
    threshold: u64,
    keys: Vec<String>,
}

/// Reads a file of roles. A key is written out, or is the name of a file beside this one.
pub(super) fn read(path: &Path) -> Result<Roles, Failure> {
    let shown = path.display();
    let text = plain::read_text(path, ROLES_BYTES_MAX)
        .map_err(|why| Failure::io(format!("`{shown}` cannot be read"), &why))?;
    let malformed = |why: &dyn std::fmt::Display| {
        Failure::new(Exit::Data, format!("`{shown}` holds no roles")).why(why).help(
            "write [roles.root], [roles.policy], [roles.registrar] and [roles.trust], each with `threshold` and `keys`",
        )
    };
    let file: RolesFile = toml::from_str(&text).map_err(|why| malformed(&why.message()))?;
    let mut roles = BTreeMap::new();
    for (name, RoleEntry { threshold, keys }) in file.roles {
        let beside = |text: &String| match text.contains('+') {
            true => key::read(text),
            false => {
                let file = path.parent().unwrap_or(Path::new(".")).join(text);
                key::read(&file.to_string_lossy())
            }
        };
        let keys = keys.iter().map(beside).collect::<Result<_, _>>()?;
        let role =
            Role::new(threshold, keys).map_err(|why| malformed(&format!("`{name}`: {why}")))?;
        roles.insert(name, role);
    }
    Roles::new(roles).map_err(|why| malformed(&why))
}
