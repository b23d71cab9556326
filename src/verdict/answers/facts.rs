//! Facts compared: which parts differ, and for whom and when that could show.

use std::collections::BTreeSet;

use projections::facts::{PriceFact, ProductFacts, Reach, ReachingDiscount};
use projections::instant::{Instant, Window};
use serde_json::{Map, Value, json};

use super::{Product, or_null, value};

/// What facts say, by what changes apart from the rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Stock,
    Reviews,
    /// The product itself, its prices and discounts.
    Rest,
}

/// What the field at this path follows from.
pub fn part_of(path: &str) -> Part {
    if path.starts_with("product.product.") {
        // Names of attributes are the publisher's own.
        Part::Rest
    } else if path.contains("stock") {
        Part::Stock
    } else if path.contains("review") {
        Part::Reviews
    } else {
        Part::Rest
    }
}

/// Whether the field at this path may follow from prices.
pub fn is_of_prices(path: &str) -> bool {
    // Names of attributes and options are the publisher's own.
    path.contains("price") && !path.starts_with("product.product.") && !path.contains(".options.")
}

/// Whether it may follow from discounts.
pub fn is_of_discounts(path: &str) -> bool {
    is_of_prices(path) || path.starts_with("product.meta.as_of.discount")
}

/// Which parts of a product's facts are not the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parts {
    /// Only one has the product.
    pub whole: bool,
    pub product: bool,
    pub prices: bool,
    pub stock: bool,
    pub discounts: bool,
    pub reviews: bool,
}

impl Parts {
    pub fn of(a: Option<&ProductFacts>, b: Option<&ProductFacts>) -> Parts {
        let (Some(a), Some(b)) = (a, b) else {
            return Parts { whole: a.is_some() != b.is_some(), ..Parts::default() };
        };
        Parts {
            whole: false,
            product: a.time != b.time || a.product != b.product,
            prices: a.prices != b.prices,
            stock: a.stock != b.stock,
            discounts: a.discounts != b.discounts,
            reviews: a.reviews != b.reviews,
        }
    }

    pub fn any(self) -> bool {
        self != Parts::default()
    }

    /// Whether this part differs.
    pub fn touches(self, part: Part) -> bool {
        let Parts { whole, product, prices, stock, discounts, reviews } = self;
        whole
            || match part {
                Part::Stock => stock || product,
                Part::Reviews => reviews,
                Part::Rest => product || prices || discounts,
            }
    }
}

/// In one order, whichever the store reads them in: none of it shows on a page.
pub fn normalize(facts: &mut ProductFacts) {
    facts.prices.sort_by(|a, b| a.price_id.cmp(&b.price_id));
    facts.stock.sort_by(|a, b| (&a.sku, a.time, a.available).cmp(&(&b.sku, b.time, b.available)));
    for discount in &mut facts.discounts {
        if let Reach::Skus(skus) = &mut discount.reach {
            skus.sort_unstable();
        }
    }
}

type Both<'a> = [Option<&'a ProductFacts>; 2];

fn prices_of(facts: Option<&ProductFacts>) -> &[PriceFact] {
    facts.map_or(&[], |facts| &facts.prices)
}

fn discounts_of(facts: Option<&ProductFacts>) -> &[ReachingDiscount] {
    facts.map_or(&[], |facts| &facts.discounts)
}

/// What only one of two lists has, from both.
fn apart<'a, T: PartialEq, K: Ord>(
    a: &'a [T],
    b: &'a [T],
    key: impl Fn(&'a T) -> K + Copy,
) -> impl Iterator<Item = &'a T> {
    let not_in = move |list: &'a [T], other: &'a [T]| {
        let keys: std::collections::BTreeMap<K, &T> = other.iter().map(|t| (key(t), t)).collect();
        list.iter().filter(move |t| keys.get(&key(t)) != Some(t))
    };
    not_in(a, b).chain(not_in(b, a))
}

fn price_id(fact: &PriceFact) -> &str {
    &fact.price_id
}

fn discount_id(reaching: &ReachingDiscount) -> &str {
    &reaching.fact.discount_id
}

/// What of the facts has a window and a group: of what differs, and of all.
struct Dated<'a> {
    window: Window,
    group: Option<&'a str>,
    /// `None`: all.
    market: Option<&'a str>,
}

fn of_price(fact: &PriceFact) -> Dated<'_> {
    let price = &fact.price;
    Dated { window: price.window, group: price.group.as_deref(), market: Some(&price.market) }
}

fn of_discount(reaching: &ReachingDiscount) -> Dated<'_> {
    let terms = &reaching.fact.terms;
    let (group, market) = (terms.group.as_deref(), terms.market.as_deref());
    Dated { window: terms.window, group, market }
}

fn that_differ<'a>([a, b]: Both<'a>) -> impl Iterator<Item = Dated<'a>> {
    let prices = apart(prices_of(a), prices_of(b), price_id).map(of_price);
    prices.chain(apart(discounts_of(a), discounts_of(b), discount_id).map(of_discount))
}

fn all<'a>(both: Both<'a>) -> impl Iterator<Item = Dated<'a>> {
    both.into_iter().flat_map(|facts| {
        let discounts = discounts_of(facts).iter().map(of_discount);
        prices_of(facts).iter().map(of_price).chain(discounts)
    })
}

/// Now, the releases, and the first instants to come at which a window opens or closes: of what differs, so that it
/// shows, and of everything.
pub fn instants(both: Both<'_>, at: Instant, coming: usize) -> BTreeSet<Instant> {
    let first = |edges: &mut dyn Iterator<Item = Dated<'_>>| {
        let edges = edges.flat_map(|d| [d.window.from, d.window.until]);
        let mut first = BTreeSet::new();
        for edge in edges.filter(|edge| *edge > at && edge.is_finite()) {
            first.insert(edge);
            if first.len() > coming {
                first.pop_last();
            }
        }
        first
    };
    let releases = both.into_iter().flatten().map(|facts| facts.product.released_at);
    let mut instants: BTreeSet<Instant> =
        releases.filter(|at_release| *at_release > at && at_release.is_finite()).collect();
    instants.insert(at);
    instants.extend(first(&mut that_differ(both)));
    instants.extend(first(&mut all(both)));
    instants
}

/// Everyone, and the first groups that something in the facts singles out in this market: of what differs, then of all.
pub fn groups<'a>(both: Both<'a>, market: &str, most: usize) -> Vec<Option<&'a str>> {
    let mut groups = vec![None];
    for dated in that_differ(both).chain(all(both)) {
        if groups.len() > most {
            break;
        }
        let here = dated.market.is_none_or(|m| m == market);
        if here && dated.group.is_some() && !groups.contains(&dated.group) {
            groups.push(dated.group);
        }
    }
    groups
}

/// These parts of the facts as JSON: of lists only what the other one does not have.
pub fn bodies(live: &Product, new: &Product, show: Parts) -> (Value, Value) {
    let (a, b) = (live.facts.as_ref(), new.facts.as_ref());
    if show.whole {
        let named =
            |facts: Option<&ProductFacts>| or_null(facts.map(|f| f.product_id.clone().into()));
        return (named(a), named(b));
    }
    (body(live, b, show), body(new, a, show))
}

fn body(of: &Product, other: Option<&ProductFacts>, show: Parts) -> Value {
    let facts = of.facts.as_ref();
    let mut body = Map::new();
    if show.product {
        body.insert("product".into(), or_null(facts.map(|f| value(&f.product))));
        body.insert("time".into(), or_null(facts.map(|f| value(f.time))));
    }
    if show.prices {
        let (own, others) = (prices_of(facts), prices_of(other));
        let only = own.iter().filter(|p| !others.contains(p));
        let shown =
            only.map(|p| json!({"id": p.price_id, "time": p.time, "price": value(&p.price)}));
        body.insert("prices".into(), shown.collect());
    }
    if show.discounts {
        let (own, others) = (discounts_of(facts), discounts_of(other));
        let shown = own.iter().filter(|d| !others.contains(d)).map(|d| {
            let reach = match &d.reach {
                Reach::Whole => Value::Null,
                Reach::Skus(skus) => value(skus),
            };
            let (fact, terms) = (&d.fact, value(&d.fact.terms));
            json!({"id": fact.discount_id, "time": fact.time, "terms": terms, "skus": reach})
        });
        body.insert("discounts".into(), shown.collect());
    }
    if show.stock {
        let levels = facts.map_or(&[][..], |f| &f.stock).iter();
        let shown = levels.map(|s| json!([s.sku, s.time, s.available]).to_string());
        body.insert("stock".into(), shown.collect());
    }
    if show.reviews {
        let newest = of.reviews.latest.newest_time.map(value);
        let counts = facts.map(|f| value(f.reviews.0));
        body.insert("reviews".into(), json!({"counts": counts, "newest_time": newest}));
    }
    Value::Object(body)
}
