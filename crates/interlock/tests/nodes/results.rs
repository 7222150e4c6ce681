//! A loaded node is killed again and again. No result that an agent had in hand, and that a later
//! decision can look at, is missing on record: not after any start.

mod agent;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::random::Random;
use crate::support::{Client, Domain, End, Ends, Node, run, until};
use agent::{Had, Kind, Moment};
use record::lineage::Completion;

const WORKLOADS: [&str; 4] = ["ada", "bob", "cyd", "dan"];
/// How often a push has the node killed, and how often a deep run.
const KILLS: [usize; 2] = [10, 200];
/// The longest time from the last answer that is waited for to the kill.
const KILL_WITHIN: Duration = Duration::from_millis(10);

#[test]
fn no_result_that_an_agent_had_and_that_matters_is_missing() {
    let mut random = Random::seeded();
    let kills = KILLS[usize::from(std::env::var_os("INTERLOCK_DEEP").is_some())];
    let domain = domain();
    let (mut ends, mut had, mut tally) = (Ends::of(&domain.folder()), Had::new(), Tally::default());
    let began = Instant::now();
    for round in 0..=kills {
        let node = Node::start(&domain.folder());
        until("what is on record to be read", || ends.read_on().ok());
        tally = every_result_that_matters_is_on_record(&had, ends.found());
        if round == kills {
            assert!(node.stop().success());
            break;
        }
        had.extend(killed_under_load(&domain, node, round, &mut random));
    }
    println!("{kills} kills in {:?}: {tally:?}", began.elapsed());
    let [looked_at, plain] = [tally.looked_at(), tally.of(Kind::Plain)];
    assert!(looked_at > 20 * kills && plain > 0, "too few results to say anything");
    for kind in Kind::LOOKED_AT {
        assert!(tally.of(kind) > kills, "too few of {kind:?}");
    }
    everything_replays(&domain.folder());
}

fn domain() -> Domain {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/results");
    let server = format!("python3 {}", tests.join("server.py").display());
    let domain = Domain::new(&tests.join("bundle"), &WORKLOADS, &[("results", &server)]);
    // Snapshots as often as can be: nodes start from them.
    let config = domain.folder().join("interlock.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("[node]\n", "[node]\nsnapshot_records = 200\n")).unwrap();
    domain
}

/// Kills the node at a random moment while all agents call; gives what results they had in hand.
fn killed_under_load(domain: &Domain, mut node: Node, round: usize, random: &mut Random) -> Had {
    let moment = Moment::default();
    let socket = domain.socket();
    let had = std::thread::scope(|scope| {
        let agents = WORKLOADS.map(|workload| {
            let (socket, moment, random) = (&socket, &moment, random.split());
            scope.spawn(move || {
                let client = match Client::join(socket, workload, "results") {
                    // The node was killed before it answered.
                    Err(why) if why.kind() == ErrorKind::UnexpectedEof => return Had::default(),
                    client => client.unwrap(),
                };
                agent::calls(client, (workload, round), moment, random)
            })
        });
        moment.until_answered(20 + random.below(60));
        let micros = random.below(KILL_WITHIN.as_micros().try_into().unwrap());
        // A random moment is what is tested, so nothing tells when it has come but the clock.
        std::thread::sleep(Duration::from_micros(micros));
        assert!(node.kill(), "the node ended by itself: {}", node.stderr());
        agents.map(|agent| agent.join().unwrap())
    });
    had.into_iter().flatten().collect()
}

/// Of each kind: how many results agents had, and how many of these are not on record as they had
/// them.
#[derive(Debug, Default)]
struct Tally(BTreeMap<Kind, (usize, usize)>);

impl Tally {
    fn of(&self, kind: Kind) -> usize {
        self.0.get(&kind).map_or(0, |(had, _)| *had)
    }

    fn looked_at(&self) -> usize {
        Kind::LOOKED_AT.map(|kind| self.of(kind)).iter().sum()
    }
}

fn every_result_that_matters_is_on_record(had: &Had, ends: &BTreeMap<String, End>) -> Tally {
    let mut tally = Tally::default();
    for (marker, (kind, message)) in had {
        let end = ends.get(marker);
        let outcome = if *kind == Kind::Fail { Completion::Error } else { Completion::Result };
        let is_on_record = end.is_some_and(|end| {
            end.outcome == outcome && end.message.as_deref() == Some(message.as_bytes())
        });
        let count = tally.0.entry(*kind).or_default();
        count.0 += 1;
        count.1 += usize::from(!is_on_record);
        assert!(is_on_record || *kind == Kind::Plain, "{marker}, {kind:?}: {end:?}");
        if let Some(end) = end.filter(|_| is_on_record) {
            assert_eq!(end.labels == ["found"], *kind == Kind::Find, "{marker}: {end:?}");
            let charged: Vec<u64> = if *kind == Kind::Spend { vec![3] } else { vec![] };
            assert_eq!(end.charges, charged, "{marker}: {end:?}");
        }
    }
    tally
}

fn everything_replays(folder: &Path) {
    for command in [["log", "verify"].as_slice(), &["replay"]] {
        let words = command.iter().map(Path::new).chain([folder]);
        let ended = run(&words.collect::<Vec<_>>());
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    }
}
