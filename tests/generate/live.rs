//! Changes without an end, and the mix of all changes.

use std::collections::{BTreeMap, HashMap, HashSet};

use projections::instant::Instant;
use vitrine::generate::{DEFAULT_START, LiveChanges};

use super::contract::Checker;
use super::support::{events, instant, options, stream};

#[test]
fn live_changes_keep_the_contract_and_rise_above_all_before() {
    let options = options(500, 5_000, 4);
    let stream = stream(options);
    let mut newest: HashMap<String, u64> = HashMap::new();
    for event in events(&stream) {
        let newest = newest.entry(event.entity()).or_default();
        *newest = event.version().max(*newest);
    }
    // Two runs, the second with a clock that has gone on.
    for clock in [1_772_000_000_000, 1_772_000_090_000] {
        let mut live = LiveChanges::new(&options);
        let mut out = Vec::new();
        for i in 0..3_000 {
            live.write_next(Instant(clock + i * 20), &mut out);
        }
        let lines = String::from_utf8(out).unwrap();
        let (mut checker, mut flash) = (Checker::default(), 0);
        for event in events(&lines) {
            checker.check(&event);
            let before = newest.insert(event.entity(), event.version()).unwrap_or(0);
            assert!(event.version() > before.max(options.events), "{}", event.line);
            flash += u32::from(event.line.contains("Flash: "));
        }
        assert_eq!(lines.lines().count(), 3_000);
        assert!(flash > 3, "{flash}");
    }
}

#[test]
fn live_versions_rise_even_where_the_clock_stands_or_is_before_1970() {
    let options = options(10, 100, 4);
    for clock in [-5, 0, 1_772_000_000_000] {
        let mut live = LiveChanges::new(&options);
        let mut out = Vec::new();
        for _ in 0..500 {
            live.write_next(Instant(clock), &mut out);
        }
        let lines = String::from_utf8(out).unwrap();
        let versions: Vec<u64> = events(&lines).map(|event| event.version()).collect();
        assert!(versions[0] > 100 && versions.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

#[test]
fn the_mix_is_that_of_a_shop() {
    const PRODUCTS: u64 = 5_000;
    let stream = stream(options(PRODUCTS, 75_000, 11));
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut products, mut changes, mut early) = (0, Vec::new(), 0);
    for event in events(&stream) {
        let mut add = |name, yes: bool| *count.entry(name).or_default() += u32::from(yes);
        let new = seen.insert(event.entity());
        let data = &event.data;
        match event.kind.as_str() {
            "product.upserted.v1" if new => {
                products += 1;
                add("to be released", instant(&data["released_at"]) > DEFAULT_START);
            }
            "price.set.v1" if new => {
                let undated = data["valid_from"].is_null() && data["valid_until"].is_null();
                add("default", data["market"] == "default");
                add("eu", data["market"] == "eu");
                add("own", !data["sku"].is_null());
                add("windowed", !undated);
                add("group", !data["group"].is_null());
            }
            "stock.set.v1" => add("empty", data["available"] == 0),
            _ => {}
        }
        if !new && products == PRODUCTS {
            *kinds.entry(event.kind.split('.').next().unwrap().to_owned()).or_default() += 1;
            changes.extend(data["product_id"].as_str().map(str::to_owned));
        }
        early += u32::from(
            event.kind == "price.set.v1"
                && !seen.contains(&format!("product {}", event.text("product_id"))),
        );
    }
    for (name, range) in [
        ("to be released", 50..170),
        ("default", 12_500..16_500),
        ("eu", 12_500..16_500),
        ("own", 6_500..9_500),
        ("windowed", 6_500..9_500),
        ("group", 5_000..7_000),
        ("empty", 800..2_500),
    ] {
        assert!(range.contains(&count[name]), "{name}: {count:?}");
    }
    assert!((200..2_500).contains(&early), "{early}");
    let all: u32 = kinds.values().sum();
    assert!((66..85).contains(&(kinds["stock"] * 100 / all)), "{kinds:?}");
    assert!((13..20).contains(&(kinds["price"] * 100 / all)), "{kinds:?}");
    assert!(kinds["review"] > 100 && kinds["product"] > 300 && kinds["discount"] > 80, "{kinds:?}");
    assert!(share_of_top_hundredth(&changes, PRODUCTS) > 0.1);
}

fn share_of_top_hundredth(changes: &[String], products: u64) -> f64 {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for product in changes {
        *counts.entry(product).or_default() += 1;
    }
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let top: u32 = counts.iter().take(products as usize / 100).sum();
    f64::from(top) / changes.len() as f64
}
