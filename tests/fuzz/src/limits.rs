//! The limits that every accepted message keeps, as docs/events.md states them.

use projections::discount::{Discount, DiscountKind};
use projections::event::{
    Change, EntityKey, MAX_AMOUNT, MAX_CATEGORIES, MAX_LONG_TEXT_BYTES, MAX_NAME_CHARS,
    MAX_PATH_STEPS, MAX_SAFE_INTEGER, MAX_VARIANTS, valid_id, valid_version,
};
use projections::instant::{Instant, Window};
use projections::price::Price;
use projections::product::{Attribute, Product};
use projections::review::Review;
use projections::text::Text;
use vitrine::decode::Decoded;

/// Panics where an accepted message breaks a limit.
pub fn check(decoded: &Decoded) {
    match decoded {
        Decoded::UnknownType { ce_type } => assert!(!ce_type.is_empty()),
        Decoded::Tombstone { key } => check_key(key),
        Decoded::Event { kind, event, .. } => {
            assert_eq!(*kind, event.kind());
            assert!(valid_version(event.version), "version {}", event.version);
            check_instant(event.time);
            check_change(&event.change);
        }
    }
}

pub fn check_key(key: &EntityKey) {
    #[allow(unreachable_patterns, reason = "kinds that are added have keys of their own")]
    match key {
        EntityKey::Stock { sku, location } => ids([sku, location]),
        EntityKey::Product(id)
        | EntityKey::Price(id)
        | EntityKey::Discount(id)
        | EntityKey::Review(id) => ids([id]),
        _ => {}
    }
}

/// Whoever parses the written form gets the same instant.
pub fn check_instant(instant: Instant) {
    assert_eq!(Instant::parse(&instant.to_string()), Some(instant));
}

fn check_change(change: &Change) {
    #[allow(unreachable_patterns, reason = "kinds that are added have limits of their own")]
    match change {
        Change::Product { product_id, state } => {
            ids([product_id]);
            state.iter().for_each(check_product);
        }
        Change::Price { price_id, product_id, state } => {
            ids([price_id, product_id]);
            state.iter().for_each(check_price);
        }
        Change::Stock { sku, location, state } => {
            ids([sku, location, &state.product_id]);
            in_range(state.available, 0, MAX_SAFE_INTEGER);
        }
        Change::Discount { discount_id, state } => {
            ids([discount_id]);
            state.iter().for_each(check_discount);
        }
        Change::Review { review_id, product_id, state } => {
            ids([review_id, product_id]);
            state.iter().for_each(check_review);
        }
        _ => {}
    }
}

fn check_product(product: &Product) {
    name(&product.name);
    long(&product.description);
    assert!(product.categories.len() <= MAX_CATEGORIES);
    for category in &product.categories {
        ids([&category.id]);
        assert!((1..=MAX_PATH_STEPS).contains(&category.path.len()));
        assert_eq!(category.path.last(), Some(&category.id));
        ids(&category.path);
    }
    if let Some(brand) = &product.brand {
        ids([&brand.id]);
        name(&brand.name);
    }
    assert!((1..=MAX_VARIANTS).contains(&product.variants.len()));
    let mut skus: Vec<&String> = product.variants.iter().map(|variant| &variant.sku).collect();
    ids(skus.iter().copied());
    skus.sort_unstable();
    skus.dedup();
    assert_eq!(skus.len(), product.variants.len(), "a sku twice");
    for attribute in product.attributes.values() {
        assert!(!matches!(attribute, Attribute::Float(number) if !number.is_finite()));
    }
    let options = product.variants.iter().flat_map(|variant| &variant.options);
    let texts = options.flat_map(|(key, value)| [key, value]).chain(&product.tags);
    texts.chain([&product.slug]).for_each(|text| whole(text));
    check_instant(product.released_at);
}

fn check_price(price: &Price) {
    ids([&price.product_id, &price.market]);
    ids(price.sku.iter().chain(&price.group));
    currency(&price.currency);
    in_range(price.amount, 0, MAX_AMOUNT);
    window(&price.window);
}

fn check_discount(discount: &Discount) {
    let Discount { scope, terms } = discount;
    name(&terms.name);
    ids(terms.market.iter().chain(&terms.group));
    terms.currency.iter().for_each(|code| currency(code));
    match terms.kind {
        DiscountKind::Percentage(points) => in_range(points, 1, 10_000),
        DiscountKind::Amount(amount) | DiscountKind::FixedPrice(amount) => {
            in_range(amount, 0, MAX_AMOUNT);
            assert!(terms.currency.is_some());
        }
    }
    window(&terms.window);
    in_range(terms.priority, -MAX_SAFE_INTEGER, MAX_SAFE_INTEGER);
    for named in [&scope.products, &scope.skus, &scope.categories, &scope.brands] {
        ids(named);
    }
}

fn check_review(review: &Review) {
    ids([&review.product_id]);
    assert!((1..=5).contains(&review.rating));
    assert!(review.body.len() <= MAX_LONG_TEXT_BYTES);
    for text in [&review.title, &review.body, &review.author] {
        whole(text);
    }
    in_range(review.helpful, -MAX_SAFE_INTEGER, MAX_SAFE_INTEGER);
    check_instant(review.created_at);
}

fn ids<'a>(ids: impl IntoIterator<Item = &'a String>) {
    for id in ids {
        assert!(valid_id(id), "{id:?} is no id");
    }
}

fn name(name: &Text) {
    each(name, |text| {
        assert!((1..=MAX_NAME_CHARS).contains(&text.chars().count()), "the name {text:?}");
    });
}

fn long(text: &Text) {
    each(text, |text| assert!(text.len() <= MAX_LONG_TEXT_BYTES));
}

fn each(text: &Text, check: impl Fn(&str)) {
    match text {
        Text::Plain(text) => {
            whole(text);
            check(text);
        }
        Text::ByLocale(by_locale) => {
            assert!(!by_locale.is_empty());
            for text in by_locale.values() {
                whole(text);
                check(text);
            }
        }
    }
}

fn whole(text: &str) {
    assert!(!text.contains('\0'), "U+0000 in {text:?}");
}

fn currency(code: &str) {
    assert!(code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()), "{code:?}");
}

fn in_range(number: i64, least: i64, most: i64) {
    assert!((least..=most).contains(&number), "{number} is not from {least} to {most}");
}

fn window(window: &Window) {
    for end in [window.from, window.until] {
        if end.is_finite() {
            check_instant(end);
        }
    }
}
