//! The view of one product: what cards and listings need of it, for every audience and instant.

use serde::{Deserialize, Serialize};

use crate::facts::{ProductFacts, ReviewCounts};
use crate::horizon::{self, Coverage, Horizon};
use crate::instant::{Instant, Window};
use crate::market::Market;
use crate::pricing::{self, Applied, Audience, ProductQuote};
use crate::product::{Brand, Image};
use crate::text::Text;
use crate::timeline::{Step, Timeline, VariantTimelines};

/// A listing that products are in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ListingKey {
    All,
    Category(String),
    Brand(String),
}

impl ListingKey {
    /// As in the answer's `listing.kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            ListingKey::All => "all",
            ListingKey::Category(_) => "category",
            ListingKey::Brand(_) => "brand",
        }
    }

    /// The category's or brand's id; empty for the listing of everything.
    pub fn id(&self) -> &str {
        match self {
            ListingKey::All => "",
            ListingKey::Category(id) | ListingKey::Brand(id) => id,
        }
    }
}

/// What is stored of a product, besides its facts, to answer cards and to place it in listings.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct View {
    pub name: Text,
    pub slug: String,
    pub brand: Option<Brand>,
    pub image: Option<Image>,
    pub tags: Vec<String>,
    pub active: bool,
    pub released_at: Instant,
    /// The current variants, in order: stock counts for these.
    pub skus: Vec<String>,
    /// Every category in any path, then the brand. The listing of everything goes without saying.
    pub listings: Vec<ListingKey>,
    /// What the product itself calls its categories and its brand.
    pub own_names: Vec<(ListingKey, Text)>,
    /// The `time` of the product's latest event: the newest one names a listing.
    pub time: Instant,
    /// Whether any variant is available.
    pub in_stock: bool,
    pub reviews: ReviewCounts,
    /// The discounts that occur in the prices, by [`Applied::discount`].
    pub discounts: Vec<DiscountLabel>,
    /// A timeline for everyone in each market, and for each group that it differs for.
    pub audiences: Vec<AudienceTimeline>,
    /// The instants that the timelines answer; others are evaluated from the facts.
    pub covers: Window,
    /// When the view is to be computed again, since its timelines go on beyond what they cover.
    pub refresh_at: Option<Instant>,
}

/// What a price says of a discount that it was reduced by.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DiscountLabel {
    pub discount_id: String,
    pub name: Text,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AudienceTimeline {
    pub market: String,
    pub group: Option<String>,
    pub steps: Timeline<Option<PriceStep>>,
}

/// A product's price during one step, in minor units.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PriceStep {
    pub base: i64,
    pub regular: i64,
    pub final_amount: i64,
    pub varies: bool,
    pub applied: Vec<Applied>,
}

impl PriceStep {
    fn from_quote(product: ProductQuote) -> PriceStep {
        let ProductQuote { quote, varies } = product;
        PriceStep {
            base: quote.base,
            regular: quote.regular,
            final_amount: quote.final_amount,
            varies,
            applied: quote.applied,
        }
    }
}

impl View {
    /// Computes the view from the facts, for the configured markets, within the horizon.
    pub fn compute(facts: &ProductFacts, markets: &[Market], horizon: &Horizon) -> View {
        let product = &facts.product;
        let mut listings: Vec<ListingKey> = product
            .category_ids()
            .into_iter()
            .map(|id| ListingKey::Category(id.to_owned()))
            .collect();
        listings.extend(product.brand.iter().map(|b| ListingKey::Brand(b.id.clone())));
        let mut audiences = Vec::new();
        let mut coverage = Coverage::WHOLE;
        for market in markets {
            let of_market = push_market(&mut audiences, facts, market, horizon);
            coverage = coverage.and(of_market);
        }
        let discounts = relabel(&mut audiences, facts);
        View {
            name: product.name.clone(),
            slug: product.slug.clone(),
            brand: product.brand.clone(),
            image: product.images.first().cloned(),
            tags: product.tags.clone(),
            active: product.active,
            released_at: product.released_at,
            skus: product.variants.iter().map(|v| v.sku.clone()).collect(),
            listings,
            own_names: own_names(facts),
            time: facts.time,
            in_stock: available(facts).is_some_and(|n| n > 0),
            reviews: facts.reviews,
            discounts,
            audiences,
            covers: coverage.window,
            refresh_at: coverage.refresh_at,
        }
    }

    /// The timeline for an audience: the group's own where it has one, else everyone's.
    pub fn timeline(&self, market: &str, group: Option<&str>) -> &[Step<Option<PriceStep>>] {
        let of = |g: Option<&str>| {
            self.audiences
                .iter()
                .find(|a| a.market == market && a.group.as_deref() == g)
                .map(|a| a.steps.as_slice())
        };
        group.and_then(|g| of(Some(g))).or_else(|| of(None)).unwrap_or_default()
    }

    /// What the product itself calls a category or brand, if it may name it at any time.
    pub fn own_name(&self, listing: &ListingKey) -> Option<OwnName<'_>> {
        let own = self.own_names.iter().find(|(named, _)| named == listing);
        let (time, released_at) = (self.time, self.released_at);
        own.filter(|_| self.active).map(|(_, name)| OwnName { time, released_at, name })
    }

    /// Whether the product has a page at `at`.
    pub fn is_visible(&self, at: Instant) -> bool {
        self.active && self.released_at <= at
    }
}

/// A name of a listing, as one of its products has it. Of those that are released the one with the newest event names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnName<'a> {
    /// Of the product's latest event.
    pub time: Instant,
    pub released_at: Instant,
    pub name: &'a Text,
}

/// Units available over the current variants; `None` where nothing is known.
pub fn available(facts: &ProductFacts) -> Option<i64> {
    let counts = |sku: &str| facts.product.variants.iter().any(|v| v.sku == sku);
    facts
        .stock
        .iter()
        .filter(|s| counts(&s.sku))
        .map(|s| s.available)
        .reduce(|a, b| a.saturating_add(b))
}

fn push_market(
    audiences: &mut Vec<AudienceTimeline>,
    facts: &ProductFacts,
    market: &Market,
    horizon: &Horizon,
) -> Coverage {
    let steps_for = |group: Option<&str>| {
        let steps = VariantTimelines::compute(facts, Audience { market, group }).product();
        let (steps, coverage) = horizon::clip(steps, horizon);
        let prices = steps.into_iter().map(|s| Step {
            from: s.from,
            until: s.until,
            value: s.value.map(PriceStep::from_quote),
        });
        (prices.collect::<Timeline<_>>(), coverage)
    };
    let mut push = |group: Option<String>, steps| {
        audiences.push(AudienceTimeline { market: market.id.clone(), group, steps });
    };
    let (everyone, mut coverage) = steps_for(None);
    for group in groups(facts, market) {
        let (steps, of_group) = steps_for(Some(group));
        coverage = coverage.and(of_group);
        if steps != everyone {
            push(Some(group.to_owned()), steps);
        }
    }
    if everyone.iter().any(|s| s.value.is_some()) {
        push(None, everyone);
    }
    coverage
}

/// The groups that something in the facts singles out in this market.
fn groups<'a>(facts: &'a ProductFacts, market: &Market) -> Vec<&'a str> {
    let of_prices = facts
        .prices
        .iter()
        .filter(|p| p.price.market == market.id)
        .filter_map(|p| p.price.group.as_deref());
    let of_discounts = facts.discounts.iter().filter_map(|d| {
        let terms = &d.fact.terms;
        let group = terms.group.as_deref()?;
        pricing::discount_is_for(terms, Audience { market, group: Some(group) }).then_some(group)
    });
    let mut groups: Vec<&str> = of_prices.chain(of_discounts).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// Keeps only the discounts that occur in a step, and renumbers the steps' references to them.
fn relabel(audiences: &mut [AudienceTimeline], facts: &ProductFacts) -> Vec<DiscountLabel> {
    let applied = || audiences.iter().flat_map(|a| &a.steps).filter_map(|s| s.value.as_ref());
    let mut used: Vec<u32> = applied().flat_map(|p| p.applied.iter().map(|a| a.discount)).collect();
    used.sort_unstable();
    used.dedup();
    let steps = audiences.iter_mut().flat_map(|a| &mut a.steps).filter_map(|s| s.value.as_mut());
    for applied in steps.flat_map(|p| &mut p.applied) {
        if let Ok(index) = used.binary_search(&applied.discount) {
            applied.discount = index as u32;
        }
    }
    used.iter()
        .filter_map(|&i| facts.discounts.get(i as usize))
        .map(|d| DiscountLabel {
            discount_id: d.fact.discount_id.clone(),
            name: d.fact.terms.name.clone(),
        })
        .collect()
}

fn own_names(facts: &ProductFacts) -> Vec<(ListingKey, Text)> {
    let product = &facts.product;
    let categories =
        product.categories.iter().map(|c| (ListingKey::Category(c.id.clone()), c.name.clone()));
    let brand = product.brand.iter().map(|b| (ListingKey::Brand(b.id.clone()), b.name.clone()));
    let mut names: Vec<(ListingKey, Text)> = categories.chain(brand).collect();
    // A category that is named twice: the first says it.
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|(key, _)| seen.insert(key.clone()));
    names
}
