//! Lines read, looked at, and cut into chunks to be appended.

use std::fmt;
use std::io::BufRead;

use anyhow::bail;
use bytes::Bytes;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::decode::{Warning, envelope_kind, of_unknown_type};
use crate::log::{LogError, NewRecord};

/// Events and bytes of one append.
const CHUNK_EVENTS: usize = 4_096;
const CHUNK_BYTES: usize = 4 << 20;
/// What some programs write at the beginning of a file in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// A longer line is passed over: sixteen times what an event may have.
const MAX_LINE_BYTES: usize = 16 << 20;

/// Some lines.
#[derive(Default)]
pub struct Chunk {
    pub records: Vec<NewRecord>,
    /// Which line each record is from.
    pub lines: Vec<u64>,
    pub passed_over: Vec<PassedOver>,
    /// Bytes read, passed over ones included.
    pub bytes: u64,
}

/// A line that was not published.
#[derive(Serialize)]
pub struct PassedOver {
    /// From 1.
    line: u64,
    code: String,
    detail: String,
}

impl PassedOver {
    /// An event that its topic does not take.
    pub fn refused(line: u64, error: &LogError) -> PassedOver {
        PassedOver { line, code: "event.too_large".to_owned(), detail: error.to_string() }
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.code, self.detail)
    }
}

/// Reads to the end, sending chunk after chunk.
pub fn read(mut reader: impl BufRead, chunks: &mpsc::Sender<Chunk>) -> anyhow::Result<()> {
    refuse_utf_16(reader.fill_buf()?)?;
    let mut chunk = Chunk::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let (bytes, too_long) = read_line(&mut reader, &mut line)?;
        if bytes == 0 {
            break;
        }
        chunk.bytes += bytes;
        if too_long {
            let detail = format!("the line has more than {MAX_LINE_BYTES} bytes");
            chunk.passed_over.push(PassedOver {
                line: number,
                code: "event.too_large".to_owned(),
                detail,
            });
        } else {
            let text = if number == 1 { line.strip_prefix(BYTE_ORDER_MARK) } else { None };
            look_at(&mut chunk, number, text.unwrap_or(&line).trim_ascii());
        }
        if chunk.records.len() >= CHUNK_EVENTS || chunk.bytes >= CHUNK_BYTES as u64 {
            // The receiver is gone: it has failed, and says why.
            if chunks.blocking_send(std::mem::take(&mut chunk)).is_err() {
                return Ok(());
            }
        }
    }
    let _ = chunks.blocking_send(chunk);
    Ok(())
}

/// UTF-16 begins with its byte order mark, or every other byte of its JSON is zero.
fn refuse_utf_16(begin: &[u8]) -> anyhow::Result<()> {
    if matches!(begin, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'{', ..] | [b'{', 0, ..]) {
        bail!("the input is in UTF-16: write it in UTF-8, as `iconv -f UTF-16 -t UTF-8` does");
    }
    Ok(())
}

/// Blank lines are nothing at all.
fn look_at(chunk: &mut Chunk, line: u64, text: &[u8]) {
    if text.is_empty() {
        return;
    }
    let passed_over = |code: String, detail: String| PassedOver { line, code, detail };
    match envelope_kind(text) {
        Ok(Some(kind)) => {
            chunk.records.push(NewRecord { kind, payload: Bytes::copy_from_slice(text) });
            chunk.lines.push(line);
        }
        Ok(None) => {
            let Warning { code, detail } = of_unknown_type(text);
            chunk.passed_over.push(passed_over(code, detail));
        }
        Err(rejection) => {
            chunk.passed_over.push(passed_over(rejection.code, rejection.detail));
        }
    }
}

/// Reads up to and with the next line end. A line that is too long is read, but not kept.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<(u64, bool)> {
    let mut read = 0;
    let mut too_long = false;
    loop {
        let available = match reader.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if available.is_empty() {
            return Ok((read, too_long));
        }
        let end = available.iter().position(|b| *b == b'\n');
        let take = end.map_or(available.len(), |i| i + 1);
        too_long |= line.len() + take > MAX_LINE_BYTES;
        if !too_long {
            line.extend_from_slice(&available[..take]);
        }
        reader.consume(take);
        read += take as u64;
        if end.is_some() {
            return Ok((read, too_long));
        }
    }
}
