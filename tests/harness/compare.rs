//! All answers of a service beside the oracle's.

use std::borrow::Cow;
use std::collections::BTreeSet;

use projections::index::query::filters::Filters;
use projections::instant::Instant;
use projections::listing::Sort;
use serde_json::Value;
use vitrine_oracle::{Asked, Listing, Oracle, comparable};

use super::events::{Catalogue, at};
use super::full;
use super::service::{Service, encoded, with_query};

/// For whom and when pages are compared: every combination, but for the locales, which take turns.
#[derive(Clone, Copy)]
pub struct Readers<'a> {
    /// Milliseconds.
    pub instants: &'a [i64],
    pub markets: &'a [&'a str],
    pub groups: &'a [Option<&'a str>],
    pub locales: &'a [Option<&'a str>],
}

/// Compares everything; answers how many answers were compared.
pub fn compare(service: &Service, catalogue: &Catalogue, readers: Readers<'_>) -> u64 {
    let mut comparison = Comparison { service, catalogue, answers: 0, turn: 0 };
    for at in readers.instants {
        for market in readers.markets {
            for group in readers.groups {
                let locale = readers.locales[comparison.turn % readers.locales.len()];
                let asked = Asked { market, group: *group, locale, at: Instant(*at) };
                comparison.pages(asked);
                comparison.cards(asked);
                comparison.listings(asked);
                comparison.turn += 1;
            }
        }
    }
    let asked = Asked {
        market: readers.markets[0],
        group: None,
        locale: None,
        at: Instant(readers.instants[0]),
    };
    comparison.reviews(asked);
    assert!(comparison.answers > 0);
    comparison.answers
}

/// The edges of windows and the milliseconds before and after them: at most so many edges, spread
/// over all.
pub fn around_edges(oracle: &Oracle, edges: usize) -> Vec<i64> {
    let all = oracle.edges();
    let step = all.len().div_ceil(edges.max(1)).max(1);
    let beside = |edge: &Instant| [-1, 0, 1].map(|by| edge.millis() + by);
    all.iter().step_by(step).flat_map(beside).collect()
}

struct Comparison<'a> {
    service: &'a Service,
    catalogue: &'a Catalogue,
    answers: u64,
    turn: usize,
}

type Query = Vec<(Cow<'static, str>, String)>;

fn query(asked: Asked<'_>) -> Query {
    let mut query =
        vec![("market".into(), asked.market.to_owned()), ("at".into(), at(asked.at.millis()))];
    query.extend(asked.group.map(|group| ("group".into(), group.to_owned())));
    query.extend(asked.locale.map(|locale| ("locale".into(), locale.to_owned())));
    query
}

/// A walk's first page, and the items of all of them.
struct Walk {
    first: Value,
    items: Vec<Value>,
}

impl Comparison<'_> {
    fn oracle(&self) -> &Oracle {
        &self.catalogue.oracle
    }

    /// Looking for changes is slow: only now and then.
    fn now_and_then(&self, n: usize) -> bool {
        (self.answers as usize + self.turn).is_multiple_of(n)
    }

    fn get(
        &mut self,
        path: &str,
        query: &[(Cow<'static, str>, String)],
    ) -> (String, Option<Value>) {
        self.answers += 1;
        let path = with_query(path, query);
        let answer = self.service.get(&path);
        match answer.status {
            200 => (path, Some(answer.body)),
            404 => (path, None),
            _ => panic!("GET {path}: {answer:?}"),
        }
    }

    fn pages(&mut self, asked: Asked<'_>) {
        for id in &self.catalogue.ids {
            let path = format!("/api/v1/products/{}", encoded(id));
            let (path, page) = self.get(&path, &query(asked));
            let expected = self.oracle().product_page(id, asked);
            let Some(page) = page else {
                assert_eq!(expected, None, "GET {path}: a 404");
                continue;
            };
            let meta = page["meta"].clone();
            assert_same(&path, Some(&comparable(page)), expected.as_ref());
            assert_same(&path, Some(&meta["as_of"]), Some(&self.oracle().as_of(id)));
            let change = || self.oracle().page_changes_at(id, asked);
            assert_next_change(&path, &meta, asked, self.now_and_then(5).then(change));
        }
    }

    fn cards(&mut self, asked: Asked<'_>) {
        for ids in self.catalogue.ids.chunks(100) {
            let mut query = query(asked);
            query.extend(ids.iter().map(|id| ("id".into(), id.clone())));
            let (path, answer) = self.get("/api/v1/products", &query);
            let answer = answer.unwrap();
            let cards = ids.iter().map(|id| (id, self.oracle().whole_card(id, asked)));
            let (there, missing): (Vec<_>, Vec<_>) = cards.partition(|(_, card)| card.is_some());
            let there: Value = there.into_iter().filter_map(|(_, card)| card).collect();
            let missing: Value = missing.into_iter().map(|(id, _)| id.clone()).collect();
            assert_same(&path, answer.get("items"), Some(&there));
            assert_same(&path, answer.get("missing"), Some(&missing));
            let change =
                || ids.iter().filter_map(|id| self.oracle().card_changes_at(id, asked)).min();
            assert_next_change(&path, &answer["meta"], asked, Some(change()));
        }
    }

    fn listings(&mut self, asked: Asked<'_>) {
        let mut listings: BTreeSet<(&str, String)> = self.oracle().listings();
        listings.insert(("all", String::new()));
        listings.insert(("category", "none".to_owned()));
        for (i, (kind, id)) in listings.iter().enumerate() {
            for (j, sort) in Sort::ALL.into_iter().enumerate() {
                // One order of each listing a time; from time to time it is another one.
                if !full() && !(i + j + self.turn).is_multiple_of(Sort::ALL.len()) {
                    continue;
                }
                let filters = self.filters(asked, (2 * i + j + self.turn / 2) % 10);
                let limit = [100, 24, 7, 3, 100][(i + 2 * j + self.turn) % 5];
                self.listing(Listing { kind, id }, asked, sort, &filters, limit);
            }
        }
    }

    /// One of several; with the bounds somewhere among what there is.
    fn filters(&self, asked: Asked<'_>, which: usize) -> Filters {
        let (plain, everything) = (Filters::default(), Listing { kind: "all", id: "" });
        let brands = || self.oracle().listings().into_iter().filter(|(kind, _)| *kind == "brand");
        let middle = || {
            let cards = self.oracle().select(everything, asked, Sort::PriceAsc, &plain);
            cards.get(cards.len() / 2).and_then(|card| card["price"]["final"].as_i64())
        };
        match which {
            1 => Filters { in_stock: true, ..plain },
            2 => Filters { on_sale: true, ..plain },
            3 => Filters { min_price: middle(), ..plain },
            4 => Filters { max_price: middle(), on_sale: true, ..plain },
            5 => {
                let mut brands: BTreeSet<String> = brands().map(|(_, id)| id).take(2).collect();
                brands.insert("none".to_owned());
                Filters { brands, ..plain }
            }
            6 => Filters { min_rating_hundredths: Some(325), in_stock: true, ..plain },
            7 => self.by_attributes(asked, 1),
            8 => Filters { max_price: middle(), ..self.by_attributes(asked, 2) },
            _ => plain,
        }
    }

    /// By the first values of so many of the attributes that there are, and by one that nothing has.
    fn by_attributes(&self, asked: Asked<'_>, names: usize) -> Filters {
        let everything = Listing { kind: "all", id: "" };
        let facets = self.oracle().facets(everything, asked, &Filters::default());
        let names = facets["attributes"].as_array().into_iter().flatten().take(names);
        let filter = |facet: &Value| {
            let values = facet["values"].as_array().into_iter().flatten().take(2);
            let values = values.filter_map(|v| v["value"].as_str().map(str::to_owned));
            let values = values.chain(["none of these".to_owned()]);
            Some((facet["name"].as_str()?.to_owned(), values.collect()))
        };
        Filters { attributes: names.filter_map(filter).collect(), ..Filters::default() }
    }

    fn listing(
        &mut self,
        listing: Listing<'_>,
        asked: Asked<'_>,
        sort: Sort,
        filters: &Filters,
        limit: usize,
    ) {
        let Listing { kind, id } = listing;
        let path = match kind {
            "all" => "/api/v1/listings/all".to_owned(),
            "category" => format!("/api/v1/categories/{}/products", encoded(id)),
            _ => format!("/api/v1/brands/{}/products", encoded(id)),
        };
        let mut query = query(asked);
        query.push(("sort".into(), sort.name().to_owned()));
        query.extend(filter_query(filters));
        let with_facets = full() || self.now_and_then(3);
        if with_facets {
            query.push(("facets".into(), "true".to_owned()));
        }
        let (path, walk) = self.walk(&path, query, limit);
        let Walk { first, items } = walk.unwrap_or_else(|| panic!("GET {path}: a 404"));
        let expected = self.oracle().select(listing, asked, sort, filters);
        assert_items(&path, &items, &expected);
        let name = self.oracle().listing_name(kind, id, asked);
        let id = if kind == "all" { Value::Null } else { Value::from(id) };
        let body = serde_json::json!({"kind": kind, "id": id, "name": name});
        assert_same(&path, first.get("listing"), Some(&body));
        assert_eq!(first["total"], expected.len(), "GET {path}");
        assert_eq!((first.get("total_capped"), &first["sort"]), (None, &sort.name().into()));
        let facets = with_facets.then(|| self.oracle().facets(listing, asked, filters));
        assert_same(&path, first.get("facets"), facets.as_ref());
        let change =
            || self.oracle().selection_changes_at(listing, asked, sort, filters, with_facets);
        let change = self.now_and_then(11).then(change);
        assert_next_change(&path, &first["meta"], asked, change);
    }

    /// Follows the cursors to the end. The limit changes on the way: no cursor is bound to it.
    fn walk(&mut self, path: &str, query: Query, limit: usize) -> (String, Option<Walk>) {
        let (mut first, mut items, mut cursor) = (None, Vec::new(), None::<String>);
        loop {
            let mut query = query.clone();
            let limit = if items.len() % 2 == 0 { limit } else { (limit + 1).min(100) };
            query.push(("limit".into(), limit.to_string()));
            query.extend(cursor.take().map(|cursor| ("cursor".into(), cursor)));
            let (path, page) = self.get(path, &query);
            let Some(page) = page else { return (path, None) };
            let more = page["items"].as_array().unwrap();
            assert!(more.len() <= limit, "GET {path}: more than {limit}");
            items.extend_from_slice(more);
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            assert!(
                cursor.is_none() || more.len() == limit,
                "GET {path}: goes on, and is not full"
            );
            assert!(items.len() < 100_000, "GET {path}: no end");
            let first = first.get_or_insert(page);
            if cursor.is_none() {
                let first = std::mem::take(first);
                return (path, Some(Walk { first, items }));
            }
        }
    }

    fn reviews(&mut self, asked: Asked<'_>) {
        for (i, id) in self.catalogue.ids.iter().enumerate() {
            for (j, sort) in ["newest", "helpful", "highest", "lowest"].into_iter().enumerate() {
                let mut query = query(asked);
                query.push(("sort".into(), sort.to_owned()));
                let path = format!("/api/v1/products/{}/reviews", encoded(id));
                let (path, walk) = self.walk(&path, query, [100, 2, 7, 1][(i + j) % 4]);
                let visible = self.oracle().whole_card(id, asked).is_some();
                assert_eq!(walk.is_some(), visible, "GET {path}");
                let Some(Walk { first, items }) = walk else { break };
                let expected = self.oracle().reviews(id, sort);
                assert_items(&path, &items, &expected);
                assert_eq!(first["total"], expected.len(), "GET {path}");
            }
        }
    }
}

fn filter_query(filters: &Filters) -> Query {
    let mut query: Query = filters.brands.iter().map(|id| ("brand".into(), id.clone())).collect();
    query.extend(filters.min_price.map(|n| ("min_price".into(), n.to_string())));
    query.extend(filters.max_price.map(|n| ("max_price".into(), n.to_string())));
    query.extend(filters.in_stock.then(|| ("in_stock".into(), "true".to_owned())));
    query.extend(filters.on_sale.then(|| ("on_sale".into(), "true".to_owned())));
    let rating = filters.min_rating_hundredths;
    query.extend(rating.map(|n| ("min_rating".into(), format!("{}.{:02}", n / 100, n % 100))));
    for (name, values) in &filters.attributes {
        let name = format!("attr.{name}");
        query.extend(values.iter().map(|value| (name.clone().into(), value.clone())));
    }
    query
}

/// Shows where two values differ, not all of both.
#[track_caller]
pub fn assert_same(what: &str, ours: Option<&Value>, expected: Option<&Value>) {
    if ours != expected {
        let null = Value::Null;
        let (ours, expected) = (ours.unwrap_or(&null), expected.unwrap_or(&null));
        let mut differences = Vec::new();
        differ("", ours, expected, &mut differences);
        differences.truncate(10);
        panic!("GET {what}\n{}", differences.join("\n"));
    }
}

#[track_caller]
fn assert_items(what: &str, items: &[Value], expected: &[Value]) {
    let ids = |items: &[Value]| -> Vec<Value> { items.iter().map(|i| i["id"].clone()).collect() };
    assert_eq!(ids(items), ids(expected), "GET {what}: other items");
    for (item, expected) in items.iter().zip(expected) {
        assert_same(what, Some(item), Some(expected));
    }
}

fn differ(path: &str, ours: &Value, expected: &Value, found: &mut Vec<String>) {
    match (ours, expected) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                differ(&format!("{path}/{key}"), &ours[key], &expected[key], found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                differ(&format!("{path}/{i}"), a, b, found);
            }
        }
        _ if ours != expected => found.push(format!("{path}: {ours}, and not {expected}")),
        _ => {}
    }
}

/// It is later than the answer's instant and, where the oracle was asked (`Some`), no later than the
/// first change that it finds; null only where it finds none.
#[track_caller]
fn assert_next_change(what: &str, meta: &Value, asked: Asked<'_>, change: Option<Option<Instant>>) {
    let said = meta["next_change_at"].as_str().map(|text| Instant::parse(text).unwrap());
    assert!(meta.get("next_change_at").is_some(), "GET {what}: no next_change_at");
    assert!(said.is_none_or(|said| said > asked.at), "GET {what}: changes at {said:?}");
    if let Some(Some(change)) = change {
        assert!(
            said.is_some_and(|said| said <= change),
            "GET {what}: changes at {change}, and says {}",
            meta["next_change_at"]
        );
    }
}
