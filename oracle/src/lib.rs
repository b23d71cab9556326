//! The contract read a second time, by brute force: what a service with these events must answer.
//!
//! Tests compare the service, and the pure rules, with this. It keeps the latest version of every
//! entity in a map and evaluates each answer from scratch for its instant: no timelines, no views,
//! no rows, no sort keys. Of the rules' crate it takes the decoding of payloads and the types of
//! the facts, but none of the page rules: prices, texts, stock, reviews and orders are written here
//! anew, as the contract words them. It is slow, and that is its strength.
//!
//! ```
//! use projections::{instant::Instant, market::Market};
//! use vitrine_oracle::{Asked, Oracle, Verdict};
//! let market = Market { id: "default".into(), currency: "USD".into(), locale: "en".into() };
//! let mut oracle = Oracle::new(vec![market], 5);
//! let verdict = oracle.apply(br#"{"specversion": "1.0", "id": "1", "source": "/catalog",
//!     "type": "product.upserted.v1", "time": "2026-01-31T08:00:00Z",
//!     "data": {"product_id": "mug", "version": 1, "name": "Mug"}}"#);
//! assert_eq!(verdict, Verdict::Applied);
//! let asked = Asked { market: "default", group: None, locale: None, at: Instant(2_000_000_000_000) };
//! let page = oracle.product_page("mug", asked).unwrap();
//! assert_eq!((&page["product"]["name"], page["price"].is_null()), (&"Mug".into(), true));
//! ```

mod changes;
mod envelope;
mod listing;
mod page;
mod price;
mod selection;
mod text;

pub use selection::Listing;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use projections::discount::Discount;
use projections::event::{Change, Kind};
use projections::instant::Instant;
use projections::market::Market;
use projections::price::Price;
use projections::product::Product;
use projections::review::Review;
use serde_json::Value;

/// For whom, in which language and for when an answer is.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// A market's id. An unknown one has no pages, and empty listings.
    pub market: &'a str,
    pub group: Option<&'a str>,
    pub locale: Option<&'a str>,
    pub at: Instant,
}

/// What became of an event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    Applied,
    /// Known already, with the same content.
    Repeated,
    /// Known already, with another content: the first wins.
    Conflict,
    /// A higher version is known.
    Stale,
    /// No type of ours: passed over.
    UnknownType,
    /// It cannot be used.
    Refused,
}

/// The latest version of an entity.
struct Kept {
    version: u64,
    time: Instant,
    change: Change,
    /// A tombstone removed it.
    tombstone: bool,
}

/// An entity's id; of a stock level its sku and location.
type Key = (String, String);

/// All entities' latest versions, and what must be answered from them.
pub struct Oracle {
    markets: Vec<Market>,
    low_stock_threshold: i64,
    kept: BTreeMap<Kind, BTreeMap<Key, Kept>>,
    /// Every entity that has ever named a product: where to look, not what is so.
    named: HashMap<Kind, HashMap<String, BTreeSet<Key>>>,
    verdicts: BTreeMap<Verdict, u64>,
}

impl Oracle {
    /// Knows nothing yet.
    pub fn new(markets: Vec<Market>, low_stock_threshold: i64) -> Oracle {
        Oracle {
            markets,
            low_stock_threshold,
            kept: BTreeMap::new(),
            named: HashMap::new(),
            verdicts: BTreeMap::new(),
        }
    }

    /// Takes a CloudEvent in structured mode. A bad one is counted and changes nothing.
    pub fn apply(&mut self, event_json: &[u8]) -> Verdict {
        let verdict = match envelope::decode(event_json) {
            Ok(Some((time, data))) => self.fold(time, data.version, data.change),
            Ok(None) => Verdict::UnknownType,
            Err(envelope::Refused) => Verdict::Refused,
        };
        *self.verdicts.entry(verdict).or_default() += 1;
        verdict
    }

    /// Takes a tombstone: a null value on the topic of `kind` with this key.
    pub fn remove(&mut self, kind: Kind, key: &str) {
        let key = match kind {
            Kind::Stock => match key.rsplit_once('@') {
                Some((sku, location)) => (sku.to_owned(), location.to_owned()),
                None => return,
            },
            _ => (key.to_owned(), String::new()),
        };
        if let Some(kept) = self.kept.get_mut(&kind).and_then(|of_kind| of_kind.get_mut(&key)) {
            kept.tombstone = true;
        }
    }

    /// How many events had this verdict.
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(&verdict).copied().unwrap_or(0)
    }

    fn fold(&mut self, time: Instant, version: u64, change: Change) -> Verdict {
        let key = key_of(&change);
        let of_kind = self.kept.entry(change.kind()).or_default();
        if let Some(kept) = of_kind.get(&key) {
            if version < kept.version {
                return Verdict::Stale;
            }
            if version == kept.version {
                let same = kept.change == change;
                return if same { Verdict::Repeated } else { Verdict::Conflict };
            }
        }
        if let Some(product_id) = owner_of(&change) {
            let of_kind = self.named.entry(change.kind()).or_default();
            of_kind.entry(product_id.to_owned()).or_default().insert(key.clone());
        }
        of_kind.insert(key, Kept { version, time, change, tombstone: false });
        Verdict::Applied
    }

    /// The products that are not deleted, hidden and unreleased ones included, in byte order.
    pub fn product_ids(&self) -> Vec<String> {
        self.products().map(|(id, _, _)| id.to_owned()).collect()
    }

    /// Every category in any path, and every brand, as `kind` and `id` of its listing.
    pub fn listings(&self) -> BTreeSet<(&'static str, String)> {
        self.products()
            .flat_map(|(_, _, product)| {
                let paths = product.categories.iter().flat_map(|c| &c.path);
                let brand = product.brand.iter().map(|b| ("brand", b.id.clone()));
                paths.map(|id| ("category", id.clone())).chain(brand)
            })
            .collect()
    }

    fn market(&self, id: &str) -> Option<&Market> {
        self.markets.iter().find(|m| m.id == id)
    }

    fn live(&self, kind: Kind) -> impl Iterator<Item = (&Key, &Kept)> {
        self.kept.get(&kind).into_iter().flatten().filter(|(_, kept)| !kept.tombstone)
    }

    fn products(&self) -> impl Iterator<Item = (&str, Instant, &Product)> {
        self.live(Kind::Product).filter_map(|((id, _), kept)| match &kept.change {
            Change::Product { state: Some(product), .. } => Some((id.as_str(), kept.time, product)),
            _ => None,
        })
    }

    fn product(&self, id: &str) -> Option<(Instant, &Product)> {
        let kept = self.kept.get(&Kind::Product)?.get(&(id.to_owned(), String::new()))?;
        match &kept.change {
            Change::Product { state: Some(product), .. } if !kept.tombstone => {
                Some((kept.time, product))
            }
            _ => None,
        }
    }

    /// The live entities of a kind that now belong to the product.
    fn owned<'a>(&'a self, kind: Kind, id: &'a str) -> impl Iterator<Item = (&'a Key, &'a Kept)> {
        let of_kind = self.kept.get(&kind);
        self.named
            .get(&kind)
            .and_then(|of_kind| of_kind.get(id))
            .into_iter()
            .flatten()
            .filter_map(move |key| Some((key, of_kind?.get(key)?)))
            .filter(move |(_, kept)| !kept.tombstone && owner_of(&kept.change) == Some(id))
    }

    fn prices<'a>(&'a self, id: &'a str) -> impl Iterator<Item = (&'a str, Instant, &'a Price)> {
        self.owned(Kind::Price, id).filter_map(|((id, _), kept)| match &kept.change {
            Change::Price { state: Some(price), .. } => Some((id.as_str(), kept.time, price)),
            _ => None,
        })
    }

    /// SKU, time and units of each level that names the product.
    fn stock<'a>(&'a self, id: &'a str) -> impl Iterator<Item = (&'a str, Instant, i64)> {
        self.owned(Kind::Stock, id).filter_map(|((sku, _), kept)| match &kept.change {
            Change::Stock { state, .. } => Some((sku.as_str(), kept.time, state.available)),
            _ => None,
        })
    }

    fn reviews_of<'a>(
        &'a self,
        id: &'a str,
    ) -> impl Iterator<Item = (&'a str, Instant, &'a Review)> {
        self.owned(Kind::Review, id).filter_map(|((id, _), kept)| match &kept.change {
            Change::Review { state: Some(review), .. } => Some((id.as_str(), kept.time, review)),
            _ => None,
        })
    }

    fn discounts(&self) -> impl Iterator<Item = (&str, Instant, &Discount)> {
        self.live(Kind::Discount).filter_map(|((id, _), kept)| match &kept.change {
            Change::Discount { state: Some(discount), .. } => {
                Some((id.as_str(), kept.time, discount))
            }
            _ => None,
        })
    }
}

fn key_of(change: &Change) -> Key {
    match change {
        Change::Product { product_id: id, .. }
        | Change::Price { price_id: id, .. }
        | Change::Discount { discount_id: id, .. }
        | Change::Review { review_id: id, .. } => (id.clone(), String::new()),
        Change::Stock { sku, location, .. } => (sku.clone(), location.clone()),
    }
}

/// The product that the entity belongs to.
fn owner_of(change: &Change) -> Option<&str> {
    match change {
        Change::Price { product_id, .. } | Change::Review { product_id, .. } => Some(product_id),
        Change::Stock { state, .. } => Some(&state.product_id),
        Change::Product { .. } | Change::Discount { .. } => None,
    }
}

/// An answer of the service as the oracle gives it: without `meta` and `next_cursor`s.
pub fn comparable(mut answer: Value) -> Value {
    if let Some(members) = answer.as_object_mut() {
        members.remove("meta");
        members.remove("next_cursor");
        if let Some(reviews) = members.get_mut("reviews").and_then(Value::as_object_mut) {
            reviews.remove("next_cursor");
        }
    }
    answer
}
