//! A client's session, as far as the node's first answer.

use std::io::{self, BufRead, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

/// Longest wait for a line, and for one to be taken.
const WAIT: Duration = Duration::from_secs(60);

pub(super) struct Session {
    pub(super) stream: UnixStream,
    pub(super) execution: String,
}

impl Session {
    /// Joins. The node's refusal is an error with its line as the message.
    pub(super) fn join(socket: &Path, workload: &str, server: &str) -> io::Result<Session> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(WAIT))?;
        stream.set_write_timeout(Some(WAIT))?;
        let hello =
            format!(r#"{{"server":"{server}","type":"mcp","v":1,"workload":"{workload}"}}"#);
        stream.write_all(format!("{hello}\n").as_bytes())?;
        let mut line = Vec::new();
        let mut byte = [0];
        while byte != *b"\n" && stream.read(&mut byte)? == 1 {
            line.extend_from_slice(&byte);
        }
        let joined: Value = serde_json::from_slice(&line)?;
        match joined["execution"].as_str() {
            Some(execution) => Ok(Session { stream, execution: execution.to_owned() }),
            None => Err(io::Error::other(joined.to_string())),
        }
    }
}

/// Shakes hands with the server that notes what reaches it. Gives its process.
pub(super) fn greet(stream: &mut UnixStream, reader: &mut impl BufRead) -> io::Result<String> {
    stream.write_all(hello("raw").as_bytes())?;
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let answer: Value = serde_json::from_str(&line)?;
    let server = answer["result"]["serverInfo"]["version"].as_str();
    let server = server.ok_or_else(|| io::Error::other(line.clone()))?.to_owned();
    stream.write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")?;
    Ok(server)
}

/// The first message of a client that is called so.
pub(super) fn hello(name: &str) -> String {
    let client = json!({"name": name, "version": "1"});
    let params = json!({"capabilities": {}, "clientInfo": client, "protocolVersion": "2025-06-18"});
    format!(
        "{}\n",
        json!({"id": "greeting", "jsonrpc": "2.0", "method": "initialize", "params": params})
    )
}
