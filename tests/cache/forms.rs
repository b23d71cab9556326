//! Bodies in the codings that clients take.

use std::io::Read;

use vitrine::cache::answer::MIN_COMPRESSED_BYTES;
use vitrine::cache::{Coding, Finished, negotiate};

fn text(bytes: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|n| {
        format!("{{\"id\":\"product-{n}\",\"price\":{}}},", n * 37 % 1009).into_bytes()
    });
    words.take(bytes).collect()
}

fn decoded(coding: Coding, bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    match coding {
        Coding::Identity => body = bytes.to_vec(),
        Coding::Gzip => {
            flate2::read::GzDecoder::new(bytes).read_to_end(&mut body).unwrap();
        }
        Coding::Zstd => body = zstd::decode_all(bytes).unwrap(),
        Coding::Brotli => brotli::BrotliDecompress(&mut &*bytes, &mut body).unwrap(),
    }
    body
}

#[test]
fn every_form_is_the_body_again() {
    for bytes in [0, 1, MIN_COMPRESSED_BYTES - 1, MIN_COMPRESSED_BYTES, 5000, 300_000] {
        let finished = Finished::new(200, text(bytes), None);
        for coding in Coding::COMPRESSED {
            let (as_sent, form) = finished.form(coding);
            assert_eq!(decoded(as_sent, &form), text(bytes));
            let is_compressed = bytes >= MIN_COMPRESSED_BYTES;
            assert_eq!(as_sent == coding, is_compressed, "{bytes} bytes, {coding:?}");
            assert_eq!(form.len() < bytes, is_compressed);
        }
    }
}

#[test]
fn a_form_that_is_not_smaller_is_not_kept() {
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    });
    let finished = Finished::new(200, noise.take(4000).collect(), None);
    finished.compress_all();
    for coding in Coding::COMPRESSED {
        assert_eq!(finished.form(coding).0, Coding::Identity);
        assert!(finished.is_made(coding));
    }
    assert_eq!(finished.content_bytes(), 4000);
}

/// A form is made once: all who ask share its bytes.
#[test]
fn forms_are_made_once() {
    let finished = Finished::new(200, text(5000), None);
    assert_eq!(finished.content_bytes(), 5000);
    for coding in Coding::COMPRESSED {
        assert!(!finished.is_made(coding));
        assert_eq!(finished.form(coding).1.as_ptr(), finished.form(coding).1.as_ptr());
        assert!(finished.is_made(coding));
    }
    assert!(finished.content_bytes() > 5000);
    assert_eq!(finished.body().as_ptr(), finished.form(Coding::Identity).1.as_ptr());
}

#[test]
fn each_coding_has_a_tag_of_its_own() {
    let body = text(1000);
    let plain = format!("\"{:032x}\"", xxhash_rust::xxh3::xxh3_128(&body));
    let finished = Finished::new(200, body, None);
    assert_eq!(finished.etag(Coding::Identity).as_str(), plain);
    let digits = plain.trim_matches('"');
    assert_eq!(digits.len(), 32);
    for coding in Coding::COMPRESSED {
        assert_eq!(finished.etag(coding).as_str(), format!("\"{digits}-{}\"", coding.name()));
    }
}

#[test]
fn the_best_coding_that_is_taken() {
    use Coding::{Brotli, Gzip, Identity, Zstd};
    let table: &[(&[&str], Coding)] = &[
        (&[], Identity),
        (&[""], Identity),
        (&["gzip"], Gzip),
        (&["x-gzip"], Gzip),
        (&["GZip"], Gzip),
        (&["gzip, deflate, br, zstd"], Brotli),
        (&["gzip, zstd"], Zstd),
        (&["gzip, deflate"], Gzip),
        (&["gzip", "br"], Brotli),
        (&["deflate, compress, dcb"], Identity),
        (&["br;q=0.5, gzip;q=0.8"], Gzip),
        (&["br;q=0.5,gzip;q=0.501"], Gzip),
        (&["br ; q=0.5 , gzip ;Q=0.5"], Brotli),
        (&["br;q=0, gzip"], Gzip),
        (&["br;q=0.000, *"], Zstd),
        (&["*"], Brotli),
        (&["*;q=0"], Identity),
        (&["*;q=0, gzip;q=0.1"], Gzip),
        (&["gzip;q=0, *;q=0.1"], Brotli),
        (&["identity"], Identity),
        (&["identity, gzip"], Gzip),
        (&["identity;q=1, gzip;q=0.5"], Identity),
        (&["identity;q=0.5, gzip;q=1.0"], Gzip),
        (&["identity;q=0, gzip;q=0.001"], Gzip),
        (&["identity;q=0"], Identity),
        (&["identity;q=0, *;q=0"], Identity),
        // What breaks the syntax is passed over, not the rest.
        (&["br;q=2, gzip"], Gzip),
        (&["br;q=1.001, gzip"], Gzip),
        (&["br;q=0.1234, gzip"], Gzip),
        (&["br;q=-1, gzip"], Gzip),
        (&["br;q=, gzip"], Gzip),
        (&["br;q, gzip"], Gzip),
        (&["br;level=5, gzip"], Gzip),
        (&["br;q=1;q=1, gzip"], Gzip),
        (&["br;q=0.é, gzip"], Gzip),
        (&[",, ;q=1, gzip"], Gzip),
        (&["br gzip"], Identity),
        (&["br;q=1., gzip;q=0.9"], Brotli),
    ];
    for (values, coding) in table {
        assert_eq!(negotiate(values.iter().copied()), *coding, "{values:?}");
    }
}
