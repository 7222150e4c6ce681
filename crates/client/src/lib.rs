//! Asks a node over `/v1`: blocking, one connection for each request, on its Unix sockets.
//!
//! | module | what it holds |
//! |---|---|
//! | [`Client`] | one function for each route, typed by [`api`] |
//! | [`Error`] | why nothing came back, or the node's problem |
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

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use api::governance::Halts;
use api::meter::Meters;
use api::node::Status;
use api::problem::Code;
use serde::de::DeserializeOwned;

pub use error::Error;
pub use exchange::is_late;
pub use stream::{ConnectError, ForeignListener, NodeSocket, TimedStream, is_listened_to};

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

    /// Asks, and asks again for a while where the node has no place for it.
    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let begun = Instant::now();
        loop {
            let (stream, socket) = self.connect()?;
            match exchange::get(&stream, socket, path) {
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
                _ if is_late(&why) => return Err(Error::Silent),
                _ => return Err(Error::Socket(path.clone(), why)),
            }
        }
        Err(Error::NotRunning(self.socket.clone()))
    }
}

#[cfg(test)]
mod tests;
