//! Asks a node over `/v1`: blocking, one connection for each request, on its Unix sockets.
//!
//! | module | what it holds |
//! |---|---|
//! | [`Client`] | what a person asks: one function for each route, typed by [`api`] |
//! | [`Agent`] | what an agent asks, for a workload; [`Session`] is its connection to a server |
//! | [`Error`] | why nothing came back, or the node's problem |
//! | [`Officer`] | who asks by key |
//! | [`Asked`] | what was asked of a node that says nothing, and so what can be done |
//! | `exchange` | one request and its reply over a socket |
//! | `progress` | the reply to a signed change, as it comes |
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

mod agent;
mod error;
mod exchange;
pub mod limits;
mod progress;
mod stream;

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use api::approval::{
    self, MessageRequest, PendingMessage, PendingPage, PendingSearch, Question, SignedQuestion,
    VoteReply, VoteRequest,
};
use api::execution::{
    self, EndedPage, EndedQuery, ErasurePage, ErasureRequest, ExecutionNames, ExecutionPage,
    ExecutionQuery, ExecutionSearch,
};
use api::governance::{Governance, Halts, ProposalReply, ProposalRequest};
use api::limits::QUESTION_MS_MAX;
use api::meter::Meters;
use api::node::Status;
use api::problem::Code;
use proof::note::Signer;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use agent::{Agent, Session};
pub use error::{Asked, Error};
pub use exchange::is_late;
pub use stream::{ConnectError, ForeignListener, NodeSocket, TimedStream, is_listened_to};

use crate::exchange::HttpRequest;
use crate::limits::{ADMITTED_AGAIN_MS, ADMITTED_MS_MAX, ANSWER_MS_MAX};

/// An officer who asks by key, whatever their OS user.
#[derive(Clone, Copy)]
pub struct Officer<'a> {
    /// The key, which signs each question for the node that gets it.
    pub key: &'a dyn Signer,
    /// The origin of the domain's governance log.
    pub origin: &'a str,
    /// The time by the clock on the wall, in milliseconds since the Unix epoch.
    pub now_ms: i64,
}

/// A node, by its sockets.
#[derive(Debug, Clone)]
pub struct Client {
    folder: PathBuf,
    officer_socket: PathBuf,
    socket: PathBuf,
    /// Longest wait for a reply.
    wait: Duration,
}

impl Client {
    /// The node of the domain in this folder, which serves these sockets. The officers' socket is
    /// tried first; who may not open it asks over the other.
    #[must_use]
    pub fn new(folder: PathBuf, officer_socket: PathBuf, socket: PathBuf) -> Self {
        let wait = Duration::from_millis(ANSWER_MS_MAX);
        Self { folder, officer_socket, socket, wait }
    }

    /// The same node, which is silent for whoever waits so long for a reply.
    #[must_use]
    pub fn within(self, wait: Duration) -> Self {
        Self { wait, ..self }
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

    /// Executions that go on and that who asks may see, by filter and page.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn executions(&self, query: &ExecutionQuery) -> Result<ExecutionPage, Error> {
        let ExecutionQuery { workload, parent, beginning, after, limit } = query;
        let limit = limit.map(|limit| limit.to_string());
        self.get(&with_query(
            "/v1/executions",
            [
                ("workload", workload),
                ("parent", parent),
                ("beginning", beginning),
                ("after", after),
                ("limit", &limit),
            ],
        ))
    }

    /// The names of executions that go on and begin so, for who has the key of any role.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn search_executions(
        &self,
        officer: &Officer<'_>,
        beginning: &str,
    ) -> Result<ExecutionNames, Error> {
        self.send_signed(officer, execution::SEARCH_PATH, beginning, |question| {
            body(&ExecutionSearch { question, beginning: beginning.to_owned() })
        })
    }

    /// Executions that ended and were not erased, by page; for officers alone.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn ended(
        &self,
        EndedQuery { beginning, after, limit }: &EndedQuery,
    ) -> Result<EndedPage, Error> {
        let limit = limit.map(|limit| limit.to_string());
        let query = [("beginning", beginning), ("after", after), ("limit", &limit)];
        self.get(&with_query("/v1/ended", query))
    }

    /// Has the node erase what executions sealed that ended, or say what it would erase.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn erase(&self, request: &ErasureRequest) -> Result<ErasurePage, Error> {
        let bytes = body(request);
        self.send(match request.is_trial {
            true => HttpRequest::Ask("/v1/erasures", bytes),
            false => HttpRequest::Order("/v1/erasures", bytes),
        })
    }

    /// Whether a node of this domain listens.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn is_running(&self) -> Result<bool, Error> {
        match self.connect() {
            Ok(_) => Ok(true),
            Err(Error::NotRunning(_)) => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// What governs now.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn governance(&self) -> Result<Governance, Error> {
        self.get("/v1/governance")
    }

    /// Brings a change that officers signed. What takes something away acts at once.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::acting`] is what an order stopped that is not on record.
    pub fn propose(&self, proposal: &ProposalRequest) -> Result<ProposalReply, Error> {
        let request = HttpRequest::Propose("/v1/governance", body(proposal));
        self.admitted(|stream, socket| progress::propose(stream, socket, &request, self.wait))
    }

    /// Requests that wait for officers, or did, under ids that begin so; for officers alone.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn approvals(&self, beginning: &str) -> Result<PendingPage, Error> {
        let beginning = (!beginning.is_empty()).then(|| beginning.to_owned());
        self.get(&with_query("/v1/approvals", [("beginning", &beginning)]))
    }

    /// Requests that wait for the roles of the officer's key, under ids that begin so.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn search_approvals(
        &self,
        officer: &Officer<'_>,
        beginning: &str,
    ) -> Result<PendingPage, Error> {
        self.send_signed(officer, approval::SEARCH_PATH, beginning, |question| {
            body(&PendingSearch { question, beginning: Some(beginning.to_owned()) })
        })
    }

    /// What the server would get of a request that waits for the officer's key, by its whole id.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn approval_message(
        &self,
        officer: &Officer<'_>,
        pending: &str,
    ) -> Result<PendingMessage, Error> {
        self.send_signed(officer, approval::MESSAGE_PATH, pending, |question| {
            body(&MessageRequest { question, pending: pending.to_owned() })
        })
    }

    /// Puts an officer's signed vote on record.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn vote(&self, vote: &VoteRequest) -> Result<VoteReply, Error> {
        self.send(HttpRequest::Order("/v1/approvals", body(vote)))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.send(HttpRequest::Get(path))
    }

    fn send<T: DeserializeOwned>(&self, request: HttpRequest<'_>) -> Result<T, Error> {
        self.send_over(|_| Ok(request.clone()))
    }

    /// Sends a question that is signed for who listens at the very socket that it goes over.
    fn send_signed<T: DeserializeOwned>(
        &self,
        officer: &Officer<'_>,
        path: &str,
        about: &str,
        body: impl Fn(SignedQuestion) -> Vec<u8>,
    ) -> Result<T, Error> {
        self.send_over(|stream| {
            let node_user =
                stream::listener(stream).map_err(|why| Error::Socket(self.socket.clone(), why))?;
            let question = Question { origin: officer.origin, node_user, path, about };
            let expires_ms = officer.now_ms.saturating_add(QUESTION_MS_MAX);
            let signed = question.sign(officer.key, expires_ms).map_err(Error::Unsigned)?;
            Ok(HttpRequest::Ask(path, body(signed)))
        })
    }

    /// Asks what is made for each connection.
    fn send_over<'a, T: DeserializeOwned>(
        &self,
        request: impl Fn(&UnixStream) -> Result<HttpRequest<'a>, Error>,
    ) -> Result<T, Error> {
        self.admitted(|stream, socket| {
            exchange::exchange(stream, socket, &request(stream)?, self.wait)
        })
    }

    /// Asks over a connection, and asks again for a while where the node has no place for it.
    fn admitted<T>(
        &self,
        ask: impl Fn(&UnixStream, &Path) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        loop {
            let (stream, socket) = self.connect()?;
            match ask(&stream, socket) {
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
                _ if is_late(&why) => {
                    return Err(Error::Silent(
                        Asked::Question,
                        Duration::from_millis(ANSWER_MS_MAX),
                    ));
                }
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

/// A path with those values of a query that there are.
fn with_query<const N: usize>(path: &str, values: [(&str, &Option<String>); N]) -> String {
    let mut text = path.to_owned();
    for (name, value) in values {
        if let Some(value) = value {
            let first = if text.len() == path.len() { '?' } else { '&' };
            // Writing to a `String` cannot fail.
            let _written = write!(text, "{first}{name}={}", encoded(value));
        }
    }
    text
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
