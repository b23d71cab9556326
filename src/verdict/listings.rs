//! Listings compared: which products stand where in each order, how many there are, when that changes by itself, and
//! what the listing is called.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use projections::facts::ProductFacts;
use projections::instant::Instant;
use projections::listing::{Filters, Sort, TOTAL_CAP, Total};
use projections::market::Market;
use projections::text::Text;
use projections::view::ListingKey;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::answers::normalize;
use super::found::{Example, Findings, Found, Key};
use super::moments::{Compare, Pair, Read, Stood};
use super::products::Groups;
use super::{Compared, Scope, VerdictError};
use crate::pages;
use crate::store::query::{Keyset, ListingQuery};
use crate::store::{Result, Snapshot};

/// Categories and brands that are compared, besides the listing of everything; of more, so many are drawn.
pub const MAX_LISTINGS: usize = 2_000;
/// Categories and brands that these are drawn from.
const KEYS: u32 = 100_000;
/// Instants to come at which a listing is compared, besides now.
const COMING: usize = 2;
/// The orders that are compared at those: the others do not go by what time changes, or are read from these.
const COMING_SORTS: [Sort; 3] = [Sort::Newest, Sort::PriceAsc, Sort::Discount];
/// Products whose places differ that are told apart, of one answer.
const ITEMS: usize = 200;
/// The rating that a filter is compared with, in hundredths.
const RATED: i64 = 400;

/// The listings that one of the generations has, the one of everything first; and whether they were drawn from more.
pub(super) async fn keys(
    pair: &Pair<'_>,
    seed: u64,
) -> Result<(Vec<ListingKey>, bool), VerdictError> {
    let (mut keys, mut new) = pair.read_both(&Keys).await?;
    let cut = keys.len().max(new.len()) >= KEYS as usize;
    keys.append(&mut new);
    keys.sort_unstable();
    keys.dedup();
    let sampled = cut || keys.len() > MAX_LISTINGS;
    if keys.len() > MAX_LISTINGS {
        keys.sort_by_cached_key(|key| {
            xxh3_64_with_seed(format!("{}:{}", key.kind(), key.id()).as_bytes(), seed)
        });
        keys.truncate(MAX_LISTINGS);
        keys.sort_unstable();
    }
    keys.insert(0, ListingKey::All);
    Ok((keys, sampled))
}

struct Keys;

#[async_trait]
impl Read for Keys {
    type Answer = Vec<ListingKey>;

    async fn read(&self, snapshot: &mut dyn Snapshot) -> Result<Vec<ListingKey>> {
        snapshot.listing_keys(KEYS).await
    }
}

/// Compares one listing in all markets, for everyone and for groups; answers how many answers were unsettled.
pub(super) async fn compare(
    pair: &Pair<'_>,
    scope: &Scope,
    key: &ListingKey,
    groups: &Groups,
    findings: &mut Findings,
    compared: &mut Compared,
) -> Result<u64, VerdictError> {
    let mut unsettled = 0;
    for (i, market) in scope.markets.iter().enumerate() {
        let of_market = groups.get(&market.id).into_iter().flatten();
        let audiences = std::iter::once(None).chain(of_market.map(|g| Some(g.as_str())));
        for group in audiences {
            let named = i == 0 && group.is_none();
            for mut asked in asked(pair, scope, key, market, group, named).await? {
                let (live, new) = pair.read_both(&asked).await?;
                compared.answers += 1;
                compared.places += live.places.len().max(new.places.len()) as u64;
                let doubts = asked.differ(&live, &new);
                drop((live, new));
                if !doubts.is_empty() {
                    let settled = pair.settle(&mut asked, &doubts).await?;
                    unsettled += u64::from(settled.unsettled > 0);
                    settled.differences.into_iter().for_each(|found| findings.add(found));
                }
            }
        }
    }
    Ok(unsettled)
}

/// What is asked of both about a listing for one audience: all orders now, some filters, and orders that change by
/// themselves at instants to come.
async fn asked<'a>(
    pair: &Pair<'_>,
    scope: &'a Scope,
    listing: &'a ListingKey,
    market: &'a Market,
    group: Option<&'a str>,
    named: bool,
) -> Result<Vec<Asked<'a>>, VerdictError> {
    let question = |sort, filters, at| Asked {
        scope,
        listing,
        market,
        group,
        sort,
        filters,
        at,
        whole: false,
        named: false,
        watched: Vec::new(),
    };
    let ahead = Ahead(question(Sort::PriceAsc, Filters::default(), scope.at));
    let (live, new) = pair.read_both(&ahead).await?;
    let mut asked: Vec<Asked<'a>> =
        Sort::ALL.map(|sort| question(sort, Filters::default(), scope.at)).into();
    let filters = probes(listing, &live.prices);
    asked.extend(filters.into_iter().map(|filters| question(Sort::Newest, filters, scope.at)));
    let coming: BTreeSet<Instant> = live.coming.into_iter().chain(new.coming).collect();
    let covered = coming.into_iter().filter(|at| *at < live.covered_until.min(new.covered_until));
    for at in covered.take(COMING) {
        asked.extend(COMING_SORTS.map(|sort| question(sort, Filters::default(), at)));
    }
    for question in &mut asked {
        // The rest does not depend on the order.
        question.whole = question.sort == Sort::Newest;
    }
    if let Some(first) = asked.first_mut() {
        first.named = named;
    }
    Ok(asked)
}

/// Filters that look at each member of offers. The price range leaves out the cheapest and the dearest.
fn probes(listing: &ListingKey, prices: &[i64]) -> Vec<Filters> {
    let none = Filters::default;
    let quarter = prices.len() / 4;
    let price = |i: usize| prices.get(i).copied();
    let mut probes = vec![
        Filters { in_stock: true, ..none() },
        Filters { on_sale: true, ..none() },
        Filters { min_rating_hundredths: Some(RATED), ..none() },
        Filters {
            min_price: price(quarter),
            max_price: price(prices.len().saturating_sub(quarter + 1)),
            ..none()
        },
    ];
    if let ListingKey::Brand(id) = listing {
        probes.push(Filters { brands: vec![id.clone()], ..none() });
    }
    probes
}

/// What there is to ask about a listing.
struct Ahead<'a>(Asked<'a>);

struct Coming {
    /// Final prices, lowest first.
    prices: Vec<i64>,
    /// The first instants at which the listing changes by itself.
    coming: Vec<Instant>,
    covered_until: Instant,
}

#[async_trait]
impl Read for Ahead<'_> {
    type Answer = Coming;

    async fn read(&self, snapshot: &mut dyn Snapshot) -> Result<Coming> {
        let mut query = self.0.query();
        let covers = snapshot.coverage().await?;
        let mut found = Coming { prices: Vec::new(), coming: Vec::new(), covered_until: query.at };
        if !covers.holds(query.at) {
            return Ok(found);
        }
        found.covered_until = covers.until;
        let places = snapshot.listing(&query, None, self.0.limit()).await?;
        found.prices = places.iter().map(|place| place.key).collect();
        for _ in 0..COMING {
            let Some(next) = snapshot.listing_changes_at(&query).await? else { break };
            found.coming.push(next);
            query.at = next;
        }
        Ok(found)
    }
}

/// One answer of a listing that both are asked for.
struct Asked<'a> {
    scope: &'a Scope,
    listing: &'a ListingKey,
    market: &'a Market,
    group: Option<&'a str>,
    sort: Sort,
    filters: Filters,
    at: Instant,
    /// With how many there are, and when that changes.
    whole: bool,
    /// With the listing's name.
    named: bool,
    /// Products whose places differ.
    watched: Vec<String>,
}

struct Answer {
    places: Vec<Keyset>,
    /// There are more places.
    more: bool,
    total: Option<Total>,
    name: Option<Text>,
    next_change_at: Option<Instant>,
    covered_until: Instant,
    watched: BTreeMap<String, ProductFacts>,
}

impl Asked<'_> {
    fn query(&self) -> ListingQuery<'_> {
        let Asked { listing, group, sort, filters, at, .. } = self;
        let market = &self.market.id;
        ListingQuery { listing, market, group: *group, sort: *sort, filters, at: *at }
    }

    fn limit(&self) -> u32 {
        u32::try_from(self.scope.max_places).unwrap_or(u32::MAX - 1)
    }

    fn found(&self, path: &str, field: String, values: (Value, Value), by_field: bool) -> Found {
        Found {
            path: format!("listing.{path}"),
            answers: 1,
            example: Example {
                subject: self.subject(),
                field,
                market: Some(self.market.id.clone()),
                group: self.group.map(str::to_owned),
                at: Some(self.at),
                live: values.0,
                new: values.1,
            },
            by_field,
        }
    }

    /// As in `category:shoes by newest, on sale`.
    fn subject(&self) -> String {
        let mut text = match self.listing {
            ListingKey::All => "all".to_owned(),
            key => format!("{}:{}", key.kind(), key.id()),
        };
        text.push_str(&format!(" by {}", self.sort));
        let Filters { brands, min_price, max_price, in_stock, on_sale, min_rating_hundredths } =
            &self.filters;
        let filters = [
            in_stock.then(|| "in stock".to_owned()),
            on_sale.then(|| "on sale".to_owned()),
            min_rating_hundredths.map(|n| format!("rated {n} or more")),
            min_price.map(|n| format!("from {n}")),
            max_price.map(|n| format!("up to {n}")),
            (!brands.is_empty()).then(|| format!("of brand {}", brands.join(", "))),
        ];
        for filter in filters.into_iter().flatten() {
            text.push_str(", ");
            text.push_str(&filter);
        }
        text
    }
}

#[async_trait]
impl Read for Asked<'_> {
    type Answer = Answer;

    async fn read(&self, snapshot: &mut dyn Snapshot) -> Result<Answer> {
        let query = self.query();
        let covers = snapshot.coverage().await?;
        let limit = self.limit();
        // As the API: what is not covered is evaluated from the facts.
        let slice = pages::listing(snapshot, &query, self.market, None, limit).await?;
        let covered = covers.holds(self.at);
        let (mut total, mut next_change_at, mut name) = (None, None, None);
        if self.whole && covered {
            total = Some(snapshot.listing_total(&query).await?);
            next_change_at = snapshot.listing_changes_at(&query).await?;
        }
        if self.named && *self.listing != ListingKey::All {
            name = snapshot.listing_name(self.listing).await?;
        }
        let mut watched = BTreeMap::new();
        if !self.watched.is_empty() {
            for mut facts in snapshot.product_facts(&self.watched).await? {
                normalize(&mut facts);
                watched.insert(facts.product_id.clone(), facts);
            }
        }
        let covered_until = if covered { covers.until } else { self.at };
        let (places, more) = (slice.places, slice.more);
        Ok(Answer { places, more, total, name, next_change_at, covered_until, watched })
    }
}

impl Compare for Asked<'_> {
    fn differ(&self, live: &Answer, new: &Answer) -> Vec<Found> {
        let mut found = self.places(live, new);
        if let Some((a, b)) = totals(live.total, new.total) {
            let body = |t: Total| json!({"total": t.total, "capped": t.capped});
            found.push(self.found("total", "total".into(), (body(a), body(b)), false));
        }
        if live.name != new.name {
            let values = (json!(live.name), json!(new.name));
            found.push(self.found("name", "name".into(), values, false));
        }
        // What lies beyond the steps that are stored is not known yet to the one that has fewer.
        let until = live.covered_until.min(new.covered_until);
        let next = |answer: &Answer| answer.next_change_at.filter(|at| *at < until);
        if next(live) != next(new) {
            let values = (json!(next(live)), json!(next(new)));
            let field = "meta.next_change_at";
            found.push(self.found(field, field.into(), values, false));
        }
        found
    }

    fn watch(&mut self, doubts: &BTreeSet<&Key>) {
        let of_products = doubts.iter().filter(|key| !key.field.is_empty());
        let ids: BTreeSet<&String> = of_products.map(|key| &key.field).collect();
        self.watched = ids.into_iter().cloned().collect();
    }

    /// A product's place by its facts, which do not come back. Of totals and names nothing else can be said than that
    /// they are the same again.
    fn stood(&self, key: &Key, before: &Answer, after: &Answer) -> Stood {
        if key.field.is_empty() {
            return Stood::Perhaps;
        }
        let (before, after) = (before.watched.get(&key.field), after.watched.get(&key.field));
        let parts = super::answers::facts_differ(before, after);
        if parts { Stood::Moved } else { Stood::Still }
    }
}

impl Asked<'_> {
    /// Products that do not stand at the same place, as far as both answers reach. The field is the product.
    fn places(&self, live: &Answer, new: &Answer) -> Vec<Found> {
        let mut found = Vec::new();
        for (side, answer) in [("live", live), ("new", new)] {
            if !answer.places.is_sorted() {
                let values = (json!(side == "live"), json!(side == "new"));
                found.push(self.found("order", "out of order".into(), values, false));
            }
        }
        if live.places == new.places {
            return found;
        }
        let ends = [live, new].into_iter().filter(|a| a.more).filter_map(|a| a.places.last());
        let end = ends.min();
        let (of_live, of_new) = (reached(live, end), reached(new, end));
        let ids: BTreeSet<&str> = of_live.keys().chain(of_new.keys()).copied().collect();
        for id in ids {
            let (a, b) = (of_live.get(id), of_new.get(id));
            let path = match (a, b) {
                _ if a == b => continue,
                (Some(_), Some(_)) => "items[].key",
                _ => "items",
            };
            found.push(self.found(path, id.to_owned(), (json!(a), json!(b)), true));
            if found.len() >= ITEMS {
                break;
            }
        }
        found
    }
}

/// The key that each product stands under, up to a place that both answers reach.
fn reached<'a>(answer: &'a Answer, end: Option<&Keyset>) -> BTreeMap<&'a str, i64> {
    let places = answer.places.iter().filter(|place| end.is_none_or(|end| *place <= end));
    places.map(|place| (place.product_id.as_str(), place.key)).collect()
}

/// Totals that differ. Where one was given up after so many entries, how far it came depends on how the entries
/// happen to be cut.
fn totals(live: Option<Total>, new: Option<Total>) -> Option<(Total, Total)> {
    let (live, new) = (live?, new?);
    let gave_up = |total: Total| total.capped && total.total < TOTAL_CAP;
    (live != new && !gave_up(live) && !gave_up(new)).then_some((live, new))
}
