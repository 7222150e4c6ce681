use std::path::Path;

use policy::reach::{DomainNames, unreached};
use policy::{Bundle, Warning, cases};
use proof::json::{Object, Value, number};

use super::size;
use crate::config;
use crate::exit::Failure;
use crate::output::{Output, Style};

/// The warnings about a bundle, and the parts of it that no request can reach, in a domain if one
/// is given.
pub(crate) fn of(bundle: &Bundle, domain: Option<&Path>) -> Result<Vec<Warning>, Failure> {
    let names = domain.map(names).transpose()?;
    let mut warnings = bundle.warnings().to_vec();
    warnings.extend(unreached(bundle, names.as_ref()));
    warnings.extend(cases::misfits(bundle));
    warnings.sort();
    Ok(warnings)
}

/// The names in a domain: its workloads and roles in force, and the servers of its
/// `interlock.toml`.
fn names(domain: &Path) -> Result<DomainNames, Failure> {
    let options = config::load(domain)?;
    let governance = node::domain::governance(&options).map_err(|why| Failure::node(&why))?;
    let holders = |keys: usize| size(keys);
    Ok(DomainNames {
        workloads: governance.workloads().map(|workload| workload.name.clone()).collect(),
        roles: governance
            .roles()
            .into_iter()
            .flat_map(|roles| roles.iter())
            .map(|(name, role)| (name.to_owned(), holders(role.keys().len())))
            .collect(),
        servers: options.servers.keys().cloned().collect(),
    })
}

/// Prints each warning on a line of its own.
pub(crate) fn print(warnings: &[Warning], output: &mut Output) -> Result<(), Failure> {
    let mark = output.paint().text(Style::Warning, "!");
    warnings.iter().try_for_each(|warning| output.line(format!("{mark} {warning}")))
}

pub(crate) fn values(warnings: &[Warning]) -> Value {
    Value::Array(warnings.iter().map(value).collect())
}

fn value(warning: &Warning) -> Value {
    let mut members = Object::new();
    members.insert("code", warning.code.as_str().into());
    members.insert("file", warning.file.as_str().into());
    members.insert("message", warning.message.as_str().into());
    if let Some(line) = warning.line {
        members.insert("line", number(size(line)));
    }
    if let Some(policy) = &warning.policy {
        members.insert("policy", policy.as_str().into());
    }
    Value::Object(members)
}
