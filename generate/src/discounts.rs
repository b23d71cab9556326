//! Events about discounts. What a discount is for stays; its value and its window change.
//!
//! However discounts meet, a price is left: the stackable ones take at most a tenth each, and their
//! scopes are laid out so that few of them reach the same product; the others take at most two
//! fifths, and only one of them counts. Amounts are bounded by the cheapest product in the scope,
//! fixed prices by the dearest.

use projections::instant::{Instant, Window};

use super::catalogue::{Catalogue, DAY_MS, HOUR_MS, MINUTE_MS};
use super::events::{Moment, bound, brand_id, event, sku, text};
use super::phrases::{FLASH, MEMBER_DISCOUNT, PROMOTIONS};
use super::prng::{Domain, Rng};
use super::product::MARKETS;
use super::words::{MEMBERS, PRICE_GROUPS, Word};
use super::write::{Json, Piece::N, Piece::S};

/// What has happened to a discount when it is stated.
#[derive(Clone, Copy)]
pub enum Turn {
    /// As in the first catalogue.
    First,
    /// Other terms, for days from about now.
    Changed,
    /// A flash sale: from soon after now, for minutes (`live`) or hours.
    Flash { live: bool },
}

/// What a discount is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// Everything, for members: the first discount, which never changes.
    Members,
    /// Everything.
    All,
    Category,
    Brand,
    Products,
    Skus,
}

/// The scopes of twenty discounts one after the other, and so on.
#[rustfmt::skip]
static SCOPES: [Scope; 20] = [
    Scope::Category, Scope::Category, Scope::Brand, Scope::Products, Scope::Category, Scope::Category, Scope::Skus, Scope::Category, Scope::Brand, Scope::Products,
    Scope::Category, Scope::Category, Scope::Brand, Scope::Category, Scope::Products, Scope::Brand, Scope::Category, Scope::Category, Scope::Brand, Scope::Products,
];

fn scope(discount: u64) -> Scope {
    if discount == 0 {
        Scope::Members
    } else if is_for_all(discount) {
        Scope::All
    } else {
        SCOPES.get((discount % 20) as usize).copied().unwrap_or(Scope::Category)
    }
}

/// Whether the discount is one of the few for everything: one of them is in every catalogue.
pub fn is_for_all(discount: u64) -> bool {
    discount % 60 == 4 && discount < 300
}

/// The discount's place among those with the same scope: they take turns through categories,
/// brands and products by it.
fn place(discount: u64, scope: Scope) -> u64 {
    let count = |n: usize| SCOPES.iter().take(n).filter(|other| **other == scope).count() as u64;
    discount / 20 * count(SCOPES.len()) + count((discount % 20) as usize)
}

/// How much a discount takes off.
#[derive(Clone, Copy)]
enum Value {
    /// Basis points.
    Percentage(u64),
    /// Minor units of a market's currency.
    Amount(u64, usize),
    FixedPrice(u64, usize),
}

/// What a discount is for, with all that bounds its value.
struct Target {
    scope: Scope,
    /// A leaf of the tree, and how many steps of its path count.
    category: (usize, usize),
    brand: u64,
    /// Products, or products with a variant.
    items: Vec<(u64, u64)>,
    /// The only one of its scope that its products are in: it may be stackable.
    alone: bool,
}

/// So many products may be on a list; the lists of discounts lie side by side.
const LIST_PRODUCTS: u64 = 20;

impl Target {
    fn of(catalogue: &Catalogue, discount: u64, rng: &mut Rng) -> Target {
        let scope = scope(discount);
        let place = place(discount, scope);
        let leaves = catalogue.tree.count().max(1);
        // One in eight is for more than a leaf.
        let wide = rng.per_mille(125);
        let depth = if wide { rng.between(2, 3) as usize } else { 4 };
        let count = match scope {
            // Half of the lists are short: these may have one price for all.
            Scope::Products if place.is_multiple_of(2) => rng.between(1, 3),
            Scope::Products => rng.between(4, LIST_PRODUCTS),
            Scope::Skus => rng.between(1, 5),
            _ => 0,
        };
        // Lists of products and of variants each begin on their side of the catalogue.
        let half = if scope == Scope::Skus { catalogue.products / 2 } else { 0 };
        let room = catalogue.products / 2 / LIST_PRODUCTS;
        let items = (0..count.min(catalogue.products))
            .map(|i| catalogue.listed(half + place % room.max(1) * LIST_PRODUCTS, i))
            .map(|n| (n, rng.bits()))
            .collect();
        let alone = match scope {
            Scope::Category => place < leaves && !wide,
            Scope::Brand => place < catalogue.brands,
            Scope::Products | Scope::Skus => place < room,
            Scope::Members => true,
            Scope::All => false,
        };
        let category = ((place % leaves) as usize, depth);
        Target { scope, category, brand: catalogue.brand(place), items, alone }
    }

    /// The lowest and the highest usual amount in the scope, where it is small enough to tell.
    fn amounts(&self, catalogue: &Catalogue, market: usize) -> Option<(u64, u64)> {
        let (leaf, depth) = self.category;
        if self.scope == Scope::Category && depth == 4 {
            let (low, high) = catalogue.tree.leaf(leaf).kind.cents;
            let share = if market == 0 { 100 } else { 92 };
            return Some((low * share / 100, high * share / 100));
        }
        let products = self.items.iter().map(|(n, _)| catalogue.product(*n));
        let amounts = products.map(|product| {
            let usual = product.usual_amount(market);
            (usual, usual * product.highest_share() / 1_000)
        });
        amounts.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// What is taken off, drawn anew with each change of terms.
    fn value(&self, catalogue: &Catalogue, (kind, market): (u64, usize), rng: &mut Rng) -> Value {
        let percent = rng.between(1, 8) * 5;
        let amounts = if kind < 50 { None } else { self.amounts(catalogue, market) };
        match (self.scope, amounts) {
            (Scope::Members, _) => Value::Percentage(500),
            // Many at a time: a bit less each.
            (Scope::All, _) => Value::Percentage(percent.min(25) * 100),
            (Scope::Products | Scope::Skus, Some((_, high))) if kind >= 75 && self.is_short() => {
                Value::FixedPrice(round(high * rng.between(70, 90) / 100), market)
            }
            (_, Some((low, _))) => {
                Value::Amount((low * rng.between(4, 15) / 100).max(10) / 10 * 10, market)
            }
            _ => Value::Percentage(percent * 100),
        }
    }

    fn is_short(&self) -> bool {
        self.items.len() <= 3
    }

    fn write(&self, json: &mut Json<'_>, catalogue: &Catalogue) {
        json.key("scope").open();
        match self.scope {
            Scope::Members | Scope::All => json.key("all").bool(true),
            Scope::Category => {
                let ids = &catalogue.tree.leaf(self.category.0).ids;
                json.key("categories").open_list();
                json.str(ids.get(self.category.1 - 1).map_or("", |id| id));
                json.close_list();
            }
            Scope::Brand => {
                json.key("brands").open_list();
                json.pieces(&brand_id(self.brand));
                json.close_list();
            }
            Scope::Products => {
                json.key("products").open_list();
                self.items.iter().for_each(|(n, _)| json.pieces(&[S("p-"), N(*n)]));
                json.close_list();
            }
            Scope::Skus => {
                json.key("skus").open_list();
                for (n, draw) in &self.items {
                    let product = catalogue.product(*n);
                    sku(json, &product, draw % product.variants);
                }
                json.close_list();
            }
        }
        json.close();
    }
}

/// To a price that ends on 9.
fn round(amount: u64) -> u64 {
    amount / 10 * 10 + 9
}

/// Discount `d`, as `turn` has left it.
pub fn discount(
    out: &mut Vec<u8>,
    catalogue: &Catalogue,
    moment: Moment,
    discount: u64,
    turn: Turn,
) {
    let mut rng = catalogue.rng(Domain::Discount, discount);
    let target = Target::of(catalogue, discount, &mut rng);
    let (kind, market) = (rng.below(100), rng.below(MARKETS.len() as u64) as usize);
    let one_market = rng.per_mille(300);
    let group = if rng.per_mille(140) { rng.pick(&GROUPS) } else { None };
    let stackable = target.alone && rng.per_mille(400);
    let mut terms = match turn {
        Turn::First => catalogue.rng(Domain::DiscountChange, discount),
        _ => catalogue.rng(Domain::DiscountChange, moment.version),
    };
    let value = bounded(target.value(catalogue, (kind, market), &mut terms), stackable);
    let window = window(catalogue, moment.time, &mut terms, target.scope, turn);
    let members = target.scope == Scope::Members;
    let flash = matches!(turn, Turn::Flash { .. }) || target.scope == Scope::All;
    event(out, catalogue, moment, "discount.upserted.v1", |json| {
        json.key("discount_id").pieces(&[S("d-"), N(discount)]);
        let promotion = if members { Some(&MEMBER_DISCOUNT) } else { rng.pick(&PROMOTIONS) };
        name(json, promotion.unwrap_or(&PROMOTIONS[0]), flash && !members);
        write_value(json, value);
        target.write(json, catalogue);
        let one = match value {
            Value::Amount(_, market) | Value::FixedPrice(_, market) => Some(market),
            Value::Percentage(_) => (one_market && !members).then_some(market),
        };
        if let Some((market, _, _)) = one.and_then(|market| MARKETS.get(market)) {
            json.key("market").str(market);
        }
        if let Some(group) = if members { Some(&MEMBERS) } else { group } {
            json.key("group").str(group);
        }
        bound(json.key("starts_at"), window.from);
        bound(json.key("ends_at"), window.until);
        json.key("priority").int(if members { 0 } else { rng.below(11) });
        if stackable || members {
            json.key("stackable").bool(true);
        }
        if !flash && !members && terms.per_mille(50) {
            json.key("active").bool(false);
        }
    });
}

/// Groups that have discounts of their own, beside the members' discount on everything.
static GROUPS: [&str; 2] = [PRICE_GROUPS[0], MEMBERS];

/// What is stackable takes less.
fn bounded(value: Value, stackable: bool) -> Value {
    match value {
        Value::Percentage(points) if stackable => Value::Percentage(points.min(1_000)),
        Value::Amount(amount, market) if stackable => {
            Value::Amount((amount / 20).max(1) * 10, market)
        }
        other => other,
    }
}

fn write_value(json: &mut Json<'_>, value: Value) {
    let (kind, amount, market) = match value {
        Value::Percentage(points) => ("percentage", points, None),
        Value::Amount(amount, market) => ("amount", amount, MARKETS.get(market)),
        Value::FixedPrice(amount, market) => ("fixed_price", amount, MARKETS.get(market)),
    };
    json.key("kind").str(kind);
    json.key("value").int(amount);
    if let Some((_, currency, _)) = market {
        json.key("currency").str(currency);
    }
}

/// A discount's end.
pub fn removed(out: &mut Vec<u8>, catalogue: &Catalogue, moment: Moment, discount: u64) {
    event(out, catalogue, moment, "discount.removed.v1", |json| {
        json.key("discount_id").pieces(&[S("d-"), N(discount)]);
    });
}

fn window(catalogue: &Catalogue, now: Instant, rng: &mut Rng, scope: Scope, turn: Turn) -> Window {
    let (from, length) = match turn {
        _ if scope == Scope::Members => return Window::ALWAYS,
        Turn::Flash { live: true } => {
            (after(now, rng.between(2, 10) as i64 * 1_000), rng.between(1, 4) as i64 * MINUTE_MS)
        }
        Turn::Flash { live: false } => {
            let from = whole_hour(after(now, rng.between(1, 6) as i64 * HOUR_MS));
            (from, rng.between(1, 6) as i64 * HOUR_MS)
        }
        Turn::First | Turn::Changed if scope == Scope::All => {
            let from = whole_hour(catalogue.after_start(rng.below(40 * 24) as i64 * HOUR_MS));
            (from.max(whole_hour(now)), rng.between(2, 6) as i64 * HOUR_MS)
        }
        Turn::First => {
            if rng.per_mille(420) {
                return Window::ALWAYS;
            }
            let from = catalogue.after_start((rng.below(60) as i64 - 10) * DAY_MS);
            (from, rng.between(2, 20) as i64 * DAY_MS)
        }
        Turn::Changed => {
            if rng.per_mille(420) {
                return Window::ALWAYS;
            }
            (
                whole_hour(after(now, rng.below(96) as i64 * HOUR_MS)),
                rng.between(1, 10) as i64 * DAY_MS,
            )
        }
    };
    Window { from, until: after(from, length) }
}

/// `millis` after `at`.
pub fn after(at: Instant, millis: i64) -> Instant {
    Instant(at.millis().saturating_add(millis))
}

/// The start of the hour of `at`.
pub fn whole_hour(at: Instant) -> Instant {
    Instant(at.millis().saturating_sub(at.millis().rem_euclid(HOUR_MS)))
}

fn name(json: &mut Json<'_>, promotion: &Word, flash: bool) {
    text(json.key("name"), |json, lang| {
        json.piece(S(if flash { FLASH.get(lang) } else { "" }));
        json.piece(S(promotion.get(lang)));
    });
}
