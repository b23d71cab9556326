//! Errors as they are answered: `application/problem+json` (RFC 9457) with a stable `code`.

use std::borrow::Cow;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use projections::event::Rejection;
use serde::Serialize;

use super::events::{Listed, Told};
use crate::log::LogError;
use crate::store::StoreError;

/// After how many seconds a caller should try again.
const RETRY_AFTER_SECONDS: &str = "1";

/// What an answer says that is an error. It shows nothing of the inside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    kind: Kind,
    /// Another code than the kind's own.
    code: Option<String>,
    detail: String,
    parameter: Option<Cow<'static, str>>,
    /// For [`Kind::MethodNotAllowed`]: the methods that are.
    allow: &'static str,
    /// For [`Kind::RefusedEvents`]: why each was.
    rejected: Option<Box<Listed>>,
}

/// The kinds of problems. Their codes are stable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    InvalidParameter,
    UnknownParameter,
    RepeatedParameter,
    MissingParameter,
    InvalidId,
    InvalidAt,
    InvalidCursor,
    CursorMismatch,
    InvalidMinPosition,
    InvalidBody,
    /// A single event that was refused; its code is the rejection's.
    RefusedEvent,
    /// Several events that were all refused.
    RefusedEvents,
    Unauthorized,
    RebuildUnderWay,
    UnknownMarket,
    UnknownProduct,
    NotFound,
    MethodNotAllowed,
    PositionNotReached,
    PartitionStopped,
    BodyTooLarge,
    BodyTooSlow,
    /// Of these four the service's routes learn nothing: see [`super::unrouted`].
    MalformedRequest,
    UriTooLong,
    HeadTooLarge,
    HeadTooSlow,
    UnsupportedMediaType,
    Internal,
    NotReady,
    Unavailable,
    /// There is too much to do: nothing is away.
    Busy,
}

impl Kind {
    /// Code, title and status.
    fn parts(self) -> (&'static str, &'static str, StatusCode) {
        use StatusCode as S;
        match self {
            Kind::InvalidParameter => ("invalid_parameter", "Invalid parameter", S::BAD_REQUEST),
            Kind::UnknownParameter => ("unknown_parameter", "Unknown parameter", S::BAD_REQUEST),
            Kind::RepeatedParameter => ("repeated_parameter", "Repeated parameter", S::BAD_REQUEST),
            Kind::MissingParameter => ("missing_parameter", "Missing parameter", S::BAD_REQUEST),
            Kind::InvalidId => ("invalid_id", "Invalid id", S::BAD_REQUEST),
            Kind::InvalidAt => ("invalid_at", "Invalid instant", S::BAD_REQUEST),
            Kind::InvalidCursor => ("invalid_cursor", "Invalid cursor", S::BAD_REQUEST),
            Kind::CursorMismatch => ("cursor_mismatch", "Cursor of another walk", S::BAD_REQUEST),
            Kind::InvalidMinPosition => {
                ("invalid_min_position", "Invalid position", S::BAD_REQUEST)
            }
            Kind::InvalidBody => ("invalid_body", "Invalid body", S::BAD_REQUEST),
            Kind::RefusedEvent => ("refused_event", "Event refused", S::BAD_REQUEST),
            Kind::RefusedEvents => ("refused_events", "All events refused", S::BAD_REQUEST),
            Kind::Unauthorized => ("unauthorized", "Unauthorized", S::UNAUTHORIZED),
            Kind::RebuildUnderWay => ("rebuild_under_way", "Rebuild under way", S::CONFLICT),
            Kind::UnknownMarket => ("unknown_market", "Unknown market", S::NOT_FOUND),
            Kind::UnknownProduct => ("unknown_product", "Unknown product", S::NOT_FOUND),
            Kind::NotFound => ("not_found", "Not found", S::NOT_FOUND),
            Kind::MethodNotAllowed => {
                ("method_not_allowed", "Method not allowed", S::METHOD_NOT_ALLOWED)
            }
            Kind::PositionNotReached => {
                ("position_not_reached", "Position not reached", S::PRECONDITION_FAILED)
            }
            Kind::PartitionStopped => ("partition_stopped", "Partition stopped", S::CONFLICT),
            Kind::BodyTooLarge => ("body_too_large", "Body too large", S::PAYLOAD_TOO_LARGE),
            Kind::BodyTooSlow => ("body_too_slow", "Body too slow", S::REQUEST_TIMEOUT),
            Kind::MalformedRequest => ("malformed_request", "Malformed request", S::BAD_REQUEST),
            Kind::UriTooLong => ("uri_too_long", "URI too long", S::URI_TOO_LONG),
            Kind::HeadTooLarge => {
                ("head_too_large", "Headers too large", S::REQUEST_HEADER_FIELDS_TOO_LARGE)
            }
            Kind::HeadTooSlow => ("head_too_slow", "Headers too slow", S::REQUEST_TIMEOUT),
            Kind::UnsupportedMediaType => {
                ("unsupported_media_type", "Unsupported media type", S::UNSUPPORTED_MEDIA_TYPE)
            }
            Kind::Internal => ("internal", "Internal error", S::INTERNAL_SERVER_ERROR),
            Kind::NotReady => ("not_ready", "Not ready", S::SERVICE_UNAVAILABLE),
            Kind::Unavailable => ("unavailable", "Unavailable", S::SERVICE_UNAVAILABLE),
            Kind::Busy => ("unavailable", "Too much to do", S::SERVICE_UNAVAILABLE),
        }
    }
}

impl Problem {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        Problem {
            kind,
            code: None,
            detail: detail.into(),
            parameter: None,
            allow: "",
            rejected: None,
        }
    }

    /// A problem with the parameter (of query, path or head) of that name.
    pub fn parameter(
        kind: Kind,
        parameter: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Problem {
        Problem { parameter: Some(parameter.into()), ..Problem::new(kind, detail) }
    }

    /// None of several events can be used.
    pub fn refused_events(rejected: Listed) -> Problem {
        let detail =
            format!("none of the {} events can be used; mend and send them again", rejected.total);
        Problem { rejected: Some(Box::new(rejected)), ..Problem::new(Kind::RefusedEvents, detail) }
    }

    /// The method is not among those that the path takes.
    pub fn method_not_allowed(method: &str, allow: &'static str) -> Problem {
        let detail = format!("this path does not take {method}; it takes {allow}");
        Problem { allow, ..Problem::new(Kind::MethodNotAllowed, detail) }
    }

    /// A fault of the service, of which the caller learns no more than that.
    pub fn internal() -> Problem {
        Problem::new(Kind::Internal, "the request failed; the service's log says why")
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn status(&self) -> StatusCode {
        self.kind.parts().2
    }

    /// As it is answered.
    pub fn body(&self) -> Vec<u8> {
        let (_, title, status) = self.kind.parts();
        let body = Body {
            uri: format!("urn:vitrine:problem:{}", self.code()),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            code: self.code(),
            parameter: self.at_fault(),
            rejected: self.rejected.as_ref().map(|rejected| rejected.first.as_slice()),
            rejected_total: self.rejected.as_ref().map(|rejected| rejected.total),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// Stable, for machines.
    pub fn code(&self) -> &str {
        self.code.as_deref().unwrap_or(self.kind.parts().0)
    }

    /// What is wrong in this case, and what to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The parameter that is at fault, where it is one.
    pub fn at_fault(&self) -> Option<&str> {
        self.parameter.as_deref()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail)
    }
}

impl std::error::Error for Problem {}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    uri: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<&'a [Told]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_total: Option<usize>,
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let status = self.status();
        let mut answer = HttpResponse::build(status);
        answer.content_type("application/problem+json").insert_header((CACHE_CONTROL, "no-store"));
        match self.kind {
            Kind::Unauthorized => {
                answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            Kind::MethodNotAllowed => {
                answer.insert_header((ALLOW, HeaderValue::from_static(self.allow)));
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => {
                answer.insert_header((RETRY_AFTER, RETRY_AFTER_SECONDS));
            }
            _ => {}
        }
        answer.body(self.body())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match &error {
            StoreError::Full(_) => {
                tracing::warn!(%error, "a page cannot be read");
                Problem::new(Kind::Unavailable, "the disk of the read store is full; try again")
            }
            // A conflict: a standby has ended the snapshot to go on itself.
            error if error.is_transient() => {
                tracing::warn!(%error, "a page cannot be read");
                Problem::new(Kind::Unavailable, "the read store cannot be reached; try again")
            }
            _ => {
                tracing::error!(%error, "a page cannot be read");
                Problem::internal()
            }
        }
    }
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Problem {
        match &error {
            LogError::Unavailable(_) => {
                tracing::warn!(%error, "events cannot be written");
                Problem::new(
                    Kind::Unavailable,
                    "the event log cannot be reached; send the events again",
                )
            }
            LogError::Full(_) => {
                tracing::warn!(%error, "events cannot be written");
                Problem::new(
                    Kind::Unavailable,
                    "the disk of the event log is full; send the events again once there is room",
                )
            }
            LogError::Denied(_) | LogError::TopicMissing(_) => {
                tracing::error!(%error, "events cannot be written");
                Problem::new(
                    Kind::Unavailable,
                    "the event log does not take events now; send the events again",
                )
            }
            LogError::Refused(_) | LogError::TooLarge(_) | LogError::Damaged(_) => {
                tracing::error!(%error, "events cannot be written");
                Problem::internal()
            }
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Problem {
        let problem = Problem::new(Kind::RefusedEvent, rejection.detail);
        Problem { code: Some(rejection.code), ..problem }
    }
}
