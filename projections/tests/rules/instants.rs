//! "Instants are taken with any offset, kept to the millisecond (further digits are cut), and
//! answered in UTC with `Z`."

use vitrine_projections::instant::Instant;

#[test]
fn instants_are_read_with_any_offset_and_written_in_utc() {
    let cases = [
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00.000Z"),
        ("2026-01-31T09:30:00.25+01:30", "2026-01-31T08:00:00.250Z"),
        ("2026-01-30T20:00:00-12:00", "2026-01-31T08:00:00.000Z"),
        ("2026-01-31T08:00:00-00:00", "2026-01-31T08:00:00.000Z"),
        // RFC 3339 allows small letters, and a space where people read it.
        ("2026-01-31t08:00:00z", "2026-01-31T08:00:00.000Z"),
        ("2026-01-31 08:00:00Z", "2026-01-31T08:00:00.000Z"),
        // Cut, not rounded; before 1970, too.
        ("2026-01-31T08:00:00.9999999Z", "2026-01-31T08:00:00.999Z"),
        ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ("1969-12-31T23:59:59.0009Z", "1969-12-31T23:59:59.000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z"),
        // Beyond the years that can be written in UTC: the nearest one that can.
        ("9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.999Z"),
        ("0000-01-01T00:00:00+01:00", "0000-01-01T00:00:00.000Z"),
    ];
    for (text, expected) in cases {
        let instant = Instant::parse(text).unwrap_or_else(|| panic!("{text} is an instant"));
        assert_eq!(instant.to_string(), expected, "{text}");
        assert_eq!(Instant::parse(expected), Some(instant), "what is answered is taken");
    }
}

#[test]
fn what_is_not_rfc_3339_is_no_instant() {
    let cases = [
        "",
        "now",
        "2026-01-31",
        "2026-01-31T08:00:00",
        "2026-02-30T08:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T08:00:00+0100",
        "2026-01-31T08:00:00+24:00",
        "2026-01-31T08:00:00\u{2212}01:00",
        " 2026-01-31T08:00:00Z",
        "+2026-01-31T08:00:00Z",
        "1769846400",
    ];
    for text in cases {
        assert_eq!(Instant::parse(text), None, "{text:?}");
    }
}
