use std::future::Future;

use proof::digest::Digest;
use proof::json::Value;

/// The port to the node's kernel. Within one session, calls for one direction follow one another;
/// calls for the two directions run concurrently.
pub trait MessageGate: Send + Sync + 'static {
    /// Decides a step. Resolves once the decision is durable.
    fn decide(&self, step: MessageStep) -> impl Future<Output = GateAnswer> + Send;

    /// Completes a permitted step with its outcome. Called once for each ticket. Resolves once the
    /// completion is sequenced, and says whether the message that completed the step may be
    /// forwarded.
    ///
    /// `message` is exactly the line that is forwarded, without its LF. It is empty for
    /// [`StepEnd::Sent`], and for [`StepEnd::Unknown`] if no message came back. If the client's
    /// answer to a server's request is not permitted, the request ends with the error that the
    /// server gets instead. If the server's answer to a client's request can't be forwarded, the
    /// request ends as [`StepEnd::Unknown`] with the error that the client gets. `output` is the
    /// JSON text of a result's `structuredContent`, if that is an object.
    fn complete(
        &self,
        ticket: u64,
        end: StepEnd,
        message: Vec<u8>,
        output: Option<String>,
    ) -> impl Future<Output = CompletionAnswer> + Send;

    /// Counts a message that was refused without a decision: `refused.input` or `refused.overload`.
    /// The gate itself counts the refusals that [`MessageGate::decide`] returns.
    fn refused(&self, code: &'static str);

    /// Whether the client may see this tool in `tools/list`, with a definition of this digest.
    fn is_listed(&self, tool: &str, definition: Digest) -> impl Future<Output = bool> + Send;

    /// Resolves when the session must end now, with the reason. By default it never resolves.
    fn stopped(&self) -> impl Future<Output = Stop> + Send {
        std::future::pending()
    }
}

/// The direction in which a message goes. It has the name of the kernel's type of the same meaning
/// on purpose: this crate does not depend on the kernel, and users write `mcp::Direction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl Direction {
    /// The opposite direction.
    pub fn back(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    /// The sender of messages in this direction.
    pub(crate) fn sender(self) -> &'static str {
        match self {
            Self::ToServer => "client",
            Self::ToClient => "server",
        }
    }
}

/// A message that is to be forwarded: a request, a notification, or the client's answer to a
/// server's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageStep {
    /// Where it goes.
    pub direction: Direction,
    /// The method's name, known or not; `answer/METHOD` for an answer to a request of the server.
    pub method: String,
    /// Whether the protocol's table has the method for this sender. An unknown method stands for no
    /// action of a bundle, whatever its name.
    pub is_known: bool,
    /// The tool, if the method is `tools/call`.
    pub tool: Option<String>,
    /// Digest of the tool's definition as the server last listed it. None if it has not listed the
    /// tool in this session.
    pub definition: Option<Digest>,
    /// JSON text: the arguments of a `tools/call`, or the params of any other method; `{}` when
    /// absent. For an answer it is `{"result": ..}` or `{"error": ..}`.
    pub arguments: String,
    /// The pending decision that a `tools/call` names.
    pub pending: Option<Digest>,
    /// JSON text of the other params of a `tools/call`, without name, arguments and pending
    /// decision; `{}` for any other method.
    pub besides: String,
    /// The accepted bytes of the whole message, without its LF.
    pub message: Vec<u8>,
}

/// The gate's answer to a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateAnswer {
    /// The message may be forwarded, once.
    Permit {
        /// Identifies the transition when it is completed.
        ticket: u64,
        /// The decision's place in the lineage log.
        index: u64,
    },
    /// The message may not be forwarded.
    Deny {
        /// The decision's place in the lineage log.
        index: u64,
        /// The reason's code, such as `policy.denied`.
        code: String,
        /// The policies that decided.
        policies: Vec<String>,
        /// Advice for the client.
        advice: Vec<String>,
    },
    /// The message may be forwarded once officers approve it, when it is sent again with this
    /// pending id.
    Pending {
        /// The decision's place in the lineage log.
        index: u64,
        /// Digest of the decision's record.
        pending: Digest,
        /// The approvals that it waits for, as canonical objects.
        awaits: Vec<Value>,
        /// The policies that permit it.
        policies: Vec<String>,
        /// Advice for the client.
        advice: Vec<String>,
    },
    /// No decision could be made or recorded.
    Refused {
        /// One of the refusal codes, such as `refused.storage`.
        code: String,
    },
    /// The session must end: an order came while this was decided, or the node is stopping.
    Stopped(Stop),
}

/// The gate's answer to a completion: whether the message that completed the step may be forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompletionAnswer {
    /// The message is forwarded.
    Forward,
    /// It is not forwarded, since the execution may not go on. The completion is on record all the
    /// same.
    Withheld {
        /// The reason's code, such as `execution.halted`.
        code: String,
    },
    /// It is not forwarded, since the node is stopping.
    Stopped,
}

/// Why a session must end now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The node is stopping.
    Node,
    /// The execution may not go on: it was halted, ended, or lost its trust or registration. No
    /// further byte goes to the server.
    Ordered {
        /// The reason's code, such as `execution.halted`.
        code: String,
    },
}

/// How a permitted step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepEnd {
    /// A result came. A tool that reports its own failure (`isError`) also counts as a result.
    Result,
    /// A JSON-RPC error came.
    Error,
    /// It was a notification or an answer, and was written completely.
    Sent,
    /// No readable answer came, or it is not known whether the message arrived.
    Unknown {
        /// How many bytes of its line the server's pipe accepted, the LF included. None for a
        /// message to the client.
        written: Option<u64>,
    },
}
