use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::exit::{Exit, Failure};

/// The least Jaro-Winkler similarity of a key that may be a misspelling of another.
const LIKENESS_MIN: f64 = 0.75;

/// An error in the document, with its position.
#[derive(Debug)]
pub(super) struct ConfigProblem {
    at: Option<usize>,
    what: String,
    help: Option<String>,
    failure: Option<Box<Failure>>,
}

impl ConfigProblem {
    /// The failure that names the file and the line.
    pub(super) fn into_failure(self, path: &Path, text: &str) -> Failure {
        let line = self.at.map(|at| text.get(..at).unwrap_or(text).matches('\n').count() + 1);
        let place = line.map(|line| format!(":{line}")).unwrap_or_default();
        let what = format!("`{}{place}` cannot be used", path.display());
        let why = match &self.failure {
            Some(failure) => format!("{}: {}", self.what, failure.sentence()),
            None => self.what,
        };
        let help = self.help.or_else(|| self.failure.and_then(|failure| failure.advice()));
        let failure = Failure::new(Exit::Config, what).why(why);
        match help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}

/// A table. Each read removes a member, so that the members that are left over are unknown keys.
#[derive(Debug)]
pub(super) struct ConfigTable<'a> {
    /// Its full name, such as `servers.files`; empty for the document.
    path: String,
    at: usize,
    members: BTreeMap<String, (Range<usize>, Spanned<DeValue<'a>>)>,
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<ConfigTable<'_>, ConfigProblem> {
    let parsed = DeTable::parse(text).map_err(|why| ConfigProblem {
        at: why.span().map(|span| span.start),
        what: why.message().to_owned(),
        help: None,
        failure: None,
    })?;
    Ok(ConfigTable::of(String::new(), 0, parsed.into_inner()))
}

impl<'a> ConfigTable<'a> {
    fn of(path: String, at: usize, table: DeTable<'a>) -> Self {
        let members =
            table.into_iter().map(|(key, value)| (key.get_ref().to_string(), (key.span(), value)));
        Self { path, at, members: members.collect() }
    }

    fn take(&mut self, key: &str) -> Option<(usize, DeValue<'a>)> {
        let (span, value) = self.members.remove(key)?;
        Some((span.start, value.into_inner()))
    }

    /// A required table.
    pub(super) fn table(&mut self, key: &str) -> Result<ConfigTable<'a>, ConfigProblem> {
        match self.take(key) {
            Some((at, DeValue::Table(table))) => Ok(ConfigTable::of(self.path_of(key), at, table)),
            Some((at, other)) => Err(self.kind(at, key, "a table", &other)),
            None => Err(self.missing(key)),
        }
    }

    /// The tables in a table, by name; none where there is no such table.
    pub(super) fn tables(
        &mut self,
        key: &str,
    ) -> Result<Vec<(String, ConfigTable<'a>)>, ConfigProblem> {
        if !self.members.contains_key(key) {
            return Ok(Vec::new());
        }
        let mut outer = self.table(key)?;
        let names: Vec<String> = outer.members.keys().cloned().collect();
        let mut tables = Vec::new();
        for name in names {
            if !is_name(&name) {
                return Err(outer.problem(&name, NAME_RULE));
            }
            let table = outer.table(&name)?;
            tables.push((name, table));
        }
        Ok(tables)
    }

    /// A string.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, ConfigProblem> {
        match self.take(key) {
            Some((_, DeValue::String(text))) => Ok(Some(text.into_owned())),
            Some((at, other)) => Err(self.kind(at, key, "a string", &other)),
            None => Ok(None),
        }
    }

    /// A required name, which goes into origins, paths and records.
    pub(super) fn name(&mut self, key: &str) -> Result<String, ConfigProblem> {
        let at = self.members.get(key).map(|(span, _)| span.start);
        let name = self.text(key)?.ok_or_else(|| self.missing(key))?;
        if is_name(&name) {
            return Ok(name);
        }
        let what = format!("`{}` is no name: {NAME_RULE}", self.path_of(key));
        Err(ConfigProblem { at, what, help: None, failure: None })
    }

    /// An integer.
    pub(super) fn integer(&mut self, key: &str) -> Result<Option<i64>, ConfigProblem> {
        match self.take(key) {
            Some((at, DeValue::Integer(integer))) => {
                let parsed = i64::from_str_radix(integer.as_str(), integer.radix());
                parsed.map(Some).map_err(|_| self.wrong(at, key, "it is too large"))
            }
            Some((at, other)) => Err(self.kind(at, key, "an integer", &other)),
            None => Ok(None),
        }
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, ConfigProblem> {
        match self.take(key) {
            Some((_, DeValue::Boolean(flag))) => Ok(Some(flag)),
            Some((at, other)) => Err(self.kind(at, key, "true or false", &other)),
            None => Ok(None),
        }
    }

    /// An array of strings.
    pub(super) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, ConfigProblem> {
        let Some((at, value)) = self.take(key) else { return Ok(None) };
        let DeValue::Array(array) = value else {
            return Err(self.kind(at, key, "an array of strings", &value));
        };
        let text = |value: Spanned<DeValue<'a>>| match value.into_inner() {
            DeValue::String(text) => Ok(text.into_owned()),
            other => Err(self.kind(at, key, "an array of strings", &other)),
        };
        array.into_iter().map(text).collect::<Result<_, _>>().map(Some)
    }

    /// A table of strings; empty where there is none.
    pub(super) fn text_members(
        &mut self,
        key: &str,
    ) -> Result<BTreeMap<String, String>, ConfigProblem> {
        if !self.members.contains_key(key) {
            return Ok(BTreeMap::new());
        }
        let mut table = self.table(key)?;
        let names: Vec<String> = table.members.keys().cloned().collect();
        let mut texts = BTreeMap::new();
        for name in names {
            let text = table.text(&name)?.unwrap_or_default();
            texts.insert(name, text);
        }
        Ok(texts)
    }

    /// Checks that no key is left over. The error names the key, and the known one that may have
    /// been meant.
    pub(super) fn nothing_else(&self, known: &[&str]) -> Result<(), ConfigProblem> {
        let Some((key, (span, _))) = self.members.iter().min_by_key(|(_, (span, _))| span.start)
        else {
            return Ok(());
        };
        let likeness = |name: &&&str| (strsim::jaro_winkler(key, name) * 1000.0).round();
        let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let nearest = nearest.filter(|name| strsim::jaro_winkler(key, name) >= LIKENESS_MIN);
        Err(ConfigProblem {
            at: Some(span.start),
            what: format!("the key `{}` is not known", self.path_of(key)),
            help: Some(match nearest {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known here: {}", known.join(", ")),
            }),
            failure: None,
        })
    }

    /// The error for a missing key. It names a left-over key that may be a misspelling of it.
    pub(super) fn missing(&self, key: &str) -> ConfigProblem {
        let at = (!self.path.is_empty()).then_some(self.at);
        let likeness = |name: &&String| strsim::jaro_winkler(key, name);
        let misspelt = self.members.keys().filter(|name| likeness(name) >= LIKENESS_MIN);
        let misspelt = misspelt.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        ConfigProblem {
            at,
            what: format!("`{}` is missing", self.path_of(key)),
            help: misspelt.map(|name| {
                format!("the key `{}` is not known: did you mean `{key}`?", self.path_of(name))
            }),
            failure: None,
        }
    }

    /// An error about a key that was read.
    pub(super) fn problem(&self, key: &str, what: impl Display) -> ConfigProblem {
        self.wrong(self.at, key, what)
    }

    /// A failure on behalf of a key that was read.
    pub(super) fn failed(&self, key: &str, failure: Failure) -> ConfigProblem {
        ConfigProblem {
            at: Some(self.at),
            what: format!("`{}`", self.path_of(key)),
            help: None,
            failure: Some(Box::new(failure)),
        }
    }

    fn wrong(&self, at: usize, key: &str, what: impl Display) -> ConfigProblem {
        ConfigProblem {
            at: Some(at),
            what: format!("`{}`: {what}", self.path_of(key)),
            help: None,
            failure: None,
        }
    }

    fn kind(&self, at: usize, key: &str, wanted: &str, found: &DeValue<'_>) -> ConfigProblem {
        self.wrong(at, key, format!("it is a {}, and {wanted} is needed", found.type_str()))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

pub(crate) const NAME_RULE: &str = "a name is 1 to 64 letters, digits, `.`, `-` or `_`";

pub(crate) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}
