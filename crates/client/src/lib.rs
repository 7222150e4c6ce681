//! Asks a node over `/v1`: blocking, one connection for each request, on its Unix sockets.
//!
//! | module | what it holds |
//! |---|---|
//! | [`Client`] | one function for each route, typed by [`api`] |
//! | [`Error`] | why nothing came back, or the node's problem |
//! | [`Asked`] | what was asked of a node that says nothing, and so what can be done |
//! | `exchange` | one request and its reply over a socket |
//! | [`NodeSocket`], [`TimedStream`] | a connection to the node alone, with one time for it all |
//! | [`is_late`] | whether an error of a connection says that nothing came in time |
//! | [`limits`] | how long a client waits, and how much it reads |
//!
//! ```no_run
//! let [folder, officers, agents] = ["acme", "acme/officer.sock", "acme/node.sock"];
//! let node = client::Client::new(folder.into(), officers.into(), agents.into());
//! println!("{} records", node.status()?.records);
//! # Ok::<(), client::Error>(())
//! ```

mod error;
mod exchange;
pub mod limits;
mod stream;

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use api::approval::{
    MessageRequest, PendingMessage, PendingPage, PendingSearch, VoteReply, VoteRequest,
};
use api::governance::{Governance, Halts};
use api::meter::Meters;
use api::node::Status;
use api::problem::Code;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::{Asked, Error};
pub use exchange::is_late;
pub use stream::{ConnectError, ForeignListener, NodeSocket, TimedStream, is_listened_to};

use crate::exchange::HttpRequest;
use crate::limits::{ADMITTED_AGAIN_MS, ADMITTED_MS_MAX};

/// A node, by its sockets.
#[derive(Debug, Clone)]
pub struct Client {
    folder: PathBuf,
    officer_socket: PathBuf,
    socket: PathBuf,
}

impl Client {
    /// The node of the domain in this folder, which serves these sockets. The officers' socket is
    /// tried first; who may not open it asks over the other.
    #[must_use]
    pub fn new(folder: PathBuf, officer_socket: PathBuf, socket: PathBuf) -> Self {
        Self { folder, officer_socket, socket }
    }

    /// How the node stands.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn status(&self) -> Result<Status, Error> {
        self.get("/v1/status")
    }

    /// What is used of the meters.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn meters(&self) -> Result<Meters, Error> {
        self.get("/v1/meters")
    }

    /// The halts in force.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn halts(&self) -> Result<Halts, Error> {
        self.get("/v1/halts")
    }

    /// What governs now.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn governance(&self) -> Result<Governance, Error> {
        self.get("/v1/governance")
    }

    /// Requests that wait for officers, or did, under ids that begin so; for officers alone.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn approvals(&self, beginning: &str) -> Result<PendingPage, Error> {
        match beginning {
            "" => self.get("/v1/approvals"),
            _ => self.get(&format!("/v1/approvals?beginning={}", encoded(beginning))),
        }
    }

    /// Requests that wait for the roles of the key that signed, under ids that begin so.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn search_approvals(&self, search: &PendingSearch) -> Result<PendingPage, Error> {
        self.send(HttpRequest::Ask("/v1/approvals/search", &body(search)))
    }

    /// The message that the server would get of a request that waits for the key that signed.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn approval_message(&self, request: &MessageRequest) -> Result<PendingMessage, Error> {
        self.send(HttpRequest::Ask("/v1/approvals/message", &body(request)))
    }

    /// Puts an officer's signed vote on record.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn vote(&self, vote: &VoteRequest) -> Result<VoteReply, Error> {
        self.send(HttpRequest::Order("/v1/approvals", &body(vote)))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.send(HttpRequest::Get(path))
    }

    /// Asks, and asks again for a while where the node has no place for it.
    fn send<T: DeserializeOwned>(&self, request: HttpRequest<'_>) -> Result<T, Error> {
        let begun = Instant::now();
        loop {
            let (stream, socket) = self.connect()?;
            match exchange::exchange(&stream, socket, request) {
                Err(Error::Refused(problem))
                    if problem.code == Code::Overload
                        && begun.elapsed() < Duration::from_millis(ADMITTED_MS_MAX) =>
                {
                    std::thread::sleep(Duration::from_millis(ADMITTED_AGAIN_MS));
                }
                answered => return answered,
            }
        }
    }

    fn connect(&self) -> Result<(UnixStream, &Path), Error> {
        for path in [&self.officer_socket, &self.socket] {
            let why = match (NodeSocket { path, folder: &self.folder }).connect() {
                Ok(stream) => return Ok((stream, path)),
                Err(ConnectError::Foreign(why)) => return Err(Error::Foreign(path.clone(), why)),
                Err(ConnectError::Io(why)) => why,
            };
            match why.kind() {
                ErrorKind::NotFound
                | ErrorKind::ConnectionRefused
                | ErrorKind::PermissionDenied => {}
                _ if is_late(&why) => return Err(Error::Silent(Asked::Question)),
                _ => return Err(Error::Socket(path.clone(), why)),
            }
        }
        Err(Error::NotRunning(self.socket.clone()))
    }
}

fn body(of: &impl Serialize) -> Vec<u8> {
    // Requests are made of strings, numbers and booleans alone.
    serde_json::to_vec(of).unwrap_or_default()
}

/// A value of a query: what is no letter or digit is written as `%` and two hexadecimal digits.
fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            // Writing to a `String` cannot fail.
            byte => drop(write!(text, "%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests;
