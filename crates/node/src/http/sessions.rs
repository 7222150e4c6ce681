use api::problem::{Code, Problem};
use api::session::{ASSURANCE_HEADER, EXECUTION_HEADER, PROTOCOL, SessionQuery};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, Version, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Body as _;

use super::extract::{Query, lists};
use super::refusal::Refusal;
use super::requester::Requester;
use crate::session::{self, Caller, Joined, Joins, NotJoined};

/// Begins a session of an agent with an upstream server, on this connection.
///
/// What the client sends after the head belongs to the session.
//= RFC 9110 section 7.8
pub(super) async fn join(
    State(requester): State<Requester>,
    Query(SessionQuery { server, workload, execution }): Query<SessionQuery>,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    if request.version() != Version::HTTP_11 || !asks_for_mcp(request.headers()) {
        let why = format!("ask for `Upgrade: {PROTOCOL}` with `Connection: upgrade`");
        let problem = Problem::new(Code::Upgrade, why);
        let refusal: Response = Refusal::from(problem).into_response();
        return Ok(([(header::UPGRADE, PROTOCOL)], refusal).into_response());
    }
    if !request.body().is_end_stream() {
        let why = "a request that begins a session has no body";
        return Err(requester.refuse(Code::Input, why));
    }
    requester.becomes_session();
    let joins = Joins { caller: Caller { workload, execution }, server };
    let joined = session::begin(&requester.shared, requester.user, joins).await;
    let Joined { execution, assurance, upgrade } =
        joined.map_err(|NotJoined { code, why }| requester.refuse(code, why))?;
    requester.upgrades_to(upgrade);
    let headers = [
        (header::CONNECTION.as_str(), "upgrade"),
        (header::UPGRADE.as_str(), PROTOCOL),
        (EXECUTION_HEADER, &execution),
        (ASSURANCE_HEADER, assurance.as_str()),
    ];
    Ok((StatusCode::SWITCHING_PROTOCOLS, headers).into_response())
}

/// Whether a request asks for a session's protocol.
fn asks_for_mcp(headers: &HeaderMap) -> bool {
    lists(headers, &header::CONNECTION, "upgrade") && lists(headers, &header::UPGRADE, PROTOCOL)
}
