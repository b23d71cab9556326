//! What is told of each kind of event.

use super::*;

fn strings(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn review(version: u64, rating: u8, title: &str) -> Said {
    let data = json!({"review_id": "r", "product_id": "mug", "version": version,
        "rating": rating, "title": title});
    Event(event("review.upserted.v1", 0, &data))
}

fn mug(version: u64) -> Said {
    let data = json!({
        "version": version, "variants": [{"sku": "mug"}],
        "brand": {"id": "acme", "name": "Acme"},
        "categories": [{"id": "cups", "name": "Cups", "path": ["cups"]}],
    });
    Event(product("mug", data))
}

/// What the projector tells of these.
async fn told_of(fixture: &mut Fixture, all: &[Said]) -> Change {
    fixture.hear(all).await;
    fixture.told().await
}

async fn each_kind_of_event_is_told(mut fixture: Fixture) {
    let f = &mut fixture;
    let mugs = strings(&["mug"]);
    for said in [
        mug(1),
        Event(price("p", "mug", 500, json!({}))),
        Event(stock("mug", 1, 9)),
        review(1, 5, "Fine"),
        review(2, 5, "Very fine"),
        Tombstone(Kind::Stock, "mug@default".into()),
    ] {
        let told = told_of(f, std::slice::from_ref(&said)).await;
        assert_eq!((&told.products, told.everything), (&mugs, false), "{said:?}");
        assert!(told.scopes.is_empty(), "{said:?}");
    }
    assert!(told_of(f, &[review(2, 5, "Very fine")]).await.is_empty(), "repeated");

    let scoped = |version, scope: Value| {
        Event(discount("d", 10, json!({"version": version, "scope": scope})))
    };
    let told = told_of(f, &[scoped(1, json!({"brands": ["acme"]}))]).await;
    assert_eq!((told.scopes.len(), &told.scopes[0].brands), (1, &strings(&["acme"])));
    // Of the old scope and the new one.
    let told = told_of(f, &[scoped(2, json!({"categories": ["cups"]}))]).await;
    let brands: Vec<String> = told.scopes.iter().flat_map(|s| s.brands.clone()).collect();
    let categories: Vec<String> = told.scopes.iter().flat_map(|s| s.categories.clone()).collect();
    assert_eq!((brands, categories), (strings(&["acme"]), strings(&["cups"])));
    let told = told_of(f, &[Tombstone(Kind::Discount, "d".into())]).await;
    assert_eq!(told.scopes[0].categories, strings(&["cups"]));

    // Moved: the one that it has left is told of too.
    let told = told_of(f, &[Event(price("p", "cup", 500, json!({"version": 2})))]).await;
    assert_eq!(told.products, ["cup", "mug"]);
    assert_eq!(told_of(f, &[Tombstone(Kind::Product, "mug".into())]).await.products, mugs);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_event_is_told_with_sqlite() {
    each_kind_of_event_is_told(Fixture::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_event_is_told_with_postgres() {
    each_kind_of_event_is_told(Fixture::postgres().await).await;
}
