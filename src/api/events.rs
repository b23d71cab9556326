//! `POST /api/v1/events`: one event, a batch or lines of them, into the log.

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use projections::event::Rejection;
use serde::Serialize;
use serde_json::value::RawValue;

use super::auth;
use super::current::State;
use super::params::Query;
use super::problem::{Kind, Problem};
use crate::decode::{Decoded, structured};
use crate::log::NewRecord;
use crate::log::position::join_positions;

pub const EVENTS: &str = "/api/v1/events";
/// Larger bodies are decoded away from the threads that answer requests.
const DECODED_INLINE_BYTES: usize = 64 * 1024;

/// How a body holds events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// One CloudEvent.
    One,
    /// A JSON array of them.
    Batch,
    /// One a line.
    Lines,
}

impl Form {
    /// The form that a media type stands for, in any case and with any parameters.
    pub fn of_media_type(media_type: &str) -> Option<Form> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/cloudevents+json" | "application/json" => Some(Form::One),
            "application/cloudevents-batch+json" => Some(Form::Batch),
            "application/x-ndjson" => Some(Form::Lines),
            _ => None,
        }
    }
}

/// What became of the events.
#[derive(Debug, Serialize)]
struct Ingested {
    accepted: usize,
    rejected: Vec<Rejected>,
    /// `null` where nothing was written to the log.
    position: Option<String>,
}

#[derive(PartialEq, Eq, Debug, Serialize)]
pub struct Rejected {
    /// Its place among the elements, or among the lines that are not blank, from 0.
    pub index: usize,
    pub code: String,
    pub detail: String,
}

/// The events of a body, checked.
#[derive(Debug, Default)]
pub struct Sorted {
    /// In order, to be written as they came.
    pub records: Vec<NewRecord>,
    /// Those of unknown types included, which are passed over.
    pub accepted: usize,
    pub rejected: Vec<Rejected>,
}

impl Sorted {
    fn add(&mut self, event: Bytes) -> Result<(), Rejection> {
        if let Decoded::Event { kind, .. } = structured(&event)? {
            self.records.push(NewRecord { kind, payload: event });
        }
        self.accepted += 1;
        Ok(())
    }

    fn add_or_reject(&mut self, index: usize, event: Bytes) {
        if let Err(Rejection { code, detail }) = self.add(event) {
            self.rejected.push(Rejected { index, code, detail });
        }
    }
}

pub async fn ingest(
    request: HttpRequest,
    State(state): State,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    auth::check(&state, &request, "writing events")?;
    Query::parse(request.query_string())?.finish()?;
    let form = form(request.headers())?;
    let body = read_body(request.headers(), body, state.request_body_max_bytes).await?;
    let sorted = if body.len() <= DECODED_INLINE_BYTES {
        sort(form, &body)?
    } else {
        web::block(move || sort(form, &body)).await.map_err(|error| {
            tracing::error!(%error, "events cannot be decoded");
            Problem::internal()
        })??
    };
    let position = match sorted.records.as_slice() {
        [] => None,
        records => Some(join_positions(&state.log.append(records).await?)),
    };
    let Sorted { records, accepted, rejected } = sorted;
    state.metrics.ingested("appended", records.len());
    state.metrics.ingested("unknown_type", accepted - records.len());
    state.metrics.ingested("rejected", rejected.len());
    Ok(HttpResponse::Accepted().json(Ingested { accepted, rejected, position }))
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let unsupported = |detail: &str| Problem::new(Kind::UnsupportedMediaType, detail);
    let encoding = headers.get(CONTENT_ENCODING).map(|value| value.as_bytes());
    if encoding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        return Err(unsupported("send the body as it is, without a Content-Encoding"));
    }
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media_type.and_then(Form::of_media_type).ok_or_else(|| {
        unsupported(
            "send one event as application/cloudevents+json, several as \
             application/cloudevents-batch+json or application/x-ndjson",
        )
    })
}

async fn read_body(
    headers: &HeaderMap,
    mut body: web::Payload,
    max_bytes: usize,
) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("the body has more than {max_bytes} bytes; send fewer events at once");
        Problem::new(Kind::BodyTooLarge, detail)
    };
    let said: Option<usize> =
        headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if said.is_some_and(|bytes| bytes > max_bytes) {
        return Err(too_large());
    }
    let mut bytes = BytesMut::with_capacity(said.unwrap_or_default());
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

/// Checks all events of a body. One alone is taken or is the problem; of several, each that is
/// refused is listed.
pub fn sort(form: Form, body: &Bytes) -> Result<Sorted, Problem> {
    let mut sorted = Sorted::default();
    match form {
        Form::One => sorted.add(body.clone())?,
        Form::Batch => {
            let events: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| {
                let detail = format!("the body is not a JSON array of events: {error}");
                Problem::new(Kind::InvalidBody, detail)
            })?;
            for (index, event) in events.into_iter().enumerate() {
                sorted.add_or_reject(index, body.slice_ref(event.get().as_bytes()));
            }
        }
        Form::Lines => {
            let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            for (index, line) in lines.filter(|line| !line.is_empty()).enumerate() {
                sorted.add_or_reject(index, body.slice_ref(line));
            }
        }
    }
    Ok(sorted)
}
