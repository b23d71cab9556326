//! Views, their numbers, and what follows from them besides listings.

use projections::instant::{Instant, Window};
use projections::product::Image;
use projections::text::Text;
use projections::view::{DiscountLabel, ListingKey, View};
use vitrine::store::ListingName;
use vitrine::store::facts::FactWrites;

use super::support::{
    AWKWARD_IDS, branded, commit, dropped, everything, listed, moved, save, save_views, sorted,
    stock_write, strings, text, view, view_with, write_views,
};
use super::{Fixture, Store};

async fn views(store: &Store, ids: &[&str]) -> Vec<(String, View)> {
    let ids = strings(ids);
    let mut views: Vec<(String, View)> =
        dropped(store, async |tx| tx.views(&ids).await.unwrap()).await.into_iter().collect();
    views.sort_by(|a, b| a.0.cmp(&b.0));
    let mut cards = store.snapshot().await.unwrap().cards(&ids).await.unwrap();
    cards.sort_by(|a, b| a.product_id.cmp(&b.product_id));
    let cards: Vec<(String, View)> =
        cards.into_iter().map(|card| (card.product_id, card.view)).collect();
    assert_eq!(cards, views, "cards show the views");
    views
}

pub async fn views_are_saved_changed_and_removed(fixture: &impl Fixture) {
    let store = fixture.open().await;
    assert_eq!(views(&store, &["a"]).await, []);
    let full = view_with(|v| {
        branded(v, "acme");
        v.name = Text::ByLocale([("ko".to_owned(), "머그컵".to_owned())].into());
        v.image = Some(Image { url: "u".repeat(70_000), alt: text("") });
        v.tags = strings(AWKWARD_IDS);
        v.skus = strings(["s1", "s2"]);
        v.discounts = vec![DiscountLabel { discount_id: "d".into(), name: text("D") }];
        v.covers = Window { from: Instant(-5), until: Instant(i64::MAX - 1) };
        v.refresh_at = Some(Instant(77));
    });
    let ids = ["A", "a", "b"];
    save_views(&store, &ids.map(|id| (id, Some(&full)))).await;
    for store in [&store, &fixture.open().await] {
        let saved = views(store, &["b", "a", "A", "none", "a"]).await;
        assert_eq!(saved, ids.map(|id| (id.to_owned(), full.clone())));
        assert_eq!(store.status().await.unwrap().products, 3);
    }
    save_views(&store, &[("a", Some(&view())), ("b", None), ("none", None)]).await;
    let saved = views(&store, &ids).await;
    assert_eq!(saved, [("A".to_owned(), full.clone()), ("a".to_owned(), view())]);
    assert_eq!(store.status().await.unwrap().products, 2);
    // A product that was gone comes back.
    save_views(&store, &[("b", Some(&full))]).await;
    assert_eq!(views(&store, &["b"]).await, [("b".to_owned(), full)]);
}

pub async fn numbers_stay(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let keys = [
        ListingKey::All,
        ListingKey::Category("x".into()),
        ListingKey::Category("X".into()),
        ListingKey::Brand("x".into()),
        ListingKey::Brand("all".into()),
    ];
    let listings: Vec<&ListingKey> = keys.iter().chain(&keys).collect();
    let audiences = [
        ("default", None),
        ("default", Some("vip")),
        ("default", Some("VIP")),
        ("vip", None),
        ("default", None),
    ];
    let given = commit(&store, async |tx| {
        let given = tx.numbers(&listings, &audiences).await.unwrap();
        let again = tx.numbers(&listings, &audiences).await.unwrap();
        assert_eq!((&given.listings, &given.audiences), (&again.listings, &again.audiences));
        given
    })
    .await;
    let distinct = |numbers: &mut dyn Iterator<Item = &i64>| {
        let mut numbers = sorted(numbers);
        numbers.dedup();
        // 0 stands for no brand.
        assert!(numbers.iter().all(|n| **n > 0), "{numbers:?}");
        numbers.len()
    };
    assert_eq!(distinct(&mut given.listings.values()), 5);
    assert_eq!(distinct(&mut given.audiences.values()), 4);
    for store in [&store, &fixture.open().await] {
        let new = ListingKey::Brand("new".into());
        let listings: Vec<&ListingKey> = [&new].into_iter().chain(&keys).collect();
        let found = dropped(store, async |tx| tx.numbers(&listings, &audiences).await.unwrap());
        let mut found = found.await;
        assert_eq!(distinct(&mut found.listings.values()), 6);
        found.listings.remove(&new);
        assert_eq!((&found.listings, &found.audiences), (&given.listings, &given.audiences));
    }
}

/// What a transaction was given and did not commit, another listing may be given.
pub async fn numbers_of_a_dropped_transaction_are_not_used(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let (one, two) = (ListingKey::Brand("one".into()), ListingKey::Brand("two".into()));
    dropped(&store, async |tx| {
        tx.numbers(&[&one], &[("default", Some("one"))]).await.unwrap();
    })
    .await;
    let view_of = |id: &str| view_with(|v| branded(v, id));
    save_views(&store, &[("p2", Some(&view_of("two")))]).await;
    dropped(&store, async |tx| {
        write_views(tx, &[("p3", Some(&view_of("three")))]).await;
    })
    .await;
    save_views(&store, &[("p1", Some(&view_of("one")))]).await;
    let in_listing = async |listing: &ListingKey| {
        let query = vitrine::store::query::ListingQuery { listing, ..everything(0) };
        listed(&store, &query).await
    };
    assert_eq!(
        (in_listing(&one).await, in_listing(&two).await),
        (vec!["p1".into()], vec!["p2".into()])
    );
    assert_eq!(in_listing(&ListingKey::All).await, ["p1", "p2"]);
    let numbers = commit(&store, async |tx| {
        let audiences = [("default", None), ("default", Some("one"))];
        tx.numbers(&[&ListingKey::All, &one, &two], &audiences).await.unwrap()
    })
    .await;
    let mut values = sorted(numbers.listings.values());
    values.dedup();
    assert_eq!((values.len(), numbers.audiences.len()), (3, 2));
}

pub async fn stock_counts_for_the_current_variants(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let available = async || {
        let mut snapshot = store.snapshot().await.unwrap();
        let cards = snapshot.cards(&strings(["p", "none"])).await.unwrap();
        assert_eq!(cards.len(), 1);
        cards[0].available
    };
    let with_skus = |skus: &[&str]| view_with(|v| v.skus = strings(skus));
    save_views(&store, &[("p", Some(&with_skus(&["s1", "s2"])))]).await;
    assert_eq!(available().await, None);
    let stock = vec![
        stock_write(("S1", "x"), 1, "p", 1000),
        stock_write(("old", "x"), 1, "p", 100),
        stock_write(("s1", "y"), 1, "other", 10),
    ];
    save(&store, &FactWrites { stock, ..FactWrites::default() }).await;
    assert_eq!(available().await, None, "none of them is of a variant");
    let stock = vec![stock_write(("s1", "x"), 1, "p", 0)];
    save(&store, &FactWrites { stock, ..FactWrites::default() }).await;
    assert_eq!(available().await, Some(0));
    let most = (1 << 53) - 1;
    let stock = vec![stock_write(("s1", "z"), 1, "p", 3), stock_write(("s2", "x"), 1, "p", most)];
    save(&store, &FactWrites { stock, ..FactWrites::default() }).await;
    assert_eq!(available().await, Some(most + 3));
    save_views(&store, &[("p", Some(&with_skus(&["s1", "old"])))]).await;
    assert_eq!(available().await, Some(103));
    let mut elsewhere = stock_write(("s1", "z"), 2, "other", 3);
    elsewhere.2 = moved("other");
    let mut removed = stock_write(("old", "x"), 2, "p", 0);
    removed.3 = None;
    save(&store, &FactWrites { stock: vec![elsewhere, removed], ..FactWrites::default() }).await;
    assert_eq!(available().await, Some(0));
}

pub async fn a_listing_is_named_by_its_newest_product(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let (acme, cat) = (ListingKey::Brand("acme".into()), ListingKey::Category("acme".into()));
    let named = |name: &str, time: i64| {
        view_with(|v| {
            branded(v, "acme");
            v.own_names[0].1 = text(name);
            // It is below this category, which another product may name.
            v.listings.push(ListingKey::Category("acme".into()));
            v.time = Instant(time);
        })
    };
    let name = async |listing: &ListingKey| {
        let mut snapshot = store.snapshot().await.unwrap();
        snapshot.listing_name(listing, Instant(0)).await.unwrap().name
    };
    assert_eq!(name(&acme).await, None);
    let (first, later, tied) = (named("First", -5), named("Later", 9), named("Tied", 9));
    save_views(&store, &[("m", Some(&first))]).await;
    assert_eq!((name(&acme).await, name(&cat).await), (Some(text("First")), None));
    save_views(&store, &[("z", Some(&later))]).await;
    assert_eq!(name(&acme).await, Some(text("Later")), "the newest time");
    save_views(&store, &[("Z", Some(&tied))]).await;
    assert_eq!(name(&acme).await, Some(text("Tied")), "then the smaller id");
    save_views(&store, &[("Z", None)]).await;
    assert_eq!(name(&acme).await, Some(text("Later")), "a removed product names nothing");
    // Hidden products name nothing; those without a price do.
    let hidden = View { active: false, ..named("Hidden", 10) };
    let unpriced = View { audiences: Vec::new(), ..named("Unpriced", 10) };
    save_views(&store, &[("h", Some(&hidden))]).await;
    assert_eq!(name(&acme).await, Some(text("Later")));
    save_views(&store, &[("h", Some(&unpriced))]).await;
    assert_eq!(name(&acme).await, Some(text("Unpriced")));
    // It has left the brand; another one renames it, at the same time as before.
    save_views(&store, &[("h", Some(&view())), ("z", Some(&named("Renamed", 9)))]).await;
    assert_eq!(name(&acme).await, Some(text("Renamed")));
    let texts = [("de".to_owned(), "Später".to_owned()), ("en".to_owned(), String::new())];
    let mut localized = named("", 11);
    localized.own_names[0].1 = Text::ByLocale(texts.into());
    save_views(&store, &[("m", Some(&localized))]).await;
    assert_eq!(name(&acme).await, Some(localized.own_names[0].1.clone()));
    assert_eq!(name(&cat).await, None);
    save_views(&store, &[("m", None), ("z", None)]).await;
    assert_eq!(name(&acme).await, None);
}

pub async fn a_product_that_is_not_released_names_no_listing(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let acme = ListingKey::Brand("acme".into());
    let named = |name: &str, time: i64, released_at: i64| {
        view_with(|v| {
            branded(v, "acme");
            v.own_names[0].1 = text(name);
            (v.time, v.released_at) = (Instant(time), Instant(released_at));
        })
    };
    let at = async |at: i64| {
        let mut snapshot = store.snapshot().await.unwrap();
        let ListingName { name, changes_at } =
            snapshot.listing_name(&acme, Instant(at)).await.unwrap();
        (name, changes_at.map(Instant::millis))
    };
    save_views(&store, &[("a", Some(&named("Secret", 20, 100)))]).await;
    assert_eq!(at(99).await, (None, Some(100)));
    assert_eq!(at(100).await, (Some(text("Secret")), None));
    save_views(&store, &[("b", Some(&named("Acme", 10, 5)))]).await;
    assert_eq!(at(4).await.0, None, "before anything was released");
    assert_eq!(at(99).await, (Some(text("Acme")), Some(100)));
    assert_eq!(at(100).await, (Some(text("Secret")), None));
    // Its release is put off, then brought forward, by an event as new as before.
    save_views(&store, &[("a", Some(&named("Secret", 20, 200)))]).await;
    assert_eq!(at(150).await, (Some(text("Acme")), Some(200)));
    save_views(&store, &[("a", Some(&named("Secret", 20, 50)))]).await;
    assert_eq!(at(50).await, (Some(text("Secret")), None));
}

pub async fn members_come_in_byte_order(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let (acme, all) = (ListingKey::Brand("acme".into()), ListingKey::All);
    // Members are all products, listed or not.
    let of_acme = view_with(|v| {
        branded(v, "acme");
        (v.active, v.audiences) = (false, Vec::new());
    });
    let plain = view();
    let saved: Vec<(&str, Option<&View>)> = (0..)
        .zip(AWKWARD_IDS)
        .map(|(i, id)| (id, Some(if i % 3 == 0 { &plain } else { &of_acme })))
        .collect();
    save_views(&store, &saved).await;
    let branded: Vec<&str> =
        (0..).zip(AWKWARD_IDS).filter(|(i, _)| i % 3 != 0).map(|(_, id)| id).collect();
    for (listing, expected) in [(&acme, branded), (&all, AWKWARD_IDS.to_vec())] {
        for limit in [1, 2, 5, expected.len() as u32, 100] {
            let mut seen: Vec<String> = Vec::new();
            loop {
                let after = seen.last().cloned().unwrap_or_default();
                let mut snapshot = store.snapshot().await.unwrap();
                let found = snapshot.members(listing, &after, limit).await.unwrap();
                assert!(found.len() <= limit as usize);
                if found.is_empty() {
                    break;
                }
                seen.extend(found);
                assert!(seen.len() <= expected.len(), "{listing:?} by {limit}: {seen:?}");
            }
            assert_eq!(seen, expected, "{listing:?} by {limit}");
        }
    }
    save_views(&store, &[("a", Some(&plain)), ("A", None), ("{a,b}", Some(&of_acme))]).await;
    let mut snapshot = store.snapshot().await.unwrap();
    let found = snapshot.members(&acme, "?", 100).await.unwrap();
    assert!(!found.iter().any(|id| id == "a" || id == "A"), "{found:?}");
    assert!(found.iter().any(|id| id == "{a,b}"), "{found:?}");
}
