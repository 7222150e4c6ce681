use policy::Bundle;
use policy::diff::{BundleChanges, NameChanges, parts};
use proof::json::{Object, Value, object};

use crate::exit::Failure;
use crate::output::{Output, Style};

/// Prints every policy that comes, goes or changes, with its text; tools and files by name.
pub(in crate::command) fn print(
    old: Option<&Bundle>,
    new: &Bundle,
    output: &mut Output,
) -> Result<(), Failure> {
    let paint = output.paint();
    let empty = Bundle::empty();
    let found = parts(old.unwrap_or(&empty), new);
    let title = match old {
        Some(old) => format!("{} {} → {} {}", old.name(), old.version(), new.name(), new.version()),
        None => format!("{} {}, all of it", new.name(), new.version()),
    };
    output.line(format!("  bundle {}", paint.text(Style::Heading, title)))?;
    if is_same(&found) {
        return output.line("    nothing differs from the bundle that decides today");
    }
    let NameChanges { added, removed, changed } = &found.policies;
    for id in removed {
        policy("-", Style::Bad, old, id, output)?;
    }
    for id in changed {
        policy("-", Style::Bad, old, id, output)?;
        policy("+", Style::Good, Some(new), id, output)?;
    }
    for id in added {
        policy("+", Style::Good, Some(new), id, output)?;
    }
    for (what, names) in [("tool", &found.tools), ("file", &found.files)] {
        for (mark, names) in [("-", &names.removed), ("~", &names.changed), ("+", &names.added)] {
            for name in names {
                output.line(format!("    {mark} {what} {name}"))?;
            }
        }
    }
    Ok(())
}

fn is_same(found: &BundleChanges) -> bool {
    *found == BundleChanges::default()
}

fn policy(
    mark: &str,
    style: Style,
    bundle: Option<&Bundle>,
    id: &str,
    output: &mut Output,
) -> Result<(), Failure> {
    let Some(info) = bundle.and_then(|bundle| bundle.policy(id)) else { return Ok(()) };
    let paint = output.paint();
    let head = format!("{mark} {} `{id}` at {}:{}", info.effect, info.file, info.line);
    output.line(format!("    {}", paint.text(style, head)))?;
    for line in info.source.lines() {
        output.line(format!("      | {}", line.replace('\t', "    ")))?;
    }
    Ok(())
}

/// The same as JSON: names, and the text of each policy that comes, goes or changes.
pub(super) fn value(old: Option<&Bundle>, new: &Bundle) -> Value {
    let empty = Bundle::empty();
    let found = parts(old.unwrap_or(&empty), new);
    let list = |names: &[String]| {
        Value::Array(names.iter().map(|name| Value::from(name.as_str())).collect())
    };
    let names = |names: &NameChanges| {
        object([
            ("added", list(&names.added)),
            ("changed", list(&names.changed)),
            ("removed", list(&names.removed)),
        ])
    };
    let mut members = Object::from([
        ("digest", new.digest().to_value()),
        ("files", names(&found.files)),
        ("name", Value::from(new.name())),
        ("policies", names(&found.policies)),
        ("tools", names(&found.tools)),
        ("version", Value::from(new.version())),
    ]);
    if let Some(old) = old {
        members.insert("replaces", old.digest().to_value());
    }
    Value::Object(members)
}
