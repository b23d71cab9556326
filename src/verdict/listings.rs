//! Listings compared: which products stand where in each order, how many there are, when that changes by itself, and
//! what the listing is called.

mod asked;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use projections::facts::ProductFacts;
use projections::instant::Instant;
use projections::listing::{Filters, Sort};
use projections::market::Market;
use projections::view::ListingKey;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use self::asked::{Answer, Asked};
use super::answers::{facts_differ, normalize};
use super::found::{Findings, Found, Key};
use super::moments::{Compare, Pair, Read, Stood};
use super::products::Groups;
use super::{Compared, Scope, VerdictError};
use crate::store::{Result, Snapshot};

/// Categories and brands that are compared, besides the listing of everything; of more, so many are drawn.
pub const MAX_LISTINGS: usize = 2_000;
/// Categories and brands that these are drawn from.
const KEYS: u32 = 100_000;
/// Instants to come at which a listing is compared, besides now.
const COMING: usize = 2;
/// The orders that are compared at those: the others do not go by what time changes, or are read from these.
const COMING_SORTS: [Sort; 3] = [Sort::Newest, Sort::PriceAsc, Sort::Discount];
/// Places that are in memory at once, of each generation, about; and one answer's at least.
const PLACES_AT_ONCE: usize = 100_000;
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
    let at_once = (PLACES_AT_ONCE / scope.max_places.max(1)).max(1);
    for (i, market) in scope.markets.iter().enumerate() {
        let of_market = groups.get(&market.id).into_iter().flatten();
        let audiences = std::iter::once(None).chain(of_market.map(|g| Some(g.as_str())));
        for group in audiences {
            let named = i == 0 && group.is_none();
            let mut asked = asked(pair, scope, key, market, group, named).await?;
            while !asked.is_empty() {
                let rest = asked.split_off(at_once.min(asked.len()));
                let mut questions = Questions { asked, watched: Vec::new() };
                let (live, new) = pair.read_both(&questions).await?;
                compared.answers += questions.asked.len() as u64;
                compared.listing_answers += questions.asked.len() as u64;
                compared.places += live.places().max(new.places());
                compared.uncovered += live.uncovered(&new);
                let doubts = questions.differ(&live, &new);
                drop((live, new));
                if !doubts.is_empty() {
                    let settled = pair.settle(&mut questions, &doubts).await?;
                    unsettled += settled.unsettled;
                    settled.differences.into_iter().for_each(|found| findings.add(found));
                }
                asked = rest;
            }
        }
    }
    Ok(unsettled)
}

/// Some questions about a listing that are asked of one state.
struct Questions<'a> {
    asked: Vec<Asked<'a>>,
    /// Products whose places differ.
    watched: Vec<String>,
}

/// Their answers, in order.
struct Answers {
    answers: Vec<Answer>,
    /// The facts of the products that are watched.
    watched: BTreeMap<String, ProductFacts>,
}

impl Answers {
    fn places(&self) -> u64 {
        self.answers.iter().map(|answer| answer.places.len() as u64).sum()
    }

    /// How many answers one of the two has no stored steps for.
    fn uncovered(&self, other: &Answers) -> u64 {
        let both = self.answers.iter().zip(&other.answers);
        both.filter(|(a, b)| a.covered_until.is_none() || b.covered_until.is_none()).count() as u64
    }
}

#[async_trait]
impl Read for Questions<'_> {
    type Answer = Answers;

    async fn read(&self, snapshot: &mut dyn Snapshot) -> Result<Answers> {
        let covers = snapshot.coverage().await?;
        let mut answers = Vec::with_capacity(self.asked.len());
        for asked in &self.asked {
            answers.push(asked.read(snapshot, covers).await?);
        }
        let mut watched = BTreeMap::new();
        for ids in self.watched.chunks(ITEMS) {
            for mut facts in snapshot.product_facts(ids).await? {
                normalize(&mut facts);
                watched.insert(facts.product_id.clone(), facts);
            }
        }
        Ok(Answers { answers, watched })
    }
}

impl Compare for Questions<'_> {
    fn differ(&self, live: &Answers, new: &Answers) -> Vec<Found> {
        let answers = live.answers.iter().zip(&new.answers);
        self.asked.iter().zip(answers).flat_map(|(asked, (a, b))| asked.differ(a, b)).collect()
    }

    /// Only what is in doubt is asked again.
    fn watch(&mut self, doubts: &BTreeSet<&Key>) {
        let about: BTreeSet<(&str, Option<Instant>)> =
            doubts.iter().map(|key| (key.subject.as_str(), key.at)).collect();
        self.asked.retain(|asked| about.contains(&(asked.subject().as_str(), Some(asked.at))));
        let products: BTreeSet<&String> =
            doubts.iter().map(|key| &key.product).filter(|id| !id.is_empty()).collect();
        self.watched = products.into_iter().cloned().collect();
    }

    /// A product's place by its facts, which do not come back. Of totals and names nothing else can be said than that
    /// they are the same again.
    fn stood(&self, key: &Key, before: &Answers, after: &Answers) -> Stood {
        if key.product.is_empty() {
            return Stood::Perhaps;
        }
        let (before, after) = (before.watched.get(&key.product), after.watched.get(&key.product));
        if facts_differ(before, after) { Stood::Moved } else { Stood::Still }
    }
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
