//! Messages of Kafka as text, so that inputs can be read: lines `name: value` of headers, an empty
//! line, and the value. The header `@key` is the key, `@timestamp` the message's own time in
//! milliseconds, `@topic` the kind of the topic.

use std::borrow::Cow;

use bytes::Bytes;
use projections::event::Kind;
use projections::instant::Instant;
use vitrine::log::record::Record;

/// The message that an input stands for, and the kind of its topic.
pub fn record(input: &[u8]) -> (Kind, Record) {
    let (head, value) = parts(input);
    let mut kind = Kind::Product;
    let mut record = Record { value: value.map(Bytes::copy_from_slice), ..Record::default() };
    for line in head.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, rest) = line.split_at(colon);
        let value = rest.strip_prefix(b": ").or(rest.strip_prefix(b":")).unwrap_or(rest);
        let text = || String::from_utf8_lossy(value).into_owned();
        match name {
            b"@key" => record.key = Some(Bytes::copy_from_slice(value)),
            b"@timestamp" => record.timestamp = text().parse().ok().map(Instant),
            b"@topic" => kind = kind_named(&text()).unwrap_or(kind),
            _ => {
                let name = Cow::Owned(String::from_utf8_lossy(name).into_owned());
                record.headers.push((name, Bytes::copy_from_slice(value)));
            }
        }
    }
    (kind, record)
}

/// The head, and the value after an empty line; none: a message without a value.
fn parts(input: &[u8]) -> (&[u8], Option<&[u8]>) {
    if let Some(value) = input.strip_prefix(b"\n") {
        return (b"", Some(value));
    }
    match input.windows(2).position(|two| two == b"\n\n") {
        Some(end) => (&input[..end], Some(&input[end + 2..])),
        None => (input, None),
    }
}

fn kind_named(name: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.name() == name)
}
