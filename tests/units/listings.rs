//! A listing's parameters in the key of its cached page, and back.

use projections::index::query::filters::Filters;
use projections::listing::Sort;
use vitrine::api::listings::{canonical, parsed};
use vitrine::api::params::{DEFAULT_LIMIT, ListingParams, MAX_LIMIT};

#[test]
fn what_is_written_of_a_listing_is_read_again() {
    let brands = [vec![], vec!["acme"], vec!["a;b", "acme", "true"]];
    let numbers = [None, Some(0), Some(1_000_000_000_000)];
    let ratings = [None, Some(100), Some(475)];
    let attributes = [vec![], vec![("colour", "red & green=\n"), ("farbe", "")]];
    let flags = [false, true];
    let mut texts = std::collections::HashSet::new();
    for sort in Sort::ALL {
        for limit in [1, DEFAULT_LIMIT, MAX_LIMIT] {
            for brands in &brands {
                for bits in 0..3 * 3 * 3 * 4 * 4 {
                    let filters = Filters {
                        brands: brands.iter().map(|id| (*id).to_owned()).collect(),
                        min_price: numbers[bits % 3],
                        max_price: numbers[bits / 3 % 3],
                        min_rating_hundredths: ratings[bits / 9 % 3],
                        in_stock: flags[bits / 27 % 2],
                        on_sale: flags[bits / 54 % 2],
                        attributes: attributes[bits / 108 % 2]
                            .iter()
                            .map(|(name, value)| {
                                let values = [(*value).to_owned(), "x".to_owned()];
                                ((*name).to_owned(), values.into())
                            })
                            .collect(),
                    };
                    let facets = flags[bits / 216];
                    let params = ListingParams { sort, limit, cursor: None, filters, facets };
                    let text = canonical(&params);
                    assert_eq!(parsed(text.as_deref()), Some(params));
                    assert!(texts.insert(text));
                }
            }
        }
    }
}

#[test]
fn what_no_listing_writes_is_not_read() {
    for text in [
        "newest;24;;;false;false;",
        "sort=best&limit=24",
        "sort=newest&limit=0",
        "sort=newest&limit=101",
        "sort=newest&limit=24&min_price=-1",
        "sort=newest&limit=24&in_stock=no",
        "sort=newest&limit=24&brand=a+b",
        "sort=newest&limit=24&market=eu",
        "sort=newest&limit=24&cursor=AQ",
        "sort=newest&limit=24&attr.=red",
    ] {
        assert_eq!(parsed(Some(text)), None, "{text:?}");
    }
}
