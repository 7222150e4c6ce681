//! In which shapes the raw server answers (`server.py`), and what each comes to for who called.

use super::lines::Want;
use crate::random::Random;

/// What the raw server makes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its result comes, as its own bytes.
    Result,
    /// Its error comes, as its own bytes.
    Error,
    /// Its answer can't be passed on; an error comes in its place.
    Unpassable,
    /// The same where the call is the only one that waits; else nobody can tell which call it
    /// answers, and the session ends.
    Unclear,
    /// Nothing comes of the server.
    Silence,
    /// The session ends.
    End,
}
use Outcome::{End, Error, Result, Silence, Unclear, Unpassable};

/// Each shape with its share.
const SHAPES: [(&str, u64, Outcome); 29] = [
    ("valid", 800, Result),
    ("late", 40, Result),
    ("never", 10, Silence),
    ("twice", 40, Result),
    ("wrong-id", 40, Result),
    ("other-type", 20, Result),
    ("error", 60, Error),
    ("error-odd", 20, Unpassable),
    ("error-more", 20, Unpassable),
    ("lines-between", 60, Result),
    ("odd-numbers", 60, Result),
    ("odd-text", 60, Result),
    ("crlf", 40, Result),
    ("large", 10, Result),
    ("too-large", 2, Unpassable),
    ("repeated-name", 40, Unpassable),
    ("batch", 4, Unclear),
    ("no-object", 20, Unpassable),
    ("both", 20, Unpassable),
    ("flood", 20, Result),
    ("stderr", 6, Result),
    ("progress", 40, Result),
    ("asks", 40, Result),
    ("pieces", 30, Result),
    ("unclear-id", 4, Unclear),
    ("cut", 4, Unclear),
    ("crash", 3, End),
    ("closes", 2, End),
    ("unruly", 1, End),
];

/// One of the shapes, by their shares.
pub(super) fn draw(random: &mut Random) -> (&'static str, Outcome) {
    let all: u64 = SHAPES.iter().map(|(_, share, _)| share).sum();
    let mut at = random.below(all);
    for (shape, share, outcome) in SHAPES {
        match at.checked_sub(share) {
            Some(rest) => at = rest,
            None => return (shape, outcome),
        }
    }
    ("valid", Result)
}

impl Outcome {
    /// What the client is to get for a call with this marker.
    pub(super) fn want(self, marker: &str) -> Want {
        match self {
            Result => Want::Result(marker.to_owned()),
            Error => Want::ServerError(marker.to_owned()),
            Unpassable => Want::Unpassable,
            Silence => Want::Silence,
            Unclear | End => Want::AnswerOrEnd,
        }
    }
}
