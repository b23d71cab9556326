//! What is kept, for how long, and in how much memory.

use std::sync::Arc;

use vitrine::cache::stamps::slots;
use vitrine::cache::{
    Coding, Context, Entry, Finished, Limits, Loaded, Lookup, PageKey, PageKind, PageRef, Put,
    Source, Tag, Version,
};

use super::bench::{Bench, body, limits, page, product};

async fn not_found(bench: &Bench) -> Arc<Entry> {
    let load = |_| async {
        Ok(Loaded { answer: Finished::new(404, b"gone".into(), None), ..page("p", "") })
    };
    bench.cache.get_or_load(&product("p"), load).await.unwrap().entry
}

/// What is known not to be there is kept as a page is, until it comes.
#[tokio::test]
async fn a_404_is_kept_until_a_change() {
    let bench = Bench::new();
    assert_eq!(not_found(&bench).await.answer().status(), 404);
    let again = bench.get("p", "not loaded").await;
    assert_eq!((again.entry.answer().status(), again.source), (404, Source::Hit));
    bench.change("p");
    let come = bench.get("p", "come").await;
    assert_eq!((come.entry.answer().status(), body(come.entry.answer()).as_str()), (200, "come"));
}

#[tokio::test]
async fn one_page_for_each_context_and_query() {
    let bench = Bench::new();
    let plain = product("p");
    let grouped = Context { group: Some("vip"), ..Context::default() };
    let asked =
        [plain, PageRef { context: grouped, ..plain }, PageRef { query: Some("limit=5"), ..plain }];
    for (number, asked) in asked.iter().enumerate() {
        let load = move |_| async move { Ok(page("p", &number.to_string())) };
        let got = bench.cache.get_or_load(asked, load).await.unwrap();
        assert_eq!(got.source, Source::Loaded);
    }
    for (number, asked) in asked.iter().enumerate() {
        match bench.cache.lookup(asked, &bench.cache.now()) {
            Lookup::Hit(entry) => assert_eq!(body(entry.answer()), number.to_string()),
            other => panic!("{other:?}"),
        }
    }
    // One change, all of them.
    bench.change("p");
    for asked in &asked {
        assert!(matches!(bench.cache.lookup(asked, &bench.cache.now()), Lookup::Outdated(_)));
    }
}

#[tokio::test]
async fn what_a_look_finds_as_time_passes() {
    let bench = Bench::new();
    let look = |bench: &Bench| bench.cache.lookup(&product("p"), &bench.cache.now());
    assert!(matches!(look(&bench), Lookup::Miss));
    bench.get("p", "body").await;
    assert!(matches!(look(&bench), Lookup::Hit(_)));
    bench.clock.pass(60_000);
    assert!(matches!(look(&bench), Lookup::Expired(_)));
    bench.change("p");
    assert!(matches!(look(&bench), Lookup::Outdated(_)));
}

fn long(number: usize) -> Vec<u8> {
    let line = format!("{{\"id\":\"{number}\",\"name\":\"A name that is as long as names are\"}},");
    line.into_bytes().repeat(40)
}

fn put(bench: &Bench, id: &str, bytes: Vec<u8>) -> Put {
    let loaded = Loaded { answer: Finished::new(200, bytes, None), ..page(id, "") };
    let version = bench.cache.stamps().followed();
    let entry = Entry::new(loaded, version, bench.cache.now());
    bench.cache.put(&PageKey::from(product(id)), entry)
}

/// What the pages really hold stays under the bound, and what is weighed is what they hold.
#[test]
fn pages_take_no_more_than_they_may() {
    let max_bytes = 1 << 20;
    let bench = Bench::with(Limits { max_bytes, ..limits() });
    let mut ids = Vec::new();
    for number in 0..2000 {
        let id = number.to_string();
        let entry = put(&bench, &id, long(number)).into_entry();
        if number % 3 == 0 {
            bench.cache.form(&product(&id), &entry, Coding::Gzip);
        }
        if number % 7 == 0 {
            bench.cache.compress_all(&product(&id), &entry);
        }
        ids.push(id);
    }
    bench.cache.settle();
    let mut really = 0;
    let mut entries = 0;
    for id in &ids {
        let Lookup::Hit(entry) = bench.cache.lookup(&product(id), &bench.cache.now()) else {
            continue;
        };
        let (content, weight) = (entry.answer().content_bytes(), entry.weight(&product(id).into()));
        assert!(weight * 10 <= content * 13 + 5120, "{weight} bytes for {content}");
        really += weight as u64;
        entries += 1;
    }
    let statistics = bench.cache.statistics();
    assert_eq!((statistics.bytes, statistics.entries), (really, entries));
    assert!(really <= max_bytes && really > max_bytes / 2, "{really} bytes");
    assert!(statistics.evictions > 1000);
}

/// A form that is made later is weighed, and one of a page that was replaced is not.
#[test]
fn the_weight_follows_the_forms() {
    let bench = Bench::new();
    let bytes = |bench: &Bench| {
        bench.cache.settle();
        bench.cache.statistics().bytes
    };
    let first = put(&bench, "p", long(1)).into_entry();
    let plain = bytes(&bench);
    assert_eq!(plain, first.weight(&product("p").into()) as u64);
    let (coding, form) = bench.cache.form(&product("p"), &first, Coding::Brotli);
    assert_eq!(coding, Coding::Brotli);
    assert!(bytes(&bench) >= plain + form.len() as u64);
    assert_eq!(bytes(&bench), first.weight(&product("p").into()) as u64);
    // Loaded again, and the same: it keeps its forms.
    let again = put(&bench, "p", long(1)).into_entry();
    assert!(again.answer().is_made(Coding::Brotli));
    let second = put(&bench, "p", long(2)).into_entry();
    bench.cache.form(&product("p"), &first, Coding::Zstd);
    assert_eq!(bytes(&bench), second.weight(&product("p").into()) as u64);
    assert_eq!(bench.cache.statistics().evictions, 0);
}

/// As the body of a problem is; the map's own share weighs the most in pages below that.
#[test]
fn small_pages_stay_within_their_bound() {
    let bench = Bench::new();
    let id = "a-product-id-of-36-bytes-as-uuids-have";
    let entry = put(&bench, id, vec![b'x'; 320]).into_entry();
    let weight = entry.weight(&product(id).into());
    let content = entry.answer().content_bytes();
    assert!(weight * 10 <= content * 13 + 5120, "{weight} bytes for {content}");
}

/// A listing depends on all its products.
#[tokio::test]
async fn a_change_of_one_product_drops_the_listings_it_is_in() {
    let bench = Bench::new();
    let asked = PageRef { kind: PageKind::Listing, id: "", ..product("") };
    let products: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    let depends = slots(products.iter().map(|id| Tag::Product(id)));
    let load = move |_| {
        let slots = depends.clone();
        async move { Ok(Loaded { slots, ..page("", "listing") }) }
    };
    bench.cache.get_or_load(&asked, load).await.unwrap();
    bench.change("51");
    assert!(matches!(bench.cache.lookup(&asked, &bench.cache.now()), Lookup::Hit(_)));
    bench.change("49");
    assert!(matches!(bench.cache.lookup(&asked, &bench.cache.now()), Lookup::Outdated(_)));
}

#[tokio::test]
async fn what_is_counted() {
    let bench = Bench::new();
    bench.get("p", "1").await;
    bench.get("p", "1").await;
    bench.change("p");
    bench.get("p", "2").await;
    bench.clock.pass(60_000);
    bench.get("p", "2").await;
    bench.cache.settle();
    let statistics = bench.cache.statistics();
    let counts = (statistics.hits, statistics.misses, statistics.stale, statistics.entries);
    assert_eq!(counts, (1, 2, 1, 1));
}

/// A crawler reads every product once; nobody's first page goes for that.
#[test]
fn the_crowd_drives_out_nothing_that_is_held_apart() {
    let bench = Bench::with(Limits { max_bytes: 1 << 20, ..limits() });
    let first = PageRef { kind: PageKind::Listing, id: "", ..product("") };
    let loaded = Loaded { apart: true, ..page("", "first page") };
    bench.cache.put(&first.into(), Entry::new(loaded, Version(0), bench.cache.now()));
    for number in 0..10_000 {
        put(&bench, &number.to_string(), vec![b'x'; 1000]);
    }
    bench.cache.settle();
    assert!(bench.cache.statistics().evictions > 5_000);
    assert!(matches!(bench.cache.lookup(&first, &bench.cache.now()), Lookup::Hit(_)));
    // It is weighed where it is held, and found there by whoever replaces it.
    let before = bench.cache.statistics().entries;
    let loaded = Loaded { apart: true, ..page("", "another") };
    bench.cache.put(&first.into(), Entry::new(loaded, Version(0), bench.cache.now()));
    bench.cache.settle();
    assert_eq!(bench.cache.statistics().entries, before);
}
