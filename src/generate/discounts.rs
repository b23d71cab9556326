//! Events about discounts. What a discount is for stays; its value and its window change.

use projections::instant::{Instant, Window};

use super::catalogue::{Catalogue, DAY_MS, HOUR_MS, Langs, MARKETS, MINUTE_MS};
use super::events::{Moment, bound, brand_id, category_id, event, sku, text};
use super::phrases::PROMOTIONS;
use super::prng::{Domain, Rng};
use super::words::{GROUPS, Lang};
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
    All,
    Category,
    Brand,
    Products,
    Skus,
}

/// Drawn, but for those for everything: they are few, and one of them is in every catalogue.
fn scope(discount: u64, rng: &mut Rng) -> Scope {
    let draw = rng.below(100);
    if discount % 60 == 4 && discount < 300 {
        return Scope::All;
    }
    match draw {
        0..48 => Scope::Category,
        48..74 => Scope::Brand,
        74..94 => Scope::Products,
        _ => Scope::Skus,
    }
}

/// Whether the discount is one for everything.
pub fn is_for_all(catalogue: &Catalogue, discount: u64) -> bool {
    scope(discount, &mut catalogue.rng(Domain::Discount, discount)) == Scope::All
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
    let scope = scope(discount, &mut rng);
    let kind = match (rng.below(100), scope) {
        (0..72, _) | (_, Scope::All) => "percentage",
        (72..90, _) | (_, Scope::Category | Scope::Brand) => "amount",
        _ => "fixed_price",
    };
    let bound_market = kind != "percentage" || rng.per_mille(300);
    let market = rng.pick(&MARKETS).unwrap_or(&MARKETS[0]);
    let group = if rng.per_mille(140) { rng.pick(&GROUPS) } else { None };
    let mut terms = match turn {
        Turn::First => catalogue.rng(Domain::DiscountChange, discount),
        _ => catalogue.rng(Domain::DiscountChange, moment.version),
    };
    let value = match kind {
        "percentage" => terms.between(1, 8) * 500,
        "amount" => terms.between(1, 20) * 100,
        _ => terms.between(4, 40) * 500 - 1,
    };
    let window = window(catalogue, moment.time, &mut terms, scope, turn);
    event(out, catalogue, moment, "discount.upserted.v1", |json| {
        json.key("discount_id").pieces(&[S("d-"), N(discount)]);
        name(json, &mut rng, matches!(turn, Turn::Flash { .. }) || scope == Scope::All);
        json.key("kind").str(kind);
        json.key("value").int(value);
        if kind != "percentage" {
            json.key("currency").str(market.1);
        }
        write_scope(json, catalogue, &mut rng, scope);
        if bound_market {
            json.key("market").str(market.0);
        }
        if let Some(group) = group {
            json.key("group").str(group);
        }
        bound(json.key("starts_at"), window.from);
        bound(json.key("ends_at"), window.until);
        json.key("priority").int(rng.below(11));
        if rng.per_mille(220) {
            json.key("stackable").bool(true);
        }
        if !matches!(turn, Turn::Flash { .. }) && terms.per_mille(50) {
            json.key("active").bool(false);
        }
    });
}

/// A discount's end.
pub fn removed(out: &mut Vec<u8>, catalogue: &Catalogue, moment: Moment, discount: u64) {
    event(out, catalogue, moment, "discount.removed.v1", |json| {
        json.key("discount_id").pieces(&[S("d-"), N(discount)]);
    });
}

fn window(catalogue: &Catalogue, now: Instant, rng: &mut Rng, scope: Scope, turn: Turn) -> Window {
    let (from, length) = match turn {
        Turn::Flash { live: true } => {
            (after(now, rng.between(2, 10) as i64 * 1_000), rng.between(1, 4) as i64 * MINUTE_MS)
        }
        Turn::Flash { live: false } => {
            (after(now, rng.between(1, 6) as i64 * HOUR_MS), rng.between(1, 6) as i64 * HOUR_MS)
        }
        Turn::First | Turn::Changed if scope == Scope::All => {
            let from = catalogue.after_start(rng.below(40 * 24) as i64 * HOUR_MS);
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

fn name(json: &mut Json<'_>, rng: &mut Rng, flash: bool) {
    let words = rng.pick(&PROMOTIONS);
    let langs = if rng.per_mille(500) {
        Langs::Plain
    } else {
        Langs::Some(&[Lang::En, Lang::De, Lang::Fr, Lang::Ko])
    };
    text(json.key("name"), langs, |json, lang| {
        json.piece(S(if flash { "Flash: " } else { "" }));
        json.piece(S(words.map_or("Sale", |words| words.get(lang))));
    });
}

fn write_scope(json: &mut Json<'_>, catalogue: &Catalogue, rng: &mut Rng, scope: Scope) {
    json.key("scope").open();
    match scope {
        Scope::All => json.key("all").bool(true),
        Scope::Category => {
            let category = catalogue.tree.category(rng.below(catalogue.tree.leaves));
            // One in eight is for a whole family.
            let (pieces, used) = category_id(category, if rng.per_mille(125) { 2 } else { 3 });
            json.key("categories").open_list();
            json.pieces(pieces.get(..used).unwrap_or_default());
            json.close_list();
        }
        Scope::Brand => {
            json.key("brands").open_list();
            json.pieces(&brand_id(catalogue.brand(rng)));
            json.close_list();
        }
        Scope::Products => {
            let (count, first) = (rng.between(3, 20).min(catalogue.products), rng.bits());
            json.key("products").open_list();
            for i in 0..count {
                json.pieces(&[S("p-"), N(catalogue.listed(first, i))]);
            }
            json.close_list();
        }
        Scope::Skus => {
            let (count, first) = (rng.between(2, 10).min(catalogue.products), rng.bits());
            json.key("skus").open_list();
            for i in 0..count {
                let product = catalogue.product(catalogue.listed(first, i));
                sku(json, &product, rng.below(product.variants));
            }
            json.close_list();
        }
    }
    json.close();
}
