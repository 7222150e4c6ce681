//! Dogwood's own corpus, through our engines and our loading: a conformance suite that nobody here
//! wrote.
//!
//! Verdicts: every trace of every case that Dogwood passes, through our policy engine and the
//! temporal engine we use, verdict by verdict. Loading: every such case also loads as a bundle, and
//! every case that Dogwood refuses is refused, for a reason that lies in the policy. What we treat
//! differently stands in `corpus/exceptions.txt`, with its reason.
#![expect(clippy::unwrap_used, reason = "a test that can't go on stops")]
use std::collections::BTreeMap;

use dogwood_language::corpus::{self, CorpusTrace, TemporalCategory};
use dogwood_language::{
    Authorizer, Decision, EventSignature, LoweredPolicySet, PolicySchema, ServiceSchema,
    TemporalEngine, TemporalField, UNPINNED_EVENT_SCHEMA, parse_trace,
};
use interlock_policy::engine::ScopedEngine;
use interlock_policy::limits::DECIDE_STACK_BYTES;
use interlock_policy::temporal;
use interlock_policy::{Bundle, Files, LoadCode};

/// One case of any of the corpora.
struct Case {
    name: String,
    policies: String,
    schema: String,
    events: Option<String>,
    macros: Option<String>,
    traces: Vec<CorpusTrace>,
    refused: bool,
}

fn cases() -> Vec<Case> {
    let temporal = corpus::temporal_cases().into_iter().map(|case| Case {
        refused: case.category == TemporalCategory::ParseRejected,
        name: case.name,
        policies: case.policy_src,
        schema: case.schema_src,
        events: case.event_schema_src,
        macros: None,
        traces: case.traces,
    });
    let macros = corpus::macro_cases().into_iter().map(|case| Case {
        refused: false,
        name: case.name,
        policies: case.policy_src,
        schema: case.schema_src,
        events: case.event_schema_src,
        macros: case.macros_src,
        traces: case.traces,
    });
    let mixed = corpus::mixed_cases().into_iter().map(|case| Case {
        refused: false,
        name: case.name,
        policies: case.policy_src,
        schema: case.schema_src,
        events: case.event_schema_src,
        macros: None,
        traces: case.traces,
    });
    temporal.chain(macros).chain(mixed).collect()
}

/// Cases that we treat differently, with the reason: `KIND CASE REASON` a line.
fn exceptions(kind: &str) -> BTreeMap<String, String> {
    let lines = include_str!("corpus/exceptions.txt").lines();
    let ours = lines.filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '));
    ours.filter_map(|line| line.split_once(' '))
        .map(|(name, reason)| (name.to_owned(), reason.to_owned()))
        .collect()
}

/// Runs `work` over the cases on two threads with the stated stack, and gives what it returned in
/// order.
fn each<T: Send>(cases: &[Case], work: impl Fn(&Case) -> T + Sync) -> Vec<T> {
    let work = &work;
    std::thread::scope(|scope| {
        let halves = cases.chunks(cases.len().div_ceil(2));
        let threads: Vec<_> = halves
            .map(|half| {
                let thread = std::thread::Builder::new().stack_size(DECIDE_STACK_BYTES);
                thread
                    .spawn_scoped(scope, move || half.iter().map(work).collect::<Vec<T>>())
                    .unwrap()
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn lower(case: &Case) -> Result<LoweredPolicySet, dogwood_language::Error> {
    let events = case.events.as_deref().unwrap_or(UNPINNED_EVENT_SCHEMA);
    let mut service = ServiceSchema::builder().event_schema_str(events);
    if let Some(macros) = &case.macros {
        service = service.macros_str(macros);
    }
    LoweredPolicySet::from_str(
        &case.policies,
        &service.build()?,
        &PolicySchema::from_cedarschema_str(&case.schema)?,
    )
}

/// The verdicts of a trace through our engines, in the corpus's own form.
fn verdicts(case: &Case, trace: &CorpusTrace) -> Result<Vec<String>, String> {
    let lowered = lower(case).map_err(|error| error.to_string())?;
    let mut authorizer = Authorizer::builder(lowered)
        .policy_engine(ScopedEngine::default())
        .temporal_engine(temporal::MonitorEngine::default())
        .build()
        .map_err(|error| error.to_string())?;
    let mut lines = Vec::new();
    for (point, event) in
        parse_trace(&trace.trace_log).map_err(|e| e.to_string())?.iter().enumerate()
    {
        if let Some(response) = authorizer.is_authorized(event) {
            let allowed = response.decision() == Decision::Allow;
            lines.push(format!("@{} (time point {point}): {allowed}", event.timestamp()));
        }
    }
    Ok(lines)
}

/// How many temporal conditions of a case the monitors serve, and how many it has.
fn served(lowered: &LoweredPolicySet) -> (usize, usize) {
    let leaves: Vec<TemporalField> = lowered.temporal_fields().cloned().collect();
    let signatures: Vec<EventSignature> = lowered.event_signatures().collect();
    let mut engine = temporal::MonitorEngine::default();
    engine.prepare(&leaves, lowered.cedar_schema(), &signatures).unwrap();
    (engine.served(), engine.conditions())
}

#[test]
fn every_verdict_is_as_expected() {
    let cases: Vec<Case> = cases().into_iter().filter(|case| !case.refused).collect();
    let listed = exceptions("verdict");
    let results = each(&cases, |case| {
        let (mut traces, mut decisions, mut wrong) = (0, 0, Vec::new());
        let lowered = match lower(case) {
            Ok(lowered) => lowered,
            Err(why) => {
                wrong.push(format!("{}/: {why}", case.name));
                return (case.name.clone(), traces, decisions, wrong, (0, 0));
            }
        };
        for trace in &case.traces {
            let expected: Vec<&str> =
                trace.expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            match verdicts(case, trace) {
                Ok(found) if found == expected => {
                    traces += 1;
                    decisions += found.len();
                }
                Ok(found) => wrong
                    .push(format!("{}/{}: {found:?}, not {expected:?}", case.name, trace.index)),
                Err(why) => wrong.push(format!("{}/{}: {why}", case.name, trace.index)),
            }
        }
        (case.name.clone(), traces, decisions, wrong, served(&lowered))
    });
    let traces: usize = results.iter().map(|(_, traces, ..)| traces).sum();
    let decisions: usize = results.iter().map(|(_, _, decisions, ..)| decisions).sum();
    let different: Vec<&str> = results
        .iter()
        .filter(|(.., wrong, _)| !wrong.is_empty())
        .map(|(name, ..)| name.as_str())
        .collect();
    for (_, _, _, wrong, _) in &results {
        wrong
            .iter()
            .filter(|line| !listed.contains_key(line.split('/').next().unwrap()))
            .for_each(|w| println!("{w}"));
    }
    println!(
        "{} cases, {traces} traces and {decisions} verdicts as expected, {} cases listed",
        cases.len(),
        different.len()
    );
    assert_eq!(different, listed.keys().map(String::as_str).collect::<Vec<_>>());
    assert!(cases.len() >= 759 && traces >= 1_333 && decisions >= 4_455);
    let monitors: usize = results.iter().map(|(.., (served, _))| served).sum();
    let conditions: usize = results.iter().map(|(.., (_, all))| all).sum();
    let local = conditions - monitors;
    println!("{conditions} conditions: {monitors} served by monitors, {local} by the local engine");
    assert!(conditions >= 900 && monitors * 10 >= conditions * 9);
}

/// A case as a bundle of ours: every policy gets an id.
fn as_bundle(case: &Case) -> Files {
    let mut policies = String::new();
    let (mut nth, mut has_id) = (0, false);
    for line in case.policies.lines() {
        let start = line.trim_start();
        has_id |= start.starts_with("@id(");
        let begins = |word: &str| {
            start
                .strip_prefix(word)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(']))
        };
        if begins("permit") || begins("forbid") {
            if !has_id {
                policies.push_str(&format!("@id(\"policy-{nth}\")\n"));
            }
            (nth, has_id) = (nth + 1, false);
        }
        policies.push_str(line);
        policies.push('\n');
    }
    let manifest = "name = \"case\"\nversion = \"1\"\nsemantics = 1\n".to_owned();
    let macros = case.macros.clone().unwrap_or_default();
    [
        ("bundle.toml", manifest),
        ("schema.cedarschema", case.schema.trim_start_matches('\u{feff}').to_owned()),
        ("policies/case.dw", format!("{macros}\n{}", policies.trim_start_matches('\u{feff}'))),
    ]
    .map(|(path, text)| (path.to_owned(), text.into_bytes()))
    .into()
}

#[test]
fn every_case_loads_as_a_bundle_or_is_listed() {
    let cases: Vec<Case> = cases().into_iter().filter(|case| !case.refused).collect();
    let listed = exceptions("load");
    let results = each(&cases, |case| {
        let why = if case.events.is_some() {
            "event.schema: the case brings an event schema of its own".to_owned()
        } else {
            match Bundle::load(&as_bundle(case)) {
                Ok(_) => return None,
                Err(errors) => {
                    let first = errors.iter().next().unwrap();
                    format!("{}: {}", first.code().as_str(), first.message())
                }
            }
        };
        Some((case.name.clone(), why))
    });
    let refused: BTreeMap<String, String> = results.into_iter().flatten().collect();
    println!(
        "{} cases, {} load, {} listed",
        cases.len(),
        cases.len() - refused.len(),
        refused.len()
    );
    for (name, why) in refused.iter().filter(|(name, _)| !listed.contains_key(*name)) {
        println!("load {name} {why}");
    }
    assert!(refused.keys().eq(listed.keys()));
}

#[test]
fn every_bad_policy_is_refused_for_what_is_bad_in_it() {
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.refused).collect();
    let listed = exceptions("refuse");
    let results = each(&cases, |case| {
        // A reason that our own rules add would hide that the policy itself was taken.
        let in_policy = [
            LoadCode::PolicySyntax,
            LoadCode::PolicyType,
            LoadCode::PolicyUnsupported,
            LoadCode::Schema,
        ];
        let code = match Bundle::load(&as_bundle(case)) {
            Ok(_) => None,
            Err(errors) => {
                errors.iter().map(|error| error.code()).find(|code| in_policy.contains(code))
            }
        };
        (case.name.clone(), code)
    });
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut odd = Vec::new();
    for (name, code) in &results {
        *counts.entry(code.map_or("accepted", LoadCode::as_str)).or_default() += 1;
        if code.is_none() {
            println!("refuse {name} taken, or refused for another reason");
            odd.push(name.as_str());
        }
    }
    println!("{} bad policies: {counts:?}, {} listed", results.len(), odd.len());
    assert!(results.len() >= 261);
    assert_eq!(odd, listed.keys().map(String::as_str).collect::<Vec<_>>());
}
