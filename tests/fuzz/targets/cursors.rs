//! Cursors: made up, damaged, and signed whatever they hold.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use projections::index::query::order::Keyset;
use projections::instant::Instant;
use projections::listing::ListingKey;
use sha2::{Digest, Sha256};
use vitrine::api::cursor::{Binding, Cursor, Cursors, Walk};
use vitrine::store::query::{ReviewKeyset, ReviewSort};

const TOKEN: &str = "token";
const MAC_BYTES: usize = 16;

/// What the service would send with these contents.
fn signed(contents: &[u8]) -> String {
    let digest = Sha256::new().chain_update(b"vitrine cursor\0").chain_update(TOKEN).finalize();
    let mut key = [0; 64];
    key[..digest.len()].copy_from_slice(&digest);
    let mac = Hmac::<Sha256>::new(&key.into()).chain_update(contents).finalize().into_bytes();
    URL_SAFE_NO_PAD.encode([contents, &mac[..MAC_BYTES]].concat())
}

fn bindings() -> (Binding, Binding) {
    let (sort, filters) = (projections::listing::Sort::Newest, Default::default());
    let listing = Binding::listing(&ListingKey::All, "default", None, sort, &filters);
    (listing, Binding::reviews("p-1", ReviewSort::Newest))
}

/// What reads is written as it was, and stands for the same.
fn check(cursors: &Cursors, text: &str) {
    let (listing, reviews) = bindings();
    if let Ok(cursor) = cursors.read::<Keyset>(listing, None, text) {
        let again = cursors.write(listing, &cursor);
        assert_eq!(cursors.read::<Keyset>(listing, None, &again).ok(), Some(cursor));
        assert!(cursors.read::<Keyset>(reviews, None, text).is_err());
        assert!(cursors.read::<ReviewKeyset>(listing, None, text).is_err());
        assert!(Cursors::new(None).read::<Keyset>(listing, None, text).is_err());
    }
    if let Ok(cursor) = cursors.read::<ReviewKeyset>(reviews, None, text) {
        let again = cursors.write(reviews, &cursor);
        assert_eq!(cursors.read::<ReviewKeyset>(reviews, None, &again).ok(), Some(cursor));
    }
}

/// A cursor of any place reads as it was written, and not once a character is another one.
fn check_written(cursors: &Cursors, input: &[u8]) {
    let Some((head, id)) = input.split_at_checked(17) else { return };
    let number = |from: usize| i64::from_le_bytes(head[from..from + 8].try_into().unwrap());
    let Ok(id) = std::str::from_utf8(id) else { return };
    // The longest id.
    if id.len() > 128 {
        return;
    }
    let walk = if head[16] % 2 == 0 { Walk::At(number(0)) } else { Walk::Until(number(0)) };
    let cursor = Cursor { walk, after: Keyset { key: number(8), product_id: id.to_owned() } };
    let (listing, _) = bindings();
    let text = cursors.write(listing, &cursor);
    assert_eq!(cursors.read(listing, None, &text).ok(), Some(cursor.clone()));
    let at = Some(Instant(number(0)));
    let goes_on = cursors.read::<Keyset>(listing, at, &text).is_ok();
    assert_eq!(goes_on, matches!(walk, Walk::At(_)));
    let mut damaged = text.clone().into_bytes();
    let place = head[16] as usize % damaged.len();
    damaged[place] = if damaged[place] == b'A' { b'B' } else { b'A' };
    let damaged = String::from_utf8(damaged).unwrap();
    assert!(cursors.read::<Keyset>(listing, None, &damaged).is_err());
}

fuzz_target!(|input: &[u8]| {
    let cursors = Cursors::new(Some(TOKEN));
    check(&cursors, &signed(input));
    if let Ok(text) = std::str::from_utf8(input) {
        check(&cursors, text);
    }
    check_written(&cursors, input);
});
