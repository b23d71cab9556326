//! A CloudEvent in structured mode: HTTP, files, Kafka.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vitrine::decode::{Decoded, envelope_kind, structured, subject_of};
use vitrine_fuzz::json::Members;
use vitrine_fuzz::limits;

fuzz_target!(|input: &[u8]| {
    let decoded = structured(input);
    let kind = envelope_kind(input);
    let _ = subject_of(input);
    match &decoded {
        Ok(decoded) => {
            limits::check(decoded);
            match decoded {
                Decoded::Event { kind: known, .. } => assert_eq!(kind, Ok(Some(*known))),
                _ => assert_eq!(kind, Ok(None)),
            }
        }
        Err(rejection) => assert!(rejection.code.contains('.') && !rejection.detail.is_empty()),
    }
    // With its payload first, an event cannot be read in one pass: both ways say the same.
    if let Some(mut members) = Members::parse(input) {
        members.0.sort_by_key(|(name, _)| name != "data");
        assert_eq!(decoded.ok(), structured(&members.write()).ok());
    }
});
