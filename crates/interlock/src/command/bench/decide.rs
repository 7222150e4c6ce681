//! Decisions in memory: nothing is written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{
    Bundle, DecisionState, Files, History, Passing, Request, ResolvedRequest, decide,
    decide_resolved, resolve,
};
use record::Facts;
use testkit::detecting::decide_detectors;
use testkit::scoped::{self, Sample};

use super::row::{Row, rate};
use super::samples::Samples;
use crate::exit::{Exit, Failure};

/// Decisions taken for each row, after a warm-up.
const DECISIONS: usize = 20_000;

/// Decisions before any is counted.
const WARM_UP: usize = 2_000;

/// Decisions with one history before a new one begins, so that it stays short.
const HISTORY_DECISIONS: usize = 1_000;

/// Events in the window of the temporal row. The other sizes show that the time does not grow with
/// them.
const EVENTS: [usize; 3] = [1_000, 10_000, 50_000];

/// One row for each size of bundle, one for history, and one for detectors.
pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    Ok(vec![
        scoped("decide_100", &scoped::decide_100())?,
        scoped("decide_10000", &scoped::decide_10000())?,
        scoped("decide_10000_unscoped_500", &scoped::decide_10000_unscoped_500())?,
        looking_back()?,
        detecting()?,
    ])
}

/// Decisions for resolved requests, as in a kernel that prepares requests in parallel; and, beside
/// them, decisions that also resolve the request.
fn scoped(name: &str, sample: &Sample) -> Result<Row, Failure> {
    let loaded = Instant::now();
    let bundle = load(&sample.files)?;
    let load_ms = loaded.elapsed().as_secs_f64() * 1_000.0;
    let resolved: Vec<ResolvedRequest> =
        sample.requests.iter().map(|request| resolve(&bundle, request)).collect();
    let begun = Instant::now();
    let samples = timed(&bundle, &resolved, |history, facts, resolved| {
        std::hint::black_box(decide_resolved(history, &DecisionState::DEFAULT, facts, resolved));
    })?;
    let whole = begun.elapsed();
    let mut both = timed(&bundle, &sample.requests, |history, facts, request| {
        std::hint::black_box(decide(history, &DecisionState::DEFAULT, facts, request));
    })?;
    Ok(Row::new(name, samples, whole)
        .with("with_reading_p50_us", both.per_mille_us(500))
        .with("load_ms", load_ms.round()))
}

fn timed<T>(
    bundle: &Arc<Bundle>,
    asked: &[T],
    decide: impl Fn(&mut History, &Facts, &T),
) -> Result<Samples, Failure> {
    let mut samples = Samples::default();
    let mut history = new_history(bundle)?;
    for (number, one) in asked.iter().cycle().take(WARM_UP + DECISIONS).enumerate() {
        if number % HISTORY_DECISIONS == 0 {
            history = new_history(bundle)?;
        }
        let facts = at(i64::try_from(number).unwrap_or(i64::MAX));
        let begun = Instant::now();
        decide(&mut history, &facts, one);
        if number >= WARM_UP {
            samples.push(begun.elapsed());
        }
    }
    Ok(samples)
}

/// Conditions that look for an event, count and sum over so many events in their window.
fn looking_back() -> Result<Row, Failure> {
    let files = [
        ("bundle.toml", "name = \"temporal\"\nversion = \"1\"\nsemantics = 1\n"),
        ("schema.cedarschema", SCHEMA),
        ("policies/all.dw", POLICIES),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    let bundle = load(&files.into())?;
    let mut row = None;
    let mut others = Vec::new();
    for events in EVENTS {
        let begun = Instant::now();
        let mut samples = with_events(&bundle, events)?;
        if events == 10_000 {
            row = Some(Row::new("decide_temporal_10000", samples, begun.elapsed()));
        } else {
            others.push((events, samples.per_mille_us(500)));
        }
    }
    let row = row.unwrap_or_default();
    Ok(others.into_iter().fold(row, |row, (events, p50_us)| {
        row.with(
            if events == 1_000 { "p50_us_of_1000_events" } else { "p50_us_of_50000_events" },
            p50_us,
        )
    }))
}

/// The time that detectors add to a decision or an end: eight detectors over a message of 4 KiB,
/// with the text extracted from the JSON first.
fn detecting() -> Result<Row, Failure> {
    let sample = decide_detectors();
    let bundle = load(&sample.files)?;
    let mut raw = Samples::default();
    let mut samples = Samples::default();
    let (mut whole, mut raw_whole) = (Duration::ZERO, Duration::ZERO);
    // The two alternate, so that other load on the machine affects both alike.
    for number in 0..WARM_UP.saturating_add(DECISIONS) {
        let begun = Instant::now();
        std::hint::black_box(bundle.detected(Passing::Results, sample.message.as_bytes()));
        let looked = begun.elapsed();
        let begun = Instant::now();
        std::hint::black_box(sample.scan());
        let scanned = begun.elapsed();
        if number >= WARM_UP {
            samples.push(looked);
            raw.push(scanned);
            whole = whole.saturating_add(looked);
            raw_whole = raw_whole.saturating_add(scanned);
        }
    }
    let limit_per_s = rate(raw.count(), raw_whole);
    Ok(Row::new("decide_detectors", samples, whole)
        .limited(limit_per_s, "the same expressions over the bytes of the same message")
        .with("limit_p50_us", raw.per_mille_us(500)))
}

fn with_events(bundle: &Arc<Bundle>, events: usize) -> Result<Samples, Failure> {
    let mut history = new_history(bundle)?;
    let request = |number: usize| {
        let resource = policy::Entity::new("Payee", "p");
        let input = format!(r#"{{"cents":{}}}"#, number % 100);
        let principal = policy::Entity::new("Workload", "agent");
        Request { principal, action: "pay".to_owned(), resource, input }
    };
    for number in 0..events {
        let facts = at(i64::try_from(number).unwrap_or(i64::MAX));
        decide(&mut history, &DecisionState::DEFAULT, &facts, &request(number));
    }
    let mut samples = Samples::default();
    for number in events..events.saturating_add(5_000) {
        let resolved = resolve(bundle, &request(number));
        let facts = at(i64::try_from(number).unwrap_or(i64::MAX));
        let begun = Instant::now();
        decide_resolved(&mut history, &DecisionState::DEFAULT, &facts, &resolved);
        samples.push(begun.elapsed());
    }
    Ok(samples)
}

const SCHEMA: &str = "entity Workload; entity Payee;\n\
    action pay appliesTo { principal: Workload, resource: Payee, context: { input: { cents: Long } } };\n\
    action fetch appliesTo { principal: Workload, resource: Payee, context: { input: {} } };\n";

const POLICIES: &str = r#"
@id("all") permit (principal, action, resource);
@id("not-after") forbid (principal, action == Action::"pay", resource)
when temporal { formerly within 1d Action::"fetch"::response{} };
@id("count") forbid (principal, action == Action::"pay", resource)
when temporal { 1000000 < count_within(1d, Action::"pay"::request{}) };
@id("sum") forbid (principal, action == Action::"pay", resource)
when temporal { 1000000000 < sum_within(amount, 1d, Action::"pay"::request{ input.cents: amount }) };
"#;

fn load(files: &Files) -> Result<Arc<Bundle>, Failure> {
    let failed =
        |why| Failure::new(Exit::Failed, "the bundle to measure with does not load").why(why);
    Bundle::load(files).map(Arc::new).map_err(failed)
}

fn new_history(bundle: &Arc<Bundle>) -> Result<History, Failure> {
    History::new(bundle).map_err(|why| Failure::new(Exit::Failed, "no history").why(why))
}

fn at(number: i64) -> Facts {
    Facts { at: Facts::DEFAULT.at.saturating_add(number), ..Facts::DEFAULT }
}
