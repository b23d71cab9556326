//! The payloads of discount events.

use serde::Deserialize;

use super::Change;
use super::fields::{Choice, Currency, Id, List, MAX_AMOUNT, Moment, Named, Object};
use super::rejection::{Problem, Rejection};
use super::wire::{Data, Name, Signed, Version, ids, window};
use crate::discount::{Discount, DiscountKind, Scope, Terms};

/// 100 % in basis points.
const MAX_BASIS_POINTS: i64 = 10_000;

#[derive(Deserialize)]
pub(super) struct DiscountUpserted {
    discount_id: Id,
    version: Version,
    name: Name,
    kind: Choice<WireKind>,
    value: Signed,
    currency: Option<Currency>,
    scope: Object<ScopeData>,
    market: Option<Id>,
    group: Option<Id>,
    starts_at: Option<Moment>,
    ends_at: Option<Moment>,
    priority: Option<Signed>,
    stackable: Option<bool>,
    active: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WireKind {
    Percentage,
    Amount,
    FixedPrice,
}

impl Named for WireKind {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("percentage", WireKind::Percentage),
        ("amount", WireKind::Amount),
        ("fixed_price", WireKind::FixedPrice),
    ];
}

#[derive(Deserialize)]
struct ScopeData {
    all: Option<bool>,
    products: Option<List<Id>>,
    skus: Option<List<Id>>,
    categories: Option<List<Id>>,
    brands: Option<List<Id>>,
}

impl From<ScopeData> for Scope {
    fn from(wire: ScopeData) -> Scope {
        Scope {
            all: wire.all.unwrap_or_default(),
            products: ids(wire.products.unwrap_or_default()),
            skus: ids(wire.skus.unwrap_or_default()),
            categories: ids(wire.categories.unwrap_or_default()),
            brands: ids(wire.brands.unwrap_or_default()),
        }
    }
}

impl DiscountUpserted {
    /// What the members allow only together: a value for its kind, a currency where money is named.
    pub(super) fn checked(self) -> Result<Data, Rejection> {
        let value = self.value.0;
        let kind = match self.kind.0 {
            WireKind::Percentage if !(1..=MAX_BASIS_POINTS).contains(&value) => {
                let says = format_args!(
                    "is {value}, and must be 1 to {MAX_BASIS_POINTS} basis points for a percentage"
                );
                return Err(Rejection::new("data.value", Problem::OutOfRange, says));
            }
            WireKind::Percentage => DiscountKind::Percentage(value),
            WireKind::Amount => DiscountKind::Amount(money(value)?),
            WireKind::FixedPrice => DiscountKind::FixedPrice(money(value)?),
        };
        if self.currency.is_none() && self.kind.0 != WireKind::Percentage {
            let says = "is required unless the kind is percentage: name the value's currency";
            return Err(Rejection::new("data.currency", Problem::Missing, says));
        }
        let terms = Terms {
            name: self.name.0,
            kind,
            currency: self.currency.map(|currency| currency.0),
            market: self.market.map(|market| market.0),
            group: self.group.map(|group| group.0),
            window: window(self.starts_at, self.ends_at),
            priority: self.priority.map_or(0, |priority| priority.0),
            stackable: self.stackable.unwrap_or(false),
            active: self.active.unwrap_or(true),
        };
        let state = Discount { scope: self.scope.0.into(), terms };
        let change = Change::Discount { discount_id: self.discount_id.0, state: Some(state) };
        Ok(Data::new(self.version, change))
    }
}

fn money(value: i64) -> Result<i64, Rejection> {
    if (0..=MAX_AMOUNT).contains(&value) {
        return Ok(value);
    }
    let problem = if value < 0 { Problem::Negative } else { Problem::OutOfRange };
    let says = format_args!("is {value}, and must be 0 to {MAX_AMOUNT} minor units");
    Err(Rejection::new("data.value", problem, says))
}

#[derive(Deserialize)]
pub(super) struct DiscountRemoved {
    discount_id: Id,
    version: Version,
}

impl From<DiscountRemoved> for Data {
    fn from(wire: DiscountRemoved) -> Data {
        let change = Change::Discount { discount_id: wire.discount_id.0, state: None };
        Data::new(wire.version, change)
    }
}
