//! Ids in paths, and query parameters of every page. The input is the part of a URL after its host.
#![no_main]

use libfuzzer_sys::fuzz_target;
use projections::event::{MAX_AMOUNT, valid_id};
use vitrine::api::params::{
    Common, ListingParams, MAX_BRANDS, MAX_IDS, MAX_LIMIT, ProductsParams, Query, ReviewParams,
};
use vitrine::api::path;
use vitrine_fuzz::limits;

fn check_common(query: &mut Query) {
    let Ok(common) = Common::take(query) else { return };
    assert!(common.group.is_none_or(|group| valid_id(&group)));
    assert!(common.locale.is_none_or(|locale| (1..=64).contains(&locale.chars().count())));
    common.at.into_iter().for_each(limits::check_instant);
}

fn check_listing(query: &mut Query) {
    let Ok(ListingParams { limit, filters, .. }) = ListingParams::take(query) else { return };
    assert!((1..=MAX_LIMIT).contains(&limit));
    assert!(filters.brands.len() <= MAX_BRANDS);
    assert!(filters.brands.iter().all(|brand| valid_id(brand)));
    for price in [filters.min_price, filters.max_price].into_iter().flatten() {
        assert!((0..=MAX_AMOUNT).contains(&price));
    }
    assert!(filters.min_rating_hundredths.is_none_or(|rating| (100..=500).contains(&rating)));
}

fn check_products(query: &mut Query) {
    let Ok(ProductsParams { ids, .. }) = ProductsParams::take(query) else { return };
    assert!((1..=MAX_IDS).contains(&ids.len()));
    assert!(ids.iter().all(|id| valid_id(id)));
}

/// Decoded with a decoder of others, a query has the same parameters.
fn check_decoding(raw: &str, query: &mut Query) {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(raw.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    for (name, _) in &pairs {
        let values: Vec<(String, String)> =
            pairs.iter().filter(|p| &p.0 == name).cloned().collect();
        let taken = query.take_all(&[name]);
        assert!(taken.is_empty() || taken == values, "{name}: {taken:?}, not {values:?}");
    }
}

fuzz_target!(|input: &str| {
    let (path, raw) = input.split_once('?').unwrap_or((input, ""));
    for segment in 0..8 {
        if let Ok(id) = path::id(path, segment) {
            assert!(valid_id(&id));
        }
    }
    let Ok(mut query) = Query::parse(raw) else { return };
    check_common(&mut query);
    for check in [check_listing, check_products] {
        if let Ok(mut query) = Query::parse(raw) {
            check(&mut query);
        }
    }
    if let Ok(mut query) = Query::parse(raw)
        && let Ok(reviews) = ReviewParams::take(&mut query)
    {
        assert!((1..=MAX_LIMIT).contains(&reviews.limit));
    }
    if let Ok(mut query) = Query::parse(raw) {
        check_decoding(raw, &mut query);
        assert!(query.finish().is_ok());
    }
});
