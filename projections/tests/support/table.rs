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

    /// The entries and offers of each product that count for the audience: its own for the group
    /// where it has offers for it, else everyone's.
    fn rows(&self, asking: Asking<'_>) -> impl Iterator<Item = (&str, Vec<&Entry>, Vec<&Offer>)> {
        let listing = self.numbers.listing(asking.listing);
        let everyone = self.numbers.audience(asking.market, None);
        let own = self.numbers.audience(asking.market, asking.group);
        self.placements.iter().map(move |(id, placement)| {
            let shadowed = placement.offers.iter().any(|o| o.audience == own);
            let audience = if shadowed { own } else { everyone };
            let entries = placement
                .entries
                .iter()
                .filter(|e| e.listing == listing && e.audience == audience)
                .collect();
            let offers = placement.offers.iter().filter(|o| o.audience == audience).collect();
            (id.as_str(), entries, offers)
        })
    }

    /// The listing's products in the order of their keys.
    pub fn listing(&self, asking: Asking<'_>, sort: Sort, filters: &Filters) -> Vec<String> {
        let at = asking.at.millis();
        let mut places: Vec<(i64, &str)> = self
            .rows(asking)
            .flat_map(|(id, entries, offers)| {
                let passes = filters.is_empty()
                    || offers
                        .iter()
                        .any(|o| o.from <= at && at < o.until && self.passes(o, filters));
                entries
                    .into_iter()
                    .filter(|e| e.sort == sort.number() && e.from <= at && at < e.until)
                    .filter(move |_| passes)
                    .map(move |e| (e.key, id))
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
        let of_entry = |e: &Entry| match e.sort {
            BOUNDARY => Some(e.key),
            sort if sort == Sort::Newest.number() => Some(-e.key),
            _ => None,
        };
        self.rows(asking)
            .flat_map(|(_, entries, _)| {
                entries.into_iter().filter_map(of_entry).collect::<Vec<_>>()
            })
            .filter(|change| *change > at)
            .min()
            .map(Instant)
    }
}
