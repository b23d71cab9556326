//! The API's parts that need neither store nor server: parameters, paths, cursors, tags, bodies.

use actix_web::http::header::{HeaderMap, HeaderValue, IF_NONE_MATCH};
use bytes::Bytes;
use projections::event::Kind as EntityKind;
use projections::index::query::filters::Filters;
use projections::index::query::order::Keyset;
use projections::instant::Instant;
use projections::listing::{ListingKey, Sort};
use proptest::prelude::*;
use vitrine::api::answer::{cache_control, none_match};
use vitrine::api::cursor::{Binding, Cursor, Cursors, Walk};
use vitrine::api::events::{Form, Told, sort};
use vitrine::api::params::{Common, ListingParams, ProductsParams, Query, ReviewParams, Shown};
use vitrine::api::path;
use vitrine::api::problem::{Kind, Problem};
use vitrine::store::query::{ReviewKeyset, ReviewSort};

fn taken<T>(query: &str, take: impl Fn(&mut Query) -> Result<T, Problem>) -> Result<T, Problem> {
    let mut query = Query::parse(query)?;
    let taken = take(&mut query)?;
    query.finish()?;
    Ok(taken)
}

fn listing(query: &str) -> Result<ListingParams, Problem> {
    taken(query, ListingParams::take)
}

/// The code of what a query is refused with, and the parameter at fault.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Problem>) -> (String, String) {
    let problem = result.expect_err("this is to be refused");
    (problem.code().to_owned(), problem.at_fault().unwrap_or_default().to_owned())
}

fn both(code: &str, parameter: &str) -> (String, String) {
    (code.to_owned(), parameter.to_owned())
}

#[test]
fn a_listing_without_parameters_has_defaults() {
    let params = listing("").unwrap();
    assert_eq!((params.sort, params.limit, params.cursor), (Sort::Newest, 24, None));
    assert!(params.filters.is_empty());
    let same = listing("in_stock=false&on_sale=false&facets=false&&").unwrap();
    assert!(same.filters.is_empty());
}

#[test]
fn filters_are_read() {
    let params = listing(
        "brand=b%2Fc&brand=%ED%95%9C%EA%B5%AD&brand=a&brand=a&min_price=0&max_price=1000000000000\
         &in_stock=true&on_sale=true&min_rating=4.5&sort=price_desc&limit=100&facets=true\
         &attr.size=L&attr.colour=red&attr.size=XL&attr.size=L&attr.a%26b=",
    )
    .unwrap();
    let expected = Filters {
        brands: ["a", "b/c", "한국"].map(str::to_owned).into(),
        min_price: Some(0),
        max_price: Some(1_000_000_000_000),
        in_stock: true,
        on_sale: true,
        min_rating_hundredths: Some(450),
        attributes: [("size", vec!["L", "XL"]), ("colour", vec!["red"]), ("a&b", vec![""])]
            .into_iter()
            .map(|(name, values)| {
                (name.to_owned(), values.into_iter().map(str::to_owned).collect())
            })
            .collect(),
    };
    assert_eq!((params.filters, params.sort, params.limit), (expected, Sort::PriceDesc, 100));
    assert!(params.facets);
}

#[test]
fn what_a_listing_does_not_take_is_refused_by_name() {
    for (query, code, parameter) in [
        ("colour=red", "unknown_parameter", "colour"),
        ("Limit=5", "unknown_parameter", "Limit"),
        ("ids=a", "unknown_parameter", "ids"),
        ("%FF=1", "unknown_parameter", "%FF"),
        ("sort=newest&sort=newest", "repeated_parameter", "sort"),
        ("sort=price", "invalid_parameter", "sort"),
        ("sort=", "invalid_parameter", "sort"),
        ("limit=0", "invalid_parameter", "limit"),
        ("limit=101", "invalid_parameter", "limit"),
        ("limit=+5", "invalid_parameter", "limit"),
        ("limit=%2B5", "invalid_parameter", "limit"),
        ("limit=99999999999999999999", "invalid_parameter", "limit"),
        ("limit=", "invalid_parameter", "limit"),
        ("min_price=-1", "invalid_parameter", "min_price"),
        ("min_price=1.0", "invalid_parameter", "min_price"),
        ("max_price=1000000000001", "invalid_parameter", "max_price"),
        ("in_stock=1", "invalid_parameter", "in_stock"),
        ("on_sale=TRUE", "invalid_parameter", "on_sale"),
        ("facets=1", "invalid_parameter", "facets"),
        ("attr.=red", "invalid_parameter", "attr."),
        ("brand=", "invalid_parameter", "brand"),
        ("brand=a+b", "invalid_parameter", "brand"),
        ("brand=%FF", "invalid_parameter", "brand"),
        ("brand=%4", "invalid_parameter", "brand"),
    ] {
        assert_eq!(refused(listing(query)), both(code, parameter), "{query}");
    }
}

#[test]
fn ratings_are_decimals_from_1_to_5_rounded_up_to_hundredths() {
    for (text, hundredths) in [
        ("1", 100),
        ("5", 500),
        ("5.000", 500),
        ("4.5", 450),
        ("4.33", 433),
        ("4.330", 433),
        ("4.331", 434),
        ("4.999999999999999999999999", 500),
        ("1.00000001", 101),
        ("04.5", 450),
    ] {
        let params = listing(&format!("min_rating={text}")).unwrap();
        assert_eq!(params.filters.min_rating_hundredths, Some(hundredths), "{text}");
    }
    for text in ["0.99", "5.01", "5.0001", "", ".", "4.", ".5", "4,5", "4e0", "-4", "NaN", "4.5.5"]
    {
        let expected = both("invalid_parameter", "min_rating");
        assert_eq!(refused(listing(&format!("min_rating={text}"))), expected, "{text}");
    }
}

#[test]
fn instants_take_any_offset_and_say_how_to_write_a_plus() {
    let common = |query: &str| taken(query, Common::take);
    let at = |query: &str| common(query).unwrap().at.unwrap().to_string();
    assert_eq!(at("at=2026-11-20T09:00:00%2B01:00"), "2026-11-20T08:00:00.000Z");
    assert_eq!(at("at=2026-11-20T09:00:00.1239Z"), "2026-11-20T09:00:00.123Z");
    let problem = common("at=2026-11-20T09:00:00+01:00").unwrap_err();
    assert_eq!((problem.kind(), problem.at_fault()), (Kind::InvalidAt, Some("at")));
    assert!(problem.detail().contains("%2B"), "{problem}");
    for bad in ["at=", "at=tomorrow", "at=2026-11-20", "at=2026-13-20T09:00:00Z"] {
        assert_eq!(refused(common(bad)), both("invalid_at", "at"), "{bad}");
    }
}

#[test]
fn audience_and_locale_are_checked() {
    let common = |query: &str| taken(query, Common::take);
    let found = common("market=eu&group=vip%2Fgold&locale=de-AT").unwrap();
    let expected = [Some("eu"), Some("vip/gold"), Some("de-AT")];
    let all = [&found.market, &found.group, &found.locale];
    assert_eq!(all.map(|value| value.as_deref()), expected);
    assert_eq!(refused(common("group=")), both("invalid_parameter", "group"));
    assert_eq!(refused(common("group=a%0Ab")), both("invalid_parameter", "group"));
    assert_eq!(refused(common("locale=")), both("invalid_parameter", "locale"));
    let long = format!("locale={}", "x".repeat(65));
    assert_eq!(refused(common(&long)), both("invalid_parameter", "locale"));
    assert_eq!(refused(common("market=a&market=a")), both("repeated_parameter", "market"));
}

#[test]
fn ids_keep_their_order_and_are_named_once() {
    let products = |query: &str| taken(query, ProductsParams::take);
    let found = products("id=x%2Cy&ids=b,a%2Cb&id=c&view=page").unwrap();
    assert_eq!(
        (found.ids, found.shown),
        (["x,y", "b", "a", "c"].map(str::to_owned).into(), Shown::Page)
    );
    let ids = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(products(&format!("ids={}", ids(100))).unwrap().ids.len(), 100);
    for (query, code, parameter) in [
        (format!("ids={}", ids(101)), "invalid_parameter", "ids"),
        (String::new(), "missing_parameter", "ids"),
        ("ids=".to_owned(), "invalid_id", "ids"),
        ("ids=a,,b".to_owned(), "invalid_id", "ids"),
        ("id=".to_owned(), "invalid_id", "id"),
        ("ids=a&ids=b".to_owned(), "repeated_parameter", "ids"),
        ("ids=a&view=list".to_owned(), "invalid_parameter", "view"),
    ] {
        assert_eq!(refused(products(&query)), both(code, parameter), "{query}");
    }
}

#[test]
fn reviews_have_sorts_of_their_own() {
    let reviews = |query: &str| taken(query, ReviewParams::take);
    let params = reviews("").unwrap();
    assert_eq!((params.sort, params.limit), (ReviewSort::Newest, 20));
    assert_eq!(reviews("sort=lowest").unwrap().sort, ReviewSort::Lowest);
    assert_eq!(refused(reviews("sort=price_asc")), both("invalid_parameter", "sort"));
}

#[test]
fn ids_in_paths_are_decoded_once_and_checked() {
    for (raw, id) in [
        ("mug", "mug"),
        ("a%2Fb", "a/b"),
        ("100%25", "100%"),
        ("%2525", "%25"),
        ("a+b", "a+b"),
        ("%ED%95%9C", "한"),
        ("...", "..."),
        ("a,b;c=d@e:f", "a,b;c=d@e:f"),
    ] {
        let path = format!("/api/v1/products/{raw}/reviews");
        assert_eq!(path::id(&path, 4).unwrap(), id, "{raw}");
    }
    let long = "x".repeat(129);
    for raw in ["%", "%4", "%zz", "%FF", "%ED%95", "a%20b", "%00", ".", "%2E%2E", &long, "%C2%A0"] {
        let found = path::id(&format!("/api/v1/products/{raw}"), 4);
        assert_eq!(refused(found), both("invalid_id", "id"), "{raw}");
    }
}

fn place(id: &str) -> Keyset {
    Keyset { key: -1_700_000_000_000, product_id: id.to_owned() }
}

fn binding(key: &ListingKey, market: &str, group: Option<&str>, sort: Sort) -> Binding {
    Binding::listing(key, market, group, sort, &Filters::default())
}

#[test]
fn cursors_come_back_as_they_were_written() {
    let cursors = Cursors::new(Some("token"));
    let walk = Binding::reviews("mug", ReviewSort::Helpful);
    let after = ReviewKeyset { value: 3, created_at: Instant(7), review_id: "r/한".to_owned() };
    let cursor = Cursor { walk: Walk::At(5), after };
    let text = cursors.write(walk, &cursor);
    assert_eq!(cursors.read(walk, None, &text).unwrap(), cursor);
    assert_eq!(cursors.read(walk, Some(Instant(5)), &text).unwrap(), cursor);
    let other = cursors.read::<ReviewKeyset>(walk, Some(Instant(6)), &text);
    assert_eq!(refused(other), both("cursor_mismatch", "cursor"));
    let other = Binding::reviews("mug", ReviewSort::Newest);
    let other = cursors.read::<ReviewKeyset>(other, None, &text);
    assert_eq!(refused(other), both("cursor_mismatch", "cursor"));
}

#[test]
fn a_listing_cursor_is_good_for_its_walk_only() {
    let cursors = Cursors::new(None);
    let all = binding(&ListingKey::All, "default", None, Sort::Newest);
    let cursor = Cursor { walk: Walk::Until(9), after: place("mug") };
    let text = cursors.write(all, &cursor);
    assert_eq!(cursors.read(all, None, &text).unwrap(), cursor);
    let brand = Filters { brands: ["a".to_owned()].into(), ..Filters::default() };
    for other in [
        binding(&ListingKey::Category("all".to_owned()), "default", None, Sort::Newest),
        binding(&ListingKey::All, "eu", None, Sort::Newest),
        binding(&ListingKey::All, "default", Some("vip"), Sort::Newest),
        binding(&ListingKey::All, "default", None, Sort::PriceAsc),
        Binding::listing(&ListingKey::All, "default", None, Sort::Newest, &brand),
        Binding::reviews("all", ReviewSort::Newest),
    ] {
        let read = cursors.read::<Keyset>(other, None, &text);
        assert_eq!(refused(read), both("cursor_mismatch", "cursor"));
    }
    let at = cursors.read::<Keyset>(all, Some(Instant(9)), &text);
    assert_eq!(refused(at), both("cursor_mismatch", "cursor"));
}

#[test]
fn nobody_makes_up_a_cursor() {
    let (cursors, all) =
        (Cursors::new(Some("token")), binding(&ListingKey::All, "default", None, Sort::Newest));
    let text = cursors.write(all, &Cursor { walk: Walk::At(9), after: place("mug") });
    let mut bad = vec![String::new(), "AAAA".to_owned(), "!".to_owned(), "A".repeat(5000)];
    for i in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
        bad.push(String::from_utf8(bytes).unwrap());
        bad.push(text[..i].to_owned());
    }
    bad.push(format!("{text}A"));
    for text in bad {
        let read = cursors.read::<Keyset>(all, None, &text);
        assert_eq!(refused(read), both("invalid_cursor", "cursor"), "{text}");
    }
    let other = Cursors::new(None).read::<Keyset>(all, None, &text);
    assert_eq!(refused(other), both("invalid_cursor", "cursor"));
}

#[test]
fn a_walk_stays_in_the_step_that_it_began_in() {
    let walk = Walk::begin(None, Some(Instant(1000)));
    assert_eq!(walk.instant(Instant(400)), Instant(400));
    assert_eq!(walk.instant(Instant(5000)), Instant(999));
    assert_eq!(Walk::begin(None, None).instant(Instant(5000)), Instant(5000));
    let asked = Walk::begin(Some(Instant(7000)), Some(Instant(8000)));
    assert_eq!(asked.instant(Instant(5000)), Instant(7000));
}

fn if_none_match(values: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(IF_NONE_MATCH, HeaderValue::from_static(value));
    }
    headers
}

#[test]
fn entity_tags_compare_weakly_in_lists() {
    for values in [
        &["\"a\""][..],
        &["W/\"a\""],
        &["*"],
        &[" * "],
        &["\"b\", \"a\""],
        &["\"b,\"  ,W/\"a\""],
        &["\"b\"", "\"a\""],
    ] {
        assert!(none_match(&if_none_match(values), "\"a\""), "{values:?}");
    }
    for values in [&[][..], &["\"b\""], &["a"], &["\"a"], &["\"x\"a\"y\""], &[""], &["\"*\""]] {
        assert!(!none_match(&if_none_match(values), "\"a\""), "{values:?}");
    }
}

#[test]
fn nobody_keeps_a_page_beyond_its_next_change() {
    let until = |next: Option<i64>| cache_control(false, next.map(Instant), Instant(10_000));
    assert_eq!(until(None), "public, max-age=5");
    assert_eq!(until(Some(60_000)), "public, max-age=5");
    assert_eq!(until(Some(13_999)), "public, max-age=3");
    assert_eq!(until(Some(10_999)), "public, max-age=0");
    assert_eq!(until(Some(9_000)), "public, max-age=0");
    assert_eq!(cache_control(true, None, Instant(0)), "private, max-age=5");
}

fn event(ty: &str, data: &str) -> String {
    let time = "2026-01-01T00:00:00Z";
    let about = format!(r#""specversion":"1.0","id":"1","source":"/t","time":"{time}""#);
    format!(r#"{{{about},"type":"{ty}","data":{data}}}"#)
}

fn stock(available: &str) -> String {
    let data = format!(r#"{{"sku":"a","product_id":"a","version":1,"available":{available}}}"#);
    event("stock.set.v1", &data)
}

#[test]
fn a_body_is_one_event_a_batch_or_lines() {
    let (good, bad, other) = (stock("3"), stock("-3"), event("order.placed.v1", "{}"));
    let one = sort(Form::One, &Bytes::from(good.clone()), &[]).unwrap();
    assert_eq!((one.accepted, one.records[0].kind), (1, EntityKind::Stock));
    assert_eq!(one.records[0].payload, good.as_bytes());
    let unknown = sort(Form::One, &Bytes::from(other.clone()), &[]).unwrap();
    assert_eq!((unknown.accepted, unknown.records.len()), (1, 0));
    let refused = sort(Form::One, &Bytes::from(bad.clone()), &[]).unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (Kind::RefusedEvent, "data.available.negative"));

    let batch = format!("[{good}, {bad},\n{other} , 7]");
    let lines = format!("\r\n{good}\n\n  {bad}\r\n{other}\n7");
    for (form, body) in [(Form::Batch, batch), (Form::Lines, lines)] {
        let sorted = sort(form, &Bytes::from(body), &[]).unwrap();
        assert_eq!((sorted.accepted, sorted.records.len()), (2, 1));
        assert_eq!(sorted.records[0].payload, good.as_bytes());
        let rejected = |r: &Told| (r.index, r.code.clone());
        let rejected: Vec<_> = sorted.rejected.first.iter().map(rejected).collect();
        let expected = [(1, "data.available.negative"), (3, "event.not_an_object")];
        assert_eq!(rejected, expected.map(|(index, code)| (index, code.to_owned())));
    }
    for body in ["{}", "", "[", "[1,]", "[1] 2"] {
        let problem = sort(Form::Batch, &Bytes::from(body), &[]).unwrap_err();
        assert_eq!(problem.kind(), Kind::InvalidBody, "{body}");
    }
    assert_eq!(sort(Form::Batch, &Bytes::from("[]"), &[]).unwrap().accepted, 0);
    assert_eq!(sort(Form::Lines, &Bytes::from("\n\n"), &[]).unwrap().accepted, 0);
}

#[test]
fn media_types_say_the_form() {
    let form = Form::of_media_type;
    assert_eq!(form("application/cloudevents+json; charset=utf-8"), Some(Form::One));
    assert_eq!(form("Application/JSON"), Some(Form::One));
    assert_eq!(form("application/cloudevents-batch+json"), Some(Form::Batch));
    assert_eq!(form("application/x-ndjson"), Some(Form::Lines));
    assert_eq!(form("text/plain"), None);
}

proptest! {
    #[test]
    fn no_query_and_no_path_is_too_strange(raw in "[ -~]{0,60}") {
        let _ = listing(&raw);
        let _ = taken(&raw, Common::take);
        let _ = taken(&raw, ProductsParams::take);
        let _ = path::id(&raw, 1);
    }

    #[test]
    fn no_header_is_too_strange(list in "[\"*W/, a]{0,20}") {
        let mut headers = HeaderMap::new();
        headers.append(IF_NONE_MATCH, HeaderValue::from_str(&list).unwrap());
        let found = none_match(&headers, "\"a\"");
        prop_assert!(!found || list.contains("\"a\"") || list.trim() == "*");
    }
}
