//! A node that is killed goes on at once: what monitors know is kept, and what is not kept of it is
//! built before anybody is decided.

use std::path::Path;
use std::process::Command;

use kernel::replay::Counts;
use kernel::step::Answer;
use node::{Direct, Options};
use policy::Bundle;
use record::governance::{Change, Workload};
use record::lineage::Completion;

use super::support::{USER, files, options, ping, replay};
use super::{folder_of, lists};

/// With their ends, 20,000 events.
const DECISIONS: usize = 1_250;
const WORKLOADS: usize = 8;
/// Those that have asked more often are denied.
const MOST: usize = DECISIONS + WORKLOADS / 2;

fn bundle() -> Bundle {
    let schema = "entity Workload; entity Server;\n\
                  action \"ping\" appliesTo { principal: [Workload], resource: [Server] };\n";
    let policies = format!(
        "@id(\"all\")\npermit (principal, action, resource);\n\
         @id(\"often\")\nforbid (principal, action, resource) when temporal {{\n\
         {MOST} < count_within(1d, Action::\"ping\"::request{{}}) }};\n\
         @id(\"failed\")\nforbid (principal, action, resource) when temporal {{\n\
         formerly within 1d Action::\"ping\"::error{{}} }};\n"
    );
    let files = [
        ("bundle.toml", "name = \"counting\"\nversion = \"1\"\nsemantics = 1\n"),
        ("schema.cedarschema", schema),
        ("policies/all.dw", &policies),
    ];
    Bundle::load(&files.map(|(path, text)| (path.into(), text.as_bytes().to_vec())).into()).unwrap()
}

fn workload(number: usize) -> String {
    format!("agent-{number}")
}

/// What every workload is told when it asks for the first time, all at once.
async fn first_calls(options: &Options) -> Vec<Answer> {
    let (node, thread) = Direct::open(options).await.unwrap();
    let calls = (0..WORKLOADS).map(|number| {
        let node = node.clone();
        tokio::spawn(async move {
            let execution = node.join(&workload(number), USER).await.unwrap().unwrap();
            node.request(&execution, ping()).await.unwrap().1
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    node.stop(thread).await;
    answers
}

/// As many calls of each workload as its number and more.
async fn work(node: &Direct) {
    let calls = (0..WORKLOADS).map(|number| {
        let node = node.clone();
        tokio::spawn(async move {
            let execution = node.join(&workload(number), USER).await.unwrap().unwrap();
            for _ in 0..DECISIONS + number {
                let (ticket, answer) = node.request(&execution, ping()).await.unwrap();
                if matches!(answer, Answer::Permit { .. }) {
                    node.complete(ticket, Completion::Result, b"{}".to_vec(), None).await;
                }
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
}

/// What is in a folder, with lengths and the times at which it was written.
fn listed(folder: &Path) -> Vec<u8> {
    Command::new("find").arg(folder).args(["-printf", "%p %s %T@\n"]).output().unwrap().stdout
}

/// The domain as a node that is killed now leaves it. A log seals and removes files for a while
/// after the last answer: a copy counts only where nothing moved while it was made.
fn as_killed(options: &Options, below: &Path) -> Options {
    loop {
        let before = listed(&options.folder);
        std::fs::create_dir(below).unwrap();
        let copied = Command::new("cp").arg("-a").arg(&options.folder).arg(below).status().unwrap();
        if copied.success() && listed(&options.folder) == before {
            return Options { folder: below.join("domain"), ..options.clone() };
        }
        std::fs::remove_dir_all(below).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_kill_all_first_calls_are_served_by_the_whole_past() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { snapshot_records: 4_000, ..options(folder.path()) };
    let registered = (0..WORKLOADS).map(|number| {
        let (name, zone) = (workload(number), "prod".to_owned());
        Change::WorkloadRegistered(Workload { name, os_user: USER, zone })
    });
    node::domain::init(&options, &bundle(), registered.collect()).unwrap();
    let (node, thread) = Direct::open(&options).await.unwrap();
    work(&node).await;
    let (killed, anew) = (folder.path().join("killed"), folder.path().join("anew"));
    let (killed, anew) = (as_killed(&options, &killed), as_killed(&options, &anew));
    node.stop(thread).await;

    // Without what was kept the events alone say it.
    assert!(!lists(&killed).is_empty() && !lists(&anew).is_empty());
    std::fs::remove_dir_all(folder_of(&anew)).unwrap();
    let kept = files(&folder_of(&killed));
    let answers = first_calls(&killed).await;
    assert!(kept.iter().any(|path| path.exists()), "it went on from a snapshot");
    let is_permit = |answer: &Answer| match answer {
        Answer::Permit { .. } => true,
        Answer::Deny { code, .. } => {
            assert_eq!(code, "policy.denied");
            false
        }
        other => panic!("{other:?}"),
    };
    let permits: Vec<bool> = answers.iter().map(is_permit).collect();
    let expected: Vec<bool> = (0..WORKLOADS).map(|number| DECISIONS + number < MOST).collect();
    assert_eq!(permits, expected);
    let built: Vec<bool> = first_calls(&anew).await.iter().map(is_permit).collect();
    assert_eq!(built, permits);
    let decisions = WORKLOADS * DECISIONS + (0..WORKLOADS).sum::<usize>() + WORKLOADS;
    let identical = u64::try_from(decisions).unwrap();
    assert_eq!(replay(&killed), Counts { identical, ..Counts::default() });
}
