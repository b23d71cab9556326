//! Whether a change can be seen on the first page of a listing.

use projections::instant::Instant;
use projections::listing::{Sort, Total};
use projections::placement::BOUNDARY;
use projections::text::Text;
use projections::view::ListingKey;

use super::{Change, ProductPlaces, Row};
use crate::store::query::{Keyset, ListingQuery};

/// A listing's first page as it was answered from stored steps, at `query.at`. It is good until
/// `next_change_at`; only in between is it asked whether a change touches it.
#[derive(Clone, Debug)]
pub struct FirstPage<'a> {
    pub query: ListingQuery<'a>,
    /// What the listing is called.
    pub name: Option<&'a Text>,
    pub places: &'a [Keyset],
    /// There are more places than those.
    pub more: bool,
    pub total: Total,
    pub next_change_at: Option<Instant>,
}

/// Which rows a page is made of.
struct Looked<'a> {
    page: &'a FirstPage<'a>,
    listing: u32,
    /// Indices of the audiences: the group's, and everyone's.
    audiences: Vec<u32>,
    group: Option<u32>,
    from: i64,
    until: i64,
}

impl Change {
    /// Whether the page may be another one after this change. It may be the same all the same: where
    /// filters or a group make it hard to tell, or a product on it changed in what the page does not show.
    pub fn touches(&self, page: &FirstPage<'_>) -> bool {
        if self.everything || self.renames(page) || self.covers_otherwise(page) {
            return true;
        }
        if page.places.iter().any(|place| self.touches_card(&place.product_id)) {
            return true;
        }
        let places = &self.places;
        let listing = places.listings.iter().position(|key| key == page.query.listing);
        let Some(listing) = listing else { return false };
        let audience = |group: Option<&str>| {
            let is =
                |a: &super::Audience| a.market == page.query.market && a.group.as_deref() == group;
            places.audiences.iter().position(is).map(|index| index as u32)
        };
        let group = page.query.group.and_then(|group| audience(Some(group)));
        let looked = Looked {
            page,
            listing: listing as u32,
            audiences: group.into_iter().chain(audience(None)).collect(),
            group,
            from: page.query.at.millis(),
            until: page.next_change_at.unwrap_or(Instant::MAX).millis(),
        };
        places.products.iter().any(|product| looked.touched(self, product))
    }

    /// Whether the listing has another name or other members, or a brand that is filtered by: as long as
    /// nothing is of that brand, the page does not say when anything changes.
    fn renames(&self, page: &FirstPage<'_>) -> bool {
        let brands = &page.query.filters.brands;
        let filtered_by =
            |key: &ListingKey| matches!(key, ListingKey::Brand(b) if brands.contains(b));
        self.listings.contains(page.query.listing)
            || self.listings.iter().any(filtered_by)
            || self
                .names
                .iter()
                .any(|(key, name)| key == page.query.listing && Some(name) != page.name)
    }

    /// Whether the instants that stored steps answer end elsewhere.
    fn covers_otherwise(&self, page: &FirstPage<'_>) -> bool {
        let at = page.query.at.millis();
        let until = page.next_change_at.unwrap_or(Instant::MAX).millis();
        let sooner = |(from, end): &(i64, i64)| *from > at || *end < until;
        let ended = |(from, end): &(i64, i64)| *from > at || *end <= until;
        self.places.covers.iter().any(sooner) || self.places.covered.iter().any(ended)
    }
}

impl Looked<'_> {
    fn touched(&self, change: &Change, product: &ProductPlaces) -> bool {
        if !self.page.query.filters.is_empty()
            && product.listings.contains(&self.listing)
            && product.offers.iter().any(|audience| self.audiences.contains(audience))
        {
            return true;
        }
        let Some(id) = change.products.get(product.product as usize) else { return true };
        product.rows.iter().filter(|rows| rows.listings.contains(&self.listing)).any(|rows| {
            let gone = || rows.gone.iter().filter(|row| self.audiences.contains(&row.audience));
            let come = || rows.come.iter().filter(|row| self.audiences.contains(&row.audience));
            gone().chain(come()).any(|row| self.moves_edge(row))
                || come().any(|row| self.belongs(row, id))
                // What stands in its place now is a row of everyone's that did not change.
                || gone().any(|row| Some(row.audience) == self.group && self.holds(row))
                || self.counts_otherwise(gone(), come())
        })
    }

    /// Whether the row tells of an instant at which the listing changes, no later than is known. One
    /// that went may have been the first.
    fn moves_edge(&self, row: &Row) -> bool {
        let edge = match row.sort {
            BOUNDARY => row.key,
            sort if sort == Sort::Newest.number() => row.key.saturating_neg(),
            _ => return false,
        };
        edge > self.from && edge <= self.until
    }

    fn holds(&self, row: &Row) -> bool {
        row.sort != BOUNDARY && row.from < self.until && row.until > self.from
    }

    /// Whether the product stands on the page from now on.
    fn belongs(&self, row: &Row, id: &str) -> bool {
        let sort = self.page.query.sort;
        if row.sort != sort.stored().number() || !self.holds(row) {
            return false;
        }
        let key = if sort.stored() == sort { row.key } else { -row.key };
        let last = self.page.places.last().filter(|_| self.page.more);
        last.is_none_or(|last| (key, id) < (last.key, last.product_id.as_str()))
    }

    /// Whether there are more places than before, or fewer: each product has one in the order by newest.
    fn counts_otherwise<'r>(
        &self,
        gone: impl Iterator<Item = &'r Row>,
        come: impl Iterator<Item = &'r Row>,
    ) -> bool {
        let newest = |row: &&Row| row.sort == Sort::Newest.number() && self.holds(row);
        let (gone, come) = (gone.filter(newest).count(), come.filter(newest).count());
        if self.page.total.capped { gone > come } else { gone != come }
    }
}
