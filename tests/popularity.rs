//! Which pages are asked for most, as time passes, and as that is stored.

use projections::instant::Instant;
use projections::market::Market;
use vitrine::cache::{Context, PageKey, PageKind, PageRef};
use vitrine::store::popular::MAX_POPULAR_PAGES;
use vitrine::warm::popularity::{HALF_LIFE, Popularity};
use vitrine::warm::stored::{decode, encode};

const NOW: Instant = Instant(1_790_000_000_000);

fn after(half_lives: f64) -> Instant {
    Instant(NOW.millis() + (half_lives * HALF_LIFE.as_millis() as f64) as i64)
}

fn key(id: &str) -> PageKey {
    let context = Context::default();
    PageKey::from(PageRef { kind: PageKind::Product, id, context, query: None })
}

fn ids(popularity: &Popularity) -> Vec<String> {
    let pages = popularity.most_popular(usize::MAX, 0.0, NOW);
    pages.iter().map(|page| page.as_ref().id.to_owned()).collect()
}

#[test]
fn counts_add_up_and_halve() {
    let popularity = Popularity::default();
    popularity.count(&[(key("yesterday"), 1000), (key("steady"), 30)], NOW);
    assert_eq!(ids(&popularity), ["yesterday", "steady"]);
    // 1000 have become 31, and 30 have become 1.
    popularity.count(&[(key("steady"), 29)], after(5.0));
    assert_eq!(ids(&popularity), ["yesterday", "steady"]);
    popularity.count(&[(key("steady"), 2)], after(5.0));
    assert_eq!(ids(&popularity), ["steady", "yesterday"]);
    // Long ago counts for nothing, and does no harm.
    popularity.count(&[(key("yesterday"), 1), (key("new"), 2)], after(1e6));
    assert_eq!(ids(&popularity), ["new", "yesterday", "steady"]);
}

#[test]
fn those_that_hardly_count_are_left_out_where_they_are_not_wanted() {
    let popularity = Popularity::default();
    popularity.count(&[(key("once"), 1), (key("twice"), 2), (key("long ago"), 30)], NOW);
    let most_popular = |at| {
        let pages = popularity.most_popular(usize::MAX, 1.5, at);
        pages.iter().map(|page| page.as_ref().id.to_owned()).collect::<Vec<String>>()
    };
    assert_eq!(most_popular(NOW), ["long ago", "twice"]);
    assert_eq!(most_popular(after(0.4)), ["long ago", "twice"]);
    assert_eq!(most_popular(after(0.5)), ["long ago"]);
    assert_eq!(most_popular(after(5.0)), [""; 0]);
}

#[test]
fn only_the_most_popular_stay() {
    let popularity = Popularity::default();
    let many: Vec<(PageKey, u32)> =
        (0..MAX_POPULAR_PAGES).map(|n| (key(&n.to_string()), 2)).collect();
    popularity.count(&many, NOW);
    popularity.count(&[(key("seldom"), 1)], NOW);
    popularity.count(&[(key("often"), 3)], NOW);
    let ids = ids(&popularity);
    assert_eq!(ids.len(), MAX_POPULAR_PAGES);
    assert_eq!(ids[0], "often");
    assert!(!ids.contains(&"seldom".to_owned()));
}

/// A crowd of pages that nobody asks for twice, as with random groups or filters.
#[test]
fn what_was_asked_for_once_is_not_popular() {
    let popularity = Popularity::default();
    let crowd: Vec<(PageKey, u32)> = (0..5_000).map(|n| (key(&format!("once-{n}")), 1)).collect();
    popularity.count(&crowd, NOW);
    popularity.count(&[(key("twice at once"), 2), (key("twice"), 1)], NOW);
    popularity.count(&[(key("twice"), 1)], NOW);
    assert_eq!(ids(&popularity).len(), 2);
    let saved = popularity.take_unsaved();
    let mut saved: Vec<&str> = saved.iter().map(|(key, _)| key.as_ref().id).collect();
    saved.sort_unstable();
    assert_eq!(saved, ["twice", "twice at once"]);
    // What was stored was popular.
    popularity.learn([(key("stored"), 1.0)], NOW);
    assert!(ids(&popularity).contains(&"stored".to_owned()));
}

#[test]
fn what_was_saved_is_not_saved_again() {
    let popularity = Popularity::default();
    popularity.count(&[(key("a"), 4), (key("b"), 3)], NOW);
    let unsaved = popularity.take_unsaved();
    assert_eq!(unsaved.len(), 2);
    assert!(popularity.take_unsaved().is_empty());
    popularity.was_not_saved(&unsaved);
    assert_eq!(popularity.take_unsaved().len(), 2);
    popularity.count(&[(key("a"), 1)], NOW);
    let again = popularity.take_unsaved();
    assert_eq!(again.iter().map(|(key, _)| key.as_ref().id).collect::<Vec<_>>(), ["a"]);

    // Another process learns it: the higher rank is the truth.
    let other = Popularity::default();
    other.count(&[(key("c"), 2)], NOW);
    other.learn(unsaved.into_iter().chain(again), NOW);
    assert_eq!(other.take_unsaved().len(), 1);
    let first = ids(&other);
    assert_eq!(first.last().unwrap(), "c");
    assert_eq!(ids(&other).len(), 3);
}

#[test]
fn ranks_that_cannot_be_right_are_not_learnt() {
    let popularity = Popularity::default();
    let half_lives = NOW.millis() as f64 / HALF_LIFE.as_millis() as f64;
    let ranks = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, half_lives + 65.0];
    popularity.learn(ranks.map(|rank| (key(&rank.to_string()), rank)), NOW);
    assert_eq!(ids(&popularity), Vec::<String>::new());
    popularity.learn([(key("good"), half_lives + 3.0)], NOW);
    assert_eq!(ids(&popularity), ["good"]);
}

fn markets(ids: &[&str]) -> Vec<Market> {
    let market = |id: &&str| Market {
        id: (*id).to_owned(),
        currency: "USD".to_owned(),
        locale: "en".to_owned(),
    };
    ids.iter().map(market).collect()
}

#[test]
fn a_key_is_stored_by_its_markets_name() {
    let (before, after) = (markets(&["default", "eu", "us"]), markets(&["us", "eu"]));
    for kind in [
        PageKind::Product,
        PageKind::Reviews,
        PageKind::Cards,
        PageKind::CategoryListing,
        PageKind::BrandListing,
        PageKind::Listing,
        PageKind::Home,
    ] {
        for (group, locale, query) in
            [(None, None, None), (Some("vip"), None, Some("a\nb")), (None, Some("de-AT"), None)]
        {
            let page = |market| {
                let context = Context { market, group, locale };
                PageRef { kind, id: "ß/1", context, query }
            };
            let stored = |market| encode(&page(market), &before).unwrap();
            assert_eq!(decode(&stored(2), &before).unwrap().as_ref(), page(2));
            assert_eq!(decode(&stored(2), &after).unwrap().as_ref(), page(0));
            assert_eq!(decode(&stored(1), &after).unwrap().as_ref(), page(1));
            assert_eq!(decode(&stored(0), &after), None);
            assert_eq!(encode(&page(3), &before), None);
            let whole = stored(0);
            for end in 0..whole.len() {
                assert_eq!(decode(&whole[..end], &before), None);
            }
            let other_version = [&[0], &whole[1..]].concat();
            assert_eq!(decode(&other_version, &before), None);
        }
    }
}
