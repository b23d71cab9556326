//! The index on a generated catalogue, which takes several chunks and many discounts.

use std::collections::{BTreeMap, BTreeSet};

use generate::{DEFAULT_START, Generator, Options};
use oracle::{Listing, Oracle};
use serde_json::{Value, json};
use vitrine_projections::event::{Event, EventType, decode_data};
use vitrine_projections::index::Index;
use vitrine_projections::index::query::Query;
use vitrine_projections::index::query::filters::Filters;
use vitrine_projections::index::writer::Writer;
use vitrine_projections::instant::Instant;
use vitrine_projections::listing::{ListingKey, Sort};
use vitrine_projections::page::Reader;

use crate::index::{Written, walk};
use crate::support::generate::{LOW_STOCK, markets};
use crate::support::model::Model;

const PRODUCTS: u64 = 600;
const EVENTS: u64 = 7_000;
const DAY_MS: i64 = 86_400_000;

fn lines() -> Vec<Vec<u8>> {
    let options = Options { products: PRODUCTS, events: EVENTS, seed: 17, start: DEFAULT_START };
    let (mut generator, mut lines, mut line) = (Generator::new(options), Vec::new(), Vec::new());
    while generator.write_next(&mut line) {
        lines.push(std::mem::take(&mut line));
    }
    lines
}

fn event(line: &[u8]) -> Event {
    let envelope: Value = serde_json::from_slice(line).unwrap();
    let ty = EventType::parse(envelope["type"].as_str().unwrap()).unwrap();
    let time = Instant::parse(envelope["time"].as_str().unwrap()).unwrap();
    let data = decode_data(ty, time, envelope["data"].to_string().as_bytes()).unwrap();
    Event { time, version: data.version, change: data.change, traceparent: None }
}

/// Some listings: of everything, and of the categories and brands with the most and the fewest
/// products.
fn listings(oracle: &Oracle, reader: &Reader<'_>) -> Vec<ListingKey> {
    let asked = crate::asked(reader);
    let none = Filters::default();
    let mut by_size: Vec<(usize, &'static str, String)> = oracle
        .listings()
        .into_iter()
        .map(|(kind, id)| {
            (oracle.select(Listing { kind, id: &id }, asked, Sort::Newest, &none).len(), kind, id)
        })
        .collect();
    by_size.sort();
    let few = by_size.iter().take(1);
    let some = few.chain(by_size.iter().rev().take(2));
    let of = |(_, kind, id): &(usize, &str, String)| match *kind {
        "brand" => ListingKey::Brand(id.clone()),
        _ => ListingKey::Category(id.clone()),
    };
    [ListingKey::All].into_iter().chain(some.map(of)).collect()
}

/// Filters by values that the facets offer.
fn filters(facets: &Value) -> Vec<Filters> {
    let none = Filters::default;
    let value_of = |name: usize| {
        let facet = &facets["attributes"][name];
        let values = facet["values"].as_array()?.iter().take(2);
        let values = values.map(|v| v["value"].as_str().unwrap().to_owned());
        Some((facet["name"].as_str()?.to_owned(), values.collect::<BTreeSet<String>>()))
    };
    let attributes = |names: &[usize]| -> BTreeMap<_, _> {
        names.iter().filter_map(|name| value_of(*name)).collect()
    };
    let min = facets["price"]["min"].as_i64().unwrap_or(0);
    let brand = facets["brands"][0]["id"].as_str().map(str::to_owned);
    vec![
        none(),
        Filters { in_stock: true, on_sale: true, ..none() },
        Filters { min_price: Some(min), max_price: Some(min * 3), ..none() },
        Filters { brands: brand.into_iter().collect(), min_rating_hundredths: Some(350), ..none() },
        Filters { attributes: attributes(&[0]), ..none() },
        Filters { attributes: attributes(&[1, 2, 3]), in_stock: true, ..none() },
    ]
}

fn check(index: &Index, oracle: &Oracle, market: usize, group: Option<&str>, at: Instant) {
    let markets = markets();
    let reader = Reader {
        market: &markets[market],
        group,
        locale: None,
        at,
        low_stock_threshold: LOW_STOCK,
    };
    for (nth, listing) in listings(oracle, &reader).iter().enumerate() {
        let of = Listing { kind: listing.kind(), id: listing.id() };
        let plain = oracle.facets(of, crate::asked(&reader), &Filters::default());
        for (which, filters) in filters(&plain).iter().enumerate() {
            let sort = Sort::ALL[(nth + which) % Sort::ALL.len()];
            let query = Query {
                listing,
                market,
                group,
                locale: None,
                at,
                sort,
                filters,
                after: None,
                limit: 100,
                facets: true,
            };
            let (cards, answer) = walk(index, &query, &reader).unwrap();
            let expected = oracle.select(of, crate::asked(&reader), sort, filters);
            assert_eq!(cards, expected, "{sort} of {listing:?} with {filters:?} for {reader:?}");
            let expected = oracle.facets(of, crate::asked(&reader), filters);
            assert_eq!(json!(answer.facets), expected, "{listing:?} with {filters:?}");
        }
    }
}

#[test]
fn a_catalogue_is_answered_as_by_the_oracle() {
    let lines = lines();
    let events: Vec<Event> = lines.iter().map(|line| event(line)).collect();
    let ids: BTreeSet<String> = (events.iter())
        .filter(|event| event.kind() == vitrine_projections::event::Kind::Product)
        .map(Event::entity_key)
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert!(ids.len() > 2 * vitrine_projections::index::packed::CHUNK);
    let (mut model, mut oracle) = (Model::default(), Oracle::new(markets(), LOW_STOCK));
    let (mut writer, mut written) = (Writer::new(markets()), Written::default());
    let members = Some("members");
    let now = |days: i64| Instant(DEFAULT_START.millis() + days * DAY_MS);
    let quarter = lines.len() / 4;
    for (step, (lines, events)) in lines.chunks(quarter).zip(events.chunks(quarter)).enumerate() {
        model.apply(events);
        for line in lines {
            oracle.apply(line);
        }
        written.write(&model, &ids, &mut writer);
        let index = writer.publish(now(step as i64 * 7));
        if step == 1 {
            check(&index, &oracle, 0, None, now(9));
            writer = written.restored(&writer);
        }
    }
    // Back to before the last columns, as where a clock is set back.
    let index = writer.publish(now(20));
    check(&index, &oracle, 0, None, now(20));
    check(&index, &oracle, 0, members, now(21));
    check(&index, &oracle, 1, members, now(20));
    check(&index, &oracle, 1, members, now(400));
}
