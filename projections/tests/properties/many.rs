//! Listings of many products that are alike, as those of a category are: the index keeps what many
//! products have otherwise than what few have.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;
use vitrine_projections::event::Kind;
use vitrine_projections::index::writer::Writer;
use vitrine_projections::listing::Sort;

use crate::index::{Written, check_listing, filters, listings};
use crate::support::cases;
use crate::support::generate::{Message, PRODUCTS, edge, history, markets};
use crate::{model_of, oracle_of, readers};

const COPIES: usize = 12;

/// The same of another product: what is of one product only gets another id.
fn copied(message: &Message, nth: usize) -> Message {
    fn rename(value: &mut Value, nth: usize) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match (name.as_str(), value.as_str()) {
                        ("product_id" | "price_id" | "review_id" | "sku", Some(id)) => {
                            *value = format!("{id}-{nth}").into();
                        }
                        _ => rename(value, nth),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| rename(value, nth)),
            _ => (),
        }
    }
    let mut copy = message.clone();
    rename(&mut copy.data, nth);
    copy
}

/// The history, and after it as much of it again for further products as these numbers say.
fn multiplied(history: &[Message], lengths: &[usize]) -> Vec<Message> {
    let copies = lengths.iter().enumerate().flat_map(|(nth, length)| {
        let of_products =
            history.iter().take(*length).filter(|message| message.event().kind() != Kind::Discount);
        of_products.map(move |message| copied(message, nth))
    });
    history.iter().cloned().chain(copies).collect()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn products_that_are_alike_count_each_for_itself(
        history in history(),
        lengths in prop::collection::vec((2..100usize, 2..100usize), COPIES),
        readers in readers(2),
        filters in filters(),
        at in -1..8i64,
        nth in 0..8usize,
        sort in select(Sort::ALL.to_vec()),
    ) {
        let ids = (0..COPIES).flat_map(|nth| PRODUCTS.map(|id| format!("{id}-{nth}")));
        let ids: Vec<String> = PRODUCTS.map(str::to_owned).into_iter().chain(ids).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let (mut writer, mut written) = (Writer::new(markets()), Written::default());
        let (first, then): (Vec<usize>, Vec<usize>) = lengths.into_iter().unzip();
        // The later state is not always the longer one: products change back, too.
        for lengths in [first, then] {
            let history = multiplied(&history, &lengths);
            written.write(&model_of(&history), &ids, &mut writer);
            let (index, oracle) = (writer.publish(edge(at)), oracle_of(&history));
            let listings = listings();
            let listing = &listings[nth];
            for who in &readers {
                check_listing(&index, &oracle, *who, &filters, 50, (listing, sort, true))?;
                let held = (who.0, who.1, who.2, edge(at));
                check_listing(&index, &oracle, held, &filters, 50, (listing, sort, true))?;
            }
        }
    }
}
