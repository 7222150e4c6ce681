mod difference;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use kernel::replay::{Fed, Replay};
use kernel::state::Blobs;
use policy::Bundle;
use proof::digest::Digest;
use proof::json::{Object, Value};
use proof::merkle::{Frontier, leaf_hash};

use crate::cli;
use crate::domain::{self, Log};
use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output::{Output, Style, counted, grouped, number};
use difference::Difference;

/// Derives every decision again and compares.
pub(super) fn run(arguments: &cli::Replay, output: &mut Output) -> Result<Exit, Failure> {
    let bundle = arguments.bundle.as_deref().map(folder::load_bundle).transpose()?.map(Arc::new);
    let count = count(&arguments.folder, bundle, arguments.show, output)?;
    tell(&count, output)?;
    Ok(if count.different > 0 && !count.is_hypothetical { Exit::Denied } else { Exit::Ok })
}

/// Replays a domain's lineage log, under one bundle if one is given, and keeps the first differences.
pub(crate) fn count(
    folder: &Path,
    bundle: Option<Arc<Bundle>>,
    shown_max: usize,
    output: &Output,
) -> Result<Count, Failure> {
    let (governance, lineage) = domain::both(folder)?;
    let mut count = Count { shown_max, is_hypothetical: bundle.is_some(), ..Count::default() };
    let records = governance.entries(0)?.map(|entry| Ok(entry?.record));
    let records = records.collect::<Result<Vec<_>, Failure>>()?;
    governance.verified()?;
    let blobs = Beside(&governance);
    let origin = lineage.key.name().to_owned();
    let node = origin.rsplit_once("/lineage/").map_or(origin.as_str(), |(_, node)| node);
    let mut replay = Replay::new(node, governance.key.name(), &records, &blobs);
    if let Some(bundle) = bundle {
        replay = replay.under(bundle);
    }
    let started = Instant::now();
    follow(&lineage, &mut replay, &mut count, output)?;
    count.per_s = super::log::rate(count.decisions(), started);
    Ok(count)
}

/// What a replay came to.
#[derive(Default)]
pub(crate) struct Count {
    records: u64,
    /// Decisions that came out the same.
    pub(crate) identical: u64,
    /// Decisions that came out otherwise.
    pub(crate) different: u64,
    /// Decisions whose inputs are not there.
    pub(crate) not_replayable: u64,
    /// Decisions a second.
    pub(crate) per_s: u64,
    is_hypothetical: bool,
    shown_max: usize,
    differences: Vec<Difference>,
}

impl Count {
    /// All decisions on record.
    pub(crate) const fn decisions(&self) -> u64 {
        self.identical.saturating_add(self.different).saturating_add(self.not_replayable)
    }

    fn add(&mut self, index: u64, fed: Fed) {
        self.records = self.records.saturating_add(1);
        match fed {
            Fed::Followed => {}
            Fed::Identical => self.identical = self.identical.saturating_add(1),
            Fed::NotReplayable { .. } => self.not_replayable = self.not_replayable.saturating_add(1),
            // Another bundle has another digest: what counts is whether it decides otherwise.
            Fed::Different { recorded, derived }
                if self.is_hypothetical && difference::is_same_answer(&recorded, &derived) =>
            {
                self.identical = self.identical.saturating_add(1);
            }
            Fed::Different { recorded, derived } => {
                self.different = self.different.saturating_add(1);
                if self.differences.len() < self.shown_max {
                    self.differences.push(Difference { index, recorded, derived });
                }
            }
        }
    }
}

/// The blobs beside the governance log.
struct Beside<'a>(&'a Log);

impl Blobs for Beside<'_> {
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        // A blob that cannot be read is one that is not there: the replay says which.
        self.0.reader.blob(digest).ok().flatten()
    }
}

/// Feeds every record, and checks on the way that the published ones are those that were signed.
fn follow(
    lineage: &Log,
    replay: &mut Replay<'_>,
    count: &mut Count,
    output: &Output,
) -> Result<(), Failure> {
    let head = lineage.verified()?.checkpoint().clone();
    let mut progress = output.progress("replaying");
    let mut frontier = Frontier::new();
    for entry in lineage.entries(0)? {
        let entry = entry?;
        frontier.push(leaf_hash(&entry.record));
        if frontier.size() == head.size && frontier.root() != head.root {
            return Err(lineage.not_verified(&"the entries do not hash to the signed root"));
        }
        let fed = replay.feed(&entry.record, entry.sealed.as_deref().unwrap_or_default());
        count.add(entry.index, fed.map_err(|why| lineage.not_verified(&why))?);
        progress.at(entry.index, Some(head.size.max(entry.index)));
    }
    if frontier.size() < head.size {
        return Err(lineage.not_verified(&"the log is shorter than its signed head"));
    }
    Ok(())
}

fn tell(count: &Count, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        let differences: Vec<Value> = count.differences.iter().map(Difference::to_value).collect();
        return output.json(&Value::Object(Object::from([
            ("different".to_owned(), number(count.different)),
            ("differences".to_owned(), differences.into()),
            ("identical".to_owned(), number(count.identical)),
            ("not_replayable".to_owned(), number(count.not_replayable)),
            ("per_s".to_owned(), number(count.per_s)),
            ("records".to_owned(), number(count.records)),
        ])));
    }
    let paint = output.paint();
    let (mark, style) = match (count.different, count.is_hypothetical) {
        (0, _) => ("✓", Style::Good),
        (_, true) => ("≠", Style::Warning),
        (_, false) => ("✗", Style::Bad),
    };
    let same = if count.is_hypothetical { "the same answer" } else { "identical to the byte" };
    let title = format!("{} derived again", counted(count.decisions(), "decision", "decisions"));
    output.line(format!("{} {}", paint.text(style, mark), paint.text(Style::Heading, title)))?;
    output.line(format!("  {:>8}  {same}", grouped(count.identical)))?;
    output.line(format!("  {:>8}  different", grouped(count.different)))?;
    output.line(format!("  {:>8}  not replayable", grouped(count.not_replayable)))?;
    for difference in &count.differences {
        for line in difference.lines(paint) {
            output.line(line)?;
        }
    }
    let shown = u64::try_from(count.differences.len()).unwrap_or(u64::MAX);
    if count.different > shown {
        let hidden = grouped(count.different - shown);
        output.line(paint.text(Style::Quiet, format!("  and {hidden} more: --show N lists them")))?;
    }
    Ok(())
}
