//! Rules that let differences pass, the report, and answers compared field by field.

use serde_json::{Value, json};
use vitrine::verdict::{Allow, Judged, Verdict, differences};

use super::sides::{Sides, catalogue, scope};

fn rules(texts: &[&str]) -> Vec<Allow> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// The path of what [`spoiled`] changes of a product.
const SLUG: &str = "product.product.slug";

async fn spoiled() -> Verdict {
    let mut sides = Sides::new().await;
    sides.both_hear(&catalogue()).await;
    sides.new.spoil("p2", |product| product.slug = "odd".into()).await;
    let half = crate::harness::events::discount("half", 50, json!({"scope": {"products": ["p1"]}}));
    sides.new.imagine(&[half]).await;
    sides.compare(&scope()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_let_exactly_theirs_pass() {
    let verdict = spoiled().await;
    let all = verdict.differences.len();
    let judged = verdict.judge(&[]);
    assert!(!judged.passes() && judged.refused.len() == all);
    let judged = verdict.judge(&rules(&[SLUG, "counts.*"]));
    assert_eq!(judged.allowed, [(SLUG.to_owned(), SLUG.to_owned())]);
    assert_eq!((judged.refused.len(), judged.idle), (all - 1, vec!["counts.*".to_owned()]));
    let of_p1 = ["product.price.**", "product.variants[].price.**", "discount"];
    let judged = verdict.judge(&rules(&of_p1));
    assert_eq!(judged.refused, ["product.meta.as_of.discount", SLUG]);
    assert!(verdict.judge(&rules(&["**"])).passes());
}

#[test]
fn a_rule_names_paths() {
    for (rule, path, allowed) in [
        ("product", "product", true),
        ("product", "product.price", false),
        ("product.*", "product", false),
        ("product.*", "product.price", true),
        ("product.*", "product.price.final", false),
        ("product.**", "product", true),
        ("product.**", "product.price.final", true),
        ("product.**.final", "product.final", true),
        ("product.**.final", "product.variants[].price.final", true),
        ("product.**.final", "product.variants[].price.base", false),
        ("**.price.**", "product.price.applied[].off", true),
        ("**.price.**", "product.product.slug", false),
        ("*.price.final", "product.price.final", true),
        ("facts.price.final", "product.price.final", false),
        ("reviews.items", "reviews.items[].id", false),
        ("reviews.items[].id", "reviews.items[].id", true),
        ("reviews.items.*.id", "reviews.items[].id", true),
        ("**.**.**.**", "counts.products", true),
    ] {
        let rule: Allow = rule.parse().unwrap();
        assert_eq!(rule.allows(path), allowed, "{rule} {path}");
    }
}

#[test]
fn a_wrong_rule_says_why() {
    for (rule, why) in [
        ("", "a step is empty"),
        ("product..price", "a step is empty"),
        ("product.", "a step is empty"),
        ("[].x", "a step is empty"),
        ("product.pr*", "* stands for a whole step"),
        ("product.variants[0].price", "[] comes after the name of a list"),
        ("***", "* stands for a whole step"),
        ("price.final", "there is no `price`; paths begin with one of counts, discount, product"),
    ] {
        let error = rule.parse::<Allow>().unwrap_err().to_string();
        assert!(error.contains(why) && error.contains(&format!("`{rule}`")), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_what_differs_and_what_to_do() {
    let report = |verdict: &Verdict, judged: &Judged| {
        let mut out = String::new();
        verdict.report(judged, &mut out).unwrap();
        out
    };
    let verdict = spoiled().await;
    let judged = verdict.judge(&rules(&[
        "product.price.**",
        "product.variants.**",
        "product.meta.**",
        "discount",
        "reviews.*",
    ]));
    let text = report(&verdict, &judged);
    for part in [
        "products  6\n",
        "product.product.slug: ",
        "    live: \"\"\n    new:  \"odd\"\n",
        "product.price.final: ",
        "(allowed by product.price.**)",
        "--allow reviews.* names none of the differences",
        "  --allow 'product.product.slug'\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    assert!(!text.contains("--allow 'product.price"), "{text}");
    assert!(text.contains(&format!(
        "{} of {} paths",
        judged.refused.len(),
        verdict.differences.len()
    )));
    let all = verdict.judge(&rules(&["**"]));
    assert!(report(&verdict, &all).ends_with("\nAll differences are allowed.\n"));

    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["live"]["products"], 6);
    let slug = json["differences"].as_array().unwrap().iter().find(|d| d["path"] == SLUG);
    assert_eq!(slug.unwrap()["examples"][0]["new"], "odd");

    let mut sides = Sides::new().await;
    sides.both_hear(&catalogue()).await;
    let verdict = sides.compare(&scope()).await;
    let text = report(&verdict, &verdict.judge(&[]));
    assert!(text.contains("\nno differences\n"), "{text}");
    assert!(text.ends_with("\nThe new generation answers as the live one does.\n"), "{text}");
}

#[test]
fn answers_are_compared_field_by_field() {
    let found = |live: Value, new: Value| -> Vec<(String, String, Value, Value)> {
        let all = differences(&live, &new);
        all.into_iter().map(|d| (d.path, d.field, d.live, d.new)).collect()
    };
    let one = |path: &str, field: &str, live: Value, new: Value| {
        vec![(path.to_owned(), field.to_owned(), live, new)]
    };
    let page = json!({"a": {"b": 1, "c": null}, "tags": ["x", "y"], "list": [{"id": "1", "n": 1}]});
    assert!(differences(&page, &page).is_empty());
    assert_eq!(found(json!(null), page.clone()), one("", "", json!(null), page));
    assert_eq!(
        found(json!({"a": {"b": 1}}), json!({"a": {"b": 2}})),
        one("a.b", "a.b", json!(1), json!(2))
    );
    let missing = json!("(missing)");
    assert_eq!(found(json!({"a": null}), json!({})), one("a", "a", json!(null), missing.clone()));
    assert_eq!(found(json!({}), json!({"a": 1})), one("a", "a", missing.clone(), json!(1)));
    assert_eq!(
        found(json!(["x"]), json!(["x", "y"])),
        one("", "", json!(["x"]), json!(["x", "y"]))
    );
    // By name: one more in front is one difference, and another order is one of the list.
    let (a, b) = (json!({"id": "1", "n": 1}), json!({"id": "2", "n": 2}));
    assert_eq!(
        found(json!({"l": [b]}), json!({"l": [a, b]})),
        one("l[]", "l[1]", missing.clone(), a.clone())
    );
    assert_eq!(
        found(json!({"l": [a, b]}), json!({"l": [a]})),
        one("l[]", "l[2]", b.clone(), missing.clone())
    );
    let order = one("l", "l", json!(["1", "2"]), json!(["2", "1"]));
    assert_eq!(found(json!({"l": [a, b]}), json!({"l": [b, a]})), order);
    let sku = |n| json!([{"sku": "red", "price": {"final": n}}]);
    assert_eq!(
        found(sku(1), sku(2)),
        one("[].price.final", "[red].price.final", json!(1), json!(2))
    );
    // With no names, or one twice, by place.
    let twice = json!([{"id": "1", "n": 1}, {"id": "1", "n": 2}]);
    let changed = json!([{"id": "1", "n": 1}, {"id": "1", "n": 3}]);
    assert_eq!(found(twice, changed), one("[].n", "[1].n", json!(2), json!(3)));
    assert_eq!(found(json!([[1]]), json!([[1], [2]])), one("[]", "[1]", missing, json!([2])));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_compared_is_no_proof() {
    let mut sides = Sides::new().await;
    sides.both_hear(&catalogue()).await;
    let mut verdict = sides.compare(&scope()).await;
    let compared = verdict.compared;
    let all = compared.products + compared.discounts + compared.answers;
    verdict.unsettled = all / 10;
    assert!(verdict.judge(&[]).passes());
    verdict.compared.answers += 10;
    verdict.unsettled = all / 10 + 1;
    assert!(verdict.judge(&[]).passes());
    let mut text = String::new();
    verdict.report(&verdict.judge(&[]), &mut text).unwrap();
    assert!(text.ends_with("as the live one does, where they could be compared.\n"), "{text}");

    verdict.compared.answers -= 10;
    let judged = verdict.judge(&rules(&["**"]));
    assert!(judged.inconclusive && !judged.passes() && judged.refused.is_empty());
    let mut text = String::new();
    verdict.report(&judged, &mut text).unwrap();
    assert!(text.contains("Too much could not be compared"), "{text}");
    assert!(!text.contains("answers as the live one does"), "{text}");
}
