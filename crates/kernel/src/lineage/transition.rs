use policy::{Bundle, Entity, MessageAction, Passing, Request, ToolName};
use proof::digest::Digest;
use record::Assurance;
use record::lineage::{Decided, DelegationRequest, MessageDirection};

/// One step that an enforcement point asks for on behalf of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The upstream server's configured name.
    pub server: String,
    /// Which way the message goes.
    pub direction: MessageDirection,
    /// The JSON-RPC method; `answer/METHOD` of an answer to a server's request.
    pub method: String,
    /// Whether the protocol's table has the method, from this sender.
    pub is_known: bool,
    /// The tool's name, for `tools/call`.
    pub tool: Option<String>,
    /// Digest of the tool's definition as the server last listed it; none where this session has no
    /// listing.
    pub definition: Option<Digest>,
    /// JSON text of the call's `arguments` object, or of a message's `params` (`{}` where there are
    /// none).
    pub arguments: String,
    /// The message as it was accepted: these bytes are forwarded on a permit, and no others.
    pub message: Vec<u8>,
    /// How strongly the enforcement point binds this client.
    pub assurance: Assurance,
    /// The pending record on which it stands, as the agent names it.
    pub pending: Option<Digest>,
    /// JSON text of a tool call's other parameters, without tool, arguments and pending record: it
    /// must be the same in a retry.
    pub extra_params: String,
    /// The delegation, where a sub-agent is to be started.
    pub delegates: Option<DelegationRequest>,
}

/// The action of starting a sub-agent; its resource is `Agent::"WORKLOAD"`.
pub const DELEGATE_ACTION: &str = "agent/start";

impl Transition {
    /// The request to policy. The bundle's tool table maps a tool call. Any other message is an
    /// action on the server, named after its method, with `server/` before it when it comes from
    /// the server ([`Bundle::message_request`]). Starting a sub-agent is [`DELEGATE_ACTION`], with
    /// its arguments.
    #[must_use]
    pub fn to_request(&self, bundle: &Bundle, workload: &str) -> Request {
        let principal = entity("Workload", workload);
        if let Some(DelegationRequest { workload, .. }) = &self.delegates {
            let (action, input) = (DELEGATE_ACTION.to_owned(), self.arguments.clone());
            return Request { principal, action, resource: entity("Agent", workload), input };
        }
        match (&self.tool, self.direction) {
            (Some(tool), MessageDirection::ToServer) => {
                bundle.tool_request(principal, &self.server, tool, &self.arguments)
            }
            (_, direction) => {
                let action = match direction {
                    MessageDirection::ToServer => self.method.clone(),
                    MessageDirection::ToClient => format!("server/{}", self.method),
                };
                let message = MessageAction { name: &action, is_known: self.is_known };
                bundle.message_request(principal, &self.server, message, &self.arguments)
            }
        }
    }
}

impl Transition {
    /// The server and the tool that is called, of a tool call.
    pub(crate) fn called(&self) -> Option<ToolName> {
        called(&self.server, self.tool.as_deref(), self.direction)
    }
}

/// The server and the tool that is called, of a decided tool call.
pub(crate) fn called_tool(decided: &Decided) -> Option<ToolName> {
    called(&decided.server, decided.tool.as_deref(), decided.direction)
}

/// The part of a message in this direction that detectors search.
#[must_use]
pub fn passing(direction: MessageDirection) -> Passing {
    match direction {
        MessageDirection::ToServer => Passing::Arguments,
        MessageDirection::ToClient => Passing::Results,
    }
}

fn called(server: &str, tool: Option<&str>, direction: MessageDirection) -> Option<ToolName> {
    let tool = tool.filter(|_| direction == MessageDirection::ToServer)?;
    Some(ToolName::new(server, tool))
}

fn entity(kind: &str, id: &str) -> Entity {
    Entity { kind: kind.to_owned(), id: id.to_owned(), properties: "{}".to_owned() }
}
