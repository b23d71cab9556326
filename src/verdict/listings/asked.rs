//! One question about a listing, and its answers compared.

use std::collections::{BTreeMap, BTreeSet};

use projections::instant::{Instant, Window};
use projections::listing::{Filters, Sort, TOTAL_CAP, Total};
use projections::market::Market;
use projections::text::Text;
use projections::view::ListingKey;
use serde_json::{Value, json};

use super::ITEMS;
use crate::pages;
use crate::store::query::{Keyset, ListingQuery};
use crate::store::{Result, Snapshot};
use crate::verdict::Scope;
use crate::verdict::found::{Example, Found};

/// One answer of a listing that both are asked for.
pub struct Asked<'a> {
    pub scope: &'a Scope,
    pub listing: &'a ListingKey,
    pub market: &'a Market,
    pub group: Option<&'a str>,
    pub sort: Sort,
    pub filters: Filters,
    pub at: Instant,
    /// With how many there are, and when that changes.
    pub whole: bool,
    /// With the listing's name.
    pub named: bool,
}

/// What a generation answers.
#[derive(Default)]
pub struct Answer {
    pub places: Vec<Keyset>,
    /// There are more places.
    pub more: bool,
    pub total: Option<Total>,
    pub name: Option<Text>,
    pub next_change_at: Option<Instant>,
    /// Up to which instant stored steps answer; `None`: not this one.
    pub covered_until: Option<Instant>,
}

impl Asked<'_> {
    pub fn query(&self) -> ListingQuery<'_> {
        let Asked { listing, group, sort, filters, at, .. } = self;
        let market = &self.market.id;
        ListingQuery { listing, market, group: *group, sort: *sort, filters, at: *at }
    }

    pub fn limit(&self) -> u32 {
        u32::try_from(self.scope.max_places).unwrap_or(u32::MAX - 1)
    }

    fn found(&self, path: &str, field: String, values: (Value, Value), product: &str) -> Found {
        Found {
            path: format!("listing.{path}"),
            answers: 1,
            example: Example {
                subject: self.subject(),
                field,
                market: Some(self.market.id.clone()),
                group: self.group.map(str::to_owned),
                at: Some(self.at),
                live: values.0,
                new: values.1,
            },
            at: Some(self.at),
            product: product.to_owned(),
        }
    }

    /// As in `category:shoes by newest, on sale`.
    pub fn subject(&self) -> String {
        let mut text = match self.listing {
            ListingKey::All => "all".to_owned(),
            key => format!("{}:{}", key.kind(), key.id()),
        };
        text.push_str(&format!(" by {}", self.sort));
        let Filters { brands, min_price, max_price, in_stock, on_sale, min_rating_hundredths } =
            &self.filters;
        let filters = [
            in_stock.then(|| "in stock".to_owned()),
            on_sale.then(|| "on sale".to_owned()),
            min_rating_hundredths.map(|n| format!("rated {n} or more")),
            min_price.map(|n| format!("from {n}")),
            max_price.map(|n| format!("up to {n}")),
            (!brands.is_empty()).then(|| format!("of brand {}", brands.join(", "))),
        ];
        for filter in filters.into_iter().flatten() {
            text.push_str(", ");
            text.push_str(&filter);
        }
        text
    }

    /// Reads the answer from the rows that are stored, which cover these instants.
    pub async fn read(&self, snapshot: &mut dyn Snapshot, covers: Window) -> Result<Answer> {
        if !covers.holds(self.at) {
            return Ok(Answer::default());
        }
        let query = self.query();
        let slice = pages::listing(snapshot, &query, self.market, None, self.limit()).await?;
        let (mut total, mut next_change_at, mut name) = (None, None, None);
        if self.whole {
            total = Some(snapshot.listing_total(&query).await?);
            next_change_at = snapshot.listing_changes_at(&query).await?;
        }
        if self.named && *self.listing != ListingKey::All {
            name = snapshot.listing_name(self.listing, self.at).await?.name;
        }
        let covered_until = Some(covers.until);
        let (places, more) = (slice.places, slice.more);
        Ok(Answer { places, more, total, name, next_change_at, covered_until })
    }

    /// What differs of two answers.
    pub fn differ(&self, live: &Answer, new: &Answer) -> Vec<Found> {
        let Some((of_live, of_new)) = live.covered_until.zip(new.covered_until) else {
            return Vec::new();
        };
        let mut found = self.places(live, new);
        if let Some((a, b)) = totals(live.total, new.total) {
            let body = |t: Total| json!({"total": t.total, "capped": t.capped});
            found.push(self.found("total", "total".into(), (body(a), body(b)), ""));
        }
        if live.name != new.name {
            let values = (json!(live.name), json!(new.name));
            found.push(self.found("name", "name".into(), values, ""));
        }
        // What lies beyond the steps that are stored is not known yet to the one that has fewer.
        let until = of_live.min(of_new);
        let next = |answer: &Answer| answer.next_change_at.filter(|at| *at < until);
        if next(live) != next(new) {
            let values = (json!(next(live)), json!(next(new)));
            let field = "meta.next_change_at";
            found.push(self.found(field, field.into(), values, ""));
        }
        found
    }

    /// Products that do not stand at the same place, as far as both answers reach. The field is the product.
    fn places(&self, live: &Answer, new: &Answer) -> Vec<Found> {
        let mut found = Vec::new();
        for (side, answer) in [("live", live), ("new", new)] {
            if !answer.places.is_sorted() {
                let values = (json!(side == "live"), json!(side == "new"));
                found.push(self.found("order", "out of order".into(), values, ""));
            }
        }
        if live.places == new.places {
            return found;
        }
        let ends = [live, new].into_iter().filter(|a| a.more).filter_map(|a| a.places.last());
        let end = ends.min();
        let (of_live, of_new) = (reached(live, end), reached(new, end));
        let ids: BTreeSet<&str> = of_live.keys().chain(of_new.keys()).copied().collect();
        let (mut keys, mut items) = (0, 0);
        for id in ids {
            let (a, b) = (of_live.get(id), of_new.get(id));
            let (path, so_far) = match (a, b) {
                _ if a == b => continue,
                (Some(a), Some(b)) if a.len() == b.len() => ("items[].key", &mut keys),
                _ => ("items", &mut items),
            };
            *so_far += 1;
            if *so_far <= ITEMS {
                found.push(self.found(path, id.to_owned(), (shown(a), shown(b)), id));
            }
        }
        found
    }
}

/// The key that each product stands under, up to a place that both answers reach. One that is listed twice has two.
fn reached<'a>(answer: &'a Answer, end: Option<&Keyset>) -> BTreeMap<&'a str, Vec<i64>> {
    let mut reached: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for place in answer.places.iter().filter(|place| end.is_none_or(|end| *place <= end)) {
        reached.entry(&place.product_id).or_default().push(place.key);
    }
    reached
}

/// The only key as a number.
fn shown(keys: Option<&Vec<i64>>) -> Value {
    match keys.map(Vec::as_slice) {
        None => Value::Null,
        Some([key]) => json!(key),
        Some(keys) => json!(keys),
    }
}

/// Totals that differ. Where one was given up after so many entries, how far it came depends on how the entries
/// happen to be cut.
fn totals(live: Option<Total>, new: Option<Total>) -> Option<(Total, Total)> {
    let (live, new) = (live?, new?);
    let gave_up = |total: Total| total.capped && total.total < TOTAL_CAP;
    (live != new && !gave_up(live) && !gave_up(new)).then_some((live, new))
}
