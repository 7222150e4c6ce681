use std::sync::LazyLock;

use api::execution::{
    EndedExecution, EndedPage, EndedQuery, ErasurePage, ErasureRequest, Execution, ExecutionNames,
    ExecutionPage, ExecutionQuery, ExecutionSearch,
};
use api::governance::Halts;
use api::limits::PAGE_ITEMS_MAX;
use api::meter::Meters;
use api::node::Status;
use api::problem::Code;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};

use super::extract::{InPath, Json, Officer, Owner, Query, Sent};
use super::refusal::Refusal;
use super::requester::Requester;
use super::{approvals, delegation, events, governance, health, metrics, records, sessions};
use crate::erase::{self, Erased, Page};
use crate::pending::has_a_role;

pub(super) type Reply<T> = Result<Json<T>, Refusal>;

/// All routes, for whoever asks.
pub(super) fn router(requester: Requester) -> Router {
    static ROUTES: LazyLock<Router<Requester>> = LazyLock::new(routes);
    ROUTES.clone().with_state(requester)
}

fn routes() -> Router<Requester> {
    Router::new()
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/v1/status", get(status))
        .route("/v1/executions", get(executions).post(delegation::delegate))
        .route("/v1/executions/{execution}", get(execution))
        .route("/v1/executions/{execution}/end", post(delegation::end))
        .route(api::execution::SEARCH_PATH, post(search_executions))
        .route(api::session::PATH, post(sessions::join))
        .route("/v1/ended", get(ended))
        .route("/v1/erasures", post(erase))
        .route("/v1/records", get(records::page))
        .route("/v1/records/{index}", get(records::detail))
        .route("/v1/records/{index}/receipt", get(records::receipt))
        .route("/v1/governance", get(governance::at).post(governance::propose))
        .route("/v1/approvals", get(approvals::list).post(approvals::vote))
        .route(api::approval::SEARCH_PATH, post(approvals::search))
        .route(api::approval::MESSAGE_PATH, post(approvals::message))
        .route("/v1/halts", get(halts))
        .route("/v1/meters", get(meters))
        .route("/v1/events", get(events::events))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
}

async fn unknown(State(requester): State<Requester>) -> Refusal {
    requester.refuse(Code::NotFound, "the interface has no such path; openapi.json lists them")
}

async fn wrong_method(State(requester): State<Requester>) -> Refusal {
    requester.refuse(Code::Method, "openapi.json lists what this path takes")
}

async fn status(State(requester): State<Requester>) -> Reply<Status> {
    let status = requester.kernel.status(requester.is_trusted()).await;
    status.map(Json).ok_or_else(|| requester.stopping())
}

async fn executions(
    State(requester): State<Requester>,
    Query(query): Query<ExecutionQuery>,
) -> Reply<ExecutionPage> {
    let limit = limit_of(&requester, query.limit)?;
    let one_more = limit.saturating_add(1);
    let mut ids = requester.shared.kernel.switch.page(&query, requester.only_of(), one_more);
    let has_next = ids.len() > limit;
    ids.truncate(limit);
    let next = ids.last().filter(|_| has_next).cloned();
    let executions = requester.kernel.executions(ids).await;
    let executions = executions.ok_or_else(|| requester.stopping())?;
    Ok(Json(ExecutionPage { executions, next }))
}

async fn execution(
    State(requester): State<Requester>,
    InPath(id): InPath<String>,
) -> Reply<Execution> {
    let ids = requester.shared.kernel.switch.visible(&id, requester.only_of());
    let found = requester.kernel.executions(ids).await.ok_or_else(|| requester.stopping())?;
    let found = found.into_iter().next();
    found.map(Json).ok_or_else(|| {
        let why = format!("no execution `{id}` goes on here that you may see");
        requester.refuse(Code::NotFound, why)
    })
}

async fn search_executions(
    State(requester): State<Requester>,
    Sent(ExecutionSearch { question, beginning }): Sent<ExecutionSearch>,
) -> Reply<ExecutionNames> {
    let path = api::execution::SEARCH_PATH;
    let key = requester.signer(&question, path, &beginning)?;
    let switch = &requester.shared.kernel.switch;
    if !has_a_role(&switch.governance(), &key) {
        return Err(requester.refuse(Code::Peer, "the key that signed has no role here"));
    }
    let executions = switch.names(&beginning, usize::from(PAGE_ITEMS_MAX));
    Ok(Json(ExecutionNames { executions }))
}

async fn ended(
    Officer(requester): Officer,
    Query(EndedQuery { beginning, after, limit }): Query<EndedQuery>,
) -> Reply<EndedPage> {
    let limit = limit_of(&requester, limit)?;
    let (beginning, after) = (beginning.unwrap_or_default(), after.unwrap_or_default());
    let ended = requester.kernel.ended_executions().await.ok_or_else(|| requester.stopping())?;
    let mut shown = ended.into_iter().filter(|one| {
        one.execution.starts_with(&beginning) && (after.is_empty() || one.execution > after)
    });
    let executions: Vec<EndedExecution> = shown.by_ref().take(limit).collect();
    let last = executions.last().map(|one| one.execution.clone());
    let next = last.filter(|_| shown.next().is_some());
    Ok(Json(EndedPage { executions, next }))
}

async fn erase(Owner(requester): Owner, Sent(request): Sent<ErasureRequest>) -> Reply<ErasurePage> {
    let page = Page::of_request(request).ok_or_else(|| {
        requester.refuse(Code::Input, "either `execution` or `ended_before_ms` is needed")
    })?;
    let (options, user) = (&requester.shared.options, requester.user);
    let erased = erase::carry_out_and_remember(options, &requester.kernel, &page, user).await;
    let erased = erased.ok_or_else(|| requester.stopping())?;
    Ok(Json(ErasurePage { executions: erased.iter().map(Erased::to_reply).collect() }))
}

async fn halts(Officer(requester): Officer) -> Json<Halts> {
    Json(Halts { halts: requester.shared.kernel.switch.halts() })
}

async fn meters(Officer(requester): Officer) -> Reply<Meters> {
    let accounts = requester.kernel.meters().await.ok_or_else(|| requester.stopping())?;
    Ok(Json(Meters { accounts }))
}

/// How many items a page holds.
pub(super) fn limit_of(requester: &Requester, limit: Option<u16>) -> Result<usize, Refusal> {
    match limit.unwrap_or(PAGE_ITEMS_MAX) {
        limit @ 1..=PAGE_ITEMS_MAX => Ok(usize::from(limit)),
        _ => {
            let why = format!("`limit` is at least 1 and at most {PAGE_ITEMS_MAX}");
            Err(requester.refuse(Code::Input, why))
        }
    }
}
