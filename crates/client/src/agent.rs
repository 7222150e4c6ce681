use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use api::delegation::{ChildEnd, ChildReply, ChildRequest, EndedChild};
use api::execution::Grant;
use api::session::{self, ASSURANCE_HEADER, EXECUTION_HEADER};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::exchange::{self, HttpRequest, Reply};
use crate::limits::ANSWER_MS_MAX;
use crate::{Asked, ConnectError, Error, NodeSocket, body, encoded, is_late, with_query};

/// Who speaks for a workload. It has no key: the node knows it by its OS user.
#[derive(Debug, Clone, Copy)]
pub struct Agent<'a> {
    socket: NodeSocket<'a>,
    workload: &'a str,
    execution: Option<&'a str>,
    /// Longest wait for a reply.
    wait: Duration,
}

/// An MCP session: what the node said of it, and the connection.
#[derive(Debug)]
pub struct Session {
    /// The execution that it belongs to.
    pub execution: String,
    /// How strongly the enforcement point binds this client.
    pub assurance: String,
    /// What either side writes here is MCP, one message a line. Nothing was read of it yet.
    pub stream: UnixStream,
}

impl<'a> Agent<'a> {
    /// Speaks for this workload over the socket of the node that agents may open: in a delegated
    /// execution of it, by its id, or else in the workload's own.
    #[must_use]
    pub fn new(socket: NodeSocket<'a>, workload: &'a str, execution: Option<&'a str>) -> Self {
        Self { socket, workload, execution, wait: Duration::from_millis(ANSWER_MS_MAX) }
    }

    /// The same, for whom a node is silent that says nothing for so long.
    #[must_use]
    pub fn within(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// Joins the execution, to speak MCP with an upstream server of the node.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn join(&self, server: &str) -> Result<Session, Error> {
        let execution = self.execution.map(str::to_owned);
        let (server, workload) = (Some(server.to_owned()), Some(self.workload.to_owned()));
        let path = with_query(
            session::PATH,
            [("server", &server), ("workload", &workload), ("execution", &execution)],
        );
        let stream = self.connect()?;
        let request = HttpRequest::Join(&path);
        let reply = exchange::upgrade(&stream, self.socket.path, &request, self.wait)?;
        let reply = Reply::parse(&reply, Asked::ByAgent)?;
        let header = |name: &str| {
            let value = reply.header(name).map(str::to_owned);
            value.ok_or_else(|| Error::Unreadable(format!("it has no `{name}`")))
        };
        let (execution, assurance) = (header(EXECUTION_HEADER)?, header(ASSURANCE_HEADER)?);
        // A session has no time.
        let untimed = stream.set_read_timeout(None).and_then(|()| stream.set_write_timeout(None));
        untimed.map_err(|why| Error::Socket(self.socket.path.to_owned(), why))?;
        Ok(Session { execution, assurance, stream })
    }

    /// Asks for a sub-agent: an execution of another workload that holds this grant. `arguments` is
    /// a JSON object as text, which policy sees.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn delegate(&self, to: &str, grant: Grant, arguments: &str) -> Result<ChildReply, Error> {
        let request = ChildRequest {
            workload: self.workload.to_owned(),
            execution: self.execution.map(str::to_owned),
            to: to.to_owned(),
            grant,
            arguments: arguments.to_owned(),
        };
        self.send("/v1/executions", &request)
    }

    /// Ends an execution that descends from the agent's own, by its whole id.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn end(&self, child: &str) -> Result<EndedChild, Error> {
        let (workload, execution) = (self.workload.to_owned(), self.execution.map(str::to_owned));
        let path = format!("/v1/executions/{}/end", encoded(child));
        self.send(&path, &ChildEnd { workload, execution })
    }

    fn send<T: DeserializeOwned>(&self, path: &str, of: &impl Serialize) -> Result<T, Error> {
        let request = HttpRequest::ByAgent(path, body(of));
        exchange::exchange(&self.connect()?, self.socket.path, &request, self.wait)
    }

    fn connect(&self) -> Result<UnixStream, Error> {
        let path = self.socket.path;
        self.socket.connect().map_err(|why| match why {
            ConnectError::Foreign(why) => Error::Foreign(path.to_owned(), why),
            ConnectError::Io(why) => match why.kind() {
                ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                    Error::NotRunning(path.to_owned())
                }
                _ if is_late(&why) => {
                    Error::Silent(Asked::ByAgent, Duration::from_millis(ANSWER_MS_MAX))
                }
                _ => Error::Socket(path.to_owned(), why),
            },
        })
    }
}
