//! Every route of the interface. The node serves these and no other; the OpenAPI page is made of
//! them.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::approval::{
    self, MessageRequest, PendingMessage, PendingPage, PendingQuery, PendingSearch, VoteReply,
    VoteRequest,
};
use crate::delegation::{ChildEnd, ChildReply, ChildRequest, EndedChild};
use crate::execution::{
    self, EndedPage, EndedQuery, ErasurePage, ErasureRequest, Execution, ExecutionNames,
    ExecutionPage, ExecutionQuery, ExecutionSearch,
};
use crate::governance::{Governance, GovernanceQuery, Halts, ProposalReply, ProposalRequest};
use crate::meter::Meters;
use crate::node::{Health, Status};
use crate::problem::Code;
use crate::record::{EventQuery, Receipt, RecordDetail, RecordPage, RecordQuery};
use crate::session::{self, SessionQuery};

/// The media type of `GET /metrics`.
pub const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// The HTTP method.
    pub method: Method,
    /// The path, with names in braces for what differs.
    pub path: &'static str,
    /// The operation's name in the OpenAPI page.
    pub operation: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Who may use it.
    pub audience: Audience,
    /// The type of the query, where it takes one.
    pub query: Option<SchemaOf>,
    /// The type of the body, where it takes one.
    pub body: Option<SchemaOf>,
    /// What it answers where nothing is wrong.
    pub reply: Reply,
    /// What can be wrong, besides what can be wrong on every route.
    pub codes: &'static [Code],
}

/// Makes the schema of a type.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// An HTTP method that a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// It reads.
    Get,
    /// It changes something.
    Post,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Every peer; each sees what it may.
    Everyone,
    /// The node's own OS user, root, and whoever may open the officers' socket.
    Officers,
    /// The node's own OS user, and root.
    Owner,
}

/// What a route answers.
#[derive(Clone, Copy)]
pub enum Reply {
    /// JSON of this type, with status 200.
    Json(SchemaOf),
    /// The same, with status 202 where the change acts and is not on record yet; for who accepts
    /// [`crate::governance::PROGRESS_TYPE`], lines of it as it becomes so.
    Progress(SchemaOf),
    /// `OpenMetrics` text.
    Metrics,
    /// Server-sent events.
    Events,
    /// Another protocol on the same connection, with status 101.
    Upgrade {
        /// Its name in `Upgrade`.
        protocol: &'static str,
        /// The headers of the reply, with what each holds.
        headers: &'static [(&'static str, &'static str)],
    },
}

/// What can be wrong on every route.
pub const EVERYWHERE: [Code; 3] = [Code::Input, Code::Overload, Code::Stopping];

fn of<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<T>()
}

const fn read(
    path: &'static str,
    operation: &'static str,
    summary: &'static str,
    reply: Reply,
) -> Route {
    let (query, body, codes) = (None, None, &[]);
    let (method, audience) = (Method::Get, Audience::Everyone);
    Route { method, path, operation, summary, audience, query, body, reply, codes }
}

const OFFICERS: &[Code] = &[Code::Peer];

/// What can be wrong where an agent wants a sub-agent: what it is refused, or why it is denied.
const DELEGATING: &[Code] = &[
    Code::Peer,
    Code::Quota,
    Code::QuotaUser,
    Code::QuotaNode,
    Code::QuotaExecution,
    Code::Storage,
    Code::RequestMalformed,
    Code::GovernanceUnverified,
    Code::IdentityUnregistered,
    Code::TrustInsufficient,
    Code::ExecutionHalted,
    Code::ExecutionEnded,
    Code::LineageBroken,
    Code::GrantExceeded,
    Code::ToolUnknown,
    Code::PolicyError,
    Code::PolicyDenied,
    Code::MeterExhausted,
    Code::ApprovalRequired,
];

/// What can keep an execution from being joined.
const JOINING: &[Code] = &[
    Code::Peer,
    Code::Quota,
    Code::QuotaUser,
    Code::QuotaNode,
    Code::Storage,
    Code::ExecutionHalted,
    Code::ExecutionEnded,
    Code::TrustInsufficient,
    Code::IdentityUnregistered,
    Code::ServerStart,
    Code::Upgrade,
];

/// Every route.
pub const ROUTES: &[Route] = &[
    Route {
        codes: &[Code::Unhealthy],
        ..read("/health", "health", "Says whether the node commits.", Reply::Json(of::<Health>))
    },
    Route {
        audience: Audience::Officers,
        codes: OFFICERS,
        ..read("/metrics", "metrics", "Counts in OpenMetrics form.", Reply::Metrics)
    },
    read("/v1/status", "status", "Says how the node stands.", Reply::Json(of::<Status>)),
    Route {
        query: Some(of::<ExecutionQuery>),
        ..read(
            "/v1/executions",
            "executions",
            "Lists executions that go on. Officers see all; others see those of their OS user.",
            Reply::Json(of::<ExecutionPage>),
        )
    },
    Route {
        codes: &[Code::NotFound],
        ..read(
            "/v1/executions/{execution}",
            "execution",
            "Shows one execution that goes on.",
            Reply::Json(of::<Execution>),
        )
    },
    Route {
        method: Method::Post,
        body: Some(of::<ExecutionSearch>),
        codes: OFFICERS,
        ..read(
            execution::SEARCH_PATH,
            "search_executions",
            "Names executions that go on, for who has the key of any role. The signature counts, not who brings it.",
            Reply::Json(of::<ExecutionNames>),
        )
    },
    Route {
        method: Method::Post,
        body: Some(of::<ChildRequest>),
        codes: DELEGATING,
        ..read(
            "/v1/executions",
            "delegate",
            "Decides a delegation. Where it is permitted, an execution of another workload begins.",
            Reply::Json(of::<ChildReply>),
        )
    },
    Route {
        method: Method::Post,
        body: Some(of::<ChildEnd>),
        codes: &[Code::Peer, Code::Quota, Code::QuotaUser, Code::QuotaNode, Code::Storage],
        ..read(
            "/v1/executions/{execution}/end",
            "end",
            "Ends an execution that descends from the agent's own, with all below it.",
            Reply::Json(of::<EndedChild>),
        )
    },
    Route {
        method: Method::Post,
        query: Some(of::<SessionQuery>),
        codes: JOINING,
        ..read(
            session::PATH,
            "join",
            "Joins an execution, starts a server, and makes the connection an MCP session with it.",
            Reply::Upgrade {
                protocol: session::PROTOCOL,
                headers: &[
                    (session::EXECUTION_HEADER, "The execution that the session belongs to."),
                    (session::ASSURANCE_HEADER, "How strongly the node binds the client."),
                ],
            },
        )
    },
    Route {
        audience: Audience::Officers,
        query: Some(of::<EndedQuery>),
        codes: OFFICERS,
        ..read(
            "/v1/ended",
            "ended",
            "Lists executions that ended and were not erased.",
            Reply::Json(of::<EndedPage>),
        )
    },
    Route {
        method: Method::Post,
        audience: Audience::Owner,
        body: Some(of::<ErasureRequest>),
        codes: OFFICERS,
        ..read(
            "/v1/erasures",
            "erase",
            "Erases what executions sealed that ended, a thousand at a time. For the node's own OS user and root.",
            Reply::Json(of::<ErasurePage>),
        )
    },
    Route {
        audience: Audience::Officers,
        query: Some(of::<RecordQuery>),
        codes: &[Code::Peer, Code::Ledger],
        ..read(
            "/v1/records",
            "records",
            "Lists records of the lineage log by filter, page by page.",
            Reply::Json(of::<RecordPage>),
        )
    },
    Route {
        audience: Audience::Officers,
        codes: &[Code::Peer, Code::NotFound, Code::Ledger],
        ..read(
            "/v1/records/{index}",
            "record",
            "Shows one record; a decision comes with its explanation.",
            Reply::Json(of::<RecordDetail>),
        )
    },
    Route {
        audience: Audience::Officers,
        codes: &[Code::Peer, Code::NotFound, Code::NotPublished, Code::Ledger],
        ..read(
            "/v1/records/{index}/receipt",
            "receipt",
            "Gives a record's receipt, once a signed checkpoint covers it.",
            Reply::Json(of::<Receipt>),
        )
    },
    Route {
        query: Some(of::<GovernanceQuery>),
        codes: &[Code::Peer, Code::NotFound, Code::Ledger],
        ..read(
            "/v1/governance",
            "governance",
            "Says what governs now, or did at a size of the log. The state is for officers.",
            Reply::Json(of::<Governance>),
        )
    },
    Route {
        method: Method::Post,
        body: Some(of::<ProposalRequest>),
        codes: &[Code::Peer, Code::Governance, Code::SemanticsReplay, Code::Ledger, Code::Storage],
        ..read(
            "/v1/governance",
            "propose",
            "Submits a change that officers signed. What takes something away acts at once.",
            Reply::Progress(of::<ProposalReply>),
        )
    },
    Route {
        audience: Audience::Officers,
        query: Some(of::<PendingQuery>),
        codes: OFFICERS,
        ..read(
            "/v1/approvals",
            "approvals",
            "Lists requests that wait for officers, and those that did.",
            Reply::Json(of::<PendingPage>),
        )
    },
    Route {
        method: Method::Post,
        body: Some(of::<VoteRequest>),
        codes: &[
            Code::ApprovalUnknown,
            Code::ApprovalUsed,
            Code::ApprovalLate,
            Code::ApprovalRole,
            Code::ApprovalSignature,
            Code::ApprovalQuota,
            Code::ApprovalTwice,
            Code::Storage,
        ],
        ..read(
            "/v1/approvals",
            "vote",
            "Puts an officer's signed vote on record. The signature counts, not who brings it.",
            Reply::Json(of::<VoteReply>),
        )
    },
    Route {
        method: Method::Post,
        body: Some(of::<PendingSearch>),
        codes: OFFICERS,
        ..read(
            approval::SEARCH_PATH,
            "search_approvals",
            "Lists requests that wait for the roles of the key that signs. The signature counts, not who brings it.",
            Reply::Json(of::<PendingPage>),
        )
    },
    Route {
        method: Method::Post,
        body: Some(of::<MessageRequest>),
        codes: &[Code::Peer, Code::ApprovalUnknown, Code::ApprovalUnread],
        ..read(
            approval::MESSAGE_PATH,
            "approval_message",
            "Gives the message that the server would get of a request that waits for the key that signs.",
            Reply::Json(of::<PendingMessage>),
        )
    },
    Route {
        audience: Audience::Officers,
        codes: OFFICERS,
        ..read("/v1/halts", "halts", "Lists the halts in force.", Reply::Json(of::<Halts>))
    },
    Route {
        audience: Audience::Officers,
        codes: OFFICERS,
        ..read("/v1/meters", "meters", "Says what is used of meters.", Reply::Json(of::<Meters>))
    },
    Route {
        audience: Audience::Officers,
        query: Some(of::<EventQuery>),
        codes: &[Code::Peer, Code::EventsBeyond],
        ..read(
            "/v1/events",
            "events",
            "Sends each new record as an event whose id is the record's index.",
            Reply::Events,
        )
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_routes_are_alike() {
        let ways: BTreeSet<String> =
            ROUTES.iter().map(|route| format!("{:?} {}", route.method, route.path)).collect();
        let names: BTreeSet<&str> = ROUTES.iter().map(|route| route.operation).collect();
        assert_eq!((ways.len(), names.len()), (ROUTES.len(), ROUTES.len()));
    }

    #[test]
    fn routes_for_officers_say_what_others_get() {
        for route in ROUTES.iter().filter(|route| route.audience != Audience::Everyone) {
            assert!(route.codes.contains(&Code::Peer), "{}", route.path);
        }
    }
}
