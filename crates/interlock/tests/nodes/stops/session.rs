//! A client's session, as far as the node's first answer.

use std::io::{self, BufRead, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::joined;

pub(super) struct Session {
    pub(super) stream: UnixStream,
    pub(super) execution: String,
}

impl Session {
    /// Joins. The node's refusal is an error with its problem as the message.
    pub(super) fn join(socket: &Path, workload: &str, server: &str) -> io::Result<Session> {
        let client::Session { stream, execution, .. } = joined(socket, workload, None, server)?;
        Ok(Session { stream, execution })
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
