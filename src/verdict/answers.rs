//! One product of two generations compared: its facts, its page, its reviews. No I/O.

mod facts;

use std::collections::{BTreeMap, BTreeSet};

use projections::facts::{ProductFacts, ReviewFact};
use projections::instant::Instant;
use projections::page::{self, LatestReviews, Reader, ReviewBody};
use serde::Serialize;
use serde_json::{Value, json};

use self::facts::Parts;
pub(super) use self::facts::{Part, normalize, part_of};
use super::Scope;
use super::allow::FURTHER;
use super::fields::{FieldDifference, differences};
use super::found::{Example, Found};

/// Instants to come at which a product's answers are compared, besides now: of what differs, and of all.
const COMING: usize = 4;
/// Groups for whom a product's answers are compared, besides everyone.
const GROUPS: usize = 8;

/// Paths of one product that are told apart: names of attributes are the publisher's own.
const FIELDS: usize = 100;

/// All that a generation has of one product.
#[derive(Clone, Debug, Default)]
pub(super) struct Product {
    /// In one order, whichever the store reads them in.
    pub facts: Option<ProductFacts>,
    pub reviews: Reviews,
}

/// What pages show of a product's reviews.
#[derive(Clone, Debug, Default)]
pub(super) struct Reviews {
    pub latest: LatestReviews,
    /// The first of all, where there are more than the latest.
    pub first: Vec<ReviewFact>,
}

impl Reviews {
    pub fn same(&self, other: &Reviews) -> bool {
        let (a, b) = (&self.latest, &other.latest);
        a.latest == b.latest
            && a.newest_time == b.newest_time
            && a.next_cursor == b.next_cursor
            && self.first == other.first
    }
}

impl Product {
    /// Which parts of the facts are not the same.
    pub fn parts(&self, other: &Product) -> Parts {
        let mut parts = Parts::of(self.facts.as_ref(), other.facts.as_ref());
        parts.reviews |= !self.reviews.same(&other.reviews);
        parts
    }
}

/// What differs of a product, each path once, and how many pages were made to see it.
pub(super) fn differ(id: &str, live: &Product, new: &Product, scope: &Scope) -> (Vec<Found>, u64) {
    let mut gathered = Gathered { id, paths: BTreeMap::new(), pages_made: 0 };
    let parts = live.parts(new);
    if parts.any() {
        gathered.pages(live, new, scope);
        gathered.reviews(&live.reviews, &new.reviews);
        gathered.facts(live, new, parts);
    }
    (gathered.paths.into_values().collect(), gathered.pages_made)
}

/// For whom and when an answer is made.
#[derive(Clone, Copy, Default)]
struct For<'a> {
    market: Option<&'a str>,
    group: Option<&'a str>,
    at: Option<Instant>,
}

impl<'a> For<'a> {
    fn reader(reader: &Reader<'a>) -> For<'a> {
        For { market: Some(&reader.market.id), group: reader.group, at: Some(reader.at) }
    }

    fn example(self, id: &str, field: String, live: Value, new: Value) -> Example {
        Example {
            subject: id.to_owned(),
            field,
            market: self.market.map(str::to_owned),
            group: self.group.map(str::to_owned),
            at: self.at,
            live,
            new,
        }
    }
}

/// What differs of one product, by path.
struct Gathered<'a> {
    id: &'a str,
    paths: BTreeMap<String, Found>,
    pages_made: u64,
}

impl Gathered<'_> {
    /// The fields that differ of two answers of one kind.
    fn compare(&mut self, kind: &str, of: For<'_>, live: &Value, new: &Value) {
        let mut differ = BTreeSet::new();
        for difference in differences(live, new) {
            let mut path = match difference.path.as_str() {
                "" => kind.to_owned(),
                path => format!("{kind}.{path}"),
            };
            if !self.paths.contains_key(&path) && self.paths.len() >= FIELDS {
                FURTHER.clone_into(&mut path);
            }
            if !self.paths.contains_key(&path) {
                let FieldDifference { field, live, new, .. } = difference;
                let example = of.example(self.id, field, live, new);
                let found = Found { path: path.clone(), answers: 0, example };
                self.paths.insert(path.clone(), found);
            }
            differ.insert(path);
        }
        for path in differ {
            if let Some(found) = self.paths.get_mut(&path) {
                found.answers += 1;
            }
        }
    }

    /// The pages in all markets, for everyone and the groups that the facts name, now and at instants to come.
    fn pages(&mut self, live: &Product, new: &Product, scope: &Scope) {
        let both = [live.facts.as_ref(), new.facts.as_ref()];
        let instants = facts::instants(both, scope.at, COMING);
        for market in &scope.markets {
            for group in facts::groups(both, &market.id, GROUPS) {
                for at in &instants {
                    let low_stock_threshold = scope.low_stock_threshold;
                    let reader =
                        Reader { market, group, locale: None, at: *at, low_stock_threshold };
                    let page = |product: &Product| {
                        let facts = product.facts.as_ref()?;
                        page::product_page(facts, &product.reviews.latest, &reader).map(value)
                    };
                    let (live, new) = (page(live), page(new));
                    self.pages_made += 1;
                    self.compare("product", For::reader(&reader), &or_null(live), &or_null(new));
                }
            }
        }
    }

    fn reviews(&mut self, live: &Reviews, new: &Reviews) {
        let body = |reviews: &Reviews| {
            let items: Vec<Value> =
                reviews.first.iter().map(|fact| value(ReviewBody::new(fact))).collect();
            json!({"items": items})
        };
        if live.first != new.first {
            self.compare("reviews", For::default(), &body(live), &body(new));
        }
    }

    /// Facts that differ, as far as no page has shown it.
    fn facts(&mut self, live: &Product, new: &Product, parts: Parts) {
        let whole = self.paths.contains_key("product");
        let shows = |of_it: fn(&str) -> bool| whole || self.paths.keys().any(|path| of_it(path));
        let of_product = |path: &str| {
            part_of(path) == Part::Rest
                && !path.starts_with("product.meta.")
                && !facts::is_of_discounts(path)
        };
        let show = Parts {
            whole: parts.whole && !whole,
            product: parts.product && !shows(of_product),
            prices: parts.prices && !shows(facts::is_of_prices),
            discounts: parts.discounts && !shows(facts::is_of_discounts),
            stock: parts.stock && !shows(|path| part_of(path) == Part::Stock),
            reviews: parts.reviews && !shows(|path| part_of(path) == Part::Reviews),
        };
        if show.any() {
            let (live, new) = facts::bodies(live, new, show);
            self.compare("facts", For::default(), &live, &new);
        }
    }
}

/// An answer as JSON. What cannot be written as such shows as why.
fn value(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_else(|error| error.to_string().into())
}

fn or_null(value: Option<Value>) -> Value {
    value.unwrap_or(Value::Null)
}
