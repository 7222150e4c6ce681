//! The small bundle in plain Rust: no Cedar, no Dogwood.

use serde_json::{Value, json};

use crate::random::Random;

pub(super) const INJECTED: &str = "https://prices.example.net/steel.html";
pub(super) const HARMLESS: &str = "https://intranet.example.com/handbook.html";

/// A call that an agent makes.
#[derive(Debug)]
pub(super) enum Call {
    Read(String),
    Write(String),
    Fetch(&'static str),
    Mail,
    /// A tool that the bundle does not name.
    Unnamed,
    /// Arguments that are not of the schema's type.
    Malformed,
}

impl Call {
    /// What each execution begins with, so that every edit shows whatever the random rest is: a
    /// write that is narrowed, and a mail that is loosened if the page before it was harmless.
    pub(super) fn opening(page: Option<&'static str>) -> Vec<Call> {
        let write = Call::Write("drafts/final-plan".to_owned());
        page.map(Call::Fetch).into_iter().chain([Call::Mail, write]).collect()
    }

    /// Histories differ by whether, and when, a page was read.
    pub(super) fn any(reads_web: bool, random: &mut Random) -> Call {
        let folder = random.one_of(["drafts", "notes", "payroll"]);
        let name = random.one_of(["final-plan", "final-q3", "plan", "q3"]);
        match random.below(20) {
            0..4 => Call::Read(format!("{folder}/{name}")),
            4..12 => Call::Write(format!("{folder}/{name}")),
            12 if reads_web && random.below(8) == 0 => Call::Fetch(INJECTED),
            12 if reads_web => Call::Fetch(HARMLESS),
            13 => Call::Fetch("http://prices.example.net/steel.html"),
            14 => Call::Unnamed,
            15 => Call::Malformed,
            _ => Call::Mail,
        }
    }

    /// The tool's name and its arguments.
    pub(super) fn as_tool(&self) -> (&'static str, Value) {
        match self {
            Call::Read(path) => ("read_file", json!({"path": path})),
            Call::Write(path) => ("write_file", json!({"path": path, "text": "text"})),
            Call::Fetch(url) => ("fetch_page", json!({"url": url})),
            Call::Mail => {
                ("send_mail", json!({"body": "b", "subject": "s", "to": "a@example.com"}))
            }
            Call::Unnamed => ("read_mail", json!({"folder": "inbox"})),
            Call::Malformed => ("write_file", json!({"path": 7, "text": "text"})),
        }
    }
}

/// What an execution has done so far.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// Mails asked for, granted or not.
    mails: usize,
    has_fetched: bool,
    has_fetched_injected: bool,
}

impl Past {
    /// A request counts from its decision on, and in it.
    pub(super) fn ask(&mut self, call: &Call) {
        self.mails += usize::from(matches!(call, Call::Mail));
    }

    /// It was done, and the server answered.
    pub(super) fn complete(&mut self, call: &Call) {
        if let Call::Fetch(url) = call {
            self.has_fetched = true;
            self.has_fetched_injected |= *url == INJECTED;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    Published,
    Edited,
}

/// A verdict and its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) verdict: String,
    pub(super) code: String,
}

impl Answer {
    pub(super) fn permit() -> Answer {
        Answer { verdict: "permit".to_owned(), code: "permitted".to_owned() }
    }

    fn deny(code: &str) -> Answer {
        Answer { verdict: "deny".to_owned(), code: code.to_owned() }
    }
}

/// Everything happens well within the rules' hour, so time does not come in.
pub(super) fn answer(rules: Rules, call: &Call, past: &Past) -> Answer {
    let is_edited = rules == Rules::Edited;
    let is_permitted = match call {
        Call::Unnamed => return Answer::deny("tool.unknown"),
        Call::Malformed => return Answer::deny("request.malformed"),
        Call::Read(path) => path.starts_with("notes/") || path.starts_with("drafts/"),
        Call::Write(path) if is_edited => {
            path.starts_with("drafts/") && !path.starts_with("drafts/final-")
        }
        Call::Write(path) => path.starts_with("drafts/"),
        Call::Fetch(url) => url.starts_with("https://"),
        Call::Mail if is_edited => !past.has_fetched_injected && past.mails <= 20,
        Call::Mail => !past.has_fetched,
    };
    if is_permitted { Answer::permit() } else { Answer::deny("policy.denied") }
}
