//! A listing's parameters in the key of its cached page, and back.

use projections::listing::{Filters, Sort};
use vitrine::api::listings::{canonical, parsed};
use vitrine::api::params::{DEFAULT_LIMIT, ListingParams, MAX_LIMIT};

#[test]
fn what_is_written_of_a_listing_is_read_again() {
    let brands = [vec![], vec!["acme"], vec!["a;b", "acme", "true"]];
    let numbers = [None, Some(0), Some(1_000_000_000_000)];
    let flags = [false, true];
    let mut texts = std::collections::HashSet::new();
    for sort in Sort::ALL {
        for limit in [1, DEFAULT_LIMIT, MAX_LIMIT] {
            for brands in &brands {
                for bits in 0..3 * 3 * 3 * 4 {
                    let filters = Filters {
                        brands: brands.iter().map(|id| (*id).to_owned()).collect(),
                        min_price: numbers[bits % 3],
                        max_price: numbers[bits / 3 % 3],
                        min_rating_hundredths: numbers[bits / 9 % 3],
                        in_stock: flags[bits / 27 % 2],
                        on_sale: flags[bits / 54],
                    };
                    let params = ListingParams { sort, limit, cursor: None, filters };
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
        "",
        "newest",
        "newest;24;;;false;false",
        "newest;24;;;false;false;;",
        "best;24;;;false;false;",
        "newest;0;;;false;false;",
        "newest;101;;;false;false;",
        "newest;24;-1;;false;false;",
        "newest;24;;;no;false;",
        "newest;24;;;false;false;\n",
        "newest;24;;;false;false;\na b",
    ] {
        assert_eq!(parsed(Some(text)), None, "{text:?}");
    }
}
