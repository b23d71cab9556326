//! One bug at a time, planted into the new generation: each is found under its path, and nothing else is.

use std::collections::BTreeSet;

use projections::fold::Head;
use projections::instant::{Instant, Window};
use projections::price::Price;
use serde_json::{Value, json};
use vitrine::store::facts::{FactWrites, Owner, Stamp};
use vitrine::verdict::{Difference, Verdict};

use super::sides::{Sides, catalogue, paths, review, scope};
use crate::harness::events::{at, discount, event, price, product};
use crate::harness::now;

/// The time of the catalogue's events.
const TIME: Instant = Instant(1_767_225_600_000);

async fn same() -> Sides {
    let mut sides = Sides::new().await;
    sides.both_hear(&catalogue()).await;
    sides
}

async fn compared(sides: &Sides) -> Verdict {
    let verdict = sides.compare(&scope()).await;
    assert_eq!(verdict.unsettled, 0);
    verdict
}

fn strings<const N: usize>(paths: [&str; N]) -> BTreeSet<String> {
    paths.map(str::to_owned).into()
}

/// The fields of undiscounted prices that are another amount.
pub fn dearer<const N: usize>(prices: [&str; N]) -> BTreeSet<String> {
    let fields = ["base", "final", "regular"];
    let paths = prices.iter().flat_map(|price| fields.map(|field| format!("{price}.{field}")));
    // Of the product's price alone.
    let of_product = prices.contains(&"product.price").then(|| "product.price.final_max".into());
    paths.chain(of_product).collect()
}

fn at_path<'a>(verdict: &'a Verdict, path: &str) -> &'a Difference {
    let found = verdict.differences.iter().find(|difference| difference.path == path);
    found.unwrap_or_else(|| panic!("{path}: {verdict:#?}"))
}

/// All examples are about this one.
fn only_of(verdict: &Verdict, subject: &str) {
    let examples = verdict.differences.iter().flat_map(|difference| &difference.examples);
    let about = |e: &&vitrine::verdict::Example| e.subject != subject && e.field != subject;
    let others: Vec<_> = examples.filter(about).collect();
    assert!(others.is_empty(), "{others:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_changed_behind_its_back() {
    let sides = same().await;
    let price = Price {
        product_id: "p3".into(),
        sku: None,
        market: "default".into(),
        currency: "USD".into(),
        amount: 333,
        group: None,
        window: Window::ALWAYS,
    };
    let head = Head { version: 1, digest: 0 };
    let stamp = Stamp { head, time: TIME, partition: 0, offset: 0 };
    let owner = Owner { product_id: "p3".into(), moved: false };
    let prices = vec![("p3-usd".to_owned(), stamp, owner, Some(price))];
    sides.new.spoil_facts(&FactWrites { prices, ..FactWrites::default() }).await;
    let verdict = compared(&sides).await;
    assert_eq!(paths(&verdict), dearer(["product.price", "product.variants[].price"]));
    only_of(&verdict, "p3");
    let found = at_path(&verdict, "product.variants[].price.final");
    let example = &found.examples[0];
    assert_eq!((found.answers, found.examples.len()), (1, 1));
    assert_eq!((&example.live, &example.new), (&json!(300), &json!(333)));
    assert_eq!(example.field, "variants[p3].price.final");
    assert_eq!((example.market.as_deref(), &example.group), (Some("default"), &None));
    assert_eq!(example.at, Some(verdict.at));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_changed_behind_its_back() {
    let sides = same().await;
    sides.new.spoil("p2", |product| product.slug = "odd".into()).await;
    let verdict = compared(&sides).await;
    assert_eq!(paths(&verdict), strings(["product.product.slug"]));
    let example = &at_path(&verdict, "product.product.slug").examples[0];
    assert_eq!(
        (example.subject.as_str(), &example.live, &example.new),
        ("p2", &json!(""), &json!("odd"))
    );
}

/// A discount that reaches nothing shows on no page, and may reach what is yet to come.
#[tokio::test(flavor = "multi_thread")]
async fn a_discount_that_reaches_nothing() {
    let mut sides = same().await;
    let line = |percent| discount("none", percent, json!({"scope": {"products": ["p99"]}}));
    sides.live.hear(&[line(10)]).await;
    sides.new.skip_to(sides.live.next).await;
    let verdict = compared(&sides).await;
    assert_eq!(paths(&verdict), strings(["discount"]));
    let found = at_path(&verdict, "discount");
    assert_eq!((found.answers, found.examples[0].subject.as_str()), (1, "none"));
    assert_eq!(found.examples[0].new, Value::Null);
    let mut sides = same().await;
    sides.live.hear(&[line(10)]).await;
    sides.new.hear(&[line(20)]).await;
    let verdict = compared(&sides).await;
    assert_eq!(paths(&verdict), strings(["discount.terms.kind.Percentage"]));
    let example = &at_path(&verdict, "discount.terms.kind.Percentage").examples[0];
    assert_eq!((&example.live, &example.new), (&json!(1_000), &json!(2_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_that_is_missing() {
    // The newest one.
    let sides = same().await;
    sides.new.sql("DELETE FROM review WHERE review_id = 'r7'").await;
    let verdict = compared(&sides).await;
    let expected = ["product.reviews.latest[]", "product.reviews.next_cursor", "reviews.items[]"];
    assert_eq!(paths(&verdict), strings(expected));
    only_of(&verdict, "p1");
    assert_eq!(
        at_path(&verdict, "product.reviews.latest[]").examples[0].field,
        "reviews.latest[r7]"
    );
    // One that no page shows.
    let sides = same().await;
    sides.new.sql("DELETE FROM review WHERE review_id = 'r1'").await;
    let verdict = compared(&sides).await;
    assert_eq!(paths(&verdict), strings(["reviews.items[]"]));
    // Its event did not come: the counts are others too.
    let mut sides = same().await;
    sides.live.hear(&[review("r8", "p2", 1, 8)]).await;
    sides.new.skip_to(sides.live.next).await;
    let found = paths(&compared(&sides).await);
    for path in ["product.reviews.count", "product.reviews.average"] {
        assert!(found.contains(path), "{path}: {found:#?}");
    }
    assert!(found.iter().all(|path| path.contains("review")), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_is_missing_or_too_many() {
    let gone = event("product.deleted.v1", 0, &json!({"product_id": "p3", "version": 2}));
    let sides = same().await;
    sides.new.imagine(std::slice::from_ref(&gone)).await;
    let verdict = compared(&sides).await;
    let expected = strings(["counts.products", "product"]);
    assert_eq!(paths(&verdict), expected);
    let found = at_path(&verdict, "product");
    assert_eq!((found.answers, found.examples[0].subject.as_str()), (2, "p3"));
    assert_eq!(found.examples[0].new, Value::Null);
    let counts = at_path(&verdict, "counts.products");
    assert_eq!((&counts.examples[0].live, &counts.examples[0].new), (&json!(6), &json!(5)));
    // The other way round.
    let sides = same().await;
    sides.live.imagine(&[gone]).await;
    let verdict = compared(&sides).await;
    assert_eq!(paths(&verdict), expected);
    assert_eq!(at_path(&verdict, "product").examples[0].live, Value::Null);
    // What has no page yet is found by its facts.
    let sides = same().await;
    let hidden = product("p9", json!({"status": "hidden"}));
    sides.new.imagine(&[hidden]).await;
    let verdict = compared(&sides).await;
    assert_eq!(paths(&verdict), strings(["counts.products", "facts"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discount_that_one_lacks() {
    let sides = same().await;
    let line = discount("half", 50, json!({"scope": {"products": ["p4"]}, "priority": 9}));
    sides.new.imagine(&[line]).await;
    let verdict = compared(&sides).await;
    let mut expected = strings(["discount"]);
    for price in ["product.price", "product.variants[].price"] {
        expected.extend(["final", "discount_bp", "applied[]"].map(|f| format!("{price}.{f}")));
    }
    expected.insert("product.price.final_max".into());
    expected.insert("product.meta.as_of.discount".into());
    assert_eq!(paths(&verdict), expected, "{verdict:#?}");
    let found = at_path(&verdict, "product.price.final");
    assert!(found.examples.iter().all(|example| example.subject == "p4"));
    assert_eq!((&found.examples[0].live, &found.examples[0].new), (&json!(400), &json!(200)));
    assert_eq!(found.answers, 2, "for everyone, and for the group");

    // Far from now, behind many other boundaries; and one that never applies.
    let mut sides = same().await;
    let edges: Vec<String> = (1..9)
        .map(|i| {
            let soon = json!({"scope": {"products": ["p1"]}, "starts_at": at(now() + i * 60_000)});
            discount(&format!("soon-{i}"), 1, soon)
        })
        .collect();
    sides.both_hear(&edges).await;
    let starts = at(now() + 20 * 86_400_000);
    let late = json!({"scope": {"products": ["p1"]}, "starts_at": starts, "priority": 9});
    sides.new.imagine(&[discount("late", 50, late)]).await;
    let verdict = compared(&sides).await;
    let found = at_path(&verdict, "product.price.final");
    assert_eq!(found.examples[0].at.unwrap().to_string(), starts);
    let sides = same().await;
    let off = discount("off", 50, json!({"scope": {"products": ["p1"]}, "active": false}));
    sides.new.imagine(&[off]).await;
    let verdict = compared(&sides).await;
    assert_eq!(paths(&verdict), strings(["discount", "product.meta.as_of.discount"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_release() {
    let sides = same().await;
    let line = catalogue().into_iter().find(|line| line.contains("\"product_id\":\"p3\"")).unwrap();
    let mut line: Value = serde_json::from_str(&line).unwrap();
    line["data"]["released_at"] = json!(at(now() + 1_800_000));
    line["data"]["version"] = json!(2);
    sides.new.imagine(&[line.to_string()]).await;
    let verdict = compared(&sides).await;
    assert_eq!(paths(&verdict), strings(["product", "product.product.released_at"]));
    only_of(&verdict, "p3");
    let found = at_path(&verdict, "product");
    assert_eq!(
        (found.examples[0].new.clone(), found.examples[0].at),
        (Value::Null, Some(verdict.at))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter() {
    let sides = same().await;
    let letter = "INSERT INTO dead_letter
        (topic, partition, \"offset\", received_at, code, detail, payload, state, state_since)
        VALUES ('catalog', 0, 1, 0, 'json', '', x'', 'open', 0)";
    sides.new.sql(letter).await;
    let verdict = compared(&sides).await;
    assert_eq!(paths(&verdict), strings(["counts.dead_letters_open"]));
}

/// The wrong price shows, and does not hide that a text is gone as well: no page that is compared is in that language.
#[tokio::test(flavor = "multi_thread")]
async fn a_text_in_another_language_beside_a_price() {
    let mut sides = same().await;
    let named = |name: Value| product("p1", json!({"version": 2, "name": name}));
    sides.both_hear(&[named(json!({"en": "Mug", "fr": "Tasse"}))]).await;
    let lost = json!({"version": 3, "name": {"en": "Mug"}});
    sides
        .new
        .imagine(&[product("p1", lost), price("p1-usd", "p1", 150, json!({"version": 2}))])
        .await;
    let found = paths(&compared(&sides).await);
    assert!(found.contains("product.price.final"), "{found:?}");
    assert!(found.iter().any(|path| path.starts_with("facts.product.name")), "{found:?}");
}

/// Beyond the paths of one product that are told apart.
#[tokio::test(flavor = "multi_thread")]
async fn more_attributes_than_are_told_apart() {
    let mut sides = same().await;
    let attributes = |value: i64| -> Value {
        (0..120)
            .map(|i| (format!("attribute_{i:03}"), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let with = |version: i64, value: i64| {
        product("p1", json!({"version": version, "attributes": attributes(value)}))
    };
    sides.both_hear(&[with(2, 1)]).await;
    sides.new.imagine(&[with(3, 2)]).await;
    let verdict = compared(&sides).await;
    let found = paths(&verdict);
    assert!(found.contains("product.product.attributes.attribute_000"), "{found:?}");
    assert!(
        found.contains("further") && !found.contains("product.product.attributes.attribute_119")
    );
    let allow = ["product.**".parse().unwrap()];
    assert_eq!(verdict.judge(&allow).refused, ["further"]);
    assert!(verdict.judge(&["product.**".parse().unwrap(), "further".parse().unwrap()]).passes());
}
