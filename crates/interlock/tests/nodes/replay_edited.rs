//! History under another bundle: what `replay` says would have changed is what plain code predicts.

mod naive;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::random::Random;
use crate::support::{BINARY, Client, Decision, Domain, Node, decisions, run};
use naive::{Answer, Call, HARMLESS, INJECTED, Past, Rules};

const WORKLOADS: [&str; 6] = ["ada", "bob", "cyd", "dan", "eve", "fay"];
/// Which page each of them reads at first; those that read none read none later.
const PAGES: [Option<&str>; 6] = [Some(HARMLESS), None, Some(INJECTED), None, Some(HARMLESS), None];
const CALLS: usize = 175;

/// What is edited in the small bundle's policies: one plain rule is narrowed, one temporal rule
/// loosened, and one added.
const EDITS: [(&str, &str); 2] = [
    (
        r#"when { context.input.path like "drafts/*" };

@id("fetch")"#,
        r#"when { context.input.path like "drafts/*" && !(context.input.path like "drafts/final-*") };

@id("no-flood")
forbid (principal, action == Action::"send_mail", resource)
when temporal { 20 < count_within(1h, Action::"send_mail"::request{}) };

@id("fetch")"#,
    ),
    (
        r#"Action::"fetch_page"::response{} }"#,
        r#"Action::"fetch_page"::response{ input.url: "https://prices.example.net/steel.html" } }"#,
    ),
];

#[test]
fn replay_reports_exactly_what_a_naive_evaluator_predicts() {
    let mut random = Random::seeded();
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    let office = format!("{BINARY} office-server --root OFFICE");
    let domain = Domain::new(&bundle, &WORKLOADS, &[("office", &office)]);
    let made = record(&domain, &mut random);
    let recorded = decisions(&domain.folder());
    assert!(recorded.len() >= 1_000, "{}", recorded.len());

    let predicted = predict(&recorded, &made);
    assert!(predicted.len() * 20 >= recorded.len(), "{} of {}", predicted.len(), recorded.len());
    let reported = replay(&domain.folder(), &edited(&bundle, domain.around()), recorded.len());
    assert_eq!(reported, predicted);
    let narrowed = |answer: &Answer| answer.verdict == "deny";
    let narrowed = predicted.values().filter(|answer| narrowed(answer)).count();
    assert!(narrowed > 0 && narrowed < predicted.len(), "{narrowed} of {}", predicted.len());
    println!(
        "{} decisions in {} executions, {} different under the edit: {narrowed} denied, {} permitted",
        recorded.len(),
        WORKLOADS.len(),
        predicted.len(),
        predicted.len() - narrowed
    );
}

/// Makes calls through a real node, each workload's one after the other, and gives them by their
/// markers.
fn record(domain: &Domain, random: &mut Random) -> BTreeMap<String, Call> {
    let node = Node::start(&domain.folder());
    let calling = WORKLOADS.into_iter().zip(PAGES).map(|(workload, page)| {
        let (socket, mut random) = (domain.socket(), random.split());
        std::thread::spawn(move || {
            let mut client = Client::join(&socket, workload, "office").unwrap();
            client.greet().unwrap();
            let mut opening = Call::opening(page).into_iter();
            let one = |number| {
                let late = page.is_some() && number > 30;
                let call = opening.next().unwrap_or_else(|| Call::any(late, &mut random));
                let marker = format!("{workload}-{number}");
                let (tool, arguments) = call.as_tool();
                client.call(&marker, tool, &arguments);
                (marker, call)
            };
            (0..CALLS).map(one).collect::<Vec<_>>()
        })
    });
    // All call at once.
    let calling: Vec<_> = calling.collect();
    let made = calling.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert!(node.stop().success());
    made
}

/// The decisions that come out otherwise under the edit, by index. On the way, that those on record
/// are as predicted.
fn predict(recorded: &[Decision], made: &BTreeMap<String, Call>) -> BTreeMap<u64, Answer> {
    let mut pasts: BTreeMap<&str, Past> = BTreeMap::new();
    let mut changed = BTreeMap::new();
    for decision in recorded {
        let marker = decision.message["id"].as_str().unwrap_or_default();
        let answer = Answer { verdict: decision.verdict.clone(), code: decision.code.clone() };
        let Some(call) = made.get(marker) else {
            assert_eq!(answer, Answer::permit(), "{}", decision.message);
            continue;
        };
        let past = pasts.entry(&decision.execution).or_default();
        past.ask(call);
        assert_eq!(
            naive::answer(Rules::Published, call, past),
            answer,
            "record {}",
            decision.index
        );
        let edited = naive::answer(Rules::Edited, call, past);
        if edited != answer {
            changed.insert(decision.index, edited);
        }
        // What happened is what the bundle of that day let happen.
        if answer == Answer::permit() {
            past.complete(call);
        }
    }
    assert_eq!(pasts.len(), WORKLOADS.len());
    changed
}

fn edited(bundle: &Path, around: &Path) -> PathBuf {
    let copy = around.join("edited");
    std::fs::create_dir_all(copy.join("policies")).unwrap();
    for file in ["bundle.toml", "schema.cedarschema", "entities.json"] {
        std::fs::copy(bundle.join(file), copy.join(file)).unwrap();
    }
    let mut text = std::fs::read_to_string(bundle.join("policies/small.dw")).unwrap();
    for (from, to) in EDITS {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    std::fs::write(copy.join("policies/small.dw"), text).unwrap();
    copy
}

/// What `replay` reports as different under a bundle, by index.
fn replay(folder: &Path, bundle: &Path, decisions: usize) -> BTreeMap<u64, Answer> {
    let (folder, bundle) = (folder.to_str().unwrap(), bundle.to_str().unwrap());
    let replayed = run(&["replay", folder, "--bundle", bundle, "--json", "--show", "1000000"]);
    assert_eq!(replayed.code, Some(0), "{}", replayed.stderr);
    let counts: Value = serde_json::from_str(&replayed.stdout).unwrap();
    let one = |difference: &Value| {
        let member = |name: &str| difference["derived"][name].as_str().unwrap().to_owned();
        let answer = Answer { verdict: member("decision"), code: member("code") };
        (difference["index"].as_u64().unwrap(), answer)
    };
    let reported: BTreeMap<u64, Answer> =
        counts["differences"].as_array().unwrap().iter().map(one).collect();
    assert_eq!(counts["different"], json!(reported.len()));
    assert_eq!(counts["identical"], json!(decisions - reported.len()));
    assert_eq!(counts["not_replayable"], 0);
    reported
}
