//! Bodies of `POST /api/v1/events`. The input's first line is its media type.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use vitrine::api::events::{Form, sort};
use vitrine::decode::{Decoded, structured};
use vitrine_fuzz::limits;

/// What is accepted is written as it came, and what is not is told by its place.
fn check(body: &Bytes, form: Form, events: usize) {
    let Ok(sorted) = sort(form, body, &[]) else { return };
    assert_eq!(sorted.accepted + sorted.rejected.total, events);
    assert!(sorted.records.len() <= sorted.accepted);
    assert!(sorted.rejected.first.is_sorted_by_key(|rejected| rejected.index));
    assert!(sorted.rejected.first.iter().all(|rejected| rejected.index < events));
    for record in &sorted.records {
        let decoded = structured(&record.payload);
        let Ok(Decoded::Event { kind, .. }) = &decoded else {
            panic!("a record that is no event");
        };
        assert_eq!(*kind, record.kind);
        limits::check(&decoded.unwrap());
    }
}

fn events(form: Form, body: &[u8]) -> usize {
    match form {
        Form::One => 1,
        Form::Batch => serde_json::from_slice::<Vec<&RawValue>>(body).map_or(0, |all| all.len()),
        Form::Lines => {
            body.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()).count()
        }
    }
}

/// The same events one a line, where none of them has a line break inside.
fn as_lines(body: &[u8]) -> Option<Vec<u8>> {
    let all: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
    let lines: Vec<&str> = all.into_iter().map(|event| event.get()).collect();
    lines.iter().all(|line| !line.contains('\n')).then(|| lines.join("\n").into_bytes())
}

fuzz_target!(|input: &[u8]| {
    let line = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (media_type, rest) = input.split_at(line);
    let Ok(media_type) = std::str::from_utf8(media_type) else { return };
    let Some(form) = Form::of_media_type(media_type) else { return };
    let body = Bytes::copy_from_slice(rest.get(1..).unwrap_or_default());
    check(&body, form, events(form, &body));
    if form == Form::Batch
        && let Some(lines) = as_lines(&body)
    {
        let told = |form, body: Bytes| {
            sort(form, &body, &[]).map(|s| (s.accepted, s.rejected, s.warnings)).ok()
        };
        assert_eq!(told(form, body), told(Form::Lines, lines.into()));
    }
});
