//! Reading a request's body: no more of it than is taken, and for no longer than is waited for.

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpRequest, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::ApiState;
use super::problem::{Kind, Problem};

/// The whole body.
///
/// # Errors
/// Where it is larger than `max_bytes`, has not come in time, or ends early.
pub async fn read(
    request: &HttpRequest,
    body: web::Payload,
    max_bytes: usize,
    state: &ApiState,
) -> Result<Bytes, Problem> {
    let within = state.request_body_within;
    let reading = tokio::time::timeout(within, read_all(request, body, max_bytes)).await;
    reading.unwrap_or_else(|_| {
        let detail = format!("the body has not come within {} s; send it sooner", within.as_secs());
        Err(Problem::new(Kind::BodyTooSlow, detail))
    })
}

async fn read_all(
    request: &HttpRequest,
    mut body: web::Payload,
    max_bytes: usize,
) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("the body has more than {max_bytes} bytes; send less at once");
        Problem::new(Kind::BodyTooLarge, detail)
    };
    let said = request.headers().get(CONTENT_LENGTH);
    let said: Option<usize> = said.and_then(|value| value.to_str().ok()?.parse().ok());
    if said.is_some_and(|bytes| bytes > max_bytes) {
        return Err(too_large());
    }
    // What is said may never come: room is made as it does.
    let mut bytes = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            tracing::debug!(%error, "a request's body has ended early");
            Problem::new(Kind::InvalidBody, "the body has ended early")
        })?;
        if bytes.len().saturating_add(chunk.len()) > max_bytes {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}
