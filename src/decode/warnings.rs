//! What is accepted, and hardly what was meant.

use projections::discount::{Discount, Terms};
use projections::event::{Change, EventType, unknown_members};
use projections::market::Market;
use projections::price::Price;

use super::Decoded;
use super::cloudevent::{Envelope, cut};
use crate::nearest::nearest;

/// Unknown members that are told of, an event.
const MAX_UNKNOWN_MEMBERS: usize = 20;

pub(super) const UNKNOWN_MARKET: &str = "data.market.unknown";
pub(super) const MISMATCH: &str = "data.currency.mismatch";
pub(super) const EMPTY_SCOPE: &str = "data.scope.empty";

/// A hint at something in an event that will have no effect.
///
/// | code | meaning |
/// | --- | --- |
/// | `type.unknown` | the event is passed over |
/// | `data.market.unknown` | a price's or discount's market is none of this instance's |
/// | `data.currency.mismatch` | it is the currency of none of the markets that the price or discount is for |
/// | `data.scope.empty` | a discount's scope names nothing, so that it reaches nothing |
/// | *path*`.unknown_member` | events of this type have no such member; it is ignored |
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Warning {
    /// Stable, for machines.
    pub code: String,
    /// For people.
    pub detail: String,
}

fn warning(code: impl Into<String>, detail: String) -> Warning {
    Warning { code: code.into(), detail }
}

/// The warnings of an event in structured mode. `decoded` is what it was read as.
pub fn warnings(event: &[u8], decoded: &Decoded, markets: &[Market]) -> Vec<Warning> {
    match decoded {
        Decoded::UnknownType { ce_type } => vec![unknown_type(ce_type)],
        Decoded::Tombstone { .. } => Vec::new(),
        Decoded::Event { event: decoded, has_unknown_members, .. } => {
            let mut warnings = in_change(&decoded.change, markets);
            if *has_unknown_members {
                warnings.extend(members(event));
            }
            warnings
        }
    }
}

/// The warning of a message whose type is not known.
pub fn of_unknown_type(message: &[u8]) -> Warning {
    let head = Envelope::parse(message).and_then(|envelope| envelope.head());
    match head {
        Ok(super::Head::Unknown(ce_type)) => unknown_type(&ce_type),
        _ => unknown_type(""),
    }
}

fn unknown_type(ce_type: &str) -> Warning {
    // A known one ends with two words and the version, whatever stands before.
    let last = ce_type.rsplitn(4, '.').take(3).collect::<Vec<_>>();
    let suffix = last.into_iter().rev().collect::<Vec<_>>().join(".");
    let known = EventType::ALL.map(EventType::name);
    let meant = nearest(known, &suffix).map_or_else(String::new, |n| format!("; is it {n}?"));
    let detail = format!("{:?} is none that this service knows: passed over{meant}", cut(ce_type));
    warning("type.unknown", format!("`type` {detail}"))
}

/// What of an event's content will have no effect.
pub(super) fn in_change(change: &Change, markets: &[Market]) -> Vec<Warning> {
    match change {
        Change::Price { state: Some(price), .. } => of_price(price, markets).into_iter().collect(),
        Change::Discount { state: Some(discount), .. } => of_discount(discount, markets),
        _ => Vec::new(),
    }
}

fn of_price(price: &Price, markets: &[Market]) -> Option<Warning> {
    let Some(market) = markets.iter().find(|market| market.id == price.market) else {
        return Some(unknown_market(&price.market, markets));
    };
    (market.currency != price.currency).then(|| mismatch(&price.currency, &[market]))
}

fn of_discount(Discount { scope, terms }: &Discount, markets: &[Market]) -> Vec<Warning> {
    let Terms { market, currency, .. } = terms;
    let mut warnings = Vec::new();
    let is_for = |of: &&Market| market.as_ref().is_none_or(|market| *market == of.id);
    let its: Vec<&Market> = markets.iter().filter(is_for).collect();
    match (market, currency) {
        (Some(market), _) if its.is_empty() => warnings.push(unknown_market(market, markets)),
        (_, Some(currency)) if !its.iter().any(|market| market.currency == *currency) => {
            warnings.push(mismatch(currency, &its));
        }
        _ => {}
    }
    let lists = [&scope.products, &scope.skus, &scope.categories, &scope.brands];
    if !scope.all && lists.iter().all(|list| list.is_empty()) {
        let says = "`data.scope` names nothing, so that the discount reaches nothing: name products, skus, \
                    categories or brands, or set `all`";
        warnings.push(warning(EMPTY_SCOPE, says.to_owned()));
    }
    warnings
}

fn unknown_market(market: &str, markets: &[Market]) -> Warning {
    let known: Vec<&str> = markets.iter().map(|market| market.id.as_str()).collect();
    let detail =
        format!("`data.market` {:?} is none of this shop's: {}", cut(market), known.join(", "));
    warning(UNKNOWN_MARKET, detail)
}

fn mismatch(currency: &str, markets: &[&Market]) -> Warning {
    let named = |market: &&Market| format!("{} has {}", market.id, market.currency);
    let named: Vec<String> = markets.iter().map(named).collect();
    let detail =
        format!("`data.currency` {currency} is of no market that it is for: {}", named.join(", "));
    warning(MISMATCH, detail)
}

/// Members that no event of its type has.
fn members(event: &[u8]) -> Vec<Warning> {
    let Ok(envelope) = Envelope::parse(event) else { return Vec::new() };
    let (Ok(super::Head::Known(ty)), Ok(data)) = (envelope.head(), super::payload(&envelope))
    else {
        return Vec::new();
    };
    let unknown = unknown_members(ty, &data, MAX_UNKNOWN_MEMBERS);
    let named = |member: projections::event::UnknownMember| {
        // Another type may have it.
        let meant = nearest(projections::event::FIELDS.iter().copied(), &member.name)
            .filter(|name| *name != member.name)
            .map_or_else(String::new, |name| format!("; is it `{name}`?"));
        let detail = format!("`{}` is no member of {}: ignored{meant}", member.shown, ty.name());
        warning(format!("{}.unknown_member", member.parent), detail)
    };
    unknown.into_iter().map(named).collect()
}
