//! A bundle whose conditions look back, and an execution that has done much.

use std::sync::Arc;

use policy::{Bundle, Entity, Files, History, PrepareError, Request, TransitionOutcome};

/// A bundle with `formerly`, `count_within` and `sum_within`, what an execution has done, and what
/// it asks for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalSample {
    /// What [`policy::Bundle::load`] takes.
    pub files: Files,
    /// Transitions that have returned, [`STEP_MS`] apart from [`START_MS`] on.
    pub done: Vec<Request>,
    /// A request at which all three conditions are evaluated, and which is permitted.
    pub request: Request,
}

/// The time of the first event, in milliseconds since the epoch.
pub const START_MS: i64 = 1_767_225_600_000;
/// The time between two events, in milliseconds.
pub const STEP_MS: i64 = 10;

/// 10,000 events, all of them within the windows.
#[must_use]
pub fn decide_temporal_10000() -> TemporalSample {
    temporal(10_000)
}

/// So many events, all of them within the windows of a day: up to 8,640,000.
#[must_use]
pub fn temporal(events: usize) -> TemporalSample {
    let files = [
        ("bundle.toml", "name = \"measured\"\nversion = \"1\"\nsemantics = 1\n"),
        ("schema.cedarschema", SCHEMA),
        ("policies/temporal.dw", POLICIES),
    ];
    let done = (0..events).map(|n| request("read", n)).collect();
    let files = files.map(|(path, text)| (path.to_owned(), text.into()));
    TemporalSample { files: files.into(), done, request: request("send", 3) }
}

impl TemporalSample {
    /// The history of all that was done.
    ///
    /// # Errors
    /// When the bundle's conditions can't be prepared; [`Bundle::load`] has tried.
    pub fn history(&self, bundle: &Arc<Bundle>) -> Result<History, PrepareError> {
        let mut history = History::new(bundle)?;
        let mut at = START_MS;
        for request in &self.done {
            history.complete(at, request, &TransitionOutcome::Result(None));
            at = at.saturating_add(STEP_MS);
        }
        Ok(history)
    }
}

const SCHEMA: &str = "entity Agent;\nentity File;\naction read, send appliesTo { principal: Agent, resource: File, \
    context: { input: { folder: String, bytes: Long } } };\n";

const POLICIES: &str = r#"
@id("everything")
permit (principal, action, resource);

@id("after-a-secret")
forbid (principal, action == Action::"send", resource)
when temporal { formerly within 1d Action::"read"::response{ input.folder: "secret" } };

@id("too-often")
forbid (principal, action == Action::"send", resource)
when temporal { 1000000 < count_within(1d, Action::"read"::response{ input.folder: context.input.folder }) };

@id("too-much")
forbid (principal, action == Action::"send", resource)
when temporal { 1000000000 < sum_within(b, 1d, Action::"read"::response{ input.folder: context.input.folder, input.bytes: b }) };
"#;

/// One of seven folders, and a size.
fn request(action: &str, n: usize) -> Request {
    Request {
        principal: Entity::new("Agent", "agent-1"),
        action: action.to_owned(),
        resource: Entity::new("File", format!("/srv/folder-{}/report-{}.md", n % 7, n % 100)),
        input: format!(r#"{{"folder":"folder-{}","bytes":{}}}"#, n % 7, 100 + n % 1_000),
    }
}
