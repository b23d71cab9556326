//! When answers change with no event: found by asking again at every instant that could matter.

use projections::index::query::filters::Filters;
use projections::instant::{Instant, Window};
use projections::listing::Sort;

use crate::{Asked, Oracle};

fn finite(window: Window) -> impl Iterator<Item = Instant> {
    [window.from, window.until].into_iter().filter(|at| at.is_finite())
}

impl Oracle {
    /// Every instant at which a window opens or closes or a release comes, in order, each once.
    pub fn edges(&self) -> Vec<Instant> {
        let ids = self.product_ids();
        let mut edges: Vec<Instant> = ids.iter().flat_map(|id| self.edges_of(id)).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    /// Those that could matter to one product.
    fn edges_of(&self, id: &str) -> Vec<Instant> {
        let prices = self.prices(id).map(|(_, _, price)| price.window);
        let discounts = self.discounts().map(|(_, _, discount)| discount.terms.window);
        let release = self.product(id).map(|(_, product)| product.released_at);
        let mut edges: Vec<Instant> =
            prices.chain(discounts).flat_map(finite).chain(release).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    /// The first instant after `asked.at` at which the product's page is another one.
    pub fn page_changes_at(&self, id: &str, asked: Asked<'_>) -> Option<Instant> {
        first_change(asked, &self.edges_of(id), |asked| self.product_page(id, asked))
    }

    /// The first instant after `asked.at` at which the product's card is another one.
    pub fn card_changes_at(&self, id: &str, asked: Asked<'_>) -> Option<Instant> {
        first_change(asked, &self.edges_of(id), |asked| self.whole_card(id, asked))
    }

    /// The first instant after `asked.at` at which any of the whole listing, its name, or its facets
    /// where they are asked for, is another one.
    pub fn selection_changes_at(
        &self,
        listing: crate::Listing<'_>,
        asked: Asked<'_>,
        sort: Sort,
        filters: &Filters,
        with_facets: bool,
    ) -> Option<Instant> {
        first_change(asked, &self.edges(), |asked| {
            let facets = with_facets.then(|| self.facets(listing, asked, filters));
            let name = self.listing_name(listing.kind, listing.id, asked);
            (self.select(listing, asked, sort, filters), facets, name)
        })
    }
}

fn first_change<'a, T: PartialEq>(
    asked: Asked<'a>,
    edges: &[Instant],
    answer: impl Fn(Asked<'a>) -> T,
) -> Option<Instant> {
    let now = answer(asked);
    let later = edges.iter().copied().filter(|edge| *edge > asked.at);
    later.into_iter().find(|edge| answer(Asked { at: *edge, ..asked }) != now)
}
