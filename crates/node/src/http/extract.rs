use std::time::Duration;

use api::problem::Code;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Request, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::objects;
use super::refusal::Refusal;
use super::requester::Requester;
use crate::limits::BODY_MS_MAX;
use crate::places::is_own;

/// A requester that may see what officers see. It stands before all other parts of a request, so
/// that nothing is read of whom it refuses.
pub(super) struct Officer(pub(super) Requester);

impl FromRequestParts<Requester> for Officer {
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut Parts, requester: &Requester) -> Result<Self, Refusal> {
        match requester.is_trusted() {
            true => Ok(Self(requester.clone())),
            false => {
                let why = "only the node's own OS user, root and officers may see this";
                Err(requester.refuse(Code::Peer, why))
            }
        }
    }
}

/// The node's own OS user, or root. It stands before all other parts of a request, as [`Officer`].
pub(super) struct Owner(pub(super) Requester);

impl FromRequestParts<Requester> for Owner {
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut Parts, requester: &Requester) -> Result<Self, Refusal> {
        match is_own(requester.user) {
            true => Ok(Self(requester.clone())),
            false => {
                let why = "only the node's own OS user and root may do this";
                Err(requester.refuse(Code::Peer, why))
            }
        }
    }
}

/// The query of a request.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Requester> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, requester: &Requester) -> Result<Self, Refusal> {
        if !parts.uri.query().is_none_or(has_whole_escapes) {
            let why = "in the query each `%` stands before two hexadecimal digits";
            return Err(requester.refuse(Code::Input, why));
        }
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        match query {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(why) => Err(requester.refuse(Code::Input, why.body_text())),
        }
    }
}

/// Whether two hexadecimal digits follow each `%`: what decodes the query takes another `%` as it
/// is.
fn has_whole_escapes(query: &str) -> bool {
    query.split('%').skip(1).all(|after| {
        after.get(..2).is_some_and(|digits| digits.chars().all(|digit| digit.is_ascii_hexdigit()))
    })
}

/// What differs in the path of a request.
pub(super) struct InPath<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Requester> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, requester: &Requester) -> Result<Self, Refusal> {
        let found = axum::extract::Path::<T>::from_request_parts(parts, requester).await;
        match found {
            Ok(axum::extract::Path(found)) => Ok(Self(found)),
            Err(why) => Err(requester.refuse(Code::Input, why.body_text())),
        }
    }
}

/// The body of a request. Its length is known, and room for it is taken, before it is read.
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Requester> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request<Body>, requester: &Requester) -> Result<Self, Refusal> {
        let refuse = |why: &str| requester.refuse(Code::Input, why);
        let length = request.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let length = length.ok_or_else(|| refuse("say how long the body is: Content-Length"))?;
        if length > requester.body_bytes_max() {
            return Err(refuse("the body is too long for this OS user"));
        }
        if !requester.hold(length) {
            let why = "requests of your OS user take all the room that one may have";
            return Err(requester.refuse(Code::Overload, why));
        }
        let read = axum::body::to_bytes(request.into_body(), length);
        let read = tokio::time::timeout(Duration::from_millis(BODY_MS_MAX), read).await;
        let read = read.map_err(|_| refuse("the body did not come in time"))?;
        let read = read.map_err(|_| refuse("the body does not end as it says"))?;
        let sent = objects::from_slice(&read);
        sent.map(Self).map_err(|why| refuse(&why.to_string()))
    }
}

/// Whether a header that is a list has this element, whatever its parameters.
pub(super) fn lists(headers: &HeaderMap, name: &HeaderName, element: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    let elements = values.flat_map(|value| value.split(','));
    let mut words = elements.map(|one| one.split(';').next().unwrap_or_default().trim());
    words.any(|word| word.eq_ignore_ascii_case(element))
}

/// A reply as JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        // Replies are made of strings, numbers and booleans alone.
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}
