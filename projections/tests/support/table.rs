//! Placements as rows of a table, read as a store reads them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use vitrine_projections as projections;

use projections::instant::Instant;
use projections::listing::{Filters, Sort};
use projections::placement::{BOUNDARY, Entry, Numbering, Offer, Placement};
use projections::view::{ListingKey, View};

/// Numbers in the order in which names were first seen, from 1.
#[derive(Default)]
pub struct Numbers {
    listings: RefCell<Vec<ListingKey>>,
    audiences: RefCell<Vec<(String, Option<String>)>>,
}

fn number<T: PartialEq>(seen: &RefCell<Vec<T>>, name: T) -> i64 {
    let mut seen = seen.borrow_mut();
    let position = seen.iter().position(|s| *s == name).unwrap_or_else(|| {
        seen.push(name);
        seen.len() - 1
    });
    position as i64 + 1
}

impl Numbering for Numbers {
    fn listing(&self, key: &ListingKey) -> i64 {
        number(&self.listings, key.clone())
    }

    fn audience(&self, market: &str, group: Option<&str>) -> i64 {
        number(&self.audiences, (market.to_owned(), group.map(str::to_owned)))
    }
}

/// Every product's rows.
#[derive(Default)]
pub struct Table {
    pub numbers: Numbers,
    pub placements: BTreeMap<String, Placement>,
}

/// The order that an entry is stored in.
fn order_of(entry: &Entry) -> Sort {
    Sort::ALL.into_iter().find(|sort| sort.number() == entry.sort).expect("an order")
}

/// Whose listing is asked for, and when.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub listing: &'a ListingKey,
    pub market: &'a str,
    pub group: Option<&'a str>,
    pub at: Instant,
}

impl Table {
    pub fn of(views: &BTreeMap<String, View>) -> Table {
        let mut table = Table::default();
        for (id, view) in views {
            let placement = Placement::of(view, &table.numbers);
            table.placements.insert(id.clone(), placement);
        }
        table
    }

    /// The entries of an order and the offers of each product that count for the audience: its own
    /// for the group where it has offers for it, else everyone's. Where it does not stand apart, its
    /// entries are everyone's in orders that do not go by price.
    fn rows(
        &self,
        asking: Asking<'_>,
        order: i64,
        by_price: bool,
    ) -> impl Iterator<Item = (&str, Vec<&Entry>, Vec<&Offer>)> {
        let listing = self.numbers.listing(asking.listing);
        let everyone = self.numbers.audience(asking.market, None);
        let own = self.numbers.audience(asking.market, asking.group);
        self.placements.iter().map(move |(id, placement)| {
            let offers_of = |audience: i64| -> Vec<&Offer> {
                placement.offers.iter().filter(|o| o.audience == audience).collect()
            };
            let mut offers = offers_of(own);
            let apart = offers.iter().any(|o| o.apart);
            assert!(offers.iter().all(|o| o.apart == apart), "a product stands apart or not");
            let shadowed = !offers.is_empty() && (by_price || apart);
            if offers.is_empty() {
                offers = offers_of(everyone);
            }
            let audience = if shadowed { own } else { everyone };
            let entries = placement
                .entries
                .iter()
                .filter(|e| (e.listing, e.audience, e.sort) == (listing, audience, order))
                .collect();
            (id.as_str(), entries, offers)
        })
    }

    /// The listing's products in the order of their keys.
    pub fn listing(&self, asking: Asking<'_>, sort: Sort, filters: &Filters) -> Vec<String> {
        let at = asking.at.millis();
        let order = sort.stored().number();
        let mut places: Vec<(i64, &str)> = self
            .rows(asking, order, sort.by_price())
            .flat_map(|(id, entries, offers)| {
                let passes = filters.is_empty()
                    || offers
                        .iter()
                        .any(|o| o.from <= at && at < o.until && self.passes(o, filters));
                entries
                    .into_iter()
                    .filter(|e| e.from <= at && at < e.until)
                    .filter(move |_| passes)
                    .map(move |e| (if sort == order_of(e) { e.key } else { -e.key }, id))
                    .collect::<Vec<_>>()
            })
            .collect();
        places.sort_unstable();
        places.into_iter().map(|(_, id)| id.to_owned()).collect()
    }

    fn passes(&self, offer: &Offer, filters: &Filters) -> bool {
        let brand = |id: &String| self.numbers.listing(&ListingKey::Brand(id.clone()));
        filters.min_price.is_none_or(|min| offer.final_amount >= min)
            && filters.max_price.is_none_or(|max| offer.final_amount <= max)
            && (!filters.in_stock || offer.in_stock)
            && (!filters.on_sale || offer.on_sale)
            && filters.min_rating_hundredths.is_none_or(|min| offer.rating >= min)
            && (filters.brands.is_empty()
                || filters.brands.iter().map(brand).any(|b| b == offer.brand))
    }

    /// The next boundary of any product in the listing, or the next release into it.
    pub fn changes_at(&self, asking: Asking<'_>) -> Option<Instant> {
        let at = asking.at.millis();
        let boundaries = self
            .rows(asking, BOUNDARY, true)
            .flat_map(|(_, entries, _)| entries.into_iter().map(|e| e.key).collect::<Vec<_>>());
        let releases = self.rows(asking, Sort::Newest.number(), false);
        let releases = releases
            .flat_map(|(_, entries, _)| entries.into_iter().map(|e| -e.key).collect::<Vec<_>>());
        boundaries.chain(releases).filter(|change| *change > at).min().map(Instant)
    }
}
