pub(super) mod difference;

use std::sync::Arc;
use std::time::Instant;

use kernel::replay::{Counts, ReplayOutcome};
use proof::json::{Object, Value, number};

use super::semantics;
use crate::cli::ReplayArgs;
use crate::domain::DomainLogs;
use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::{Output, Style, counted, grouped};
use crate::replay::{self, ReplayRules};
use difference::Difference;

/// Derives every decision again and compares.
pub(super) fn run(arguments: &ReplayArgs, output: &mut Output) -> Result<Exit, Failure> {
    let logs = DomainLogs::open(&arguments.folder)?;
    let under = match (arguments.bundle.as_deref(), arguments.semantics) {
        (Some(bundle), _) => ReplayRules::Bundle(Arc::new(folder::load_bundle(bundle)?)),
        (None, Some(number)) => ReplayRules::Semantics(semantics::version(number)?),
        (None, None) => ReplayRules::Published,
    };
    let is_hypothetical = !matches!(under, ReplayRules::Published);
    let mut report = ReplayReport { is_hypothetical, ..ReplayReport::default() };
    let published = logs.lineage.published()?;
    let mut progress = output.progress("replaying");
    let mut same_answers: u64 = 0;
    let started = Instant::now();
    report.counts = replay::follow(&logs, under, |index, fed| {
        report.records = report.records.saturating_add(1);
        progress.at(index, Some(published.max(index)));
        let ReplayOutcome::Different { recorded, derived } = fed else { return Ok(()) };
        // Another bundle has another digest, so only a different answer counts.
        if is_hypothetical && difference::is_same_answer(recorded, derived) {
            same_answers = same_answers.saturating_add(1);
        } else if report.differences.len() < arguments.show {
            let (recorded, derived) = (recorded.clone(), derived.clone());
            report.differences.push(Difference { index, recorded, derived });
        }
        Ok(())
    })?;
    report.per_s = super::log::rate(report.counts.decisions(), started);
    report.counts.identical = report.counts.identical.saturating_add(same_answers);
    report.counts.different = report.counts.different.saturating_sub(same_answers);
    drop(progress);
    if output.is_json() {
        output.json(&report.to_value())?;
    } else {
        report.print(output)?;
    }
    // A part that was erased, on record, is no loss; any other missing part is.
    let is_lost = report.counts.missing > 0 || report.counts.damaged > 0;
    let is_different = report.counts.different > 0 && !is_hypothetical;
    Ok(if is_different || is_lost { Exit::Denied } else { Exit::Ok })
}

/// The result of a replay, as it is printed.
#[derive(Default)]
struct ReplayReport {
    counts: Counts,
    records: u64,
    per_s: u64,
    is_hypothetical: bool,
    differences: Vec<Difference>,
}

impl ReplayReport {
    fn to_value(&self) -> Value {
        let differences: Vec<Value> = self.differences.iter().map(Difference::to_value).collect();
        Value::Object(Object::from([
            ("different", number(self.counts.different)),
            ("differences", differences.into()),
            ("identical", number(self.counts.identical)),
            ("not_replayable", number(self.counts.not_replayable())),
            ("not_replayable_because", self.reasons()),
            ("per_s", number(self.per_s)),
            ("records", number(self.records)),
        ]))
    }

    fn reasons(&self) -> Value {
        let Counts { erased, missing, damaged, .. } = self.counts;
        Value::Object(Object::from([
            ("damaged", number(damaged)),
            ("erased", number(erased)),
            ("missing", number(missing)),
        ]))
    }

    fn print(&self, output: &mut Output) -> Result<(), Failure> {
        let paint = output.paint();
        let Counts { identical, different, erased, missing, damaged } = self.counts;
        let (mark, style) = match (different, self.is_hypothetical) {
            _ if missing > 0 || damaged > 0 => ("✗", Style::Bad),
            (0, _) => ("✓", Style::Good),
            (_, true) => ("≠", Style::Warning),
            (_, false) => ("✗", Style::Bad),
        };
        let same = if self.is_hypothetical { "the same answer" } else { "identical to the byte" };
        let title =
            format!("{} derived again", counted(self.counts.decisions(), "decision", "decisions"));
        output.line(format!(
            "{} {}",
            paint.text(style, mark),
            paint.text(Style::Heading, title)
        ))?;
        for (count, what) in [
            (identical, same),
            (different, "different"),
            (self.counts.not_replayable(), "not replayable"),
        ] {
            output.line(format!("  {:>8}  {what}", grouped(count)))?;
        }
        let reasons = [
            (erased, "erased, as the log says"),
            (missing, "missing: a sealed part or a key that was never erased is not there"),
            (damaged, "damaged: a sealed part or a key is not what was written"),
        ];
        for (count, why) in reasons.into_iter().filter(|(count, _)| *count > 0) {
            output.line(format!("            {:>8}  {why}", grouped(count)))?;
        }
        for line in self.differences.iter().flat_map(|difference| difference.lines(paint)) {
            output.line(line)?;
        }
        let shown = u64::try_from(self.differences.len()).unwrap_or(u64::MAX);
        match different.saturating_sub(shown) {
            0 => Ok(()),
            hidden => {
                let text = format!("  and {} more: --show N lists them", grouped(hidden));
                output.line(paint.text(Style::Quiet, text))
            }
        }
    }
}
