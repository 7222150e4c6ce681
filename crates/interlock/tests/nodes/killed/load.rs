use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::random::Random;
use crate::support::Client;

/// Calls that a client has asked for and not been answered, at most.
const WINDOW: usize = 4;

/// Which node serves, and how much it is asked.
#[derive(Default)]
pub(super) struct Served {
    now: Mutex<Now>,
    changed: Condvar,
}

#[derive(Default, Clone, Copy)]
struct Now {
    /// How many nodes have served.
    nodes: usize,
    /// How many answers each client wants of the last node; none where it is not the last.
    last: Option<usize>,
    /// How many answers this node has given.
    answers: u64,
}

impl Served {
    /// Another node serves.
    pub(super) fn begin(&self) {
        self.change(|now| *now = Now { nodes: now.nodes + 1, last: None, answers: 0 });
    }

    /// The last node serves; each client ends after so many answers of it.
    pub(super) fn begin_last(&self, calls: usize) {
        self.change(|now| *now = Now { nodes: now.nodes + 1, last: Some(calls), answers: 0 });
    }

    /// Waits until the node that serves has given so many answers.
    pub(super) fn until_answered(&self, answers: u64) {
        let now = self.now.lock().unwrap();
        let too_few = |now: &mut Now| now.answers < answers;
        let waited =
            self.changed.wait_timeout_while(now, Duration::from_secs(60), too_few).unwrap();
        assert!(!waited.1.timed_out(), "the node does not answer");
    }

    /// Waits for a node that is newer than this one.
    fn newer_than(&self, node: usize) -> Now {
        let now = self.now.lock().unwrap();
        *self.changed.wait_while(now, |now| now.nodes <= node).unwrap()
    }

    fn answered(&self, node: usize) {
        self.change(|now| now.answers += u64::from(now.nodes == node));
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        change(&mut self.now.lock().unwrap());
        self.changed.notify_all();
    }
}

/// What a client notes of one call.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// None where no answer came.
    pub(super) answer: Option<Answer>,
}

#[derive(Debug)]
pub(super) enum Answer {
    /// It was permitted: the server's own answer came.
    Permit,
    /// It was denied, as the record at this index says.
    Deny { code: String, index: u64 },
}

/// Calls as fast as it can, of one node after the other, and keeps a journal by each call's marker.
pub(super) fn client(
    folder: &Path,
    workload: &str,
    served: &Served,
    mut random: Random,
) -> BTreeMap<String, Asked> {
    let mut journal = BTreeMap::new();
    let mut node = 0;
    loop {
        let now = served.newer_than(node);
        node = now.nodes;
        // A session that breaks is what happens when a node is killed; the last one is not.
        let broken = session((folder, workload), (&mut journal, &mut random), (served, now));
        if now.last.is_some() {
            broken.unwrap();
            return journal;
        }
    }
}

/// One session, until it breaks, or so many calls are answered.
fn session(
    (folder, workload): (&Path, &str),
    (journal, random): (&mut BTreeMap<String, Asked>, &mut Random),
    (served, now): (&Served, Now),
) -> io::Result<()> {
    let mut client = match random.below(2) {
        0 => Client::through_mcp(folder, workload, "office")?,
        _ => Client::join(&folder.join("node.sock"), workload, "office")?,
    };
    client.greet()?;
    let (mut waiting, mut answered) = (0, 0);
    while now.last.is_none_or(|calls| answered < calls) {
        while waiting < WINDOW {
            let marker = format!("{workload}-{}", journal.len());
            let (tool, arguments) = call(&marker, random);
            // Noted before it is sent: it may happen whatever becomes of the sending.
            journal.insert(marker.clone(), Asked::default());
            waiting += 1;
            client.ask(&marker, tool, &arguments)?;
        }
        let answer = client.read()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        // The word of the process that carried the session: of the node there is none.
        if answer["error"]["data"]["code"] == "node.ended" {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let marker = answer["id"].as_str().unwrap();
        let asked = journal.get_mut(marker).unwrap();
        assert!(asked.answer.is_none(), "{marker} was answered twice");
        asked.answer = Some(read(&answer));
        (waiting, answered) = (waiting - 1, answered + 1);
        served.answered(now.nodes);
    }
    Ok(())
}

/// A call whose arguments, and so its effect, name its marker.
fn call(marker: &str, random: &mut Random) -> (&'static str, Value) {
    let write = |folder: &str| json!({"path": format!("{folder}/{marker}.call"), "text": marker});
    match random.below(10) {
        0..4 => ("write_file", write("drafts")),
        4..6 => ("write_file", write("payroll")),
        6 => ("read_file", json!({"path": format!("notes/{marker}")})),
        7 => ("read_file", json!({"path": format!("payroll/{marker}")})),
        8 => ("fetch_page", json!({"url": format!("https://prices.example.net/{marker}")})),
        _ => ("send_mail", json!({"body": marker, "subject": "s", "to": "a@example.com"})),
    }
}

fn read(answer: &Value) -> Answer {
    let error = &answer["error"];
    match error["code"].as_i64() {
        None => Answer::Permit,
        Some(-32_005) => Answer::Deny {
            code: error["data"]["code"].as_str().unwrap().to_owned(),
            index: error["data"]["index"].as_u64().unwrap(),
        },
        Some(_) => panic!("neither permitted nor denied: {answer}"),
    }
}
