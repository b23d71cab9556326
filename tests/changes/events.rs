//! What is told of each kind of event.

use super::*;

fn strings(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn review(version: u64, rating: u8, product_id: &str) -> String {
    let data = json!({"review_id": "r", "product_id": product_id, "version": version,
        "rating": rating});
    event("review.upserted.v1", 0, &data)
}

fn mug(version: u64, with: Value) -> Said {
    let mut data = json!({
        "version": version, "variants": [{"sku": "mug"}],
        "brand": {"id": "acme", "name": "Acme"},
        "categories": [{"id": "cups", "name": "Cups", "path": ["cups"]}],
    });
    data.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    Event(product("mug", data))
}

/// What the projector tells of these.
pub async fn told_of(fixture: &mut Fixture, all: &[Said]) -> Change {
    fixture.hear(all).await;
    fixture.told().await
}

async fn each_kind_of_event_is_told(mut fixture: Fixture) {
    let f = &mut fixture;
    let cups = ListingKey::Category("cups".into());
    let acme = ListingKey::Brand("acme".into());
    let mugs = strings(&["mug"]);
    let told = told_of(f, &[mug(1, json!({}))]).await;
    assert_eq!((&told.products, &told.listings), (&mugs, &vec![cups.clone(), acme.clone()]));
    assert!(told.scopes.is_empty() && !told.everything && told.places.products[0].rows.is_empty());

    // A price places it in every listing that it is in, at once.
    let told = told_of(f, &[Event(price("p", "mug", 500, json!({})))]).await;
    assert_eq!((&told.products, &told.cards), (&mugs, &vec![0]));
    assert!(told.listings.is_empty() && told.names.is_empty());
    let places = &told.places.products[0];
    assert_eq!(places.rows.len(), 1, "the same in all of its listings: {places:#?}");
    let listings: BTreeSet<&ListingKey> =
        places.rows[0].listings.iter().map(|i| &told.places.listings[*i as usize]).collect();
    assert_eq!(listings, BTreeSet::from([&ListingKey::All, &cups, &acme]));
    assert!(places.rows[0].gone.is_empty());
    let newest = &places.rows[0].come;
    assert!(newest.iter().any(|row| row.sort == Sort::PriceAsc.number() && row.key == 500));
    assert!(newest.iter().all(|row| row.sort != BOUNDARY));

    // A stock count: the first makes it available, the next changes no row.
    let told = told_of(f, &[Event(stock("mug", 1, 9))]).await;
    assert!(told.places.products[0].rows.is_empty() && !told.places.products[0].offers.is_empty());
    let told = told_of(f, &[Event(stock("mug", 2, 8))]).await;
    assert_eq!((&told.products, &told.cards), (&mugs, &vec![0]));
    assert!(told.places.products.is_empty());
    assert!(told_of(f, &[Event(stock("mug", 2, 8))]).await.is_empty(), "repeated");

    let told = told_of(f, &[Event(review(1, 5, "mug"))]).await;
    let rows = &told.places.products[0].rows[0];
    assert!(
        rows.come.iter().all(|r| [Sort::Rating, Sort::Reviews].map(Sort::number).contains(&r.sort))
    );
    // Its text is on the product's page, and on no card.
    let text =
        json!({"review_id": "r", "product_id": "mug", "version": 2, "rating": 5, "title": "T"});
    let told = told_of(f, &[Event(event("review.upserted.v1", 0, &text))]).await;
    assert_eq!((&told.products, told.cards.len()), (&mugs, 0));

    let scoped = |version, scope: Value| {
        Event(discount("d", 10, json!({"version": version, "scope": scope})))
    };
    let told = told_of(f, &[scoped(1, json!({"brands": ["acme"]}))]).await;
    assert_eq!((told.scopes.len(), &told.scopes[0].brands), (1, &strings(&["acme"])));
    let told = told_of(f, &[scoped(2, json!({"categories": ["cups"]}))]).await;
    let scope = &told.scopes[0];
    assert_eq!((&scope.brands, &scope.categories), (&strings(&["acme"]), &strings(&["cups"])));
    assert!(drops(&told, &[Tag::Product("mug"), Tag::Category("cups")]));
    assert!(!drops(&told, &[Tag::Product("cup")]));
    f.settle().await;

    // Moved: the one that it has left is told of too.
    let told = told_of(f, &[Event(price("p", "cup", 500, json!({"version": 2})))]).await;
    assert_eq!(told.products, ["cup", "mug"]);
    let told = told_of(f, &[Tombstone(Kind::Stock, "mug@default".into())]).await;
    assert_eq!((&told.products, &told.cards), (&mugs, &vec![0]));
    let told = told_of(f, &[Tombstone(Kind::Discount, "d".into())]).await;
    assert_eq!(told.scopes[0].categories, strings(&["cups"]));
    f.settle().await;

    names_are_told(f, &cups).await;
    let told = told_of(f, &[Tombstone(Kind::Product, "mug".into())]).await;
    assert_eq!((&told.products, told.listings.contains(&acme)), (&mugs, true));
}

/// A newer event of a product: its name for a category counts for more.
async fn names_are_told(f: &mut Fixture, cups: &ListingKey) {
    let later = |version, name: &str| {
        let with = json!({"version": version, "name": "m",
            "categories": [{"id": "cups", "name": name, "path": ["cups"]}]});
        let Event(line) = mug(version, with) else { unreachable!() };
        let mut line: Value = serde_json::from_str(&line).unwrap();
        line["time"] = json!(crate::harness::events::at(1_780_000_000_000 + version as i64));
        Event(line.to_string())
    };
    let told = told_of(f, &[later(2, "Cups")]).await;
    assert!(told.listings.is_empty(), "{told:#?}");
    assert!(told.names.contains(&(cups.clone(), Text::Plain("Cups".into()))));
    let told = told_of(f, &[later(3, "Tea")]).await;
    assert_eq!(told.listings, std::slice::from_ref(cups));
    // It is not released any more: another product may name it.
    let put_off = json!({"version": 4, "name": "m", "released_at": "2100-01-01T00:00:00Z",
        "categories": [{"id": "cups", "name": "Tea", "path": ["cups"]}]});
    let told = told_of(f, &[mug(4, put_off)]).await;
    assert!(told.listings.contains(cups), "{told:#?}");
    let told = told_of(f, &[mug(5, json!({"categories": []}))]).await;
    assert!(told.listings.contains(cups));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_event_is_told_with_sqlite() {
    each_kind_of_event_is_told(Fixture::sqlite(bounds(100, 1_000)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_event_is_told_with_postgres() {
    each_kind_of_event_is_told(Fixture::postgres(bounds(100, 1_000)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_computed_later_is_told_then() {
    // Both are left to be computed: a discount that reaches too much, and a batch that touches too much.
    let mut fixture = Fixture::sqlite(bounds(0, 1)).await;
    let f = &mut fixture;
    f.hear(&[mug(1, json!({}))]).await;
    f.settle().await;
    let all = [
        Event(price("p", "mug", 500, json!({}))),
        Event(price("q", "cup", 500, json!({}))),
        Event(discount("d", 10, json!({}))),
    ];
    let told = told_of(f, &all).await;
    assert_eq!((&told.products, told.scopes[0].all), (&strings(&["cup", "mug"]), true));
    assert!(told.cards.is_empty() && told.places.products.is_empty());
    let mut later = Vec::new();
    while f.projector.fanout_step(u32::MAX).await.unwrap().more {
        later.push(f.told().await);
    }
    assert!(later.iter().any(|c| c.products == ["mug"] && c.cards == [0] && c.scopes.is_empty()));
    assert!(later.iter().any(|c| c.places.products.iter().any(|p| !p.rows.is_empty())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_batch_tells_of_facts_and_leaves_views() {
    let mut fixture = Fixture::sqlite(bounds(0, 100)).await;
    let f = &mut fixture;
    let prices = |ids: &[&str], version: u64| -> Vec<Said> {
        let one =
            |id: &&str| Event(price(&format!("{id}-usd"), id, 500, json!({ "version": version })));
        ids.iter().map(one).collect()
    };
    f.waits_since = Clock::now().checked_sub(Duration::from_secs(1));
    let first = told_of(f, &prices(&["a", "b", "c", "d", "e", "f"], 1)).await;
    assert_eq!(f.store().status().await.unwrap().stale_products, 0, "nothing is known yet");
    assert_eq!(first.products.len(), 6);
    f.projector.views_took(6, Duration::from_millis(500));
    let told = told_of(f, &prices(&["a", "b", "c", "d", "e", "f"], 2)).await;
    assert_eq!(told.products, strings(&["a", "b", "c", "d", "e", "f"]));
    assert!(told.places.products.is_empty());
    assert_eq!(f.store().status().await.unwrap().stale_products, 6);
    f.settle().await;
    assert_eq!(f.store().status().await.unwrap().stale_products, 0);
    f.waits_since = None;
    f.hear(&prices(&["a", "b", "c", "d", "e", "f"], 3)).await;
    assert_eq!(
        f.store().status().await.unwrap().stale_products,
        0,
        "fan-outs do not go on beside it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_markets_are_everything() {
    let mut fixture = Fixture::sqlite(bounds(0, 1)).await;
    assert!(!reconfigure::begin(fixture.store(), &markets()).await.unwrap());
    assert!(fixture.told().await.is_empty());
    fixture.hear(&[mug(1, json!({}))]).await;
    fixture.settle().await;
    let others = vec![market(("default", "GBP", "en"))];
    assert!(reconfigure::begin(fixture.store(), &others).await.unwrap());
    assert!(fixture.told().await.everything);
    let store = Arc::clone(fixture.projector.store());
    fixture.projector = Projector::new(store, others, bounds(0, 1));
    let mut told = Vec::new();
    loop {
        let more = fixture.projector.fanout_step(u32::MAX).await.unwrap().more;
        told.push(fixture.told().await);
        if !more {
            break;
        }
    }
    assert!(told.iter().any(|change| change.everything));
}
