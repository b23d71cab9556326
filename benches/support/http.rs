//! As much of HTTP/1.1 as it takes to ask a server on this machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, ensure};

/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(300);

/// Where an answer's head ends, and how long the body behind it is.
#[derive(Clone, Copy)]
pub struct Frame {
    pub status: u16,
    pub head_bytes: usize,
    pub body_bytes: usize,
}

/// The frame of the answer that begins here; none while its head is not there in whole.
///
/// # Errors
/// Where the length of the body is not said: such servers are not measured here.
pub fn frame(bytes: &[u8]) -> anyhow::Result<Option<Frame>> {
    let (mut at, mut body_bytes) = (0, None);
    let status = bytes.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    while let Some(length) = bytes[at..].iter().position(|byte| *byte == b'\n') {
        let line = &bytes[at..at + length];
        at += length + 1;
        if line == b"\r" || line.is_empty() {
            let status = status.and_then(|digits| digits.parse().ok()).context("no status")?;
            let body_bytes = match (body_bytes, status) {
                (Some(bytes), _) => bytes,
                (None, 304) => 0,
                (None, _) => anyhow::bail!("an answer without a Content-Length"),
            };
            return Ok(Some(Frame { status, head_bytes: at, body_bytes }));
        }
        const LENGTH: &[u8] = b"content-length:";
        if line.len() > LENGTH.len() && line[..LENGTH.len()].eq_ignore_ascii_case(LENGTH) {
            let value = std::str::from_utf8(&line[LENGTH.len()..])?;
            body_bytes = Some(value.trim().parse()?);
        }
    }
    Ok(None)
}

/// The value of a header in a head, the name in small letters.
pub fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let line = |line: &'a [u8]| {
        let (at, value) = line.split_at_checked(name.len())?;
        let value =
            value.strip_prefix(b":").filter(|_| at.eq_ignore_ascii_case(name.as_bytes()))?;
        std::str::from_utf8(value).ok().map(str::trim)
    };
    head.split(|byte| *byte == b'\n').skip(1).find_map(line)
}

/// A request for a page; further headers as lines that end with CR LF.
pub fn request(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").into_bytes()
}

/// A whole answer.
pub struct Got {
    pub status: u16,
    pub head: Vec<u8>,
    pub body: Vec<u8>,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    /// The body, if all went well.
    pub fn ok(self, path: &str) -> anyhow::Result<Got> {
        let text = String::from_utf8_lossy(&self.body);
        ensure!(self.status == 200, "{path}: {} {text}", self.status);
        Ok(self)
    }
}

/// One connection that is asked one thing after the other.
pub struct Client(TcpStream);

impl Client {
    pub fn connect(address: SocketAddr) -> anyhow::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        Ok(Client(stream))
    }

    pub fn get(&mut self, path: &str, headers: &str) -> anyhow::Result<Got> {
        self.send(&request(path, headers)).with_context(|| path.to_owned())
    }

    fn send(&mut self, request: &[u8]) -> anyhow::Result<Got> {
        self.0.write_all(request)?;
        let (mut bytes, mut chunk) = (Vec::new(), [0; 16 * 1024]);
        loop {
            let read = self.0.read(&mut chunk)?;
            ensure!(read > 0, "the server has hung up");
            bytes.extend_from_slice(&chunk[..read]);
            let Some(frame) = frame(&bytes)? else { continue };
            if bytes.len() >= frame.head_bytes + frame.body_bytes {
                let body = bytes.split_off(frame.head_bytes);
                return Ok(Got { status: frame.status, head: bytes, body });
            }
        }
    }
}
