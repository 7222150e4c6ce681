//! `detectors.toml`: what is looked for in what passes, and the labels that finding it brings.

use std::sync::Arc;

use record::Labels;
use regex::{Error, RegexBuilder, RegexSetBuilder};
use toml::de::{DeTable, DeValue};

use super::DETECTORS;
use super::labels::{LabelRules, is_label};
use super::manifest::{TomlCodes, TomlEntry, TomlKey, TomlReader, TomlSpan};
use crate::detectors::{DetectorSet, Detectors};
use crate::error::{LoadCode, LoadError};
use crate::limits::{
    DETECTOR_PATTERN_BYTES_MAX, DETECTOR_PROGRAM_BYTES_MAX, DETECTORS_MAX, LABEL_BYTES_MAX,
};
use crate::nearest::nearest;

/// What a detector may look at.
const LOOKS_AT: [&str; 2] = ["arguments", "results"];

/// One detector.
struct Detector {
    name: String,
    pattern: String,
    adds: Labels,
    looks_at: Vec<&'static str>,
}

/// Reads the file, with all of its problems.
pub(super) fn read(text: &Arc<str>, labels: &LabelRules) -> Result<Detectors, Vec<LoadError>> {
    let codes = TomlCodes { value: LoadCode::Detectors, key: LoadCode::DetectorsKey };
    let mut reader = TomlReader::new(text, DETECTORS, codes);
    let Some(table) = reader.table() else { return Err(reader.errors) };
    let table = table.get_ref();
    reader.only(table, "at the top", &["detectors"]);
    let mut found = Vec::new();
    if let Some((entries, span)) = reader.required(table, "detectors", &(0..0), DeValue::as_table) {
        if entries.len() > DETECTORS_MAX {
            reader.wrong(LoadCode::Limit, &span, format!("more than {DETECTORS_MAX} detectors"));
        }
        for (key, value) in entries {
            found.extend(reader.detector(key, value, labels));
        }
    }
    let [arguments, results] = LOOKS_AT.map(|what| reader.set(&found, what));
    if reader.errors.is_empty() { Ok(Detectors { arguments, results }) } else { Err(reader.errors) }
}

impl TomlReader<'_> {
    fn detector(
        &mut self,
        key: &TomlKey<'_>,
        value: &TomlEntry<'_>,
        labels: &LabelRules,
    ) -> Option<Detector> {
        let name = key.get_ref().as_ref();
        if !is_label(name) {
            let message = format!(
                "`{name}` is no name for a detector: small letters, digits, `_` and `-`, at most {LABEL_BYTES_MAX}, a letter first"
            );
            self.wrong(LoadCode::Detectors, &key.span(), message);
        }
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(LoadCode::Detectors, &key.span(), "a detector is a table".to_owned());
            return None;
        };
        let whose = format!("of the detector `{name}`");
        self.only(table, &whose, &["adds", "looks_at", "pattern"]);
        let adds = labels.list(self, table, "adds");
        if adds.is_empty() {
            let message = format!("the detector `{name}` names what it `adds`");
            self.wrong(LoadCode::Detectors, &key.span(), message);
        }
        let looks_at = self.looks_at(table, &key.span());
        let (pattern, span) = self.required(table, "pattern", &key.span(), DeValue::as_str)?;
        self.pattern(pattern, &span).then(|| Detector {
            name: name.to_owned(),
            pattern: pattern.to_owned(),
            adds,
            looks_at,
        })
    }

    fn looks_at(&mut self, table: &DeTable<'_>, span: &TomlSpan) -> Vec<&'static str> {
        let Some((items, span)) = self.required(table, "looks_at", span, DeValue::as_array) else {
            return Vec::new();
        };
        if items.is_empty() {
            let message = "`looks_at` names `arguments`, `results` or both".to_owned();
            self.wrong(LoadCode::Detectors, &span, message);
        }
        let mut found = Vec::new();
        for item in items {
            let word = item.get_ref().as_str().unwrap_or_default();
            match LOOKS_AT.into_iter().find(|known| *known == word) {
                Some(known) => found.push(known),
                None => {
                    let message = format!("`{word}` is not `arguments` or `results`");
                    self.wrong_name(&item.span(), message, nearest(word, LOOKS_AT));
                }
            }
        }
        found
    }

    /// Whether a pattern can be run over any text.
    fn pattern(&mut self, pattern: &str, span: &TomlSpan) -> bool {
        if pattern.len() > DETECTOR_PATTERN_BYTES_MAX {
            let message = format!("a pattern is at most {DETECTOR_PATTERN_BYTES_MAX} bytes");
            self.wrong(LoadCode::Limit, span, message);
            return false;
        }
        match RegexBuilder::new(pattern).size_limit(DETECTOR_PROGRAM_BYTES_MAX).build() {
            Ok(regex) if regex.is_match("") => {
                let message = "the pattern matches the empty text, and so every text".to_owned();
                self.wrong(LoadCode::Detectors, span, message);
                false
            }
            Ok(_) => true,
            Err(why) => {
                self.refused(&why, span);
                false
            }
        }
    }

    fn refused(&mut self, why: &Error, span: &TomlSpan) {
        if let Error::CompiledTooBig(_) = why {
            let message = format!(
                "compiled, a pattern or all together take more than {DETECTOR_PROGRAM_BYTES_MAX} bytes: write shorter repetitions and smaller classes"
            );
            return self.wrong(LoadCode::Limit, span, message);
        }
        // The last line is the sentence; those before it draw the pattern.
        let why = why.to_string();
        let why = why.lines().last().unwrap_or_default().trim();
        let why = why.strip_prefix("error: ").unwrap_or(why);
        let message = format!("the pattern is no linear-time regular expression: {why}");
        self.wrong(LoadCode::Detectors, span, message);
    }

    /// The detectors that look at this, as one.
    fn set(&mut self, found: &[Detector], what: &str) -> DetectorSet {
        let looking: Vec<&Detector> =
            found.iter().filter(|one| one.looks_at.contains(&what)).collect();
        let patterns = looking.iter().map(|one| one.pattern.as_str());
        match RegexSetBuilder::new(patterns).size_limit(DETECTOR_PROGRAM_BYTES_MAX).build() {
            Ok(patterns) => {
                let names = looking.iter().map(|one| one.name.clone()).collect();
                DetectorSet {
                    patterns,
                    names,
                    adds: looking.iter().map(|one| one.adds.clone()).collect(),
                }
            }
            Err(why) => {
                self.refused(&why, &(0..0));
                DetectorSet::default()
            }
        }
    }
}

#[cfg(test)]
mod tests;
