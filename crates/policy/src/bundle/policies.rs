//! The policies of a bundle: scanned, parsed by Dogwood, checked by us, lowered to Cedar, validated
//! against the schema.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use cedar_policy::PolicyId;
use dogwood_language::{
    Distincter, Error as DogwoodError, LoweredPolicySet, ParsedPolicySet, PolicySchema,
    ServiceSchema, ValidationError, Validator, lower_many,
};
use miette::Diagnostic;
use record::ApprovalRule;

use super::event_schema::{self, NEVER_SUPPLIED};
use super::source::{Statement, statements};
use super::unknown_action::{self, Actions};
use super::{annotations, approval};
use crate::engine::has_stack;
use crate::error::{LoadCode, LoadError, SourcePlace, Warning, WarningCode};
use crate::limits::{
    EXPRESSION_DEPTH_MAX, MACRO_NESTING_MAX, MACRO_PARAMETER_USES_MAX, POLICIES_MAX,
    UNSCOPED_POLICIES_WARN,
};
use crate::semantics::Semantics;

/// One policy, with its place and its annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInfo {
    /// Its `@id`; of one without, the name of its file.
    pub id: String,
    /// `permit` or `forbid`.
    pub effect: &'static str,
    /// The file, relative to the bundle.
    pub file: String,
    /// The line on which it begins, its annotations included; from 1.
    pub line: usize,
    /// Its annotations, `id` included.
    pub annotations: BTreeMap<String, String>,
    /// What its `@approval` asks for.
    pub approval: Option<ApprovalRule>,
    /// Its text, annotations included.
    pub source: String,
    /// The name that it has within Cedar.
    pub(crate) cedar_id: String,
}

/// The policies of a bundle, ready to decide.
pub(crate) struct Policies {
    pub(crate) lowered: LoweredPolicySet,
    /// By `@id`.
    pub(crate) infos: Vec<PolicyInfo>,
    /// The depth of the deepest expression.
    pub(crate) depth: usize,
    pub(crate) warnings: Vec<Warning>,
}

/// One policy file.
struct PolicyFile {
    path: String,
    text: Arc<str>,
    statements: Vec<Statement>,
    parsed: ParsedPolicySet,
    /// The id of the one policy in it, where that has none of its own.
    id: Option<String>,
}

/// The names of Dogwood's own macros, which any policy may call.
const STANDARD_MACROS: [&str; 4] = ["count_within", "sum_within", "count_distinct_within", "bind"];
/// How deep the deepest of them is, counted as any expression; a test holds it.
const STANDARD_MACRO_DEPTH: usize = 9;

/// Loads the policy files against a schema. All problems of one stage at once.
pub(crate) fn load(
    texts: &BTreeMap<String, Arc<str>>,
    schema: &str,
    semantics: Semantics,
) -> Result<Policies, Vec<LoadError>> {
    let internal = |error: DogwoodError| {
        vec![LoadError::new(LoadCode::Schema, super::SCHEMA, error.to_string())]
    };
    // An execution's history is its own, so events need not be matched by principal again: see
    // `history`.
    let service = ServiceSchema::builder()
        .event_schema_str(event_schema::of(semantics))
        .build()
        .map_err(internal)?;
    let actions = Actions::of(schema);
    let schema = PolicySchema::from_cedarschema_str(schema).map_err(internal)?;

    let depth = texts.values().map(|text| deepest(&scan(text))).max().unwrap_or(0);
    if depth <= EXPRESSION_DEPTH_MAX && !has_stack(depth) {
        return Err(vec![super::load::no_stack(depth)]);
    }
    let (files, errors) = parse_all(texts, &service, semantics);
    if !errors.is_empty() {
        return Err(errors);
    }
    let lowered = lower(&files, &service, &schema).map_err(|errors| {
        errors.into_iter().map(|error| actions.guess(error)).collect::<Vec<_>>()
    })?;
    let infos = describe(&files, &lowered)?;
    let result = Validator::new().validate(&lowered);
    let errors: Vec<_> =
        result.validation_errors().map(|error| actions.guess(finding(&files, error))).collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut warnings: Vec<Warning> =
        result.validation_warnings().map(|warning| named_warning(&infos, warning)).collect();
    warnings.extend(unscoped(&files));
    warnings.sort();
    Ok(Policies { lowered, infos, depth, warnings })
}

fn parse_all(
    texts: &BTreeMap<String, Arc<str>>,
    service: &ServiceSchema,
    semantics: Semantics,
) -> (Vec<PolicyFile>, Vec<LoadError>) {
    let (mut files, mut errors, mut ids) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (path, text) in texts {
        let statements = scan(text);
        errors.extend(annotations::check(path, text, &statements, semantics));
        let unbounded = bounds(path, text, &statements);
        if !unbounded.is_empty() {
            errors.extend(unbounded);
            continue;
        }
        let named =
            (semantics >= Semantics::V4).then(|| annotations::file_id(path, &statements)).flatten();
        let without_id = match named {
            Some(id) => annotations::take_id(id, path, &mut ids).into_iter().collect(),
            None => annotations::check_ids(path, text, &statements, &mut ids),
        };
        match parse(path, text, statements, service) {
            Ok(file) => {
                let file = PolicyFile { id: named.map(str::to_owned), ..file };
                errors.extend(without_id);
                files.push(file);
            }
            // What does not parse may be no policy at all, so it is not asked for an id.
            Err(found) => errors.extend(found),
        }
    }
    let count: usize = files.iter().map(|file| file.parsed.policy_count()).sum();
    if count > POLICIES_MAX {
        let message = format!("a bundle has at most {POLICIES_MAX} policies; this one has {count}");
        errors.push(LoadError::new(LoadCode::Limit, "", message));
    }
    (files, errors)
}

/// The statements of a file, its own macros known.
fn scan(text: &str) -> Vec<Statement> {
    let mut macros: BTreeSet<String> = STANDARD_MACROS.map(str::to_owned).into();
    macros
        .extend(statements(text, &macros).into_iter().filter_map(|statement| statement.macro_name));
    statements(text, &macros)
}

/// The depth of a statement's expressions once its macros are expanded.
fn expanded(statement: &Statement, deepest_macro: usize) -> usize {
    statement.depth.saturating_add(statement.macro_nesting.saturating_mul(deepest_macro))
}

fn deepest_macro(statements: &[Statement]) -> usize {
    let macros = statements.iter().filter(|statement| statement.macro_name.is_some());
    macros.map(|statement| statement.depth).max().unwrap_or(0).max(STANDARD_MACRO_DEPTH)
}

fn deepest(statements: &[Statement]) -> usize {
    let deepest_macro = deepest_macro(statements);
    statements.iter().map(|statement| expanded(statement, deepest_macro)).max().unwrap_or(0)
}

/// What would let an expression grow beyond what the stack bears, or beyond what memory should.
fn bounds(path: &str, text: &Arc<str>, statements: &[Statement]) -> Vec<LoadError> {
    let deepest_macro = deepest_macro(statements);
    let mut errors = Vec::new();
    for statement in statements {
        let point = |message: String, help: &str| {
            LoadError::new(LoadCode::Limit, path, message)
                .at(text, statement.span.start, first_line(text, &statement.span))
                .help(help)
        };
        let depth = expanded(statement, deepest_macro);
        if depth > EXPRESSION_DEPTH_MAX {
            let message = format!(
                "an expression is {depth} deep, operators and brackets counted; at most {EXPRESSION_DEPTH_MAX} are allowed"
            );
            errors.push(point(
                message,
                "split the policy, or use a set and `contains` instead of `||`",
            ));
        }
        if statement.block_depth > EXPRESSION_DEPTH_MAX {
            let message = format!(
                "the braces of a block are nested {} deep; at most {EXPRESSION_DEPTH_MAX} are allowed",
                statement.block_depth
            );
            errors.push(point(message, "in a block, braces in comments count: keep them out"));
        }
        if statement.macro_name.is_some() && statement.parameter_uses > MACRO_PARAMETER_USES_MAX {
            let message =
                format!("a macro names parameters more than {MACRO_PARAMETER_USES_MAX} times");
            errors.push(point(message, "split the macro"));
        }
        if statement.macro_nesting > MACRO_NESTING_MAX {
            let message = format!("macro calls are nested more than {MACRO_NESTING_MAX} deep");
            errors.push(point(message, "write the inner calls out"));
        }
        if let Some(span) = &statement.guardrails {
            errors.push(unsupported(path, text, span.clone()));
        }
    }
    errors
}

fn unsupported(path: &str, text: &Arc<str>, span: Range<usize>) -> LoadError {
    let message = "information providers (`guardrails`) are not supported in this version";
    LoadError::new(LoadCode::PolicyUnsupported, path, message)
        .at(text, span.start, span.len())
        .help("decide on arguments, entities and history only")
}

fn first_line(text: &str, span: &Range<usize>) -> usize {
    text.get(span.clone()).and_then(|text| text.lines().next()).map_or(0, str::len)
}

fn parse(
    path: &str,
    text: &Arc<str>,
    statements: Vec<Statement>,
    service: &ServiceSchema,
) -> Result<PolicyFile, Vec<LoadError>> {
    let parsed = ParsedPolicySet::parse(text, service)
        .map_err(|error| fatal(path, text, LoadCode::PolicySyntax, &error))?;
    let policies: Vec<&Statement> =
        statements.iter().filter(|statement| statement.macro_name.is_none()).collect();
    if policies.len() != parsed.policy_count() {
        let message = "the policies of this file can't be told apart";
        let error = LoadError::new(LoadCode::PolicySyntax, path, message)
            .help("in `temporal` blocks, keep quotes and brackets out of comments");
        return Err(vec![error]);
    }
    let calls_provider =
        parsed.policies().zip(&policies).filter(|(policy, _)| policy.uses_providers());
    let errors: Vec<_> = calls_provider
        .map(|(_, statement)| {
            let start = statement.span.start;
            unsupported(path, text, start..start.saturating_add(first_line(text, &statement.span)))
        })
        .collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(PolicyFile { path: path.to_owned(), text: Arc::clone(text), statements, parsed, id: None })
}

fn lower(
    files: &[PolicyFile],
    service: &ServiceSchema,
    schema: &PolicySchema,
) -> Result<LoweredPolicySet, Vec<LoadError>> {
    if files.is_empty() {
        let nothing = LoweredPolicySet::from_str("", service, schema);
        return nothing.map_err(|error| fatal("", &Arc::from(""), LoadCode::Schema, &error));
    }
    let mut entries = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let distincter: Result<Distincter, DogwoodError> = format!("f{index}").parse();
        entries.push((
            &file.parsed,
            distincter.map_err(|error| {
                vec![LoadError::new(LoadCode::File, &file.path, error.to_string())]
            })?,
        ));
    }
    lower_many(&entries, schema).map_err(|error| {
        // Lowering reports one error, and which file it is in only by its text.
        let text = error_source(&error);
        let file = files.iter().find(|file| text.as_deref() == Some(&*file.text));
        match file {
            Some(file) => fatal(&file.path, &file.text, LoadCode::PolicyType, &error),
            None => vec![unplaced(files, &error)],
        }
    })
}

/// An error of Dogwood's that says neither file nor place.
fn unplaced(files: &[PolicyFile], error: &DogwoodError) -> LoadError {
    let found = located("", &Arc::from(""), LoadCode::PolicyType, error);
    let texts = files.iter().map(|file| (file.path.as_str(), &file.text));
    match unknown_action::place(found.message(), texts) {
        Some((path, text, offset, bytes)) => {
            LoadError::new(LoadCode::PolicyType, path, found.message()).at(text, offset, bytes)
        }
        None => found,
    }
}

fn error_source(error: &DogwoodError) -> Option<String> {
    match error {
        DogwoodError::Parse(errors) => {
            errors.iter().next().map(|e| e.location().source().to_owned())
        }
        DogwoodError::Macro(error) => Some(error.location().source().to_owned()),
        DogwoodError::Cedarify(error) => error.location().map(|at| at.source().to_owned()),
        _ => None,
    }
}

/// Dogwood's fatal errors as ours.
fn fatal(path: &str, text: &Arc<str>, code: LoadCode, error: &DogwoodError) -> Vec<LoadError> {
    if let DogwoodError::Parse(errors) = error {
        let each = errors.iter().map(|error| located(path, text, code, error));
        return each.collect();
    }
    vec![located(path, text, code, error)]
}

/// One finding of Dogwood or Cedar, placed by its first label.
pub(crate) fn located(
    path: &str,
    text: &Arc<str>,
    code: LoadCode,
    finding: &dyn Diagnostic,
) -> LoadError {
    let mut error = LoadError::new(code, path, finding.to_string());
    let label = finding.labels().and_then(|mut labels| labels.next());
    if let Some(label) = label {
        // A finding about a policy as a whole points at its first line.
        let line = text.get(label.offset()..).and_then(|rest| rest.lines().next());
        error = error.at(text, label.offset(), label.len().min(line.map_or(1, str::len)));
    }
    if NEVER_SUPPLIED.iter().any(|name| error.message().contains(&format!("`{name}`"))) {
        return error.help("nothing supplies it, so no event would match: an execution's history is its own, and needs no session to be named");
    }
    let help = finding.help().map(|help| help.to_string());
    match help.as_deref().and_then(meant) {
        Some(name) => error.nearest(Some(name.to_owned())),
        None => help.map_or(error.clone(), |help| error.help(help)),
    }
}

/// The name in Cedar's "did you mean `name`?".
fn meant(help: &str) -> Option<&str> {
    help.strip_prefix("did you mean `")?.strip_suffix("`?")
}

fn finding(files: &[PolicyFile], error: &ValidationError) -> LoadError {
    let src = match error {
        ValidationError::Cedar { src, .. } | ValidationError::Extension { src, .. } => {
            Arc::clone(src)
        }
        _ => Arc::from(""),
    };
    let file = files.iter().find(|file| file.text == src);
    let path = file.map(|file| file.path.as_str()).unwrap_or_default();
    // Cedar's message begins "for policy `f0_3`, ", a name that nobody wrote.
    let mut found = located(path, &src, LoadCode::PolicyType, error);
    found.strip_policy_name();
    found
}

/// Effect, place and annotations of every policy, by `@id`.
fn describe(
    files: &[PolicyFile],
    lowered: &LoweredPolicySet,
) -> Result<Vec<PolicyInfo>, Vec<LoadError>> {
    let mut rules = lowered.rules();
    let mut infos = Vec::new();
    for file in files {
        for statement in file.statements.iter().filter(|statement| statement.macro_name.is_none()) {
            let rule = rules.next();
            let policy = rule
                .as_ref()
                .and_then(|rule| lowered.as_cedar().policy(&PolicyId::new(&rule.cedar_policy_id)));
            let (Some(rule), Some(policy)) = (rule.as_ref(), policy) else {
                return Err(vec![lost(&file.path)]);
            };
            let annotations: BTreeMap<String, String> = policy
                .annotations()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let id = annotations.get("id").or(file.id.as_ref());
            infos.push(PolicyInfo {
                id: id.cloned().unwrap_or_default(),
                effect: match policy.effect() {
                    cedar_policy::Effect::Permit => "permit",
                    cedar_policy::Effect::Forbid => "forbid",
                },
                file: file.path.clone(),
                line: SourcePlace::of(&file.text, statement.span.start, 0).line,
                approval: annotations.get("approval").and_then(|text| approval::parse(text).ok()),
                annotations,
                source: file.text.get(statement.span.clone()).unwrap_or_default().to_owned(),
                cedar_id: rule.cedar_policy_id.clone(),
            });
        }
    }
    annotations::check_values(&infos)?;
    infos.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(infos)
}

/// A policy that Cedar does not know.
pub(super) fn lost(path: &str) -> LoadError {
    LoadError::new(LoadCode::PolicySyntax, path, "a policy was lost on the way to Cedar")
}

fn named_warning(infos: &[PolicyInfo], warning: &dogwood_language::ValidationWarning) -> Warning {
    let text = warning.to_string();
    let named = Warning::new(WarningCode::PolicySuspect, text.clone());
    if let Some(rest) = text.strip_prefix("for policy `")
        && let Some((cedar_id, message)) = rest.split_once("`, ")
        && let Some(info) = infos.iter().find(|info| info.cedar_id == cedar_id)
    {
        let message = format!("policy `{}`: {message}", info.id);
        return Warning::new(WarningCode::PolicySuspect, message)
            .at_policy(&info.id, &info.file, info.line);
    }
    named
}

/// Warns when more policies than an index bears have no scope at all.
fn unscoped(files: &[PolicyFile]) -> Option<Warning> {
    use dogwood_language::{ActionConstraint, PrincipalConstraint, ResourceConstraint};
    let all = files.iter().flat_map(|file| file.parsed.policies());
    let count = all
        .filter(|policy| {
            let scope = policy.scope();
            scope.principal() == &PrincipalConstraint::Any
                && scope.action() == &ActionConstraint::Any
                && scope.resource() == &ResourceConstraint::Any
        })
        .count();
    (count > UNSCOPED_POLICIES_WARN).then(|| {
        let message = format!(
            "{count} policies name no principal, action or resource in their scope; above {UNSCOPED_POLICIES_WARN} every decision grows slower, so scope them"
        );
        Warning::new(WarningCode::PoliciesUnscoped, message)
    })
}

#[cfg(test)]
mod tests;
