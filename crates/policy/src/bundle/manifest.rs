//! `bundle.toml`: the bundle's name and version, and which action and resource each tool of a
//! server stands for.

use std::collections::BTreeMap;
use std::sync::Arc;

use proof::digest::Digest;
use record::Trust;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::MANIFEST;
use super::history_scope::HistoryScope;
use crate::error::{LoadCode, LoadError};
use crate::nearest::nearest;
use crate::request::ToolName;
use crate::semantics::Semantics;
use crate::spelling::{Same, Spelling};
use crate::typed::Undeclared;

/// What `bundle.toml` says.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) semantics: Semantics,
    pub(crate) trust_minimum: Trust,
    /// None where it is not said.
    pub(crate) history_of: Option<HistoryScope>,
    /// Which spellings are one, by the entity type of what is named, as it is written here.
    pub(crate) same_name: BTreeMap<String, Spelled>,
    pub(crate) tools: BTreeMap<ToolName, ManifestTool>,
}

/// What `same_name` says of a type, and where.
#[derive(Debug, Clone)]
pub(crate) struct Spelled {
    pub(crate) by: Spelling,
    pub(crate) offset: usize,
    pub(crate) bytes: usize,
}

/// What a tool of a server stands for.
#[derive(Debug, Clone)]
pub(crate) struct ManifestTool {
    pub(crate) action: String,
    pub(crate) resource_kind: String,
    pub(crate) resource_id: ResourceId,
    /// Arguments that name resources besides, each with the type of what it names.
    pub(crate) names: BTreeMap<String, String>,
    pub(crate) undeclared: Undeclared,
    /// Digest of the one definition with which it may be called.
    pub(crate) pinned: Option<Digest>,
    /// Where the table stands, for errors that are found later.
    pub(crate) offset: usize,
    pub(crate) bytes: usize,
}

/// Where the id of a tool's resource comes from.
#[derive(Debug, Clone)]
pub(crate) enum ResourceId {
    /// Always this one.
    Fixed(String),
    /// The argument of that name, which must be a string.
    Argument(String),
}

impl ResourceId {
    /// The only id, where there is only one.
    pub(crate) fn fixed(&self) -> Option<&str> {
        match self {
            ResourceId::Fixed(id) => Some(id),
            ResourceId::Argument(_) => None,
        }
    }
}

impl Default for Manifest {
    fn default() -> Manifest {
        Manifest {
            name: "empty".to_owned(),
            version: "0".to_owned(),
            semantics: Semantics::CURRENT,
            trust_minimum: Trust::Degraded,
            history_of: None,
            same_name: BTreeMap::new(),
            tools: BTreeMap::new(),
        }
    }
}

impl Manifest {
    /// Reads the file, with all of its problems.
    pub(crate) fn read(text: &Arc<str>) -> Result<Manifest, Vec<LoadError>> {
        let codes = TomlCodes { value: LoadCode::Manifest, key: LoadCode::ManifestKey };
        let mut reader = TomlReader::new(text, MANIFEST, codes);
        let Some(table) = reader.table() else { return Err(reader.errors) };
        let manifest = reader.manifest(&table);
        if reader.errors.is_empty() { Ok(manifest) } else { Err(reader.errors) }
    }
}

pub(super) type TomlKey<'a> = Spanned<DeString<'a>>;
pub(super) type TomlEntry<'a> = Spanned<DeValue<'a>>;
pub(super) type TomlSpan = std::ops::Range<usize>;

/// The codes of the problems of one TOML file.
#[derive(Debug, Clone, Copy)]
pub(super) struct TomlCodes {
    /// A wrong value.
    pub(super) value: LoadCode,
    /// A key that means nothing.
    pub(super) key: LoadCode,
}

/// Reads the tables of one TOML file of a bundle.
pub(super) struct TomlReader<'t> {
    text: &'t Arc<str>,
    file: &'static str,
    codes: TomlCodes,
    pub(super) errors: Vec<LoadError>,
}

impl<'t> TomlReader<'t> {
    pub(super) fn new(text: &'t Arc<str>, file: &'static str, codes: TomlCodes) -> TomlReader<'t> {
        TomlReader { text, file, codes, errors: Vec::new() }
    }

    /// The whole file; none where it is not TOML.
    pub(super) fn table(&mut self) -> Option<Spanned<DeTable<'t>>> {
        let (table, broken) = DeTable::parse_recoverable(self.text);
        for error in broken {
            let span = error.span().unwrap_or_default();
            self.wrong(self.codes.value, &span, error.message().trim().to_owned());
        }
        self.errors.is_empty().then_some(table)
    }

    pub(super) fn wrong(&mut self, code: LoadCode, span: &TomlSpan, message: String) {
        let error = LoadError::new(code, self.file, message);
        self.errors.push(error.at(self.text, span.start, span.len()));
    }

    /// A name that is not known, with the one that may have been meant.
    pub(super) fn wrong_name(&mut self, span: &TomlSpan, message: String, meant: Option<String>) {
        let error = LoadError::new(self.codes.value, self.file, message);
        self.errors.push(error.at(self.text, span.start, span.len()).nearest(meant));
    }

    /// Complains about every key of a table that is not among the known ones.
    pub(super) fn only(&mut self, table: &DeTable<'_>, whose: &str, known: &[&str]) {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let message = format!("unknown key `{name}` {whose}");
            let error = LoadError::new(self.codes.key, self.file, message)
                .at(self.text, key.span().start, key.span().len())
                .nearest(nearest(name, known.iter().copied()))
                .help(format!("the known keys are {}", listed(known)));
            self.errors.push(error);
        }
    }

    fn manifest(&mut self, table: &Spanned<DeTable<'_>>) -> Manifest {
        let span = 0..0;
        let table = table.get_ref();
        let semantics = self.semantics(table);
        let known = ["name", "version", "semantics", "trust_minimum", "tools"];
        self.only(table, "at the top", &since_v4(semantics, &known, &["history", "same_name"]));
        let history_of = self.history_of(table);
        let trust =
            self.optional(table, "trust_minimum", DeValue::as_str).and_then(|(word, span)| {
                let trust = Trust::parse(word);
                if trust.is_none() {
                    let message =
                        "`trust_minimum` is one of `trusted`, `degraded`, `suspended`, `revoked`";
                    self.wrong(LoadCode::Manifest, &span, message.to_owned());
                }
                trust
            });
        Manifest {
            name: self.text(table, "name", &span),
            version: self.text(table, "version", &span),
            semantics,
            trust_minimum: trust.unwrap_or(Trust::Degraded),
            history_of,
            same_name: self.same_name(table),
            tools: self.tools(table, semantics),
        }
    }

    /// Whose events conditions over history see, where it is said.
    fn history_of(&mut self, table: &DeTable<'_>) -> Option<HistoryScope> {
        match self.optional(table, "history", DeValue::as_str)? {
            ("line", _) => Some(HistoryScope::Line),
            ("execution", _) => Some(HistoryScope::Execution),
            (_, span) => {
                let message = "`history` is `line` or `execution`".to_owned();
                self.wrong(LoadCode::Manifest, &span, message);
                None
            }
        }
    }

    /// The decider's version that the bundle is written for.
    fn semantics(&mut self, table: &DeTable<'_>) -> Semantics {
        let read = self.required(table, "semantics", &(0..0), DeValue::as_integer);
        let Some((value, span)) = read else { return Semantics::CURRENT };
        let version = value.as_str().parse().ok().and_then(Semantics::from_number);
        if version.is_none() {
            let known = Semantics::ALL.map(|version| version.number().to_string()).join(" or ");
            self.wrong(
                LoadCode::Manifest,
                &span,
                format!("`semantics` is {known} in this version"),
            );
        }
        version.unwrap_or(Semantics::CURRENT)
    }

    fn same_name(&mut self, table: &DeTable<'_>) -> BTreeMap<String, Spelled> {
        let mut read = BTreeMap::new();
        let Some((types, _)) = self.optional(table, "same_name", DeValue::as_table) else {
            return read;
        };
        for (key, value) in types {
            let Some(words) = value.get_ref().as_array() else {
                let message = "what makes no difference in names is a list of words".to_owned();
                self.wrong(LoadCode::Manifest, &value.span(), message);
                continue;
            };
            let same: Vec<Same> =
                words.iter().filter_map(|word| self.same(&word.span(), word.get_ref())).collect();
            let (offset, bytes) = (key.span().start, key.span().len());
            let spelled = Spelled { by: Spelling::new(same), offset, bytes };
            read.insert(key.get_ref().as_ref().to_owned(), spelled);
        }
        read
    }

    fn same(&mut self, span: &TomlSpan, word: &DeValue<'_>) -> Option<Same> {
        let word = word.as_str().unwrap_or_default();
        let same = Same::parse(word);
        if same.is_none() {
            let words = Same::ALL.map(Same::as_str);
            let message = format!("`{word}` is not one of {}", listed(&words));
            self.wrong_name(span, message, nearest(word, words));
        }
        same
    }

    fn tools(
        &mut self,
        table: &DeTable<'_>,
        semantics: Semantics,
    ) -> BTreeMap<ToolName, ManifestTool> {
        let mut tools = BTreeMap::new();
        let Some((entries, _)) = self.optional(table, "tools", DeValue::as_table) else {
            return tools;
        };
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            let split = name
                .split_once('/')
                .filter(|(server, tool)| !server.is_empty() && !tool.is_empty());
            let Some((server, tool)) = split else {
                let message = format!("`{name}` is not `SERVER/TOOL`");
                self.wrong(LoadCode::Manifest, &key.span(), message);
                continue;
            };
            if let Some(read) = self.tool(key, value, semantics) {
                tools.insert(ToolName::new(server, tool), read);
            }
        }
        tools
    }

    fn tool(
        &mut self,
        key: &TomlKey<'_>,
        value: &TomlEntry<'_>,
        semantics: Semantics,
    ) -> Option<ManifestTool> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(LoadCode::Manifest, &key.span(), "a tool is a table".to_owned());
            return None;
        };
        let whose = format!("of the tool `{}`", key.get_ref());
        let known = ["action", "pinned", "resource", "undeclared_arguments"];
        self.only(table, &whose, &since_v4(semantics, &known, &["names"]));
        let action = self.text(table, "action", &key.span());
        let (resource_kind, resource_id) = self.resource(table, key)?;
        let undeclared = match self.optional(table, "undeclared_arguments", DeValue::as_str) {
            None => Undeclared::Refuse,
            Some(("deny", _)) => Undeclared::Refuse,
            Some(("bind", _)) => Undeclared::Ignore,
            Some((_, span)) => {
                let message = "`undeclared_arguments` is `deny` or `bind`".to_owned();
                self.wrong(LoadCode::Manifest, &span, message);
                Undeclared::Refuse
            }
        };
        let names = self.names(table);
        let pinned = self.pinned(table);
        let (offset, bytes) = (key.span().start, key.span().len());
        Some(ManifestTool {
            action,
            resource_kind,
            resource_id,
            names,
            undeclared,
            pinned,
            offset,
            bytes,
        })
    }

    /// `names = { ARGUMENT = "TYPE" }`.
    fn names(&mut self, table: &DeTable<'_>) -> BTreeMap<String, String> {
        let Some((names, _)) = self.optional(table, "names", DeValue::as_table) else {
            return BTreeMap::new();
        };
        let read = names.iter().map(|(key, value)| {
            let kind = self.text(names, key.get_ref().as_ref(), &value.span());
            (key.get_ref().as_ref().to_owned(), kind)
        });
        read.collect()
    }

    fn pinned(&mut self, table: &DeTable<'_>) -> Option<Digest> {
        let (text, span) = self.optional(table, "pinned", DeValue::as_str)?;
        let digest = text.parse().ok();
        if digest.is_none() {
            let message = "`pinned` is the digest of a definition, 43 characters of base64url: `interlock bundle definitions` prints it";
            self.wrong(LoadCode::Manifest, &span, message.to_owned());
        }
        digest
    }

    fn resource(&mut self, table: &DeTable<'_>, key: &TomlKey<'_>) -> Option<(String, ResourceId)> {
        let (resource, span) = self.required(table, "resource", &key.span(), DeValue::as_table)?;
        self.only(resource, "of a resource", &["type", "argument", "id"]);
        let kind = self.text(resource, "type", &span);
        let argument = self.optional(resource, "argument", DeValue::as_str);
        let id = self.optional(resource, "id", DeValue::as_str);
        let id = match (argument, id) {
            (Some((argument, _)), None) => ResourceId::Argument(argument.to_owned()),
            (None, Some((id, _))) if !id.is_empty() => ResourceId::Fixed(id.to_owned()),
            _ => {
                let message = "a resource has either `argument` or `id`".to_owned();
                self.wrong(LoadCode::Manifest, &span, message);
                return None;
            }
        };
        Some((kind, id))
    }

    pub(super) fn optional<'v, 'i, T>(
        &mut self,
        table: &'v DeTable<'i>,
        name: &str,
        read: impl FnOnce(&'v DeValue<'i>) -> Option<T>,
    ) -> Option<(T, TomlSpan)> {
        let value = table.get(name)?;
        let found = value.get_ref().type_str();
        let read = read(value.get_ref());
        if read.is_none() {
            let message = format!("`{name}` can't be {found}");
            self.wrong(self.codes.value, &value.span(), message);
        }
        read.map(|read| (read, value.span()))
    }

    pub(super) fn required<'v, 'i, T>(
        &mut self,
        table: &'v DeTable<'i>,
        name: &str,
        span: &TomlSpan,
        read: impl FnOnce(&'v DeValue<'i>) -> Option<T>,
    ) -> Option<(T, TomlSpan)> {
        if !table.contains_key(name) {
            self.wrong(self.codes.value, span, format!("`{name}` is missing"));
        }
        self.optional(table, name, read)
    }

    pub(super) fn text(&mut self, table: &DeTable<'_>, name: &str, span: &TomlSpan) -> String {
        let Some((text, span)) = self.required(table, name, span, DeValue::as_str) else {
            return String::new();
        };
        if text.is_empty() {
            self.wrong(self.codes.value, &span, format!("`{name}` is empty"));
        }
        text.to_owned()
    }
}

/// The known keys, with those that the fourth version of the decider knows besides.
fn since_v4<'n>(semantics: Semantics, known: &[&'n str], later: &[&'n str]) -> Vec<&'n str> {
    let later = if semantics >= Semantics::V4 { later } else { &[] };
    [known, later].concat()
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
