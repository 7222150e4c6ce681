//! How long a decision with temporal conditions takes, as the window fills, beside
//! `dogwood-local-engine` over the same events in the same run.
//! `cargo run --release -p interlock-testkit --example temporal_speed [EVENTS..]`
#![expect(clippy::unwrap_used, reason = "a measurement that can't go on stops")]
#![expect(clippy::indexing_slicing, reason = "figures for people")]
use std::sync::Arc;
use std::time::Instant;

use dogwood_language::{
    Event, EventSignature, LoweredPolicySet, PolicySchema, ServiceSchema, TemporalEngine,
    TemporalField, UNPINNED_EVENT_SCHEMA, Value,
};
use dogwood_local_engine::{LocalTemporalEngine, TickRate};
use policy::{Bundle, DecisionState, Request, decide_dry_run, decide_resolved, resolve};
use record::Facts;
use testkit::temporal::{START_MS, STEP_MS, TemporalSample, temporal};

const SAMPLES: usize = 1_000;

fn main() {
    let mut sizes: Vec<usize> = std::env::args().skip(1).filter_map(|n| n.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 98_000];
    }
    let stack = policy::limits::DECIDE_STACK_BYTES;
    let work = move || sizes.into_iter().for_each(|events| measure(&temporal(events)));
    std::thread::Builder::new().stack_size(stack).spawn(work).unwrap().join().unwrap();
}

fn measure(sample: &TemporalSample) {
    let bundle = Arc::new(Bundle::load(&sample.files).unwrap());
    let before = resident();
    let start = Instant::now();
    let mut history = sample.history(&bundle).unwrap();
    let built = start.elapsed();
    let kept = resident().saturating_sub(before);
    let events = sample.done.len();
    let facts = Facts { at: START_MS + i64::try_from(events).unwrap() * STEP_MS, ..Facts::DEFAULT };
    let resolved = resolve(&bundle, &sample.request);
    let times = |mut work: Box<dyn FnMut() + '_>| -> Vec<u128> {
        let time = |_| {
            let start = Instant::now();
            work();
            start.elapsed().as_nanos()
        };
        (0..SAMPLES).map(time).collect()
    };
    let looks = times(Box::new(|| {
        assert_eq!(
            decide_dry_run(&history, &DecisionState::DEFAULT, &facts, &resolved).unwrap().code(),
            "permitted"
        );
    }));
    let decisions = times(Box::new(|| {
        let decision = decide_resolved(&mut history, &DecisionState::DEFAULT, &facts, &resolved);
        assert_eq!(decision.code(), "permitted");
    }));
    println!(
        "{events} events, taken in {:.1} us each, {} bytes each: look {}; decide_formed {}; local engine alone {}",
        built.as_secs_f64() * 1e6 / f64::from(u32::try_from(events).unwrap()),
        kept / events.max(1),
        shown(looks),
        shown(decisions),
        shown(local(sample)),
    );
}

/// The local engine's evaluation of the same conditions over the same events.
fn local(sample: &TemporalSample) -> Vec<u128> {
    if std::env::var_os("NO_LOCAL").is_some() {
        return vec![0];
    }
    let text = |path: &str| std::str::from_utf8(&sample.files[path]).unwrap();
    let service = ServiceSchema::builder().event_schema_str(UNPINNED_EVENT_SCHEMA).build().unwrap();
    let schema = PolicySchema::from_cedarschema_str(text("schema.cedarschema")).unwrap();
    let set = LoweredPolicySet::from_str(text("policies/temporal.dw"), &service, &schema).unwrap();
    let leaves: Vec<TemporalField> = set.temporal_fields().cloned().collect();
    let signatures: Vec<EventSignature> = set.event_signatures().collect();
    let mut engine = LocalTemporalEngine::new().with_tick_rate(TickRate::per_second(1_000));
    engine.prepare(&leaves, set.cedar_schema(), &signatures).unwrap();
    let mut at = START_MS;
    for request in &sample.done {
        engine.observe(&event(request, "response", at));
        at += STEP_MS;
    }
    let mut times = Vec::new();
    for _ in 0..20 {
        at += 1;
        engine.observe(&event(&sample.request, "request", at));
        let start = Instant::now();
        engine.evaluate().unwrap();
        times.push(start.elapsed().as_nanos());
    }
    times
}

fn event(request: &Request, kind: &str, at: i64) -> Event {
    let input: serde_json::Value = serde_json::from_str(&request.input).unwrap();
    let folder = Value::String(input["folder"].as_str().unwrap().to_owned());
    let bytes = Value::Int(input["bytes"].as_i64().unwrap());
    Event::builder_for(&["Action"], &request.action, kind)
        .timestamp(at)
        .principal_for("Agent", &request.principal.id)
        .resource_for("File", &request.resource.id)
        .request_context("input", "folder", folder.clone())
        .request_context("input", "bytes", bytes.clone())
        .field("input", "folder", folder)
        .field("input", "bytes", bytes)
        .build()
}

fn shown(mut times: Vec<u128>) -> String {
    times.sort_unstable();
    let at = |per_cent: usize| times[(times.len() - 1) * per_cent / 100];
    let us = |ns: u128| format!("{}.{:02}", ns / 1_000, ns % 1_000 / 10);
    format!("{} / {} us", us(at(50)), us(at(99)))
}

/// Resident memory in bytes, as far as the system tells.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4_096
}
