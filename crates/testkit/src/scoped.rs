//! A bundle with as many policies as asked for, and requests that they decide.
//!
//! Most policies are scoped, as those of an office with many teams are: each team reads its folder,
//! some of its agents may use one more tool, and some things are forbidden to it. The unscoped
//! policies apply to every request.

use std::fmt::Write as _;

use policy::{Entity, Files, Request};

/// A bundle, and requests to put to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// What [`policy::Bundle::load`] takes.
    pub files: Files,
    /// Requests, about half of which are permitted.
    pub requests: Vec<Request>,
}

/// 100 policies, 2 of them unscoped.
#[must_use]
pub fn decide_100() -> Sample {
    sample(100, 2)
}

/// 10,000 policies, 20 of them unscoped.
#[must_use]
pub fn decide_10000() -> Sample {
    sample(10_000, 20)
}

/// 10,000 policies, 500 of them unscoped.
#[must_use]
pub fn decide_10000_unscoped_500() -> Sample {
    sample(10_000, 500)
}

/// How many requests a sample has.
const REQUESTS: usize = 1_000;
/// Policies that one team has.
pub(crate) const PER_TEAM: usize = 10;
/// Policies in one file.
const PER_FILE: usize = 500;
/// Actions; a third of them write.
const ACTIONS: usize = 12;

/// A bundle of `policies` policies, of which `unscoped` have no scope, and 1,000 requests.
#[must_use]
pub fn sample(policies: usize, unscoped: usize) -> Sample {
    let scoped = policies.saturating_sub(unscoped);
    let teams = scoped.div_ceil(PER_TEAM).max(1);
    let mut files = Files::from([
        ("bundle.toml".to_owned(), MANIFEST.into()),
        ("schema.cedarschema".to_owned(), schema().into_bytes()),
        ("entities.json".to_owned(), entities(teams).into_bytes()),
    ]);
    for first in (0..policies).step_by(PER_FILE) {
        let last = first.saturating_add(PER_FILE).min(policies);
        let text: String = (first..last)
            .map(|n| if n < scoped { team_policy(n) } else { common_policy(n) })
            .collect();
        files.insert(format!("policies/{first:05}.dw"), text.into_bytes());
    }
    let requests = (0..REQUESTS).map(|n| request(n, teams)).collect();
    Sample { files, requests }
}

const MANIFEST: &str = "name = \"measured\"\nversion = \"1\"\nsemantics = 2\n";

fn schema() -> String {
    let mut text = "entity Team;\nentity Agent in [Team] = { level: Long };\nentity Folder;\n\
        entity File in [Folder] = { owner?: String };\naction Reads, Writes;\n"
        .to_owned();
    for n in 0..ACTIONS {
        let group = if n % 3 == 0 { "Writes" } else { "Reads" };
        let _ = writeln!(
            text,
            "action tool_{n} in [{group}] appliesTo {{ principal: Agent, resource: File, context: {{\n  \
             input: {{ path: String, bytes: Long, mode?: String, tags?: Set<String> }},\n  \
             facts: {{ trust: String, assurance: String, at_ms: Long }} }} }};"
        );
    }
    text
}

/// Each team, two agents of it, and its folder.
fn entities(teams: usize) -> String {
    let mut text = "[".to_owned();
    for team in 0..teams {
        let comma = if team == 0 { "" } else { ",\n" };
        let _ = write!(
            text,
            r#"{comma}{{"uid":{{"type":"Team","id":"team-{team}"}},"attrs":{{}},"parents":[]}}"#
        );
        for agent in 0..2 {
            let _ = write!(
                text,
                r#",{{"uid":{{"type":"Agent","id":"agent-{team}-{agent}"}},"attrs":{{"level":{}}},"parents":[{{"type":"Team","id":"team-{team}"}}]}}"#,
                agent + 1
            );
        }
        let _ = write!(
            text,
            r#",{{"uid":{{"type":"Folder","id":"folder-{team}"}},"attrs":{{}},"parents":[]}}"#
        );
    }
    text.push(']');
    text
}

/// One of the ten policies of a team.
fn team_policy(n: usize) -> String {
    let (team, kind) = (n / PER_TEAM, n % PER_TEAM);
    let who = format!("principal in Team::\"team-{team}\"");
    let whose = format!("resource in Folder::\"folder-{team}\"");
    let rule = match kind {
        0 => format!(
            "permit ({who}, action in Action::\"Reads\", {whose}) when {{ context.input.bytes <= 65536 }}"
        ),
        1 => format!(
            "permit ({who}, action in Action::\"Writes\", {whose}) when {{ principal.level > 1 && context.facts.trust == \"trusted\" }}"
        ),
        2 => format!(
            "forbid ({who}, action in Action::\"Writes\", {whose}) when {{ context.input.path like \"*/archive/*\" }}"
        ),
        3 => format!(
            "forbid ({who}, action, {whose}) when {{ context.input has mode && context.input.mode == \"raw\" }}"
        ),
        4 => format!(
            "permit (principal == Agent::\"agent-{team}-0\", action == Action::\"tool_3\", resource is File) when {{ resource has owner && resource.owner == \"team-{team}\" }}"
        ),
        5 => format!(
            "forbid ({who}, action in [Action::\"tool_6\", Action::\"tool_7\"], resource) unless {{ context.facts.assurance != \"cooperative\" }}"
        ),
        _ => format!(
            "permit ({who}, action == Action::\"tool_{}\", resource is File in Folder::\"folder-{team}\") when {{ context.input has tags && context.input.tags.contains(\"shared\") }}",
            (n + team) % ACTIONS
        ),
    };
    format!("@id(\"p{n}\")\n{rule};\n")
}

/// A policy that concerns everybody.
fn common_policy(n: usize) -> String {
    let condition = match n % 3 {
        0 => format!("context.input.path like \"*/secret-{n}/*\""),
        1 => format!("context.input.bytes > {}", 10_000_000 + n),
        _ => format!("resource has owner && resource.owner == \"auditor-{n}\""),
    };
    format!("@id(\"p{n}\")\nforbid (principal, action, resource) when {{ {condition} }};\n")
}

/// A request of one of the teams: arguments as long as those of real calls.
fn request(n: usize, teams: usize) -> Request {
    let (team, agent) = (n.wrapping_mul(7_919) % teams, n % 2);
    // Every fourth asks for another team's folder.
    let folder = if n % 4 == 3 { (team + 1) % teams } else { team };
    let mut resource = Entity::new("File", format!("/srv/folder-{folder}/report-{n}.md"));
    resource.properties = format!(r#"{{"parents":[{{"type":"Folder","id":"folder-{folder}"}}]}}"#);
    let tags = if n.is_multiple_of(5) { r#","tags":["shared","quarter"]"# } else { "" };
    let mode = if n.is_multiple_of(11) { r#","mode":"raw""# } else { "" };
    Request {
        principal: Entity::new("Agent", format!("agent-{team}-{agent}")),
        action: format!("tool_{}", n % ACTIONS),
        input: format!(r#"{{"path":"{}","bytes":{}{tags}{mode}}}"#, resource.id, 512 * (n % 200)),
        resource,
    }
}
