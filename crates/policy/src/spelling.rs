//! Which spellings of a resource's name are one.
//!
//! A server may find the same file under another spelling: composed or decomposed letters, one
//! slash or two, either letter case. Policies, labels, places and history see names in one
//! spelling. What does not have that form, and is not said to be the same, is malformed. The
//! message goes on as the bytes that it has.

use std::borrow::Cow;
use std::collections::BTreeSet;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// A difference that a server does not see. The words stand in `bundle.toml` under `same_name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Same {
    /// Capital and small letters.
    Case,
    /// Composed and decomposed letters, which are one in Unicode's normalization form C.
    Composition,
    /// Several slashes and one; one at the end and none.
    Slashes,
    /// A part `.` of a path and none.
    DotSegments,
    /// Dots and spaces at the end of a part of a path and none.
    TrailingDots,
    /// A backslash and a slash.
    Backslashes,
}

impl Same {
    pub(crate) const ALL: [Same; 6] = [
        Same::Case,
        Same::Composition,
        Same::Slashes,
        Same::DotSegments,
        Same::TrailingDots,
        Same::Backslashes,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Same::Case => "case",
            Same::Composition => "composition",
            Same::Slashes => "slashes",
            Same::DotSegments => "dot-segments",
            Same::TrailingDots => "trailing-dots",
            Same::Backslashes => "backslashes",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Same> {
        Same::ALL.into_iter().find(|same| same.as_str() == word)
    }
}

/// How names of one type are compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Spelling(BTreeSet<Same>);

/// A name that is not in Unicode's normalization form C, where the bundle does not say that this
/// makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "names a resource, so it is in Unicode normalization form C (NFC): write each letter composed, as one character where there is one"
)]
pub(crate) struct NotComposed;

impl Spelling {
    pub(crate) fn new(same: impl IntoIterator<Item = Same>) -> Spelling {
        Spelling(same.into_iter().collect())
    }

    fn has(&self, same: Same) -> bool {
        self.0.contains(&same)
    }

    /// The one spelling of a name. Spelling it again changes nothing.
    pub(crate) fn of<'n>(&self, name: &'n str) -> Result<Cow<'n, str>, NotComposed> {
        if !is_nfc(name) && !self.has(Same::Composition) {
            return Err(NotComposed);
        }
        let mut spelt = Cow::Borrowed(name);
        let mut step = |is_wanted: bool, change: &dyn Fn(&str) -> String| {
            if is_wanted {
                let next = change(&spelt);
                if next != *spelt {
                    spelt = Cow::Owned(next);
                }
            }
        };
        step(self.has(Same::Composition), &|name| name.nfc().collect());
        // A letter's other case may be made of others.
        step(self.has(Same::Case), &|name| name.chars().map(folded).nfc().collect());
        step(self.has(Same::Backslashes), &|name| name.replace('\\', "/"));
        let by_parts = [Same::Slashes, Same::DotSegments, Same::TrailingDots];
        step(by_parts.into_iter().any(|same| self.has(same)), &|name| self.parts(name));
        Ok(spelt)
    }

    /// Why no name in its one spelling has this part, if none has.
    pub(crate) fn why_in_none(&self, part: &str) -> Option<&'static str> {
        let has = |same: Same, what: &str| self.has(same) && part.contains(what);
        match () {
            () if !is_nfc(part) => Some("is not in Unicode normalization form C"),
            () if self.has(Same::Case) && part.chars().any(|letter| folded(letter) != letter) => {
                Some("has capital letters, and names are compared in small ones")
            }
            () if has(Same::Slashes, "//") => Some("has two slashes, which are one"),
            () if has(Same::DotSegments, "/./") => Some("has `/./`, which is `/`"),
            () if has(Same::Backslashes, "\\") => Some("has a backslash, which is `/`"),
            () => None,
        }
    }

    /// A path without the parts that make no difference.
    fn parts(&self, path: &str) -> String {
        let parts: Vec<&str> = path
            .split('/')
            .map(|part| if self.has(Same::TrailingDots) { trimmed(part) } else { part })
            .collect();
        let is_rooted = path.starts_with('/');
        let mut kept: Vec<&str> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let is_none = (self.has(Same::DotSegments) && *part == ".")
                || (self.has(Same::Slashes) && part.is_empty());
            // The root's slash stays; what is left of a relative path is relative.
            let is_root = is_rooted && at == 0;
            let is_root_anew = !is_rooted && kept.is_empty() && part.is_empty();
            if is_root || (!is_none && !is_root_anew) {
                kept.push(part);
            }
        }
        match kept.as_slice() {
            [] if path.is_empty() => String::new(),
            [] => ".".to_owned(),
            [""] => "/".to_owned(),
            kept => kept.join("/"),
        }
    }
}

/// A part of a path without the dots and spaces at its end. A part of nothing else climbs, if it is
/// more than one dot.
fn trimmed(part: &str) -> &str {
    let rest = part.trim_end_matches(['.', ' ']);
    match (rest.is_empty(), part.matches('.').count()) {
        (false, _) => rest,
        (true, 0) => "",
        (true, 1) => ".",
        (true, _) => "..",
    }
}

/// A letter in one of its cases: those that a file system takes for one, by Unicode's simple
/// mappings.
fn folded(letter: char) -> char {
    lower(upper(letter))
}

fn upper(letter: char) -> char {
    let mut all = letter.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => letter,
    }
}

fn lower(letter: char) -> char {
    let mut all = letter.to_lowercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => letter,
    }
}

#[cfg(test)]
mod tests;
