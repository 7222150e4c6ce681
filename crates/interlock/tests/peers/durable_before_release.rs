//! Law 2, watched from outside: over 100 calls, the bytes that hold a decision are written to the
//! log's descriptor, *that* descriptor's `fdatasync` returns, and only then the first byte of the
//! answer or the forwarded call leaves.

mod order;

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::agent::Agent;
use crate::found::{Found, Python, npm_server, or_skip, strace};
use crate::site::{Served, Site};
use crate::support::{BINARY, Decision, decisions};
use crate::trace;
use order::{Release, durable_before};

const CALLS: usize = 100;

/// Every way in which bytes can go out through a descriptor, and every way to sync them.
const WRITES: &str = "trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,splice,tee,vmsplice,sendfile,\
    copy_file_range,io_uring_setup,fsync,fdatasync,sync_file_range,msync";

#[test]
fn each_decision_is_synced_before_the_first_byte_leaves() {
    let peers = || -> Found<(Python, PathBuf)> {
        strace()?;
        Ok((Python::with_mcp(None)?, npm_server("server-filesystem", None)?))
    };
    let Some((python, script)) = or_skip(peers()) else { return };
    let served = Served { name: "files", script: &script, argument: "FILES", user: None };
    let site = Site::new(None, None, &served);
    let text = record(&site, &python);
    let calls = trace::parse(&text).unwrap();
    assert!(
        !calls.iter().any(|call| call.name == "io_uring_setup"),
        "what leaves by a ring is not seen here"
    );

    let wal = site.domain().join("lineage/wal").display().to_string();
    let (records, decisions) = (site.records(), decisions(&site.domain()));
    let asked: Vec<&Decision> =
        decisions.iter().filter(|decision| decision.message["method"] == "tools/call").collect();
    assert_eq!(asked.len(), CALLS);
    let (mut permits, mut denials, mut releases) = (0, 0, Vec::new());
    for (number, decision) in asked.into_iter().enumerate() {
        assert!(
            decision.message.to_string().contains(&marker(number)),
            "call {number} is not in its place"
        );
        assert_eq!(decision.verdict == "permit", is_permitted(number));
        let (release, count) = match is_permitted(number) {
            true => (Release::forwarded(&decision.message), &mut permits),
            false => (Release::denied(&decision.message["id"]), &mut denials),
        };
        *count += 1;
        let record = &records[usize::try_from(decision.index).unwrap()].0;
        let held = durable_before(&calls, &wal, record, &release);
        releases.push(held.unwrap_or_else(|why| panic!("call {number}: {why}")));
    }
    println!(
        "{permits} permits and {denials} denials, each written, synced and released in this order"
    );
    hold_the_check_itself(&text, &wal, (&records, &decisions), &releases);
}

/// The same trace with one answer moved before its sync: the check must see it.
fn hold_the_check_itself(
    text: &str,
    wal: &str,
    (records, decisions): (&[(Vec<u8>, serde_json::Value)], &[Decision]),
    held: &[order::Held],
) {
    let asked: Vec<&Decision> =
        decisions.iter().filter(|decision| decision.message["method"] == "tools/call").collect();
    let (mut permits, mut denials) = (0, 0);
    for (decision, held) in asked.iter().zip(held) {
        // A call whose beginning and end stand on two lines is not moved as simply.
        if held.released.0 != held.released.1 {
            continue;
        }
        let mut lines: Vec<&str> = text.lines().collect();
        let released = lines.remove(held.released.0);
        lines.insert(held.synced, released);
        let doctored = trace::parse(&lines.join("\n")).unwrap();
        let (release, count) = match decision.verdict == "permit" {
            true => (Release::forwarded(&decision.message), &mut permits),
            false => (Release::denied(&decision.message["id"]), &mut denials),
        };
        let record = &records[usize::try_from(decision.index).unwrap()].0;
        let why = durable_before(&doctored, wal, record, &release).unwrap_err();
        assert!(why.contains("before"), "{why}");
        *count += 1;
        if permits > 0 && denials > 0 {
            return;
        }
    }
    panic!("no permit or no denial could be moved: {permits}, {denials}");
}

/// Every third call and every seventh is a denied write, the others are permitted reads.
fn is_permitted(number: usize) -> bool {
    number % 3 != 1 && number % 7 != 5
}

fn marker(number: usize) -> String {
    format!("MARKER-{number:03}")
}

/// Runs the calls, one after the other, against a node under `strace`; what `strace` wrote.
fn record(site: &Site, python: &Python) -> String {
    let written = site.scratch("node.trace");
    let node = TracedNode::start(&site.domain(), &written);
    let pid = Pid::from_raw(site.node_pid()).unwrap();
    let mut agent = Agent::start(python, None, site, "files");
    let began = Instant::now();
    for number in 0..CALLS {
        let name = marker(number);
        if is_permitted(number) {
            let path = site.report(&name, &name);
            assert_eq!(agent.call("read_text_file", &json!({"path": path}))["text"], name);
        } else {
            let path = site.files().join("payroll").join(&name);
            let denied = agent.call("write_file", &json!({"path": path, "content": name}));
            assert_eq!(denied["error"]["data"]["code"], "policy.denied", "{denied}");
        }
    }
    println!("{CALLS} calls under strace in {} ms", began.elapsed().as_millis());
    agent.stop();
    node.stop(pid);
    std::fs::read_to_string(written).unwrap()
}

/// `strace` with a node as its child.
struct TracedNode {
    strace: Child,
    node: Option<Pid>,
}

impl TracedNode {
    fn start(domain: &Path, written: &Path) -> TracedNode {
        let stderr = File::create(written.with_extension("stderr")).unwrap();
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-xx", "-s", "1000000", "-e", WRITES, "-o"]).arg(written);
        command.args([BINARY, "serve"]).arg(domain);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut strace = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(strace.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("serving "), "the node did not start: {line}");
        TracedNode { strace, node: None }
    }

    fn stop(mut self, node: Pid) {
        self.node = Some(node);
        kill_process(node, Signal::TERM).unwrap();
        assert!(self.strace.wait().unwrap().success());
        self.node = None;
    }
}

impl Drop for TracedNode {
    fn drop(&mut self) {
        // Where the test failed: `strace` ends its child when it is asked to end.
        let _ended = kill_process(Pid::from_child(&self.strace), Signal::TERM);
        let _waited = self.strace.wait();
    }
}
