//! A loaded node is killed again and again. What was answered stays true, and nothing happened off
//! the record.

mod load;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::random::Random;
use crate::support::{Decision, Domain, Node, decisions, run, until};
use load::{Answer, Asked, Served, client};

const KILLS: usize = 50;
const WORKLOADS: [&str; 4] = ["ada", "bob", "cyd", "dan"];
/// Calls that each client makes of the last node, which is not killed.
const LAST_CALLS: usize = 10;

#[test]
fn answers_and_effects_match_the_record_after_a_kill() {
    let mut random = Random::seeded();
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    let office = format!("{} office-server --root OFFICE", env!("CARGO_BIN_EXE_interlock"));
    let domain = Domain::new(&bundle, &WORKLOADS, &[("office", &office)]);
    // Snapshots as often as can be: nodes are killed while they keep them, and start from them.
    let config = domain.folder().join("interlock.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("[node]\n", "[node]\nsnapshot_records = 100\n")).unwrap();
    let served = Arc::new(Served::default());
    let clients = WORKLOADS.map(|workload| {
        let (served, folder, random) = (Arc::clone(&served), domain.folder(), random.split());
        std::thread::spawn(move || client(&folder, workload, &served, random))
    });
    let killed_starting = kill_again_and_again(&domain, &served, &mut random);
    let node = Node::start(&domain.folder());
    served.begin_last(LAST_CALLS);
    let journals = clients.map(|client| client.join().unwrap());
    assert!(node.stop().success());
    until("the servers of killed nodes to end", || {
        no_process_names(&domain.office()).then_some(())
    });

    let recorded = decisions(&domain.folder());
    let journal: BTreeMap<String, Asked> = journals.into_iter().flatten().collect();
    let tally = every_answer_is_on_record(&journal, &recorded);
    let effects = every_effect_is_on_record(&domain.office(), &recorded);
    println!(
        "{tally:?}, {effects} effects, {KILLS} kills, {killed_starting} of them while starting"
    );
    assert!(
        tally.permits > 100 && tally.denials > 100 && tally.unanswered >= KILLS / 2 && effects > 50
    );
    let snapshots = std::fs::read_dir(domain.folder().join("lineage/snapshots")).unwrap().count();
    assert_eq!(snapshots, 3, "two lists, and the folder of pieces");
    both_logs_verify(&domain.folder());
    every_decision_replays(&domain.folder(), recorded.len());
}

/// Kills the node at random moments, most of them under load. Says how often it was killed before
/// it served.
fn kill_again_and_again(domain: &Domain, served: &Served, random: &mut Random) -> usize {
    let mut start_takes = Duration::from_millis(300);
    let mut killed_starting = 0;
    for round in 0..KILLS {
        let began = Instant::now();
        let mut node = Node::spawn(&domain.folder());
        if round % 5 == 4 {
            wait_some_of(start_takes, random);
            killed_starting += 1;
        } else {
            assert!(node.serves(), "round {round}: {}", node.stderr());
            start_takes = began.elapsed();
            served.begin();
            served.until_answered(random.below(24));
            wait_some_of(Duration::from_millis(20), random);
        }
        assert!(node.kill(), "round {round}: the node ended by itself: {}", node.stderr());
    }
    killed_starting
}

/// A random moment is what is tested, so nothing tells when it has come but the clock.
fn wait_some_of(most: Duration, random: &mut Random) {
    let micros = random.below(most.as_micros().try_into().unwrap());
    std::thread::sleep(Duration::from_micros(micros));
}

#[derive(Debug, Default)]
struct Tally {
    permits: usize,
    denials: usize,
    unanswered: usize,
}

fn every_answer_is_on_record(journal: &BTreeMap<String, Asked>, recorded: &[Decision]) -> Tally {
    let mut by_marker = BTreeMap::new();
    for decision in recorded {
        if let Some(marker) = marker(decision) {
            let earlier = by_marker.insert(marker, decision);
            assert!(earlier.is_none(), "{marker} was decided twice");
        }
    }
    let mut tally = Tally::default();
    for (marker, asked) in journal {
        let on_record = by_marker.get(marker.as_str());
        let found = on_record.map(|decision| decision.answered());
        match &asked.answer {
            None => tally.unanswered += 1,
            Some(Answer::Permit) => {
                let (verdict, code, _) = found.unwrap();
                assert_eq!((verdict, code), ("permit", "permitted"), "{marker} was answered");
                tally.permits += 1;
            }
            Some(Answer::Deny { code, index }) => {
                assert_eq!(found, Some(("deny", code.as_str(), *index)), "{marker} was denied");
                tally.denials += 1;
            }
        }
    }
    let unasked = by_marker.keys().find(|marker| !journal.contains_key(**marker));
    assert_eq!(unasked, None, "it was decided, and nobody asked for it");
    tally
}

/// Each file that a call made names that call: its permit must stand in the log.
fn every_effect_is_on_record(office: &Path, recorded: &[Decision]) -> usize {
    let permitted = recorded.iter().filter(|decision| decision.answered().0 == "permit");
    let permitted: BTreeSet<&str> = permitted.filter_map(marker).collect();
    let mut effects = 0;
    for folder in ["drafts", "payroll"] {
        for file in std::fs::read_dir(office.join("files").join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if let Some(marker) = name.strip_suffix(".call") {
                assert_eq!(folder, "drafts", "{marker} was denied");
                assert!(permitted.contains(marker), "{marker} happened without a permit on record");
                effects += 1;
            }
        }
    }
    effects
}

fn marker(decision: &Decision) -> Option<&str> {
    let is_call = decision.message["method"] == "tools/call";
    is_call.then(|| decision.message["id"].as_str().unwrap())
}

fn both_logs_verify(folder: &Path) {
    let verified = run(&[Path::new("log"), Path::new("verify"), folder, Path::new("--json")]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
    let verified: Vec<Value> =
        verified.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verified.len(), 2);
    assert!(
        verified.iter().all(|log| log["is_verified"] == true && log["unpublished"] == 0),
        "{verified:?}"
    );
}

fn every_decision_replays(folder: &Path, decisions: usize) {
    let replayed = run(&[Path::new("replay"), folder, Path::new("--json")]);
    assert_eq!(replayed.code, Some(0), "{}{}", replayed.stdout, replayed.stderr);
    let counts: Value = serde_json::from_str(&replayed.stdout).unwrap();
    let count = |name: &str| usize::try_from(counts[name].as_u64().unwrap()).unwrap();
    let found = (count("identical"), count("different"), count("not_replayable"));
    assert_eq!(found, (decisions, 0, 0));
}

/// Whether no process has this path on its command line.
fn no_process_names(path: &Path) -> bool {
    let path = path.to_str().unwrap().as_bytes();
    let names = |entry: std::io::Result<std::fs::DirEntry>| {
        let command = std::fs::read(entry.unwrap().path().join("cmdline")).unwrap_or_default();
        command.windows(path.len()).any(|window| window == path)
    };
    !std::fs::read_dir("/proc").unwrap().any(names)
}
