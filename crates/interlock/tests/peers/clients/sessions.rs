//! Cases that are more than one call.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::library::Live;
use super::table::PATIENCE;
use super::{Pair, cut, processes, starter};
use crate::support::until;

/// What a call that is to be halted would take.
const SLOW_S: u64 = 60;

/// What is wrong, where something is.
pub(crate) type Judged = Result<(), String>;

type Case = fn(&mut Pair) -> Judged;

/// Runs all cases; what is wrong.
pub(crate) fn all(pair: &mut Pair) -> Vec<String> {
    let cases: [(&str, Case); 8] = [
        ("3 `nextCursor` null", next_cursor),
        ("17 approvals", approvals),
        ("20 a server that can't start", no_start),
        ("30 older revisions", older),
        ("30 servers of npm", npm_servers),
        ("10 a halt", halt),
        ("12 and 29 names and pictures", starter::names_and_pictures),
        ("7 processes", processes::none_stays),
    ];
    let mut wrong = Vec::new();
    for (name, case) in cases {
        let began = Instant::now();
        if let Err(why) = case(pair) {
            wrong.push(format!("{name}: {why}"));
        }
        println!("{:?} {name}: {} ms", pair.library, began.elapsed().as_millis());
    }
    wrong
}

/// A session with a server, which must begin.
pub(crate) fn begin(pair: &mut Pair, server: &str) -> Judged {
    let greeting = pair.governed.open(&pair.world.governed(server));
    match greeting.get("result") {
        Some(_) => Ok(()),
        None => Err(format!("{server}: {greeting}")),
    }
}

/// A call must have a result.
pub(crate) fn result(live: &mut Live, tool: &str, arguments: &Value) -> Result<Value, String> {
    let mut seen = live.call(tool, arguments, PATIENCE);
    match seen.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => Err(format!("{tool} {arguments}: {}", cut(&seen, 600))),
    }
}

/// A call must have an error of this code; its message.
fn refusal(
    live: &mut Live,
    (tool, arguments): (&str, &Value),
    code: &str,
) -> Result<String, String> {
    let seen = live.call(tool, arguments, PATIENCE);
    let message = seen["error"]["message"].as_str().unwrap_or_default();
    match message.contains(code) {
        true => Ok(message.to_owned()),
        false => Err(format!("{tool} {arguments}: {} for {code}", cut(&seen, 600))),
    }
}

fn list(live: &mut Live) -> Value {
    live.ask(&json!({"list": true}), PATIENCE);
    live.read(PATIENCE)
}

/// Null is "no more": nobody hangs, and who takes the list directly takes it here.
fn next_cursor(pair: &mut Pair) -> Judged {
    pair.direct.open(&pair.world.direct("nextnull"));
    let _greeting = pair.governed.open(&pair.world.governed("nextnull"));
    let (direct, seen) = (list(&mut pair.direct), list(&mut pair.governed));
    let member = |value: &Value| value.as_object().and_then(|object| object.keys().next().cloned());
    match member(&seen) == member(&direct) && seen.get("hung").is_none() {
        true => Ok(()),
        false => Err(format!("{}, directly {}", cut(&seen, 600), cut(&direct, 600))),
    }
}

/// What was approved is done once, however the same values are written again.
fn approvals(pair: &mut Pair) -> Judged {
    begin(pair, "raw")?;
    let Pair { governed: live, world, .. } = pair;
    let asked = json!({"a": "x", "b": 1, "c": "é"});
    let again = [
        r#"{"a":"x","b":1,"c":"é"}"#,
        r#"{"c":"é","b":1,"a":"x"}"#,
        r#"{"a":"x","b":1.0,"c":"\u00e9"}"#,
    ];
    for arguments in again {
        let waits = refusal(live, ("ask", &asked), "approval.required")?;
        let pending = waits.split_once("approval as ").and_then(|(_, rest)| rest.get(..43));
        let pending = pending.ok_or_else(|| format!("no pending id: {waits}"))?;
        world.officer("approve", &[pending]);
        live.ask_text(&format!(r#""tool":"ask","arguments":{arguments}"#), PATIENCE);
        let seen = live.read(PATIENCE);
        if seen.get("result").is_none() {
            return Err(format!("{arguments}: {}", cut(&seen, 600)));
        }
    }
    refusal(live, ("ask", &asked), "approval.required").map(drop)
}

/// The greeting has an error that says why.
fn no_start(pair: &mut Pair) -> Judged {
    let greeting = pair.governed.open(&pair.world.governed("missing"));
    let message = greeting["error"]["message"].as_str().unwrap_or_default();
    match message.contains("not found") {
        true => Ok(()),
        false => Err(greeting.to_string()),
    }
}

fn older(pair: &mut Pair) -> Judged {
    begin(pair, "old")?;
    result(&mut pair.governed, "any", &json!({"fine": true})).map(drop)
}

/// npm's reference servers, and one that speaks 2024-11-05 only and has no network here.
fn npm_servers(pair: &mut Pair) -> Judged {
    let servers = [
        ("brave", "brave_web_search", None),
        ("memory", "read_graph", Some(json!({}))),
        ("everything", "echo", Some(json!({"message": "é"}))),
    ];
    for (server, tool, arguments) in servers {
        begin(pair, server)?;
        let live = &mut pair.governed;
        let listed = list(live);
        let tools = listed["result"]["tools"].as_array().into_iter().flatten();
        if !tools.map(|listed| &listed["name"]).eq([tool]) {
            return Err(format!("{server}: {}", cut(&listed, 600)));
        }
        if let Some(arguments) = arguments {
            result(live, tool, &arguments)?;
        }
    }
    Ok(())
}

/// A call that is open when the agent is halted ends with an error at once, and no result of it
/// reaches anybody.
fn halt(pair: &mut Pair) -> Judged {
    begin(pair, "raw")?;
    let Pair { governed: live, world, .. } = pair;
    let mark = "what is halted";
    let slow = json!({"tool": "slow", "arguments": {"sleep": SLOW_S, "mark": mark}});
    live.ask(&slow, PATIENCE);
    until("the call at the server", || world.journal().contains(mark).then_some(()));
    world.officer("halt", &["workload:agent"]);
    let seen = live.read(Duration::from_secs(SLOW_S / 2));
    let greeting = live.open(&world.governed("raw"));
    world.officer("halt", &["workload:agent", "--lift"]);
    let message = seen["error"]["message"].as_str().unwrap_or_default();
    if !message.contains("execution.halted") {
        return Err(cut(&seen, 600));
    }
    match greeting.get("result") {
        None => Ok(()),
        Some(_) => Err(format!("a halted agent begins: {greeting}")),
    }
}
