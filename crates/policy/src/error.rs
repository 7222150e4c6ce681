//! Problems of a bundle, all at once and each with its place; warnings; and the few other errors of
//! this crate.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};

/// What kind of problem a bundle has. The words of [`LoadCode::as_str`] are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoadCode {
    /// The archive of a bundle is not one: not canonical JSON, or not of its shape.
    Archive,
    /// A file that no bundle has, or one that is missing, or not text.
    File,
    /// A limit was reached.
    Limit,
    /// Too little stack is left to read policies safely.
    Stack,
    /// `bundle.toml` does not parse or holds a wrong value.
    Manifest,
    /// `bundle.toml` holds a key that means nothing.
    ManifestKey,
    /// `labels.toml` does not parse or holds a wrong value.
    Labels,
    /// `labels.toml` holds a key that means nothing.
    LabelsKey,
    /// `detectors.toml` does not parse or holds a wrong value.
    Detectors,
    /// `detectors.toml` holds a key that means nothing.
    DetectorsKey,
    /// `meters.toml` does not parse, holds a wrong value, or does not fit the schema.
    Meters,
    /// `meters.toml` holds a key that means nothing.
    MetersKey,
    /// The schema does not parse or declares what can't be supplied.
    Schema,
    /// `entities.json` does not parse or does not fit the schema.
    Entities,
    /// A policy does not parse.
    PolicySyntax,
    /// A policy has a wrong, misspelt, missing or repeated annotation.
    PolicyAnnotation,
    /// A policy does not fit the schema.
    PolicyType,
    /// A policy uses what this version does not support.
    PolicyUnsupported,
}

impl LoadCode {
    /// The stable word, such as `policy.type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LoadCode::Archive => "bundle.archive",
            LoadCode::File => "bundle.file",
            LoadCode::Limit => "bundle.limit",
            LoadCode::Stack => "bundle.stack",
            LoadCode::Manifest => "manifest.value",
            LoadCode::ManifestKey => "manifest.key",
            LoadCode::Labels => "labels.value",
            LoadCode::LabelsKey => "labels.key",
            LoadCode::Detectors => "detectors.value",
            LoadCode::DetectorsKey => "detectors.key",
            LoadCode::Meters => "meters.value",
            LoadCode::MetersKey => "meters.key",
            LoadCode::Schema => "schema.invalid",
            LoadCode::Entities => "entities.invalid",
            LoadCode::PolicySyntax => "policy.syntax",
            LoadCode::PolicyAnnotation => "policy.annotation",
            LoadCode::PolicyType => "policy.type",
            LoadCode::PolicyUnsupported => "policy.unsupported",
        }
    }
}

/// A place in a file: line and column count from 1, the column in characters; offset and length in
/// bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourcePlace {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The byte at which it starts.
    pub offset: usize,
    /// Its length in bytes.
    pub bytes: usize,
}

impl SourcePlace {
    /// The place of `bytes` bytes at `offset` of `text`; clamped to the text.
    pub(crate) fn of(text: &str, offset: usize, bytes: usize) -> SourcePlace {
        let mut start = offset.min(text.len());
        while !text.is_char_boundary(start) {
            start = start.saturating_sub(1);
        }
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count().saturating_add(1);
        let column =
            before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
        SourcePlace {
            line,
            column,
            offset: start,
            bytes: bytes.min(text.len().saturating_sub(start)),
        }
    }
}

/// One problem of a bundle.
#[derive(Debug, Clone)]
pub struct LoadError(Box<LoadErrorDetail>);

#[derive(Debug, Clone)]
struct LoadErrorDetail {
    code: LoadCode,
    file: String,
    place: Option<SourcePlace>,
    message: String,
    nearest: Option<String>,
    help: Option<String>,
    source: Option<Arc<NamedSource<Arc<str>>>>,
}

impl LoadError {
    pub(crate) fn new(code: LoadCode, file: &str, message: impl Into<String>) -> LoadError {
        LoadError(Box::new(LoadErrorDetail {
            code,
            file: file.to_owned(),
            place: None,
            message: message.into(),
            nearest: None,
            help: None,
            source: None,
        }))
    }

    /// Points at `bytes` bytes at `offset` of the file's text.
    pub(crate) fn at(mut self, text: &Arc<str>, offset: usize, bytes: usize) -> LoadError {
        self.0.place = Some(SourcePlace::of(text, offset, bytes));
        self.0.source = Some(Arc::new(NamedSource::new(&self.0.file, Arc::clone(text))));
        self
    }

    pub(crate) fn nearest(mut self, nearest: Option<String>) -> LoadError {
        self.0.nearest = nearest;
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> LoadError {
        self.0.help = Some(help.into());
        self
    }

    /// Takes Cedar's "for policy `f0_3`, " off the message: a name that nobody wrote.
    pub(crate) fn strip_policy_name(&mut self) {
        let rest =
            self.0.message.strip_prefix("for policy `").and_then(|rest| rest.split_once("`, "));
        if let Some((_, message)) = rest {
            self.0.message = message.to_owned();
        }
    }

    /// What problems are sorted by, and told apart.
    fn key(&self) -> (&str, Option<SourcePlace>, LoadCode, &str) {
        (&self.0.file, self.0.place, self.0.code, &self.0.message)
    }

    /// What kind of problem.
    #[must_use]
    pub fn code(&self) -> LoadCode {
        self.0.code
    }

    /// The file, relative to the bundle; empty when it concerns the bundle as a whole.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// Where in the file, when that is known.
    #[must_use]
    pub fn place(&self) -> Option<SourcePlace> {
        self.0.place
    }

    /// The problem, as a sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The known name that may have been meant.
    #[must_use]
    pub fn nearest_name(&self) -> Option<&str> {
        self.0.nearest.as_deref()
    }

    /// What to do about it.
    #[must_use]
    pub fn help_text(&self) -> Option<String> {
        match (&self.0.nearest, &self.0.help) {
            (Some(nearest), Some(help)) => Some(format!("did you mean `{nearest}`? {help}")),
            (Some(nearest), None) => Some(format!("did you mean `{nearest}`?")),
            (None, help) => help.clone(),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.file.is_empty() {
            write!(f, "{}", self.0.file)?;
            if let Some(place) = self.0.place {
                write!(f, ":{}:{}", place.line, place.column)?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", self.0.message)
    }
}

impl std::error::Error for LoadError {}

impl Diagnostic for LoadError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.0.code.as_str()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help_text().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source.as_deref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.0.place?;
        let span = SourceSpan::new(place.offset.into(), place.bytes);
        let label = LabeledSpan::new_primary_with_span(Some("here".to_owned()), span);
        Some(Box::new(std::iter::once(label)))
    }
}

/// Every problem of a bundle, by file and place; never empty.
#[derive(Debug, Clone)]
pub struct LoadErrors {
    errors: Vec<LoadError>,
    more: usize,
}

impl LoadErrors {
    /// Sorts the problems by file, place and message, and keeps the first
    /// [`crate::limits::LOAD_ERRORS_MAX`].
    pub(crate) fn of(mut errors: Vec<LoadError>) -> LoadErrors {
        errors.sort_by(|a, b| a.key().cmp(&b.key()));
        errors.dedup_by(|a, b| a.key() == b.key());
        let more = errors.len().saturating_sub(crate::limits::LOAD_ERRORS_MAX);
        errors.truncate(crate::limits::LOAD_ERRORS_MAX);
        LoadErrors { errors, more }
    }

    /// The problems, by file and place.
    pub fn iter(&self) -> impl Iterator<Item = &LoadError> {
        self.errors.iter()
    }

    /// How many there are, those not kept included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.errors.len().saturating_add(self.more)
    }
}

impl From<LoadError> for LoadErrors {
    fn from(error: LoadError) -> LoadErrors {
        LoadErrors { errors: vec![error], more: 0 }
    }
}

impl fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, error) in self.errors.iter().enumerate() {
            if nth > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
            if let Some(help) = error.help_text() {
                write!(f, " ({help})")?;
            }
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadErrors {}

impl Diagnostic for LoadErrors {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.errors.iter().map(|error| error as &dyn Diagnostic)))
    }
}

/// What kind of oddness a bundle has. The words of [`WarningCode::as_str`] are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WarningCode {
    /// The validator finds a policy odd.
    PolicySuspect,
    /// Many policies have no scope, so that every decision looks at each.
    PoliciesUnscoped,
    /// The schema has no type for callers.
    CallerUndeclared,
    /// No client can start.
    StartInitialize,
    /// No client sees a tool.
    StartToolsList,
    /// What a server asks may pass, and its answer never does.
    AnswerUndeclared,
    /// No tool and no message stands for an action.
    ActionUnreached,
    /// No policy can permit a tool.
    ToolUnpermitted,
    /// A tool's server is not configured.
    ServerUnknown,
    /// A forbid can never apply.
    ForbidNever,
    /// A permit can never apply.
    PermitNever,
    /// A policy names an entity that nothing has.
    EntityUnknown,
    /// A policy looks for a name in a spelling that no request has.
    NameSpelling,
    /// A policy reads what no decision has.
    ConditionNever,
    /// A policy looks back at what never happens.
    EventNever,
    /// An entity type has tags that nothing states.
    TagsUnset,
    /// An `@approval` waits for a role that nobody has.
    RoleUnknown,
    /// An `@approval` waits for more officers than there are.
    RoleShort,
    /// A policy looks for a label that is not declared.
    LabelUnknown,
    /// Nothing adds a label.
    LabelNever,
    /// No policy looks at a label.
    LabelUnread,
    /// No policy looks at what a detector adds.
    DetectorUnread,
    /// Nothing charges a meter.
    MeterUncharged,
    /// Nobody is told an annotation.
    AnnotationUnread,
    /// No action is about an entity type.
    TypeUnused,
    /// A line of the tests is no case.
    CaseUnfit,
}

impl WarningCode {
    /// The stable word, such as `forbid.never`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            WarningCode::PolicySuspect => "policy.suspect",
            WarningCode::PoliciesUnscoped => "policies.unscoped",
            WarningCode::CallerUndeclared => "caller.undeclared",
            WarningCode::StartInitialize => "start.initialize",
            WarningCode::StartToolsList => "start.tools_list",
            WarningCode::AnswerUndeclared => "answer.undeclared",
            WarningCode::ActionUnreached => "action.unreached",
            WarningCode::ToolUnpermitted => "tool.unpermitted",
            WarningCode::ServerUnknown => "server.unknown",
            WarningCode::ForbidNever => "forbid.never",
            WarningCode::PermitNever => "permit.never",
            WarningCode::EntityUnknown => "entity.unknown",
            WarningCode::NameSpelling => "name.spelling",
            WarningCode::ConditionNever => "condition.never",
            WarningCode::EventNever => "event.never",
            WarningCode::TagsUnset => "tags.unset",
            WarningCode::RoleUnknown => "role.unknown",
            WarningCode::RoleShort => "role.short",
            WarningCode::CaseUnfit => "case.unfit",
            WarningCode::LabelUnknown => "label.unknown",
            WarningCode::LabelNever => "label.never",
            WarningCode::LabelUnread => "label.unread",
            WarningCode::DetectorUnread => "detector.unread",
            WarningCode::MeterUncharged => "meter.uncharged",
            WarningCode::AnnotationUnread => "annotation.unread",
            WarningCode::TypeUnused => "type.unused",
        }
    }
}

/// Something about a bundle that is allowed, and likely not meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The file, relative to the bundle; empty when it concerns the bundle as a whole.
    pub file: String,
    /// The line, from 1, when it is known.
    pub line: Option<usize>,
    /// What kind of oddness.
    pub code: WarningCode,
    /// The policy that it is about.
    pub policy: Option<String>,
    /// The oddness, and what to do about it.
    pub message: String,
}

impl Warning {
    pub(crate) fn new(code: WarningCode, message: impl Into<String>) -> Warning {
        let (file, message) = (String::new(), message.into());
        Warning { file, line: None, code, policy: None, message }
    }

    pub(crate) fn in_file(self, file: &str) -> Warning {
        Warning { file: file.to_owned(), ..self }
    }

    /// At the place where a policy begins.
    pub(crate) fn at_policy(self, id: &str, file: &str, line: usize) -> Warning {
        let (file, policy) = (file.to_owned(), Some(id.to_owned()));
        Warning { file, line: Some(line), policy, ..self }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (message, code) = (&self.message, self.code.as_str());
        match (self.file.is_empty(), self.line) {
            (true, _) => write!(f, "{message} ({code})"),
            (false, None) => write!(f, "{}: {message} ({code})", self.file),
            (false, Some(line)) => write!(f, "{}:{line}: {message} ({code})", self.file),
        }
    }
}

/// The temporal conditions of a bundle could not be prepared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the temporal conditions of this bundle can't be prepared: {why}")]
pub struct PrepareError {
    pub(crate) why: String,
}

#[cfg(test)]
mod tests;
