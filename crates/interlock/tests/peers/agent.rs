use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::found::{Python, root};
use crate::site::Site;
use crate::support::until;

/// Longest wait for one line, so that a test fails rather than hangs.
const LINE_WITHIN: Duration = Duration::from_secs(60);

/// PyPI's `mcp` as a client whose server is `interlock mcp`.
pub(crate) struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: PathBuf,
    /// What it was told without having called.
    pub(crate) events: Vec<Value>,
    /// The tools that were listed to it.
    pub(crate) tools: Vec<String>,
}

impl Agent {
    /// Starts the client as this user, and waits until it has shaken hands and listed the tools.
    pub(crate) fn start(python: &Python, user: Option<u32>, site: &Site, server: &str) -> Agent {
        let stderr = site.scratch("agent.stderr");
        let mut command = python.command(user);
        command.arg(root().join("tests/e2e/client.py"));
        command.arg(&site.program).arg("mcp").arg(site.domain()).args(["--server", server]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&stderr).unwrap());
        let mut child = command.spawn().unwrap();
        let (said, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line))
        });
        let input = child.stdin.take();
        let (events, tools) = (Vec::new(), Vec::new());
        let mut agent = Agent { child, input, lines, stderr, events, tools };
        let listed = agent.event("tools");
        agent.tools = serde_json::from_value(listed["names"].clone()).unwrap();
        agent
    }

    /// Calls a tool; the line that says what came of it.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.call_with(tool, json!({"tool": tool, "arguments": arguments}))
    }

    /// Calls a tool again, standing on what waited for approval.
    pub(crate) fn call_again(&mut self, tool: &str, arguments: &Value, pending: &str) -> Value {
        let meta = json!({"interlock/pending": pending});
        self.call_with(tool, json!({"tool": tool, "arguments": arguments, "meta": meta}))
    }

    fn call_with(&mut self, tool: &str, call: Value) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{call}").unwrap();
        loop {
            let line = self.line();
            if line.get("tool").is_some() {
                assert_eq!(line["tool"], tool);
                return line;
            }
            self.events.push(line);
        }
    }

    /// Waits for an event, unless it has come already.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        loop {
            if let Some(found) = self.events.iter().find(|event| event["event"] == name) {
                return found.clone();
            }
            let line = self.line();
            self.events.push(line);
        }
    }

    fn line(&mut self) -> Value {
        match self.lines.recv_timeout(LINE_WITHIN) {
            Ok(line) => serde_json::from_str(&line).unwrap(),
            Err(why) => panic!("the client says nothing ({why}): {}", self.stderr()),
        }
    }

    /// What it and `interlock mcp` wrote to standard error.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.stderr).unwrap()).into_owned()
    }

    /// Closes its input, and waits for its end.
    pub(crate) fn stop(mut self) {
        drop(self.input.take());
        let status = until("the client's end", || self.child.try_wait().unwrap());
        assert!(status.success(), "{}", self.stderr());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}
