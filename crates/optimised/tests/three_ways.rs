//! The decider against Cedar's own scan and against a second evaluator of everything: the same
//! reasons, the same errors, the same bytes, for as many random sets of policies, entities and
//! requests as there is time for.
//!
//! An optimised build asks a hundred thousand times (`cargo xtask ci`), a million times where
//! `INTERLOCK_DEEP` is set (`cargo xtask deep`), and any other two thousand times. A failure names
//! the seed, the set and the request; `THREE_WAYS_SEED` and `THREE_WAYS_SET` run them again.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that can't go on stops"
)]
#[path = "three_ways/generate.rs"]
mod generate;
#[path = "three_ways/labels.rs"]
mod labels;
#[path = "three_ways/model.rs"]
mod model;
#[path = "three_ways/naive.rs"]
mod naive;
#[path = "three_ways/random.rs"]
mod random;
#[path = "three_ways/scan.rs"]
mod scan;
#[path = "three_ways/second.rs"]
mod second;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use labels::Labels;
use model::{Ask, Data, Entities, Odd, Policy, Uid};
use naive::{Answer, Source};
use policy::limits::DECIDE_STACK_BYTES;
use policy::{
    Bundle, Decision, DecisionState, Entity, Files, History, Passing, Request, decide,
    decide_resolved, resolve,
};
use random::Random;
use record::{Facts, Trust};
use scan::{Said, Scan};
use second::Meters;

/// Requests put to each set.
const REQUESTS: usize = 1_000;
const SEED: u64 = 0x1f2e_3d4c_5b6a_7988;

fn sets() -> usize {
    match (cfg!(debug_assertions), std::env::var_os("INTERLOCK_DEEP").is_some()) {
        (true, _) => 2,
        (false, false) => 100,
        (false, true) => 1_000,
    }
}

type Counts = BTreeMap<&'static str, usize>;

#[test]
fn the_index_the_scan_and_the_naive_evaluator_agree() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = number("THREE_WAYS_SEED").unwrap_or(SEED);
    let only = number("THREE_WAYS_SET").map(|set| usize::try_from(set).unwrap());
    let next = AtomicUsize::new(only.unwrap_or(0));
    let last = only.map_or(sets(), |set| set + 1);
    let work = || {
        let mut counts = Counts::new();
        loop {
            let set = next.fetch_add(1, Ordering::Relaxed);
            if set >= last {
                return counts;
            }
            one_set(seed, set, &mut counts);
        }
    };
    let counts: Vec<Counts> = std::thread::scope(|scope| {
        let thread = || {
            let thread = std::thread::Builder::new().stack_size(DECIDE_STACK_BYTES);
            thread.spawn_scoped(scope, work).unwrap()
        };
        let threads = [thread(), thread()];
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut total = Counts::new();
    for (code, count) in counts.iter().flatten() {
        *total.entry(code).or_default() += count;
    }
    let all: usize = total.values().sum();
    println!("seed {seed}: {all} requests to {} sets agree: {total:?}", last - only.unwrap_or(0));
    if only.is_none() {
        assert_eq!(all, sets() * REQUESTS);
        assert!(total.len() >= 8, "{total:?}");
        // Few sets are no fair sample.
        let common = ["permitted", "policy.denied", "policy.error"];
        let is_fair = common.iter().all(|code| total[code] * 5 >= all);
        assert!(is_fair || cfg!(debug_assertions), "each of {common:?} is a fifth: {total:?}");
    }
}

/// One set of policies and entities, and the requests put to it.
fn one_set(seed: u64, set: usize, counts: &mut Counts) {
    let mut random = Random::of(seed, set);
    let mut policies = generate::policies(&mut random);
    let entities = generate::entities(&mut random);
    let semantics = match random.chance(50) {
        true => 1,
        false if random.chance(50) => 2,
        false => 4,
    };
    let (mut meters, mut labels) = (Meters::default(), Labels::default());
    if semantics > 1 {
        meters = second::generate(&mut policies, &mut random);
        labels = labels::generate(&mut policies, &mut random);
    }
    let (text, lines) = written(&policies);
    let labelled = (semantics > 1).then(|| labels.text());
    let more = [
        ("meters.toml", meters.text()),
        ("labels.toml", labelled),
        ("detectors.toml", labels.detectors()),
    ];
    let bundle = bundle((&text, more), &entities, semantics);
    let scan = Scan::new(&text, &entities, semantics);
    let digest = bundle.digest().to_value().to_bytes();
    let source = Source {
        policies: &policies,
        file: "policies/all.dw",
        lines: &lines,
        digest: std::str::from_utf8(&digest).unwrap(),
        semantics,
        meters: &meters,
        labels: &labels,
    };
    for number in 0..REQUESTS {
        let mut ask = generate::ask(&entities, &mut random);
        // What a message of the protocol says more than the schema declares is bound, not
        // malformed, in the fourth version.
        if semantics >= 4 && ask.action == "ping" && ask.odd == Odd::Undeclared {
            ask.odd = Odd::Nothing;
        }
        let mut state = state(&mut random, ask.trust);
        if semantics > 1 {
            state = meters.state(&mut random, state);
            state = labels.state(&mut random, &mut ask, state);
            let message = format!("{{\"params\":{}}}", ask.input());
            state.detected = bundle.detected(Passing::Arguments, message.as_bytes());
        }
        let place = format!("THREE_WAYS_SEED={seed} THREE_WAYS_SET={set}, request {number}");
        let answer = naive::answer((&policies, semantics), &entities, &ask);
        let decision = decided(&bundle, &state, &ask, number);
        let expected = naive::bytes(&source, &state, (&ask, &answer));
        let found = String::from_utf8(decision.to_bytes()).unwrap();
        assert!(found == expected, "{place}: {ask:?}\nfound    {found}\nexpected {expected}");
        scanned(&scan, &ask, &policies, &answer, &place);
        *counts.entry(decision.code()).or_default() += 1;
    }
}

/// Whole, or in two halves with the first half made elsewhere.
fn decided(bundle: &Arc<Bundle>, state: &DecisionState, ask: &Ask, number: usize) -> Decision {
    let definition = ask.definition.map(labels::digest);
    let facts = Facts { at: second::NOW, definition, ..Facts::DEFAULT };
    let mut history = History::new(bundle).unwrap();
    let request = request(ask);
    if number.is_multiple_of(2) {
        return decide(&mut history, state, &facts, &request);
    }
    let resolved = resolve(bundle, &request);
    decide_resolved(&mut history, state, &facts, &resolved)
}

/// Cedar's scan says the same of the policies as the naive evaluator.
fn scanned(scan: &Scan, ask: &Ask, policies: &[Policy], answer: &Answer, place: &str) {
    if ask.odd != Odd::Nothing {
        return;
    }
    let said = scan.ask(ask);
    let Answer::Asked { permits, forbids, errors } = answer else {
        // What is contradicted, or said of one side only where both are one entity, Cedar can't
        // tell.
        let Answer::Malformed(why) = answer else { panic!("{place}: {answer:?}") };
        let one = ask.principal.0 == ask.resource.0 && why.contains("is missing");
        let refused = said.is_none() || why.contains("disagree") || one;
        assert!(refused, "{place}: {ask:?} {answer:?}");
        return;
    };
    let mut errors: Vec<String> =
        errors.iter().map(|(number, _)| policies[*number].id.clone()).collect();
    errors.sort();
    let reasons = if forbids.is_empty() { permits } else { forbids }.clone();
    assert_eq!(said, Some(Said { reasons, errors }), "{place}: {ask:?}");
}

fn written(policies: &[Policy]) -> (String, Vec<usize>) {
    let (mut text, mut lines) = (String::new(), Vec::new());
    for policy in policies {
        lines.push(text.lines().count() + 1);
        text.push_str(&policy.text());
    }
    (text, lines)
}

fn bundle(
    (policies, more): (&str, [(&str, Option<String>); 3]),
    entities: &Entities,
    semantics: u64,
) -> Arc<Bundle> {
    let manifest = format!(
        "name = \"t\"\nversion = \"1\"\nsemantics = {semantics}\n{}",
        labels::tools(semantics)
    );
    let mut files: Files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", &model::schema(semantics)),
        ("entities.json", &model::entities_json(entities)),
        ("policies/all.dw", policies),
    ]
    .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
    .into();
    let more =
        more.into_iter().filter_map(|(path, text)| Some((path.to_owned(), text?.into_bytes())));
    files.extend(more);
    Arc::new(Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}\n{policies}")))
}

fn request(ask: &Ask) -> Request {
    let entity = |((kind, id), said): &(Uid, Data)| Entity {
        kind: (*kind).to_owned(),
        id: id.to_string(),
        properties: said.properties(),
    };
    let mut principal = entity(&ask.principal);
    if ask.odd == Odd::UnknownType {
        principal.kind = "Zzzzzzzzzz".to_owned();
    }
    let action = if ask.odd == Odd::UnknownAction { "tools/call:zzz/zzz" } else { ask.action };
    Request {
        principal,
        action: action.to_owned(),
        resource: entity(&ask.resource),
        input: ask.input(),
    }
}

/// Mostly in order.
fn state(random: &mut Random, trust: Trust) -> DecisionState {
    DecisionState {
        governance_verified: random.below(300) > 0,
        registered: random.below(300) > 0,
        trust,
        halted: random.below(300) == 0,
        lineage_intact: random.below(300) > 0,
        ..DecisionState::DEFAULT
    }
}
