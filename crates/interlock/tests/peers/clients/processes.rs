//! No process of a server stays, whoever started it, and whichever end goes first.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use super::Pair;
use super::library::Library;
use super::sessions::begin;
use crate::support::until;

/// `npx` starts a shell, which starts the server: all are gone after the client closes its side,
/// after `kill -9` of `interlock mcp`, and after SIGTERM to the node.
pub(crate) fn none_stays(pair: &mut Pair) -> Result<(), String> {
    let token = format!("TOKEN={}", pair.world.token);
    let other = pair.world.governed("raw");
    begin(pair, "everything")?;
    if pair.library == Library::Inspector {
        // Its sessions end by themselves, with each question.
        return gone(&token, "its end");
    }
    started(&token)?;
    pair.governed.open(&other);
    gone(&token, "the client closed its side")?;

    begin(pair, "everything")?;
    started(&token)?;
    let folder = pair.world.folder().display().to_string();
    for pid in with("cmdline", &folder).into_iter().filter(|pid| is_session(*pid)) {
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).map_err(|why| why.to_string())?;
    }
    gone(&token, "kill -9 of `interlock mcp`")?;

    begin(pair, "everything")?;
    started(&token)?;
    if !pair.world.stop() {
        return Err("the node did not end in order".to_owned());
    }
    gone(&token, "SIGTERM to the node")
}

/// The server, and `npx` or a shell before it.
fn started(token: &str) -> Result<(), String> {
    match with("environ", token).len() {
        0 | 1 => Err("npx has started nothing of its own".to_owned()),
        _ => Ok(()),
    }
}

fn gone(token: &str, after: &str) -> Result<(), String> {
    println!("after {after}: {} of the server's processes", with("environ", token).len());
    until(&format!("the end of all processes after {after}"), || {
        with("environ", token).is_empty().then_some(())
    });
    Ok(())
}

/// It is `interlock mcp`.
fn is_session(pid: i32) -> bool {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = words.split(|byte| *byte == 0);
    words.next().is_some_and(|program| program.ends_with(b"interlock"))
        && words.next() == Some(b"mcp")
}

/// The processes in whose file of this name, part by part, one begins with this text.
fn with(file: &str, text: &str) -> Vec<i32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let has = |pid: &i32| {
        let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        bytes.split(|byte| *byte == 0).any(|part| part == text.as_bytes())
    };
    pids.filter(has).collect()
}
