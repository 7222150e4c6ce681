//! How long a decision takes: loading, the first half, the second half, and Cedar's own scan of
//! every policy in the same run.
//! `cargo run --release -p interlock-testkit --example decide_speed [WHICH] [ROUNDS]`
//!
//! Instructions are counted by `valgrind --tool=callgrind`, with `NO_SCAN` set, as the difference
//! between two numbers of rounds; `FORM_ONLY` leaves the second half out.
#![expect(clippy::unwrap_used, reason = "a measurement that can't go on stops")]
#![expect(clippy::indexing_slicing, clippy::cast_precision_loss, reason = "figures for people")]
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;

use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicySet, Request, Schema};
use policy::{Bundle, DecisionState, History, decide_resolved, resolve};
use record::Facts;
use testkit::scoped::{Sample, decide_100, decide_10000, decide_10000_unscoped_500, sample};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let which = arguments.next().unwrap_or_else(|| "all".to_owned());
    let rounds: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(10);
    let all = ["decide_100", "decide_1000", "decide_10000", "decide_10000_unscoped_500"];
    let thread = std::thread::Builder::new().stack_size(policy::limits::DECIDE_STACK_BYTES);
    let work = move || {
        for name in all.into_iter().filter(|name| which == "all" || which == *name) {
            let sample = match name {
                "decide_100" => decide_100(),
                "decide_1000" => sample(1_000, 20),
                "decide_10000" => decide_10000(),
                _ => decide_10000_unscoped_500(),
            };
            measure(name, &sample, rounds);
        }
    };
    thread.spawn(work).unwrap().join().unwrap();
}

fn measure(name: &str, sample: &Sample, rounds: usize) {
    let start = Instant::now();
    let bundle = Arc::new(Bundle::load(&sample.files).unwrap());
    let load = start.elapsed();
    let (mut forms, mut decisions, mut asked) = (Vec::new(), Vec::new(), 0);
    for _ in 0..rounds {
        let mut history = History::new(&bundle).unwrap();
        for request in &sample.requests {
            let start = Instant::now();
            let resolved = resolve(&bundle, request);
            forms.push(start.elapsed().as_nanos());
            asked += resolved.candidates();
            if std::env::var_os("FORM_ONLY").is_some() {
                continue;
            }
            let start = Instant::now();
            let decision =
                decide_resolved(&mut history, &DecisionState::DEFAULT, &Facts::DEFAULT, &resolved);
            decisions.push(start.elapsed().as_nanos());
            assert!(matches!(decision.code(), "permitted" | "policy.denied"));
        }
    }
    let each = asked as f64 / forms.len() as f64;
    println!(
        "{name}: load {:.2} s; {each:.1} policies evaluated; form {}; decide_formed {}; Cedar's scan {}",
        load.as_secs_f64(),
        shown(&mut forms),
        shown(&mut decisions),
        shown(&mut scan(sample)),
    );
}

/// Cedar's public API over the same policies, with the request built before and without principal
/// and resource laid over the entities, which would copy them all: the least that a scan costs.
fn scan(sample: &Sample) -> Vec<u128> {
    if std::env::var_os("NO_SCAN").is_some() {
        return vec![0];
    }
    let text = |path: &str| std::str::from_utf8(&sample.files[path]).unwrap().to_owned();
    let policies: String =
        sample.files.keys().filter(|path| path.ends_with(".dw")).map(|p| text(p)).collect();
    let policies = PolicySet::from_str(&policies).unwrap();
    let schema = Schema::from_str(&text("schema.cedarschema")).unwrap();
    let entities = Entities::from_json_str(&text("entities.json"), Some(&schema)).unwrap();
    let uid = |kind: &str, id: &str| {
        EntityUid::from_type_name_and_id(kind.parse().unwrap(), id.parse().unwrap())
    };
    let mut times = Vec::new();
    for request in sample.requests.iter().step_by(10) {
        let context = format!(
            r#"{{"input":{},"facts":{{"trust":"trusted","assurance":"separated","at_ms":0}}}}"#,
            request.input
        );
        let request = Request::new(
            uid("Agent", &request.principal.id),
            uid("Action", &request.action),
            uid("File", &request.resource.id),
            Context::from_json_str(&context, None).unwrap(),
            None,
        )
        .unwrap();
        let start = Instant::now();
        let response = Authorizer::new().is_authorized(&request, &policies, &entities);
        times.push(start.elapsed().as_nanos());
        assert_eq!(response.diagnostics().errors().count(), 0);
    }
    times
}

fn shown(times: &mut [u128]) -> String {
    if times.is_empty() {
        return "not asked".to_owned();
    }
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 1_000] as f64 / 1_000.0;
    format!("p50 {:.1} us, p99 {:.1} us, max {:.1} us", at(500), at(990), at(1_000))
}
