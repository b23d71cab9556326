//! Listings: which places they hold, for whom, when, and in which order.

use projections::instant::{Instant, Window};
use projections::listing::{Filters, Sort};
use projections::view::{ListingKey, View};
use vitrine::store::ListingName;
use vitrine::store::query::ListingQuery;

use super::model::{
    Dice, expected, ids, instants, listings, random_view, saved_catalogue, windowed,
};
use super::support::{
    AWKWARD_IDS, UNFILTERED, audience, branded, everything, listed, save_views, sorted, step,
    strings, view, view_with, window,
};
use super::{Fixture, Store};

pub async fn places_equal_brute_force(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let mut catalogue = saved_catalogue(&store, 1).await;
    assert_places(&store, &catalogue).await;
    // Some products change, some go, some are new: the rows of the old views must go with them.
    let dice = &mut Dice::new(2);
    let before: Vec<String> = catalogue.keys().cloned().collect();
    let mut changes: Vec<(String, Option<View>)> = Vec::new();
    for id in before {
        match dice.roll(4) {
            0 => changes.push((id, None)),
            1 => {}
            _ => changes.push((id, Some(random_view(dice)))),
        }
    }
    changes.push(("new".to_owned(), Some(random_view(dice))));
    for (id, view) in &changes {
        match view {
            Some(view) => drop(catalogue.insert(id.clone(), view.clone())),
            None => drop(catalogue.remove(id)),
        }
    }
    let views: Vec<(&str, Option<&View>)> =
        changes.iter().map(|(id, view)| (id.as_str(), view.as_ref())).collect();
    save_views(&store, &views).await;
    assert_places(&fixture.open().await, &catalogue).await;
    // And with the last product nothing is left.
    let gone: Vec<(&str, Option<&View>)> = catalogue.keys().map(|id| (id.as_str(), None)).collect();
    save_views(&store, &gone).await;
    assert_places(&store, &Default::default()).await;
}

async fn assert_places(store: &Store, catalogue: &super::model::Catalogue) {
    let mut snapshot = store.snapshot().await.unwrap();
    for listing in &listings() {
        for market in ["default", "eu"] {
            for group in [None, Some("vip"), Some("VIP"), Some("unknown")] {
                for sort in Sort::ALL {
                    for at in instants() {
                        let (filters, at) = (&UNFILTERED, Instant(at));
                        let query = ListingQuery { listing, market, group, sort, filters, at };
                        let places = snapshot.listing(&query, None, 1000).await.unwrap();
                        assert_eq!(ids(&places), expected(catalogue, &query), "{query:?}");
                    }
                }
            }
        }
    }
}

pub async fn windows_open_and_close_at_their_edges(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let windowed = view_with(|v| v.audiences = vec![audience(None, windowed(100, 200, 300))]);
    let released = view_with(|v| v.released_at = Instant(150));
    save_views(&store, &[("windowed", Some(&windowed)), ("released", Some(&released))]).await;
    for (at, expected) in [
        (i64::MIN, &[][..]),
        (99, &[]),
        (100, &["windowed"]),
        (149, &["windowed"]),
        (150, &["windowed", "released"]),
        (199, &["windowed", "released"]),
        (200, &["released"]),
        (i64::MAX - 1, &["released"]),
    ] {
        assert_eq!(listed(&store, &everything(at)).await, expected, "{at}");
    }
}

pub async fn a_group_sees_its_own_place_or_everyones(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let always = |price| vec![step(Window::ALWAYS, Some(price))];
    let vip = |steps| audience(Some("vip"), steps);
    let cheaper = view_with(|v| v.audiences.push(vip(always(100))));
    let dearer = view_with(|v| v.audiences.push(vip(always(900))));
    let only_vip = view_with(|v| v.audiences = vec![vip(always(300))]);
    // Its own place is the only one, also while it has none.
    let at_times = view_with(|v| v.audiences.push(vip(windowed(100, 200, 300))));
    let other = view_with(|v| v.audiences.push(audience(Some("other"), always(1))));
    save_views(
        &store,
        &[
            ("at times", Some(&at_times)),
            ("cheaper", Some(&cheaper)),
            ("dearer", Some(&dearer)),
            ("only vip", Some(&only_vip)),
            ("other", Some(&other)),
            ("plain", Some(&view())),
        ],
    )
    .await;
    let seen = async |group: Option<&str>, at| {
        listed(&store, &ListingQuery { group, ..everything(at) }).await
    };
    let everyone = ["at times", "cheaper", "dearer", "other", "plain"];
    for group in [None, Some("unknown"), Some("VIP"), Some("")] {
        assert_eq!(seen(group, 150).await, everyone, "{group:?}");
    }
    let vip = ["cheaper", "at times", "only vip", "other", "plain", "dearer"];
    assert_eq!(seen(Some("vip"), 150).await, vip);
    let vip = ["cheaper", "only vip", "other", "plain", "dearer"];
    assert_eq!(seen(Some("vip"), 200).await, vip);
    // Once the group's timeline is gone, everyone's place is the group's again.
    save_views(&store, &[("dearer", Some(&view())), ("only vip", None)]).await;
    let vip = ["cheaper", "dearer", "other", "plain"];
    assert_eq!(seen(Some("vip"), 200).await, vip);
}

/// Each filter alone, and combinations of all.
pub fn filters() -> Vec<Filters> {
    let none = Filters::default;
    let mut filters = vec![
        Filters { brands: strings(["acme"]), ..none() },
        Filters { brands: strings(["acme", "b%", "unknown"]), ..none() },
        Filters { brands: strings(["unknown"]), ..none() },
        Filters { brands: strings(["Acme"]), ..none() },
        Filters { min_price: Some(0), ..none() },
        Filters { min_price: Some(500), ..none() },
        Filters { min_price: Some(501), ..none() },
        Filters { max_price: Some(0), ..none() },
        Filters { max_price: Some(999), ..none() },
        Filters { min_price: Some(500), max_price: Some(500), ..none() },
        Filters { min_price: Some(501), max_price: Some(499), ..none() },
        Filters { in_stock: true, ..none() },
        Filters { on_sale: true, ..none() },
        Filters { min_rating_hundredths: Some(100), ..none() },
        Filters { min_rating_hundredths: Some(333), ..none() },
        Filters { min_rating_hundredths: Some(334), ..none() },
        Filters { min_rating_hundredths: Some(500), ..none() },
    ];
    let dice = &mut Dice::new(3);
    filters.extend((0..40).map(|_| Filters {
        brands: strings(dice.pick(&[&[][..], &["acme"], &["acme", "cat"], &["b%"]])),
        min_price: dice.pick(&[None, Some(1), Some(500)]),
        max_price: dice.pick(&[None, Some(999), Some(1000)]),
        in_stock: dice.roll(2) == 0,
        on_sale: dice.roll(2) == 0,
        min_rating_hundredths: dice.pick(&[None, None, Some(100), Some(300)]),
    }));
    filters
}

pub async fn filters_alone_and_together(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let catalogue = saved_catalogue(&store, 4).await;
    let mut snapshot = store.snapshot().await.unwrap();
    let mut narrowed = 0;
    for filters in &filters() {
        for listing in &listings() {
            for group in [None, Some("vip")] {
                for at in [Instant(-1), Instant(100), Instant(260)] {
                    let sort = Sort::Discount;
                    let market = "default";
                    let query = ListingQuery { listing, market, group, sort, filters, at };
                    let places = snapshot.listing(&query, None, 1000).await.unwrap();
                    assert_eq!(ids(&places), expected(&catalogue, &query), "{query:?}");
                    narrowed += usize::from(!places.is_empty());
                }
            }
        }
    }
    assert!(narrowed > 500, "{narrowed} of the answers hold anything");
}

pub async fn ties_are_in_byte_order(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let alike = view();
    let views: Vec<(&str, Option<&View>)> =
        AWKWARD_IDS.iter().rev().map(|id| (*id, Some(&alike))).collect();
    save_views(&store, &views).await;
    assert_eq!(sorted(AWKWARD_IDS), AWKWARD_IDS);
    for sort in Sort::ALL {
        let query = ListingQuery { sort, ..everything(0) };
        assert_eq!(listed(&store, &query).await, AWKWARD_IDS, "{sort}");
    }
}

pub async fn unknown_names_find_nothing(fixture: &impl Fixture) {
    let store = fixture.open().await;
    let acme = ListingKey::Brand("acme".into());
    let nothing = async |query: &ListingQuery<'_>| {
        let mut snapshot = store.snapshot().await.unwrap();
        assert_eq!(snapshot.listing(query, None, 10).await.unwrap(), []);
        assert_eq!(snapshot.listing_total(query).await.unwrap(), Default::default());
        assert_eq!(snapshot.listing_changes_at(query).await.unwrap(), None);
    };
    nothing(&everything(0)).await;
    let mut snapshot = store.snapshot().await.unwrap();
    let unnamed = ListingName::default();
    assert_eq!(snapshot.listing_name(&acme, Instant(0)).await.unwrap(), unnamed);
    drop(snapshot);
    save_views(&store, &[("p", Some(&view_with(|v| branded(v, "acme"))))]).await;
    for listing in [
        ListingKey::Category("acme".into()),
        ListingKey::Brand("Acme".into()),
        ListingKey::Brand("".into()),
        ListingKey::Category("".into()),
    ] {
        nothing(&ListingQuery { listing: &listing, ..everything(0) }).await;
        let mut snapshot = store.snapshot().await.unwrap();
        assert_eq!(snapshot.listing_name(&listing, Instant(0)).await.unwrap(), unnamed);
        assert_eq!(snapshot.members(&listing, "", 10).await.unwrap(), [""; 0]);
    }
    nothing(&ListingQuery { market: "mars", ..everything(0) }).await;
    nothing(&ListingQuery { market: "mars", group: Some("vip"), ..everything(0) }).await;
    assert_eq!(listed(&store, &ListingQuery { listing: &acme, ..everything(0) }).await, ["p"]);
    // A product that is hidden is in no listing, and one without a price neither.
    let hidden = view_with(|v| v.active = false);
    let priceless =
        view_with(|v| v.audiences = vec![audience(None, vec![step(window(None, None), None)])]);
    save_views(&store, &[("p", Some(&hidden)), ("q", Some(&priceless))]).await;
    nothing(&everything(0)).await;
}
