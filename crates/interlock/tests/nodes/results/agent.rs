use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::random::Random;
use crate::support::Client;

/// Calls that an agent has asked for and not been answered, at most.
const WINDOW: usize = 4;

/// The results that agents had, by the marker of the call: what it was, and the line that came.
pub(super) type Had = BTreeMap<String, (Kind, String)>;

/// What can look at the result of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A condition over responses.
    Look,
    /// A condition over errors.
    Fail,
    /// A charge that the result settles.
    Spend,
    /// A label that a detector brings.
    Find,
    /// Labels that it takes away.
    Clear,
    /// Nothing.
    Plain,
}

impl Kind {
    pub(super) const LOOKED_AT: [Self; 5] =
        [Self::Look, Self::Fail, Self::Spend, Self::Find, Self::Clear];
    const ALL: [Self; 6] =
        [Self::Look, Self::Fail, Self::Spend, Self::Find, Self::Clear, Self::Plain];

    fn tool(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Fail => "fail",
            Self::Spend => "spend",
            Self::Find => "find",
            Self::Clear => "clear",
            Self::Plain => "plain",
        }
    }
}

/// How many results the agents have of the node that serves.
#[derive(Default)]
pub(super) struct Moment {
    answers: Mutex<u64>,
    changed: Condvar,
}

impl Moment {
    /// Waits until there are so many.
    pub(super) fn until_answered(&self, answers: u64) {
        let have = self.answers.lock().unwrap();
        let too_few = |have: &mut u64| *have < answers;
        let waited =
            self.changed.wait_timeout_while(have, Duration::from_secs(60), too_few).unwrap();
        assert!(!waited.1.timed_out(), "the node does not answer");
    }

    fn answered(&self) {
        *self.answers.lock().unwrap() += 1;
        self.changed.notify_all();
    }
}

/// Calls as fast as it can until the node is gone.
pub(super) fn calls(
    mut client: Client,
    (workload, round): (&str, usize),
    moment: &Moment,
    mut random: Random,
) -> Had {
    let mut had = Had::new();
    let mut asked: BTreeMap<String, Kind> = BTreeMap::new();
    let mut number = 0;
    if client.greet().is_err() {
        return had;
    }
    loop {
        while asked.len() < WINDOW {
            let marker = format!("{workload}-{round}-{number}");
            let kind = random.one_of(Kind::ALL);
            number += 1;
            // What the node no longer takes may still be answered as far as it came.
            let _gone = client.ask(&marker, kind.tool(), &json!({ "marker": marker }));
            asked.insert(marker, kind);
        }
        // What is in the socket's buffer when the node is gone is in the agent's hand.
        let Ok(Some(line)) = client.line() else { return had };
        let answer: Value = serde_json::from_str(&line).unwrap();
        let marker = answer["id"].as_str().unwrap();
        let kind = asked.remove(marker).unwrap();
        if is_the_servers(&answer) {
            had.insert(marker.to_owned(), (kind, line));
            moment.answered();
        }
    }
}

/// Whether the server answered, and not the node in its place.
fn is_the_servers(answer: &Value) -> bool {
    let failed = answer["error"]["message"].as_str();
    answer.get("result").is_some() || failed.is_some_and(|text| text.starts_with("failed: "))
}
