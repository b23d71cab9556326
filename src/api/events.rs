//! `POST /api/v1/events`: one event, a batch or lines of them, into the log.

use std::fmt;
use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use projections::event::Rejection;
use projections::market::Market;
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::current::State;
use super::params::Query;
use super::problem::{Kind, Problem};
use super::{ApiState, auth, body};
use crate::decode::{Decoded, Warning, structured, warnings};
use crate::log::position::{Partition, Position, join_positions};
use crate::log::{Appended, NewRecord};
use crate::store::Standing;

pub const EVENTS: &str = "/api/v1/events";
/// Larger bodies are decoded away from the threads that answer requests: some milliseconds at most, whatever they hold.
const DECODED_INLINE_BYTES: usize = 16 * 1024;
/// What an event's sender is told whose topic takes smaller ones only.
const TOO_LARGE_FOR_TOPIC: &str = "the event is larger than its topic takes: make it smaller, or raise the topic's `max.message.bytes` to 2097152";
/// Rejections, and warnings, that an answer lists.
pub const MAX_LISTED: usize = 1_000;

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
    rejected: Vec<Told>,
    rejected_total: usize,
    warnings: Vec<Told>,
    warnings_total: usize,
    /// `null` where nothing was written to the log.
    position: Option<String>,
}

/// A rejection or a warning, and of which event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Told {
    /// Its place among the elements, or among the lines that are not blank, from 0.
    pub index: usize,
    pub code: String,
    pub detail: String,
}

/// The first [`MAX_LISTED`] of a kind, and how many there are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listed {
    pub first: Vec<Told>,
    pub total: usize,
}

impl Listed {
    fn add(&mut self, index: usize, code: String, detail: String) {
        self.total += 1;
        if self.first.len() < MAX_LISTED {
            self.first.push(Told { index, code, detail });
        }
    }
}

/// The events of a body, checked.
#[derive(Debug, Default)]
pub struct Sorted {
    /// In order, to be written as they came.
    pub records: Vec<NewRecord>,
    /// The place of each of them in the body.
    pub indexes: Vec<usize>,
    /// Those of unknown types included, which are passed over.
    pub accepted: usize,
    pub rejected: Listed,
    pub warnings: Listed,
}

impl Sorted {
    fn add(&mut self, index: usize, event: Bytes, markets: &[Market]) -> Result<(), Rejection> {
        let decoded = structured(&event)?;
        for Warning { code, detail } in warnings(&event, &decoded, markets) {
            self.warnings.add(index, code, detail);
        }
        if let Decoded::Event { kind, .. } = decoded {
            self.records.push(NewRecord { kind, payload: event });
            self.indexes.push(index);
        }
        self.accepted += 1;
        Ok(())
    }

    fn add_or_reject(&mut self, index: usize, event: Bytes, markets: &[Market]) {
        if let Err(Rejection { code, detail }) = self.add(index, event, markets) {
            self.rejected.add(index, code, detail);
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
    let body = body::read(&request, body, state.request_body_max_bytes, &state).await?;
    let sorted = if body.len() <= DECODED_INLINE_BYTES {
        sort(form, &body, &state.markets)?
    } else {
        let state = state.clone();
        web::block(move || sort(form, &body, &state.markets)).await.map_err(|error| {
            tracing::error!(%error, "events cannot be decoded");
            Problem::internal()
        })??
    };
    let Sorted { records, indexes, mut accepted, mut rejected, mut warnings } = sorted;
    state.metrics.ingested("unknown_type", accepted - records.len());
    let (appended, standings) = match records.as_slice() {
        [] => (Ok(Appended::default()), Vec::new()),
        records => tokio::join!(state.log.append(records), standings(&state)),
    };
    let Appended { positions, refused } = appended?;
    state.metrics.ingested("appended", records.len() - refused.len());
    state.metrics.ingested("rejected", rejected.total + refused.len());
    accepted -= refused.len();
    if form == Form::One && !refused.is_empty() {
        return Err(Problem::new(Kind::BodyTooLarge, TOO_LARGE_FOR_TOPIC));
    }
    for index in refused.iter().filter_map(|(index, _)| indexes.get(*index)) {
        rejected.add(*index, "event.too_large".to_owned(), TOO_LARGE_FOR_TOPIC.to_owned());
    }
    rejected.first.sort_by_key(|told| told.index);
    if accepted == 0 && rejected.total > 0 {
        return Err(Problem::refused_events(rejected));
    }
    for (index, detail) in stopped(&state, &standings, &positions, &records) {
        if let Some(index) = indexes.get(index) {
            warnings.add(*index, "log.stopped".to_owned(), detail);
        }
    }
    let position = (!positions.is_empty()).then(|| join_positions(&positions));
    Ok(HttpResponse::Accepted().json(Ingested {
        accepted,
        rejected: rejected.first,
        rejected_total: rejected.total,
        warnings: warnings.first,
        warnings_total: warnings.total,
        position,
    }))
}

/// How long it is looked whether partitions are stopped: events are taken whether or not that is known.
const LOOK_WITHIN: Duration = Duration::from_millis(100);

/// Where partitions stand, if the store says so in time.
async fn standings(state: &ApiState) -> Vec<Standing> {
    let look = async { state.store.snapshot().await?.standings().await };
    match tokio::time::timeout(LOOK_WITHIN, look).await {
        Ok(Ok(standings)) => standings,
        _ => Vec::new(),
    }
}

/// Partitions that were written to and are not projected: the place of the first event of each, and why.
fn stopped(
    state: &ApiState,
    standings: &[Standing],
    positions: &[Position],
    records: &[NewRecord],
) -> Vec<(usize, String)> {
    let told = |standing: &Standing| {
        let (Partition { topic, partition }, why) =
            (&standing.partition, standing.stopped.as_ref()?);
        let is_it = |p: &&Position| p.topic == *topic && p.partition == *partition;
        positions.iter().find(is_it)?;
        let kind = state.topics.kind(topic)?;
        let first = records.iter().position(|record| record.kind == kind)?;
        Some((
            first,
            format!("it is in the log, and not projected: {topic}:{partition} is stopped: {why}"),
        ))
    };
    standings.iter().filter_map(told).collect()
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

/// Checks all events of a body. One alone is taken or is the problem; of several, each that is
/// refused is listed.
pub fn sort(form: Form, body: &Bytes, markets: &[Market]) -> Result<Sorted, Problem> {
    let mut sorted = Sorted::default();
    match form {
        Form::One => sorted.add(0, body.clone(), markets)?,
        Form::Batch => {
            let elements = Elements(|index, event: &str| {
                sorted.add_or_reject(index, body.slice_ref(event.as_bytes()), markets);
            });
            let mut reader = serde_json::Deserializer::from_slice(body);
            elements.deserialize(&mut reader).and_then(|()| reader.end()).map_err(|error| {
                let detail = format!("the body is not a JSON array of events: {error}");
                Problem::new(Kind::InvalidBody, detail)
            })?;
        }
        Form::Lines => {
            let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            for (index, line) in lines.filter(|line| !line.is_empty()).enumerate() {
                sorted.add_or_reject(index, body.slice_ref(line), markets);
            }
        }
    }
    Ok(sorted)
}

/// Reads a JSON array element by element: a list of millions would be larger than the body.
struct Elements<F>(F);

impl<'de, F: FnMut(usize, &'de str)> DeserializeSeed<'de> for Elements<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(usize, &'de str)> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(element) = elements.next_element::<&'de RawValue>()? {
            (self.0)(index, element.get());
            index += 1;
        }
        Ok(())
    }
}
