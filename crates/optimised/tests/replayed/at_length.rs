//! Many varied decisions are derived again to the byte, and after a tenth of their executions was
//! erased exactly those decisions are not. An optimised build makes a hundred thousand
//! (`cargo xtask ci` runs one), any other a few hundred.

use std::collections::BTreeMap;
use std::path::Path;

use kernel::lineage::Transition;
use kernel::replay::Counts;
use kernel::step::Answer;
use ledger::Reader;
use node::erase::Which;
use node::{Direct, Options};
use policy::{Bundle, Files};
use record::governance::{Change, Workload};
use record::lineage::{Body, Completion, LineageRecord};

use crate::support::{self, USER, options, ping, replay};

/// Executions, and what each asks for.
const SIZE: (usize, usize) = if cfg!(debug_assertions) { (20, 30) } else { (100, 1_000) };
/// Executions that ask at the same time.
const AT_ONCE: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_are_derived_again_but_for_erased_ones() {
    let folder = tempfile::tempdir().unwrap();
    let options = office(folder.path());
    let executions = history(&options).await;
    let made = decisions(&options);
    let all: u64 = made.values().map(|of| of.values().sum::<u64>()).sum();
    assert_eq!(all, (SIZE.0 * SIZE.1) as u64);
    let mut codes = BTreeMap::new();
    made.values().flatten().for_each(|(code, count)| *codes.entry(code).or_insert(0) += count);
    println!("{all} decisions in {} executions: {codes:?}", made.len());
    for code in ["permitted", "policy.denied", "policy.error", "request.malformed", "tool.unknown"]
    {
        assert!(codes.contains_key(&code.to_owned()), "no decision is {code}: {codes:?}");
    }
    let counts = replay(&options);
    assert_eq!(counts, Counts { identical: all, ..Counts::default() });

    let tenth = &executions[..SIZE.0 / 10];
    for execution in tenth {
        let change = Change::ExecutionEnded { execution: execution.clone() };
        node::domain::govern(&options, change, None).unwrap();
    }
    let erased = node::erase::erase(&options, &Which::EndedBefore(i64::MAX), false).await.unwrap();
    assert!(erased.len() == tenth.len() && erased.iter().all(|one| one.result.is_ok()));
    let gone = tenth.iter().map(|one| made[one].values().sum::<u64>()).sum();
    let counts = replay(&options);
    println!("after erasing {} executions: {counts:?}", tenth.len());
    let expected = Counts { identical: all - gone, erased: gone, ..Counts::default() };
    assert_eq!(counts, expected);
}

/// A domain under the starter bundle, with as many workloads as executions are wanted; half of them
/// are the office's.
fn office(folder: &Path) -> Options {
    let mut options = options(folder);
    options.domain = "office.test".into();
    let name = |number: usize| format!("agent-{number}");
    let mut files = Files::new();
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bundles/starter");
    for path in support::files(&starter) {
        let below = path.strip_prefix(&starter).unwrap().to_str().unwrap().to_owned();
        if !below.starts_with("tests/") {
            files.insert(below, std::fs::read(&path).unwrap());
        }
    }
    let entities = String::from_utf8(files["entities.json"].clone()).unwrap();
    let members = (0..SIZE.0).step_by(2).map(|number| {
        let parents = r#"[{ "type": "Group", "id": "office" }]"#;
        let id = name(number);
        format!(r#"{{ "uid": {{ "type": "Workload", "id": "{id}" }}, "attrs": {{}}, "parents": {parents} }},"#)
    });
    let entities = entities.replacen('[', &format!("[{}", members.collect::<String>()), 1);
    files.insert("entities.json".to_owned(), entities.into_bytes());
    let bundle = Bundle::load(&files).unwrap();
    let workloads = (0..SIZE.0).map(|number| {
        let workload = Workload { name: name(number), os_user: USER, zone: "prod".into() };
        Change::WorkloadRegistered(workload)
    });
    node::domain::init(&options, &bundle, workloads.collect()).unwrap();
    options
}

/// Has every workload's execution ask for this and that; the executions.
async fn history(options: &Options) -> Vec<String> {
    let (node, thread) = Direct::open(options).await.unwrap();
    let mut executions = Vec::new();
    for number in 0..SIZE.0 {
        executions.push(node.join(&format!("agent-{number}"), USER).await.unwrap().unwrap());
    }
    for some in executions.chunks(AT_ONCE) {
        let asking = some
            .iter()
            .enumerate()
            .map(|(at, execution)| tokio::spawn(ask(node.clone(), execution.clone(), at as u64)));
        for asked in asking.collect::<Vec<_>>() {
            asked.await.unwrap();
        }
    }
    node.stop(thread).await;
    executions
}

/// Asks, and ends what was permitted: mostly with a result, sometimes with an error, sometimes
/// unknown.
async fn ask(node: Direct, execution: String, seed: u64) {
    let mut random = Random(seed);
    for number in 0..SIZE.1 {
        let (ticket, answer) = node.request(&execution, call(&mut random, number)).await.unwrap();
        let outcome = match random.below(10) {
            0 => Completion::Error,
            1 => Completion::UNKNOWN,
            _ => Completion::Result,
        };
        match answer {
            Answer::Permit { .. } => {
                let message = br#"{"result":{}}"#.to_vec();
                node.complete(ticket, outcome, message, None).await;
            }
            Answer::Refused { code } => panic!("refused: {code}"),
            Answer::Deny { .. } | Answer::Pending { .. } => {}
        }
    }
}

/// A call of a tool of the office, of each kind of outcome.
fn call(random: &mut Random, number: usize) -> Transition {
    let n = random.below(40);
    let folder =
        ["reports", "notes", "drafts", "payroll", "customers", "secrets"][(n % 6) as usize];
    let (tool, arguments) = match random.below(14) {
        0..4 => ("read_file", format!(r#"{{"path":"{folder}/{n}.md"}}"#)),
        4 => ("write_file", format!(r#"{{"path":"{folder}/{n}.md","text":"{number}"}}"#)),
        5 => ("delete_file", format!(r#"{{"path":"drafts/{n}"}}"#)),
        6 => ("fetch_page", format!(r#"{{"url":"https://news.test/{n}"}}"#)),
        7 => ("read_mail", r#"{"folder":"inbox"}"#.to_owned()),
        8 | 9 => {
            let to = ["ann@example.com", "eve@evil.test"][(n % 2) as usize];
            ("send_mail", format!(r#"{{"to":"{to}","subject":"{n}","body":"{number}"}}"#))
        }
        10 => {
            // The last is so large that the fee overflows: an evaluation error.
            let cents = [100, 900, 30_000, 9_007_199_254_740_991_i64][(n % 4) as usize];
            let what = r#""currency":"EUR","payee":"acme-supplies","reference":"r""#;
            ("pay", format!(r#"{{"amount_cents":{cents},{what}}}"#))
        }
        11 => ("read_file", format!(r#"{{"path":{n}}}"#)),
        12 => ("format_disk", "{}".to_owned()),
        _ => ("list_files", format!(r#"{{"folder":"{folder}"}}"#)),
    };
    let params = format!(r#"{{"name":"{tool}","arguments":{arguments}}}"#);
    let message = format!(r#"{{"id":{number},"method":"tools/call","params":{params}}}"#);
    Transition {
        method: "tools/call".into(),
        tool: Some(tool.into()),
        arguments,
        message: message.into_bytes(),
        ..ping()
    }
}

/// How often each execution was told which code.
fn decisions(options: &Options) -> BTreeMap<String, BTreeMap<String, u64>> {
    let mut found: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for entry in Reader::open(&options.lineage_folder()).unwrap().entries(0).unwrap() {
        let record = LineageRecord::parse(&entry.unwrap().record).unwrap();
        if let Body::Decided(decided) = record.body {
            let code = decided.decision.code().unwrap().to_owned();
            let execution = record.header.link.unwrap().execution;
            *found.entry(execution).or_default().entry(code).or_default() += 1;
        }
    }
    found
}

/// `SplitMix64`: the same calls in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}
