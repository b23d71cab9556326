//! Ids in paths, taken from the path as it was sent: an id may hold `/` and `%` in encoded form,
//! which a router's own decoding would confuse with the path's.

use percent_encoding::percent_decode;
use projections::event::valid_id;

use super::problem::{Kind, Problem};

/// The id in the path's segment of that number; what stands before the first `/` is segment 0.
pub fn id(path: &str, segment: usize) -> Result<String, Problem> {
    let raw = path.split('/').nth(segment).unwrap_or_default();
    let Some(id) = decoded(raw.as_bytes()) else {
        return Err(invalid("the id in the path must be percent-encoded UTF-8"));
    };
    if !valid_id(&id) {
        return Err(invalid(
            "an id has 1 to 128 bytes with no whitespace and no control characters, and is \
             neither `.` nor `..`",
        ));
    }
    Ok(id)
}

fn invalid(detail: &str) -> Problem {
    Problem::parameter(Kind::InvalidId, "id", detail)
}

/// Percent-decodes to UTF-8; `None` where either does not hold.
pub(super) fn decoded(raw: &[u8]) -> Option<String> {
    let hex = |i: usize| raw.get(i).is_some_and(u8::is_ascii_hexdigit);
    let whole = raw.iter().enumerate().all(|(i, b)| *b != b'%' || hex(i + 1) && hex(i + 2));
    let text = whole.then(|| percent_decode(raw).decode_utf8().ok())??;
    Some(text.into_owned())
}
