//! Labels, as who reads the bundles understands them: who carries which, since when, and what lies
//! where.

use std::collections::BTreeMap;

use proof::digest::Digest;
use proof::json::{Value, object};

use crate::office::{INSIDE, LABELLED, Names, OfficeRequest, WEB};

const BOARDS: &str = "File boards/*";
const DRAFTS: &str = "File drafts/*";

/// What a permitted request does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Touch {
    pub(crate) adds: Names,
    pub(crate) is_clearing: bool,
    leaves: Option<String>,
}

impl Touch {
    /// By a request for something that carries these labels, under the bundle of this number.
    pub(crate) fn of(asked: &OfficeRequest, there: Names, bundle: usize) -> Touch {
        let mut touch = Touch { adds: there, ..Touch::default() };
        match asked {
            OfficeRequest::Write(path) => {
                touch = Touch { leaves: Some(place(path, bundle)), ..Touch::default() };
            }
            OfficeRequest::Clear(_) => touch.is_clearing = true,
            OfficeRequest::Fetch => drop(touch.adds.insert(WEB)),
            _ => {}
        }
        touch
    }

    /// As the record of the permit must say it.
    pub(crate) fn to_value(&self) -> Option<Value> {
        let names = |names: &Names| Value::Array(names.iter().map(|name| (*name).into()).collect());
        let adds = (!self.adds.is_empty()).then(|| ("adds", names(&self.adds)));
        let place = |place: &String| ("leaves", Value::Array(vec![place.as_str().into()]));
        let leaves = self.leaves.as_ref().map(place);
        let removes = self.is_clearing.then(|| ("removes", names(&[INSIDE].into())));
        let members: Vec<_> = [adds, leaves, removes].into_iter().flatten().collect();
        (!members.is_empty()).then(|| object(members))
    }
}

/// The labels of one execution, each with the index of the record that brought it last.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModelLabels(BTreeMap<&'static str, u64>);

impl ModelLabels {
    pub(crate) fn names(&self) -> Names {
        self.0.keys().copied().collect()
    }

    pub(crate) fn add(&mut self, names: &Names, index: u64) {
        self.0.extend(names.iter().map(|name| (*name, index)));
    }

    /// What stays inside is taken away, unless it came since that was asked for.
    pub(crate) fn clear(&mut self, asked: u64) {
        self.0.retain(|name, since| *name != INSIDE || *since >= asked);
    }
}

/// What writers left, by places.
#[derive(Debug, Default)]
pub(crate) struct Left(BTreeMap<String, Names>);

impl Left {
    /// The labels of what a request is about. What was left at a place that the bundle does not
    /// know may be anywhere.
    pub(crate) fn there(&self, asked: &OfficeRequest, bundle: usize) -> Names {
        let own = asked.path().map(|path| place(path, bundle));
        let known = [BOARDS.to_owned(), place("", bundle), place("drafts/", bundle)];
        let counts = |at: &String| own.as_ref() == Some(at) || !known.contains(at);
        let left = self.0.iter().filter(|(at, _)| counts(at)).flat_map(|(_, names)| names);
        let stated = (asked.path() == Some(LABELLED)).then_some(&INSIDE);
        left.chain(stated).copied().collect()
    }

    pub(crate) fn leave(&mut self, touch: &Touch, names: Names) {
        if let (Some(place), false) = (&touch.leaves, names.is_empty()) {
            self.0.entry(place.clone()).or_default().extend(names);
        }
    }

    /// The second bundle lets go of what was left on boards before it.
    pub(crate) fn publish(&mut self, bundle: usize) {
        if bundle == 1 {
            self.0.remove(BOARDS);
        }
    }
}

/// The name of the place that a file is in. Letter case makes no difference.
fn place(path: &str, bundle: usize) -> String {
    let folder = path.to_lowercase();
    match folder.split('/').next() {
        Some("boards") => BOARDS.to_owned(),
        Some("drafts") if bundle == 0 => DRAFTS.to_owned(),
        _ => {
            let others =
                if bundle == 0 { format!("{BOARDS}\n{DRAFTS}") } else { BOARDS.to_owned() };
            format!("File/rest/{}", Digest::of(others.as_bytes()))
        }
    }
}
