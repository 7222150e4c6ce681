use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use client::{Agent, NodeSocket, Session};
use serde_json::{Value, json};

use super::BINARY;

/// Longest wait for one line, so that a test fails rather than hangs.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// How often a request is made that has no turn in time.
const REPEATED_MAX: usize = 30;

/// An MCP client that writes what it is told, byte for byte.
pub(crate) struct Client {
    input: Box<dyn Write + Send>,
    output: BufReader<Box<dyn Read + Send>>,
    child: Option<Child>,
}

impl Client {
    /// Joins over the node's socket. The node's refusal is an error with its problem as message.
    pub(crate) fn join(socket: &Path, workload: &str, server: &str) -> io::Result<Client> {
        Client::over(joined(socket, workload, None, server)?.stream)
    }

    /// As [`Client::join`], for a delegated execution.
    pub(crate) fn join_delegated(
        socket: &Path,
        (workload, execution): (&str, &str),
        server: &str,
    ) -> io::Result<Client> {
        Client::over(joined(socket, workload, Some(execution), server)?.stream)
    }

    fn over(stream: UnixStream) -> io::Result<Client> {
        let output: Box<dyn Read + Send> = Box::new(stream.try_clone()?);
        Ok(Client { input: Box::new(stream), output: BufReader::new(output), child: None })
    }

    /// Joins through `interlock mcp`, as an agent's MCP client does.
    pub(crate) fn through_mcp(folder: &Path, workload: &str, server: &str) -> io::Result<Client> {
        let mut command = Command::new(BINARY);
        command.arg("mcp").arg(folder).args(["--server", server, "--workload", workload]);
        Client::of(&mut command)
    }

    /// Speaks with a program over its standard streams.
    pub(crate) fn of(command: &mut Command) -> io::Result<Client> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let output: Box<dyn Read + Send> = Box::new(output);
        Ok(Client { input: Box::new(input), output: BufReader::new(output), child: Some(child) })
    }

    /// Shakes hands with the server.
    pub(crate) fn greet(&mut self) -> io::Result<()> {
        let client = json!({"name": "raw", "version": "1"});
        let params =
            json!({"capabilities": {}, "clientInfo": client, "protocolVersion": "2025-06-18"});
        for id in repeated("greeting") {
            let hello =
                json!({"id": id, "jsonrpc": "2.0", "method": "initialize", "params": params});
            self.send_json(&hello)?;
            let answer = self.read()?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if answer.get("result").is_some() {
                break;
            }
            if !is_overload(&answer) {
                return Err(io::Error::other(answer.to_string()));
            }
        }
        self.send_json(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
    }

    /// Writes these bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.input.write_all(bytes)
    }

    /// Writes these bytes and a line feed.
    pub(crate) fn send(&mut self, line: &[u8]) -> io::Result<()> {
        self.input.write_all(&[line, b"\n"].concat())?;
        self.input.flush()
    }

    /// Writes a message as one line.
    pub(crate) fn send_json(&mut self, message: &Value) -> io::Result<()> {
        self.send(message.to_string().as_bytes())
    }

    /// Asks for a tool call, without waiting for what comes of it.
    pub(crate) fn ask(&mut self, id: &str, tool: &str, arguments: &Value) -> io::Result<()> {
        let params = json!({"arguments": arguments, "name": tool});
        self.send_json(
            &json!({"id": id, "jsonrpc": "2.0", "method": "tools/call", "params": params}),
        )
    }

    /// Calls a tool, and gives the answer to it.
    pub(crate) fn call(&mut self, id: &str, tool: &str, arguments: &Value) -> Value {
        self.ask(id, tool, arguments).unwrap();
        let answer = self.read().unwrap().unwrap_or_default();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// As [`Client::call`], again and again as long as there is no turn for it, or its permit has
    /// waited too long for the disk: on a loaded machine that is no fault.
    pub(crate) fn call_until_decided(&mut self, id: &str, tool: &str, arguments: &Value) -> Value {
        let mut answers = repeated(id).map(|id| self.call(&id, tool, arguments));
        answers.find(|answer| !is_overload(answer)).expect("it is refused again and again")
    }

    /// The next message; none where the node has closed the session.
    pub(crate) fn read(&mut self) -> io::Result<Option<Value>> {
        match self.line()? {
            Some(line) => Ok(Some(serde_json::from_str(&line)?)),
            None => Ok(None),
        }
    }

    /// The next whole line; none at the end, or where the end cuts a line short.
    pub(crate) fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        self.output.read_until(b'\n', &mut line)?;
        match line.pop() {
            Some(b'\n') => Ok(Some(String::from_utf8_lossy(&line).into_owned())),
            _ => Ok(None),
        }
    }
}

/// A session that nothing was written to. The node's refusal is an error with its problem as the
/// message.
pub(crate) fn joined(
    socket: &Path,
    workload: &str,
    execution: Option<&str>,
    server: &str,
) -> io::Result<Session> {
    let at = NodeSocket { path: socket, folder: socket.parent().unwrap() };
    let agent = Agent::new(at, workload, execution).within(ANSWER_WITHIN);
    let session = agent.join(server).map_err(|why| match why {
        client::Error::Refused(problem) => io::Error::other(json!(problem).to_string()),
        client::Error::Ended(_) => io::ErrorKind::UnexpectedEof.into(),
        why => io::Error::other(why),
    })?;
    session.stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    session.stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    Ok(session)
}

/// Whether a request has had no turn in time.
pub(crate) fn is_overload(answer: &Value) -> bool {
    answer["error"]["data"]["code"] == "refused.overload"
}

/// So many ids, each begins with this one.
fn repeated(id: &str) -> impl Iterator<Item = String> {
    let first = std::iter::once(id.to_owned());
    first.chain((2..=REPEATED_MAX).map(move |number| format!("{id}-again-{number}")))
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // One that has ended by itself cannot be killed.
            let _ended = child.kill();
            let _waited = child.wait();
        }
    }
}
