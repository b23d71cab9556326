//! Rows of listings: what a store keeps sorted says what the contract's words say.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use vitrine_projections::listing::{Filters, Sort};
use vitrine_projections::placement::Placement;

use crate::index::listings;
use crate::support::cases;
use crate::support::generate::{PRODUCTS, history, markets};
use crate::support::table::{Asking, Numbers, Table};
use crate::{asked, model_of, oracle_of, reader, readers};

fn filters() -> impl Strategy<Value = Filters> {
    let brands = prop_oneof![
        3 => Just(vec![]),
        1 => Just(vec!["b1".to_owned()]),
        1 => Just(vec!["nobody".to_owned(), "b2".to_owned()]),
        1 => Just(vec!["nobody".to_owned()]),
    ];
    let price = || prop_oneof![Just(None), select(vec![Some(0), Some(3), Some(95), Some(100)])];
    let rating = prop_oneof![Just(None), select(vec![Some(100), Some(250), Some(350), Some(500)])];
    (brands, price(), price(), any::<bool>(), any::<bool>(), rating).prop_map(
        |(brands, min_price, max_price, in_stock, on_sale, min_rating_hundredths)| Filters {
            brands,
            min_price,
            max_price,
            in_stock,
            on_sale,
            min_rating_hundredths,
        },
    )
}

fn ids(cards: &[Value]) -> Vec<String> {
    cards.iter().map(|card| card["id"].as_str().unwrap().to_owned()).collect()
}

/// Removes what is gone and adds what is new: each must have been there, or not.
fn patch<T: Ord + Copy + std::fmt::Debug>(
    old: &[T],
    gone: &[T],
    new: &[T],
) -> Result<Vec<T>, TestCaseError> {
    let mut rows: BTreeSet<T> = old.iter().copied().collect();
    for row in gone {
        prop_assert!(rows.remove(row), "gone, but was not there: {:?}", row);
    }
    for row in new {
        prop_assert!(rows.insert(*row), "new, but was there: {:?}", row);
    }
    Ok(rows.into_iter().collect())
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn rows_are_listed_as_the_oracle_lists(
        history in history(),
        readers in readers(2),
        filters in filters(),
    ) {
        let (model, oracle, markets) = (model_of(&history), oracle_of(&history), markets());
        let table = Table::of(&model.views());
        for who in readers {
            let reader = reader(&markets, who);
            let (market, group) = (reader.market.id.as_str(), reader.group);
            for listing in &listings() {
                let asking = Asking { listing, market, group, at: reader.at };
                let (kind, id) = (listing.kind(), listing.id());
                for sort in Sort::ALL {
                    for filters in [&Filters::default(), &filters] {
                        let expected = oracle.listing(kind, id, asked(&reader), sort, filters);
                        prop_assert_eq!(
                            table.listing(asking, sort, filters), ids(&expected),
                            "{} of {:?} with {:?} for {:?}", sort, listing, filters, reader
                        );
                    }
                }
            }
        }
    }

    /// The rows' boundaries come no later than a change of the listing, and where there is a
    /// change there is a boundary.
    #[test]
    fn boundaries_miss_no_change(history in history(), readers in readers(4), nth in 0..8usize) {
        let (model, oracle, markets) = (model_of(&history), oracle_of(&history), markets());
        let table = Table::of(&model.views());
        let listing = &listings()[nth];
        for who in readers {
            let reader = reader(&markets, who);
            let (market, group) = (reader.market.id.as_str(), reader.group);
            let asking = Asking { listing, market, group, at: reader.at };
            let boundary = table.changes_at(asking);
            for sort in [Sort::Newest, Sort::Discount] {
                let (kind, id) = (listing.kind(), listing.id());
                let none = Filters::default();
                let change = oracle.listing_changes_at(kind, id, asked(&reader), sort, &none);
                if let Some(change) = change {
                    prop_assert!(
                        boundary.is_some_and(|b| b <= change),
                        "the boundary is at {:?}, the change at {} ({} of {:?} for {:?})",
                        boundary, change, sort, listing, reader
                    );
                }
            }
        }
    }

    /// A listing is named by what the views say of it.
    #[test]
    fn names_come_from_the_newest_product(history in history(), readers in readers(2)) {
        let (model, oracle, markets) = (model_of(&history), oracle_of(&history), markets());
        let views = model.views();
        for who in readers {
            let reader = reader(&markets, who);
            for listing in &listings() {
                let name = views
                    .iter()
                    .flat_map(|(id, view)| {
                        let own = view.own_name(listing);
                        let own = own.filter(|own| own.released_at <= reader.at);
                        own.map(|own| (-own.time.millis(), id, own.name))
                    })
                    .min_by_key(|(newest, id, _)| (*newest, *id))
                    .map(|(_, _, n)| n.localized(reader.locale, &reader.market.locale).to_owned());
                let expected = oracle.listing_name(listing.kind(), listing.id(), asked(&reader));
                prop_assert_eq!(name, expected, "{:?} for {:?}", listing, reader);
            }
        }
    }

    #[test]
    fn a_diff_turns_old_rows_into_new_ones(before in history(), after in history()) {
        let numbers = Numbers::default();
        let (before, after) = (model_of(&before), model_of(&after));
        let of = |view: Option<_>| view.map_or_else(Placement::default, |v| Placement::of(&v, &numbers));
        for id in PRODUCTS {
            let (old, new) = (of(before.view(id)), of(after.view(id)));
            let diff = Placement::diff(&old, &new);
            prop_assert_eq!(&patch(&old.entries, &diff.gone_entries, &diff.new_entries)?, &new.entries);
            prop_assert_eq!(&patch(&old.offers, &diff.gone_offers, &diff.new_offers)?, &new.offers);
            // What a store identifies a row by names one row.
            let keys: BTreeSet<_> =
                new.entries.iter().map(|e| (e.listing, e.audience, e.sort, e.key, e.from)).collect();
            prop_assert_eq!(keys.len(), new.entries.len());
            let keys: BTreeSet<_> = new.offers.iter().map(|o| (o.audience, o.from)).collect();
            prop_assert_eq!(keys.len(), new.offers.len());
            prop_assert_eq!(Placement::diff(&new, &new), Default::default());
        }
    }
}
