//! The replay under the decider's version in force and under a new one. The new version is adopted
//! only with that replay.

use std::path::Path;

use kernel::governance::UNREPLAYED;
use kernel::replay::{Counts, ReplayOutcome};
use node::Options;
use node::clock::wall_ms;
use policy::Semantics;
use proof::checkpoint;
use proof::json::{Value, number, object};
use record::governance::{Replayed, Replays};
use record::lineage::LineageRecord;

use super::replay::difference::{Difference, is_same_answer};
use crate::domain::DomainLogs;
use crate::exit::{Exit, Failure};
use crate::limits::DIFFERENCES_SHOWN;
use crate::output::{Output, Style, counted, grouped};
use crate::replay::{self, ReplayRules, node_name};

/// The version with that number.
pub(super) fn version(number: u64) -> Result<Semantics, Failure> {
    Semantics::from_number(number).ok_or_else(|| {
        let known = Semantics::ALL.map(|version| version.number().to_string()).join(" and ");
        Failure::new(Exit::Usage, format!("this program carries no semantics {number}"))
            .help(format!("it carries {known}"))
    })
}

/// Replays a domain's log under both versions, prints the decisions that would differ, and returns
/// the counts that a proposal states.
pub(super) fn replay(
    options: &Options,
    folder: &Path,
    number: u64,
    output: &mut Output,
) -> Result<Replays, Failure> {
    let new = version(number)?;
    let adopted = node::domain::governance(options).map_err(|why| Failure::node(&why))?.semantics();
    if number <= adopted {
        let what = format!("the domain has adopted semantics {adopted} already");
        return Err(Failure::new(Exit::Denied, what).help("a domain does not go back"));
    }
    let now = wall_ms();
    let logs = DomainLogs::open(folder)?;
    let lineage = &logs.lineage;
    let unreadable = |why: &dyn std::fmt::Display| lineage.not_verified(why);
    let signed = lineage.reader.checkpoint().map_err(|why| unreadable(&why))?;
    let head = checkpoint::open(&signed, &lineage.key, lineage.key.name());
    let size = head.map_err(|why| unreadable(&why))?.size;
    // Unpublished records are not covered: the statement is about the time before them.
    let at = match lineage.entries(size)?.next().transpose()? {
        Some(next) => {
            let next = LineageRecord::parse(&next.record).map_err(|why| unreadable(&why))?;
            next.header.at.min(now)
        }
        None => now,
    };
    let found = replay_under_both(&logs, new, size, output)?;
    found.print(number, size, output)?;
    let BothReplays { same, different, erased, .. } = found;
    let node = node_name(lineage)?;
    let replayed = Replayed { node, checkpoint: signed, same, different, erased };
    Ok(Replays { at, each: vec![replayed] })
}

/// Repeats the replay before an officer signs, and prints the differences: the proposal must state
/// what this replay finds.
pub(super) fn check(
    folder: &Path,
    number: u64,
    replays: &Replays,
    output: &mut Output,
) -> Result<(), Failure> {
    let logs = DomainLogs::open(folder)?;
    let refused = |why: String| {
        let what = "the replay that the proposal states is not what this one found";
        Failure::new(Exit::Denied, what)
            .why(why)
            .code(UNREPLAYED)
            .help("it is not signed; propose it again")
    };
    let node = node_name(&logs.lineage)?;
    let [stated] = &replays.each[..] else {
        return Err(refused(format!("it is about other nodes than `{node}`, whose log is here")));
    };
    let head = stated.head(&logs.lineage.key).map_err(|why| refused(why.to_string()))?;
    let found = replay_under_both(&logs, version(number)?, head.size, output)?;
    found.print(number, head.size, output)?;
    let counts = |same: u64, different: u64, erased: u64| {
        format!("{same} the same, {different} different, {erased} erased")
    };
    let stated_counts = counts(stated.same, stated.different, stated.erased);
    let found_counts = counts(found.same, found.different, found.erased);
    if stated.node == node && stated_counts == found_counts {
        return Ok(());
    }
    Err(refused(format!(
        "of `{}` it states {stated_counts}; of `{node}` there are {found_counts}",
        stated.node
    )))
}

/// The outcome of deciding again every decision up to a head.
#[derive(Default)]
struct BothReplays {
    same: u64,
    different: u64,
    erased: u64,
    differences: Vec<Difference>,
}

fn replay_under_both(
    logs: &DomainLogs,
    new: Semantics,
    size: u64,
    output: &Output,
) -> Result<BothReplays, Failure> {
    let mut progress = output.progress("replaying");
    let end = logs.lineage.published()?;
    let counts = replay::follow(logs, ReplayRules::Published, |index, _| {
        progress.at(index, Some(end.max(index)));
        Ok(())
    })?;
    let Counts { different, missing, damaged, .. } = counts;
    if (different, missing, damaged) != (0, 0, 0) {
        let what = "the log does not replay identically under the version in force";
        let why = format!(
            "{different} decisions differ, {missing} lack something, {damaged} are damaged"
        );
        return Err(Failure::new(Exit::Denied, what)
            .why(why)
            .code(UNREPLAYED)
            .help("`interlock replay` says more; no other version is adopted until it does"));
    }
    let mut found = BothReplays::default();
    replay::follow(logs, ReplayRules::Semantics(new), |index, fed| {
        progress.at(index, Some(end.max(index)));
        if index < size {
            found.add(index, fed);
        }
        Ok(())
    })?;
    Ok(found)
}

impl BothReplays {
    fn add(&mut self, index: u64, fed: &ReplayOutcome) {
        let count = match fed {
            ReplayOutcome::Identical => &mut self.same,
            // Only erased parts are not replayable here: the replay under the version in force has
            // refused all other causes.
            ReplayOutcome::NotReplayable { .. } => &mut self.erased,
            ReplayOutcome::Different { recorded, derived }
                if recorded.get("decision").is_some() =>
            {
                if is_same_answer(recorded, derived) {
                    &mut self.same
                } else {
                    if self.differences.len() < DIFFERENCES_SHOWN {
                        let (recorded, derived) = (recorded.clone(), derived.clone());
                        self.differences.push(Difference { index, recorded, derived });
                    }
                    &mut self.different
                }
            }
            ReplayOutcome::Followed | ReplayOutcome::Different { .. } => return,
        };
        *count = count.saturating_add(1);
    }

    fn print(&self, semantics: u64, size: u64, output: &mut Output) -> Result<(), Failure> {
        if output.is_json() {
            let differences = self.differences.iter().map(Difference::to_value);
            return output.json(&object([
                ("different", number(self.different)),
                ("differences", Value::Array(differences.collect())),
                ("erased", number(self.erased)),
                ("same", number(self.same)),
                ("semantics", number(semantics)),
                ("size", number(size)),
            ]));
        }
        let paint = output.paint();
        let decisions = self.same.saturating_add(self.different).saturating_add(self.erased);
        let (mark, style) =
            if self.different == 0 { ("✓", Style::Good) } else { ("≠", Style::Warning) };
        let title = format!(
            "{} derived again under semantics {semantics}, and identical under the one in force",
            counted(decisions, "decision", "decisions")
        );
        let title = paint.text(Style::Heading, title);
        output.line(format!("{} {title}", paint.text(style, mark)))?;
        for (count, what) in
            [(self.same, "the same answer"), (self.different, "different"), (self.erased, "erased")]
        {
            output.line(format!("  {:>8}  {what}", grouped(count)))?;
        }
        for line in self.differences.iter().flat_map(|difference| difference.lines(paint)) {
            output.line(line)?;
        }
        let shown = u64::try_from(self.differences.len()).unwrap_or(u64::MAX);
        if shown < self.different {
            let text =
                format!("  `interlock replay --semantics {semantics} --show N` lists them all");
            output.line(paint.text(Style::Quiet, text))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
