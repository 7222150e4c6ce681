mod file;

use std::path::{Path, PathBuf};

use node::restore::{Locked, Standing};
use node::{Options, Undone};
use proof::json::{Object, Value, number, object};

use super::ask::{Unattended, ask};
use crate::cli::RestoreArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Style, counted};
use crate::record_line::utc;
use crate::{config, unfinished};

/// Makes a domain's folder from a backup; or prints the records that an older copy undoes, asks for
/// confirmation, and lets the next start go on from it.
pub(super) fn run(arguments: &RestoreArgs, output: &mut Output) -> Result<Exit, Failure> {
    let here = PathBuf::from(".");
    match arguments.paths.as_slice() {
        [_, _] if arguments.new_lineage.is_some() => {
            let help = "restore the file first; then `interlock restore DOMAIN --new-lineage NODE`";
            Err(Failure::new(Exit::Usage, "--new-lineage needs a folder alone").help(help))
        }
        [file] if file.is_file() => {
            let what = format!(
                "`{}` is a file, and the folder to make of it is not named",
                file.display()
            );
            let help = format!("`interlock restore {} DOMAIN`", file.display());
            Err(Failure::new(Exit::Usage, what).help(help))
        }
        [backup, domain] => file::restore(backup, domain, arguments.yes, output),
        paths => older_copy(paths.first().unwrap_or(&here), arguments, output),
    }
}

fn older_copy(
    domain: &Path,
    arguments: &RestoreArgs,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let options = config::load(domain)?;
    let locked = locked(&options)?;
    let standing = node::restore::standing(&options, &locked);
    let standing = standing.map_err(|why| Failure::node(&why))?;
    if output.is_json() {
        output.json(&value(&standing))?;
    } else {
        print_standing(&standing, output)?;
    }
    output.flush()?;
    match &arguments.new_lineage {
        Some(name) => new_lineage(&options, name, locked, arguments.yes, output),
        None => go_on(&options, &standing, locked, arguments.yes, output),
    }
}

/// Takes the domain's locks, which are held during the question.
fn locked(options: &Options) -> Result<Locked, Failure> {
    node::restore::lock(options).map_err(|why| match why.code() {
        "locked" => {
            let what = format!("a node serves `{}`, or a command writes", options.folder.display());
            Failure::new(Exit::Failed, what).why(why).code("locked").help("stop it first")
        }
        _ => Failure::node(&why),
    })
}

/// Lets the next start go on from an older copy.
fn go_on(
    options: &Options,
    standing: &Standing,
    locked: Locked,
    yes: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let shown = options.folder.display();
    if standing.lineage_is_ahead || standing.lineage_is_lost {
        let why = match standing.lineage_is_lost {
            true => "there is no lineage log here that can be read",
            false => "the lineage log rests on governance records that are not here",
        };
        let help = format!("`interlock restore {shown} --new-lineage NAME` begins a new one");
        return Err(Failure::new(Exit::Denied, "no start can go on from this copy")
            .why(why)
            .help(help));
    }
    if standing.undone.is_empty() {
        output.line("nothing is lost: a start goes on from here as it is")?;
        return Ok(Exit::Ok);
    }
    ask("Go on without what is lost?", yes, Unattended::NeedsYes)?;
    let go_on = || node::restore::go_on(options, locked).map_err(|why| Failure::node(&why));
    unfinished::uninterrupted(go_on)?;
    if !output.is_json() {
        output.line(format!("the next start goes on from here: interlock serve {shown}"))?;
        output.line("order again what was lost of halts and trust states, before that")?;
    }
    Ok(Exit::Ok)
}

/// Begins a new lineage log, under another name of the node.
fn new_lineage(
    old: &Options,
    name: &str,
    locked: Locked,
    yes: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let (file, shown) = (old.folder.join(config::FILE), old.folder.display());
    let text = config::text(&file)?;
    let text = renamed(&text, &old.node, name).ok_or_else(|| {
        Failure::new(Exit::Config, format!("`node.name` is not found in `{}`", file.display()))
    })?;
    let question =
        "Put the old lineage log aside and begin a new one, without labels and histories?";
    ask(question, yes, Unattended::NeedsYes)?;
    let new = Options { node: name.to_owned(), ..old.clone() };
    let registered = unfinished::uninterrupted(|| {
        node::restore::new_lineage(old, &new, &locked).map_err(|why| Failure::node(&why))?;
        unfinished::write(&file, text.as_bytes(), 0o600)?;
        // The next locks are those of the new lineage log.
        drop(locked);
        let locked = self::locked(&new)?;
        node::restore::go_on(&new, locked).map_err(|why| Failure::node(&why))?;
        Ok(node::restore::register(&new))
    })?;
    match registered {
        Ok(_) => {
            output.line(format!("`{name}` is registered; start it: interlock serve {shown}"))?
        }
        Err(why) => {
            output.line(format!("`{name}` must be registered before it decides: {why}"))?;
            output.line(format!("next: interlock propose {shown} --out {name}.json node"))?;
        }
    }
    Ok(Exit::Ok)
}

/// The configuration's text with another node's name.
fn renamed(text: &str, old: &str, new: &str) -> Option<String> {
    let quoted = |name: &str| toml::Value::String(name.to_owned()).to_string();
    let (mut is_node, mut is_done) = (false, false);
    let mut changed = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.starts_with('[') {
            is_node = line.trim() == "[node]";
        }
        let is_name = line.split('=').next().is_some_and(|key| key.trim() == "name");
        if is_node && is_name && !is_done && line.contains(&quoted(old)) {
            changed.push_str(&line.replacen(&quoted(old), &quoted(new), 1));
            is_done = true;
        } else {
            changed.push_str(line);
        }
    }
    is_done.then_some(changed)
}

fn print_standing(standing: &Standing, output: &mut Output) -> Result<(), Failure> {
    print_undone(&standing.undone, output)?;
    if standing.lineage_is_ahead {
        output.line("the lineage log rests on governance records that are not here")?;
    }
    if standing.lineage_is_lost {
        let title = "there is no lineage log here that can be read";
        output.line(output.paint().text(Style::Bad, title))?;
    }
    Ok(())
}

fn print_undone(undone: &[Undone], output: &mut Output) -> Result<(), Failure> {
    let paint = output.paint();
    for Undone { log, has, seen, from, is_fork, changes } in undone {
        let lost = counted(seen.saturating_sub(*has), "record is", "records are");
        let title = match is_fork {
            false => format!("the {log} log has {has} records and had {seen}: {lost} lost"),
            true => format!(
                "the {log} log is ANOTHER HISTORY of {has} records: of the {seen} that were seen here, \
                 all from record {from} on are lost"
            ),
        };
        output.line(paint.text(Style::Bad, title))?;
        for one in changes {
            let at = paint.text(Style::Quiet, format!("record {}, {} UTC", one.index, utc(one.at)));
            output.line(format!("  {}  {at}", paint.text(Style::Heading, &one.what)))?;
        }
        if *log == "lineage" {
            output.line("  decisions, labels, approvals and meters in them are gone; erase again what was erased since")?;
        }
    }
    Ok(())
}

fn value(standing: &Standing) -> Value {
    Value::Object(Object::from([
        ("lineage_is_ahead", Value::Bool(standing.lineage_is_ahead)),
        ("lineage_is_lost", Value::Bool(standing.lineage_is_lost)),
        ("undone", undone_value(&standing.undone)),
    ]))
}

fn undone_value(undone: &[Undone]) -> Value {
    let undone = undone.iter().map(|one| {
        let changes = one.changes.iter().map(|change| {
            object([
                ("at", Value::Integer(change.at)),
                ("index", number(change.index)),
                ("what", Value::from(change.what.as_str())),
            ])
        });
        object([
            ("changes", Value::Array(changes.collect())),
            ("from", number(one.from)),
            ("has", number(one.has)),
            ("is_fork", Value::Bool(one.is_fork)),
            ("log", Value::from(one.log)),
            ("seen", number(one.seen)),
        ])
    });
    Value::Array(undone.collect())
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn only_the_nodes_name_changes_in_the_configuration() {
        let text = "[domain]\nname = \"a\"\n\n[node]\n# name = \"a\"\nname = \"a\"\n\n[servers.a]\nname = \"a\"\n";
        let changed = "[domain]\nname = \"a\"\n\n[node]\n# name = \"a\"\nname = \"b\"\n\n[servers.a]\nname = \"a\"\n";
        assert_eq!(renamed(text, "a", "b").as_deref(), Some(changed));
        assert_eq!(renamed("[domain]\nname = \"a\"\n", "a", "b"), None);
    }
}
