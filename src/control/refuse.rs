//! Refusals as responses, and bodies read within their bounds.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::server::Asked;
use super::wire::ErrorBody;
use crate::core::node::request::{Class, Refusal};
use crate::core::primitives::limits;

/// A refusal on its way out.
pub(super) struct Refused(pub(super) Refusal);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (status(self.0.class), Json(ErrorBody { error: self.0 })).into_response()
    }
}

fn status(class: Class) -> StatusCode {
    match class {
        Class::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        Class::Usage => StatusCode::BAD_REQUEST,
        Class::NotAllowed => StatusCode::FORBIDDEN,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::State => StatusCode::CONFLICT,
        Class::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
        Class::Untrusted => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// What axum refuses by itself (no such route, no such method, a query that doesn't parse), in our form.
pub(super) async fn in_our_form(response: Response) -> Response {
    let status = response.status();
    let ours = response.headers().get("content-type").is_some_and(|kind| kind == "application/json");
    if ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (class, code, why) = match status {
        StatusCode::NOT_FOUND => (Class::NotFound, "no_such_route", "there is no such route"),
        StatusCode::METHOD_NOT_ALLOWED => (Class::Usage, "no_such_method", "the route has no such method"),
        _ if status.is_client_error() => (Class::Usage, "bad_request", "path or query don't parse"),
        _ => (Class::Failed, "failed", "failed"),
    };
    let refusal = Refusal::new(class, code, format!("request: {why}"));
    (status, Json(ErrorBody { error: refusal })).into_response()
}

/// A JSON body: whole, within its bounds of size and time, and of the expected form.
pub(super) struct Whole<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Whole<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused> {
        let asked = request.extensions().get::<Asked>().cloned();
        let bytes = read(request.into_body()).await?;
        if let Some(asked) = asked {
            asked.all_is_here();
        }
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Self(value)),
            Err(error) => {
                // Where, never what: the text of the error may quote a link.
                let (line, column) = (error.line(), error.column());
                let why = format!("body: not the JSON this route takes (line {line}, column {column})");
                Err(Refusal::new(Class::Usage, "bad_body", why).into())
            }
        }
    }
}

async fn read(body: Body) -> Result<axum::body::Bytes, Refused> {
    let refuse = |code, why: String| Refused(Refusal::new(Class::Usage, code, format!("body: {why}")));
    match timeout(limits::CONTROL_TRICKLE, to_bytes(body, limits::CONTROL_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            Err(refuse("body_too_long", format!("broken off, or longer than {} bytes", limits::CONTROL_BODY)))
        }
        Err(_) => Err(refuse("body_too_slow", "took too long to arrive".to_owned())),
    }
}
