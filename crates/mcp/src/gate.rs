use std::future::Future;

use proof::digest::Digest;
use proof::json::Value;

/// The port to the node's kernel. The methods of one session and one direction are called one after the other,
/// those of the two directions at the same time.
pub trait MessageGate: Send + Sync + 'static {
    /// Decides a step. Resolves once the decision is durable.
    fn decide(&self, step: MessageStep) -> impl Future<Output = GateAnswer> + Send;

    /// Says what came of a permitted step; called once for each ticket. Resolves once that is sequenced, with
    /// what may be done with the message that came.
    ///
    /// `message` is exactly what is forwarded, without its LF; it is empty for [`StepEnd::Sent`], and for [`StepEnd::Unknown`]
    /// where no message came back. A request of the server whose answer was turned down ends with the error that the
    /// server gets in its place, and a request of the client whose answer can't be passed on as [`StepEnd::Unknown`] with the
    /// error that the client gets. `output` is the JSON text of a result's
    /// `structuredContent`, if that is an object.
    fn complete(
        &self,
        ticket: u64,
        end: StepEnd,
        message: Vec<u8>,
        output: Option<String>,
    ) -> impl Future<Output = CompletionAnswer> + Send;

    /// Counts a message that was refused without a decision: `refused.input` or `refused.overload`. Refusals
    /// that [`MessageGate::decide`] answered are counted by the gate itself.
    fn refused(&self, code: &'static str);

    /// Whether the client may see this tool in `tools/list`, with a definition of this digest.
    fn is_listed(&self, tool: &str, definition: Digest) -> impl Future<Output = bool> + Send;

    /// Resolves when the session must end now, with why. By default never.
    fn stopped(&self) -> impl Future<Output = Stop> + Send {
        std::future::pending()
    }
}

/// Where a message goes. It has the name of the kernel's type of the same meaning on purpose: this
/// crate does not depend on the kernel, and users write `mcp::Direction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl Direction {
    /// The way back.
    pub fn back(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    /// Who sends what goes there.
    pub(crate) fn sender(self) -> &'static str {
        match self {
            Self::ToServer => "client",
            Self::ToClient => "server",
        }
    }
}

/// One message that wants to go on: a request, a notification, or the client's answer to a server's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageStep {
    /// Where it goes.
    pub direction: Direction,
    /// The method's name, known or not; `answer/METHOD` of an answer to a request of the server's.
    pub method: String,
    /// Whether the protocol's table has the method, from this sender. An unknown one stands for no action of a bundle,
    /// whatever it is called.
    pub is_known: bool,
    /// The tool, if the method is `tools/call`.
    pub tool: Option<String>,
    /// Digest of the tool's definition as the server last listed it; none where it did not in this session.
    pub definition: Option<Digest>,
    /// JSON text: the arguments of a `tools/call`, the params of any other method; `{}` when absent. Of an answer
    /// `{"result": ..}` or `{"error": ..}`.
    pub arguments: String,
    /// The pending decision that a `tools/call` names.
    pub pending: Option<Digest>,
    /// JSON text of what a `tools/call` says besides name, arguments and pending decision; `{}` for any other method.
    pub besides: String,
    /// The accepted bytes of the whole message, without its LF.
    pub message: Vec<u8>,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateAnswer {
    /// It may go on, once.
    Permit {
        /// Names the transition when it is completed.
        ticket: u64,
        /// The decision's place in the lineage log.
        index: u64,
    },
    /// It may not.
    Deny {
        /// The decision's place in the lineage log.
        index: u64,
        /// The reason's code, such as `policy.denied`.
        code: String,
        /// The policies that decided.
        policies: Vec<String>,
        /// What the client is told about it.
        advice: Vec<String>,
    },
    /// It may once officers approve it, when it is asked for again by this name.
    Pending {
        /// The decision's place in the lineage log.
        index: u64,
        /// Digest of the decision's record.
        pending: Digest,
        /// What it waits for, as canonical objects.
        awaits: Vec<Value>,
        /// The policies that permit it.
        policies: Vec<String>,
        /// What the client is told about it.
        advice: Vec<String>,
    },
    /// No decision could be made or kept.
    Refused {
        /// One of the refusal codes, such as `refused.storage`.
        code: String,
    },
    /// The node is stopping.
    Stopped,
}

/// What may be done with the message that completed a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompletionAnswer {
    /// It goes on.
    Forward,
    /// It does not go on: the execution may not go on. The completion is on record all the same.
    Withheld {
        /// The reason's code, such as `execution.halted`.
        code: String,
    },
    /// It does not go on: the node is stopping.
    Stopped,
}

/// Why a session must end now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The node is stopping.
    Node,
    /// The execution may not go on: it was halted, ended, or lost its trust or registration. Not one more byte goes to
    /// the server.
    Ordered {
        /// The reason's code, such as `execution.halted`.
        code: String,
    },
}

/// How a permitted step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepEnd {
    /// A result came. A tool that reports its own failure (`isError`) gave a result too.
    Result,
    /// A JSON-RPC error came.
    Error,
    /// It was a notification or an answer, and was written whole.
    Sent,
    /// Nothing came that can be read, or it is not known whether it arrived.
    Unknown {
        /// How many bytes of its line the server's pipe took, the LF included; none for what goes to the client.
        written: Option<u64>,
    },
}
