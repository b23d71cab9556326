//! Requests that end before they are routed: no HTTP, too long, too slow. actix-http answers them with a
//! bare status. On its way out such an answer gets the body that every other problem has.

use std::io;
use std::pin::Pin;
use std::task::{Context as Polling, Poll, ready};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::current::Current;
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
    /// The first line that came since the last answer: its bytes so far, and whether it has ended. Where
    /// requests are pipelined it is that of the first one.
    line_bytes: usize,
    line_ended: bool,
    /// What was taken for sent and is not yet.
    unsent: BytesMut,
}

impl<Io> Connection<Io> {
    pub fn new(io: Io, current: web::Data<Current>) -> Connection<Io> {
        Connection { io, current, line_bytes: 0, line_ended: false, unsent: BytesMut::new() }
    }

    fn came(&mut self, bytes: &[u8]) {
        if !self.line_ended {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            self.line_ended = end.is_some();
            self.line_bytes = self.line_bytes.saturating_add(end.unwrap_or(bytes.len()));
        }
    }

    fn problem(&self, status: StatusCode) -> Problem {
        match status {
            StatusCode::REQUEST_TIMEOUT => Problem::new(
                Kind::HeadTooSlow,
                "the request's line and headers have not come in time; send them sooner",
            ),
            _ if self.line_bytes > MAX_URI_BYTES => Problem::new(
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
    let is_bare = matches!(status.as_u16(), 400 | 408 | 431) && head.starts_with(NO_BODY);
    is_bare.then_some((before, status, &head[NO_BODY.len()..]))
}

impl<Io: AsyncRead + Unpin> AsyncRead for Connection<Io> {
    fn poll_read(
        self: Pin<&mut Self>,
        polling: &mut Polling<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(polling, into))?;
        this.came(&into.filled()[before..]);
        Poll::Ready(Ok(()))
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
            (this.line_bytes, this.line_ended) = (0, false);
            return Pin::new(&mut this.io).poll_write(polling, bytes);
        };
        let problem = this.problem(status);
        let (status, body) = (problem.status(), problem.body());
        let metrics = &this.current.view().state.metrics;
        metrics.http_request("none", status.as_u16(), Duration::ZERO);
        this.unsent.extend_from_slice(before);
        let reason = status.canonical_reason().unwrap_or_default();
        let line = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16());
        let form = "content-type: application/problem+json\r\ncache-control: no-store\r\n";
        let length = format!("content-length: {}\r\n", body.len());
        for part in [line.as_bytes(), length.as_bytes(), form.as_bytes(), head.as_bytes(), &body] {
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
