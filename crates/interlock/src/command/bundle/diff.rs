use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use policy::diff::{BundleChanges, NameChanges, VerdictChange, answers, parts};
use policy::{Bundle, Decision, cases};
use proof::json::{Object, Value, number, object};

use super::size;
use crate::cli::DiffArgs;
use crate::command::answer::in_words;
use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::{Output, Style, counted, grouped};

/// A request with different answers.
struct ChangedAnswer {
    /// Its file and line.
    place: String,
    /// Its line.
    request: String,
    old: Decision,
    new: Decision,
}

/// Compares two bundles, part by part and by their answers.
pub(super) fn run(arguments: &DiffArgs, output: &mut Output) -> Result<Exit, Failure> {
    let old = Arc::new(folder::load_bundle(&arguments.old)?);
    let new = Arc::new(folder::load_bundle(&arguments.new)?);
    let requests = requests(arguments, [&old, &new])?;
    let mut turned: BTreeMap<VerdictChange, Vec<ChangedAnswer>> = BTreeMap::new();
    let mut progress = output.progress("asking both");
    let total = size(requests.len());
    for (asked, (request, place)) in (0_u64..).zip(&requests) {
        progress.at(asked, Some(total));
        let evaluation = cases::read(request).map_err(|why| {
            Failure::new(Exit::Data, format!("{place} is no AuthZEN body: it {why}"))
        })?;
        if let (before, after, Some(turn)) = answers(&old, &new, &evaluation) {
            let (place, request) = (place.clone(), request.clone());
            turned.entry(turn).or_default().push(ChangedAnswer {
                place,
                request,
                old: before,
                new: after,
            });
        }
    }
    drop(progress);
    let found = parts(&old, &new);
    if output.is_json() {
        output.json(&value(&found, total, &turned))?;
    } else {
        print_parts([&old, &new], &found, output)?;
        print_answers(total, &turned, arguments.show, output)?;
    }
    let is_other = arguments.exit_code && !turned.is_empty();
    Ok(if is_other { Exit::Denied } else { Exit::Ok })
}

/// Every request to decide, once, with its place.
fn requests(
    arguments: &DiffArgs,
    [old, new]: [&Bundle; 2],
) -> Result<Vec<(String, String)>, Failure> {
    let (mut found, mut known) = (Vec::new(), BTreeSet::new());
    let mut take = |file: &Path, lines: &[&str]| {
        for (line, request) in (1_usize..).zip(lines).filter(|(_, text)| !text.trim().is_empty()) {
            if known.insert((*request).to_owned()) {
                found.push(((*request).to_owned(), format!("{}:{line}", file.display())));
            }
        }
    };
    for (folder, bundle) in [(&arguments.old, old), (&arguments.new, new)] {
        take(&folder.join("tests/requests.jsonl"), &cases::requests(bundle));
    }
    if let Some(file) = &arguments.requests {
        let text = String::from_utf8(folder::content(file)?).map_err(|why| {
            Failure::new(Exit::Data, format!("`{}` is not UTF-8", file.display())).why(why)
        })?;
        take(file, &text.lines().collect::<Vec<_>>());
    }
    if found.is_empty() {
        let what = "neither bundle carries tests, so there is nothing to ask".to_owned();
        return Err(Failure::new(Exit::NoInput, what).help("give requests with --requests FILE"));
    }
    Ok(found)
}

fn print_parts(
    [old, new]: [&Bundle; 2],
    found: &BundleChanges,
    output: &mut Output,
) -> Result<(), Failure> {
    let paint = output.paint();
    let title = format!("{} {} → {} {}", old.name(), old.version(), new.name(), new.version());
    output.line(paint.text(Style::Heading, title))?;
    for (what, names) in
        [("policies", &found.policies), ("tools", &found.tools), ("files", &found.files)]
    {
        let NameChanges { added, removed, changed } = names;
        let counts =
            format!("{} added, {} removed, {} changed", added.len(), removed.len(), changed.len());
        output.line(format!("  {} {counts}", paint.text(Style::Label, format!("{what:<9}"))))?;
        for (mark, style, names) in
            [("+", Style::Good, added), ("-", Style::Bad, removed), ("~", Style::Warning, changed)]
        {
            for name in names {
                output.line(format!("    {} {name}", paint.text(style, mark)))?;
            }
        }
    }
    Ok(())
}

fn print_answers(
    total: u64,
    turned: &BTreeMap<VerdictChange, Vec<ChangedAnswer>>,
    show: usize,
    output: &mut Output,
) -> Result<(), Failure> {
    let paint = output.paint();
    let other = size(turned.values().map(Vec::len).sum());
    let asked = counted(total, "request", "requests");
    let alike = grouped(total.saturating_sub(other));
    output.line(format!(
        "  {} {asked} asked, {alike} answered alike",
        paint.text(Style::Label, "answers  ")
    ))?;
    for turn in VerdictChange::ALL {
        let Some(all) = turned.get(&turn) else { continue };
        let style = match turn {
            VerdictChange::Allowed | VerdictChange::Waits => Style::Warning,
            VerdictChange::Denied => Style::Bad,
            VerdictChange::Otherwise => Style::Quiet,
        };
        output.line("")?;
        output.line(paint.text(style, format!("{} ({})", heading(turn), all.len())))?;
        for one in all.iter().take(show) {
            output.line(format!("  {}", paint.text(Style::Name, &one.place)))?;
            output.line(format!("    {}", paint.text(Style::Quiet, &one.request)))?;
            output.line(format!(
                "    {}",
                paint.text(Style::Bad, format!("- {}", answer(&one.old)))
            ))?;
            output.line(format!(
                "    {}",
                paint.text(Style::Good, format!("+ {}", answer(&one.new)))
            ))?;
        }
        let hidden = all.len().saturating_sub(show);
        if hidden > 0 {
            output.line(
                paint.text(Style::Quiet, format!("  and {hidden} more: --show N lists them")),
            )?;
        }
    }
    Ok(())
}

fn heading(turn: VerdictChange) -> &'static str {
    match turn {
        VerdictChange::Allowed => "newly allowed",
        VerdictChange::Denied => "newly denied",
        VerdictChange::Waits => "now waits for officers",
        VerdictChange::Otherwise => "the same, for another reason",
    }
}

fn answer(decision: &Decision) -> String {
    in_words(decision.verdict().as_str(), decision.code(), decision.policy_ids())
}

fn value(
    found: &BundleChanges,
    total: u64,
    turned: &BTreeMap<VerdictChange, Vec<ChangedAnswer>>,
) -> Value {
    let names = |names: &NameChanges| {
        let list = |names: &[String]| {
            Value::Array(names.iter().map(|name| name.as_str().into()).collect())
        };
        object([
            ("added", list(&names.added)),
            ("changed", list(&names.changed)),
            ("removed", list(&names.removed)),
        ])
    };
    let decided = |decision: &Decision| {
        let ids = decision.policy_ids().map(Value::from).collect();
        object([
            ("code", decision.code().into()),
            ("decision", decision.verdict().as_str().into()),
            ("policies", Value::Array(ids)),
        ])
    };
    let one = |one: &ChangedAnswer| {
        object([
            ("new", decided(&one.new)),
            ("old", decided(&one.old)),
            ("place", one.place.as_str().into()),
            ("request", one.request.as_str().into()),
        ])
    };
    let mut members = Object::from([
        ("files", names(&found.files)),
        ("policies", names(&found.policies)),
        ("requests", number(total)),
        ("tools", names(&found.tools)),
    ]);
    for turn in VerdictChange::ALL {
        let all = turned.get(&turn).map(Vec::as_slice).unwrap_or_default();
        members.insert(turn.as_str().to_owned(), all.iter().map(one).collect::<Vec<_>>().into());
    }
    Value::Object(members)
}
