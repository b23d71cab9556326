//! Requests that end before they are routed: no HTTP, too long, too slow. actix-http answers them with a
//! bare status. On its way out such an answer gets the body that every other problem has. It bounds only the
//! first head of a connection in time, and no body that nobody reads: all others are bounded here.

use std::io;
use std::pin::Pin;
use std::task::{Context as Polling, Poll, ready};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::current::Current;
use super::in_hand::{Patience, Requests, SLACK};
use super::problem::{Kind, Problem};

/// The longest URI that is read, in bytes: that of the `http` package.
const MAX_URI_BYTES: usize = 65_534;
/// The longest head that is read, in bytes: that of actix-http.
const MAX_HEAD_BYTES: usize = 131_072;
/// A bare answer has a status line and three headers; no longer one is looked at.
const MAX_BARE_BYTES: usize = 256;
const NO_BODY: &str = "content-length: 0\r\n";

/// A client's connection, between the socket and actix-http.
pub struct Connection<Io> {
    io: Io,
    current: web::Data<Current>,
    /// The first line that came since the last answer. Where requests are pipelined it is that of the first one.
    line: RequestLine,
    /// What was taken for sent and is not yet.
    unsent: BytesMut,
    requests: Requests,
    patience: Patience,
    /// Never later than the connection is to be looked at.
    timer: Pin<Box<Sleep>>,
}

impl<Io> Connection<Io> {
    pub fn new(io: Io, current: web::Data<Current>, patience: Patience) -> Connection<Io> {
        Connection {
            io,
            current,
            line: RequestLine::default(),
            unsent: BytesMut::new(),
            requests: Requests::default(),
            patience,
            timer: Box::pin(sleep(patience.head + SLACK)),
        }
    }

    /// For its requests to say that they are in hand.
    pub fn requests(&self) -> &Requests {
        &self.requests
    }

    /// An error once no request has come for too long.
    fn poll_late(&mut self, polling: &mut Polling<'_>) -> Poll<io::Result<()>> {
        let Some(deadline) = self.requests.deadline(&self.patience) else { return Poll::Pending };
        if deadline < self.timer.deadline() {
            self.timer.as_mut().reset(deadline);
        }
        while self.timer.as_mut().poll(polling).is_ready() {
            if deadline <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    fn problem(&self, status: StatusCode) -> Problem {
        match status {
            StatusCode::REQUEST_TIMEOUT => Problem::new(
                Kind::HeadTooSlow,
                "the request's line and headers have not come in time; send them sooner",
            ),
            _ if self.line.has_long_uri() => Problem::new(
                Kind::UriTooLong,
                format!("the URI has more than {MAX_URI_BYTES} bytes; ask for less at once"),
            ),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Problem::new(
                Kind::HeadTooLarge,
                format!(
                    "the request has more than {MAX_HEAD_BYTES} bytes or 96 headers; send less"
                ),
            ),
            _ => Problem::new(
                Kind::MalformedRequest,
                "this is no request of HTTP/1.1 (RFC 9112): check its line, its headers and its \
                 framing; in a URI, other characters than ASCII's have to be percent-encoded",
            ),
        }
    }
}

impl<Io: AsyncWrite + Unpin> Connection<Io> {
    fn poll_unsent(&mut self, polling: &mut Polling<'_>) -> Poll<io::Result<()>> {
        while self.unsent.has_remaining() {
            let sent = ready!(Pin::new(&mut self.io).poll_write(polling, &self.unsent))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(sent);
        }
        Poll::Ready(Ok(()))
    }
}

/// What is known of a request's first line.
#[derive(Default)]
struct RequestLine {
    method_bytes: usize,
    spaces: usize,
    uri_bytes: usize,
    /// It is none: what stands in the place of a method is something else.
    is_other: bool,
    ended: bool,
}

impl RequestLine {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                _ if self.ended => return,
                // Empty lines may come first (RFC 9112, 2.2).
                b'\r' | b'\n' if self.method_bytes == 0 => {}
                b'\n' => self.ended = true,
                b' ' => self.spaces += 1,
                _ if self.spaces == 0 => {
                    self.method_bytes += 1;
                    self.is_other |= !byte.is_ascii_uppercase();
                }
                _ if self.spaces == 1 => self.uri_bytes += 1,
                _ => {}
            }
        }
    }

    fn has_long_uri(&self) -> bool {
        !self.is_other && self.uri_bytes > MAX_URI_BYTES
    }
}

/// Splits off a bare answer, which nothing follows: the status, and the head after the status line.
fn split_bare(bytes: &[u8]) -> Option<(&[u8], StatusCode, &str)> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let tail = bytes.len().saturating_sub(MAX_BARE_BYTES);
    let version = b"HTTP/1.1 ";
    let start =
        tail + bytes[tail..].windows(version.len()).rposition(|window| window == version)?;
    let (before, bare) = bytes.split_at(start);
    let (line, head) = std::str::from_utf8(bare).ok()?.split_once("\r\n")?;
    let status = StatusCode::from_bytes(line.get(version.len()..)?.get(..3)?.as_bytes()).ok()?;
    let head = head.strip_prefix(NO_BODY)?;
    matches!(status.as_u16(), 400 | 408 | 431).then_some((before, status, head))
}

impl<Io: AsyncRead + Unpin> AsyncRead for Connection<Io> {
    fn poll_read(
        self: Pin<&mut Self>,
        polling: &mut Polling<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.io).poll_read(polling, into) {
            let bytes = &into.filled()[before..];
            this.line.take(bytes);
            this.requests.received(bytes.len());
            return Poll::Ready(read);
        }
        this.poll_late(polling)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Connection<Io> {
    fn poll_write(
        self: Pin<&mut Self>,
        polling: &mut Polling<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_unsent(polling))?;
        let Some((before, status, head)) = split_bare(bytes) else {
            this.line = RequestLine::default();
            let sent = ready!(Pin::new(&mut this.io).poll_write(polling, bytes))?;
            this.requests.sent();
            return Poll::Ready(Ok(sent));
        };
        let problem = this.problem(status);
        let (status, body) = (problem.status(), problem.body());
        let state = this.current.peek();
        state.metrics.http_request("none", status.as_u16(), Duration::ZERO);
        this.unsent.extend_from_slice(before);
        let reason = status.canonical_reason().unwrap_or_default();
        let line = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16());
        let form = "content-type: application/problem+json\r\ncache-control: no-store\r\n";
        let length = format!("content-length: {}\r\n", body.len());
        let close =
            if head.contains("connection: close\r\n") { "" } else { "connection: close\r\n" };
        let head = [line.as_str(), length.as_str(), form, close, head].concat();
        for part in [head.as_bytes(), &body] {
            this.unsent.extend_from_slice(part);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, polling: &mut Polling<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_unsent(polling))?;
        Pin::new(&mut this.io).poll_flush(polling)
    }

    fn poll_shutdown(self: Pin<&mut Self>, polling: &mut Polling<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_unsent(polling))?;
        Pin::new(&mut this.io).poll_shutdown(polling)
    }
}
