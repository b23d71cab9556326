//! Keys of tombstones. The input is a key.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use projections::event::{EntityKey, Kind};
use vitrine::decode::{Decoded, record, subject_of_record};
use vitrine::log::record::Record;
use vitrine_fuzz::limits;

fuzz_target!(|input: &[u8]| {
    for kind in Kind::ALL {
        let message = Record { key: Some(Bytes::copy_from_slice(input)), ..Record::default() };
        let subject = subject_of_record(kind, &message);
        let Ok(decoded) = record(kind, &message) else {
            assert_eq!(subject, None);
            continue;
        };
        limits::check(&decoded);
        let Decoded::Tombstone { key } = decoded else { panic!("an event without a value") };
        assert_eq!(key.kind(), kind);
        assert_eq!(
            subject.map(|subject| (subject.kind, subject.key)),
            Some((kind, key.to_string()))
        );
        // What it names is named by its own key.
        assert_eq!(EntityKey::parse(kind, &key.to_string()), Ok(key));
    }
});
