//! The stream as such: its bytes, its order, its versions and its times.

use std::collections::{HashMap, HashSet};

use projections::instant::Instant;
use vitrine::generate::{DEFAULT_START, Generator, LiveChanges, Options};

use super::support::{DAY_MS, events, options, stream};

#[test]
fn the_same_flags_give_the_same_bytes() {
    let (first, second) = (stream(options(300, 5_000, 7)), stream(options(300, 5_000, 7)));
    assert!(first == second);
    assert!(first != stream(options(300, 5_000, 8)));
    let shifted =
        Options { start: Instant(DEFAULT_START.millis() + DAY_MS), ..options(300, 5_000, 7) };
    assert!(first != stream(shifted));
}

/// The stream of given flags never changes, on no machine and in no version. Where this fails, the
/// generator has become another one: streams that people have saved and measured no longer match.
#[test]
fn the_stream_is_the_one_it_always_was() {
    let hash = |text: &[u8]| format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text));
    let of = |products, events, seed| hash(stream(options(products, events, seed)).as_bytes());
    // With all kinds of products, and one that is made to measure.
    let small = [of(1, 200, 1), of(200, 3_000, 42), of(2_500, 12_000, 7)];
    assert_eq!(small, ["5b410f245ce4009a", "77b05363104af2bb", "6b987e722f2f32c2"]);
    let mut live = LiveChanges::new(&options(200, 3_000, 42));
    let mut lines = Vec::new();
    for i in 0..500 {
        live.write_next(Instant(DEFAULT_START.millis() + i), &mut lines);
    }
    assert_eq!(hash(&lines), "eca6bdb6543574b2");
}

#[test]
fn exactly_as_many_events_as_asked_for() {
    for (products, events) in [
        (0, 10),
        (1, 0),
        (1, 1),
        (1, 1_000),
        (10, 35),
        (100, 250),
        (100, 700),
        (63, 5_000),
        (u64::MAX, 500),
    ] {
        let stream = stream(options(products, events, 1));
        assert_eq!(stream.lines().count() as u64, events, "{products} products");
        assert!(stream.is_empty() || stream.ends_with('\n'));
    }
    // As many as there may be: it does not matter how many those are.
    let mut out = Vec::new();
    assert!(Generator::new(options(5, u64::MAX, 1)).write_next(&mut out));
}

#[test]
fn with_few_events_products_and_their_prices_come_first() {
    let stream = stream(options(100, 600, 5));
    let kinds: Vec<String> = events(&stream).map(|event| event.kind).collect();
    let is_other = |kind: &String| !kind.starts_with("product.") && !kind.starts_with("price.");
    let first_other = kinds.iter().position(is_other).unwrap();
    let (before, after) = kinds.split_at(first_other);
    let of =
        |kinds: &[String], prefix| kinds.iter().filter(|kind| kind.starts_with(prefix)).count();
    assert!(of(before, "product.") >= 100 && of(before, "price.") > 190);
    assert_eq!(of(after, "product."), 0);
    assert!(of(after, "stock.") > 50 && of(after, "price.") > 50);
}

#[test]
fn versions_rise_but_for_repeats_and_a_few_that_come_late() {
    let stream = stream(options(2_000, 26_000, 1));
    let mut newest: HashMap<String, u64> = HashMap::new();
    let mut contents: HashMap<(String, u64), &str> = HashMap::new();
    let (mut repeats, mut late, mut last) = (0, 0, "");
    let mut late_entities = HashSet::new();
    for event in events(&stream) {
        let (entity, version) = (event.entity(), event.version());
        let content = *contents.entry((entity.clone(), version)).or_insert(event.line);
        assert_eq!(content, event.line, "one version has one content");
        let newest = newest.entry(entity.clone()).or_default();
        if event.line == last {
            repeats += 1;
        } else if version <= *newest {
            assert_eq!(version + 1, *newest, "{}", event.line);
            late_entities.insert(entity);
            late += 1;
        }
        *newest = version.max(*newest);
        last = event.line;
    }
    assert!((120..300).contains(&repeats), "{repeats}");
    assert!((10..80).contains(&late), "{late}");
    assert!(late_entities.len() * 2 > late, "of different products: {late_entities:?}");
}

#[test]
fn times_run_from_the_start_over_thirty_days() {
    let stream = stream(options(500, 5_000, 2));
    let times: Vec<Instant> = events(&stream).map(|event| event.time).collect();
    assert_eq!(times[0], DEFAULT_START);
    let span = times[4_999].millis() - DEFAULT_START.millis();
    assert!((29 * DAY_MS..=30 * DAY_MS).contains(&span));
    let backwards = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert!(backwards < 100, "{backwards}");
}
