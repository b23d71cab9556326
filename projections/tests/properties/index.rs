//! The index answers what the oracle answers: at every instant, for every audience, under any
//! filters, and the same whichever way its facts came.

use std::collections::{BTreeMap, BTreeSet};

use oracle::Listing;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use vitrine_projections::event::{Change, Event};
use vitrine_projections::index::Index;
use vitrine_projections::index::discounts::ScopedDiscount;
use vitrine_projections::index::image::{Piece, Restoring};
use vitrine_projections::index::part::IndexPart;
use vitrine_projections::index::query::filters::Filters;
use vitrine_projections::index::query::{Answer, AudienceView, Query};
use vitrine_projections::index::writer::Writer;
use vitrine_projections::listing::{ListingKey, Sort};
use vitrine_projections::page::Reader;

use crate::support::cases;
use crate::support::generate::{LOCALES, PRODUCTS, edge, history, markets};
use crate::support::model::Model;
use crate::{Who, asked, events_of, model_of, oracle_of, reader, readers};

pub fn listings() -> Vec<ListingKey> {
    let categories =
        ["c1", "c2", "c3", "c4", "nowhere"].map(|c| ListingKey::Category(c.to_owned()));
    let brands = ["b1", "b2"].map(|b| ListingKey::Brand(b.to_owned()));
    [ListingKey::All].into_iter().chain(categories).chain(brands).collect()
}

fn some_of(values: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<String>> {
    let some = subsequence(values, 1..=values.len().min(2));
    some.prop_map(|some| some.into_iter().map(str::to_owned).collect())
}

pub fn filters() -> impl Strategy<Value = Filters> {
    let brands = prop_oneof![
        3 => Just(BTreeSet::new()),
        1 => some_of(&["b1", "b2", "nobody"]),
    ];
    let price =
        || prop_oneof![3 => Just(None), 1 => select(vec![Some(0), Some(3), Some(95), Some(100)])];
    let rating =
        prop_oneof![2 => Just(None), 1 => select(vec![Some(100), Some(250), Some(350), Some(500)])];
    let flag = || prop::bool::weighted(0.2);
    let attribute = prop_oneof![
        some_of(&["s1", "s2", "s3"]).prop_map(|v| ("size", v)),
        some_of(&["1", "2"]).prop_map(|v| ("n", v)),
        some_of(&["text", "red"]).prop_map(|v| ("t", v)),
        some_of(&["true", "false"]).prop_map(|v| ("yes", v)),
        some_of(&["0.1", ""]).prop_map(|v| ("f", v)),
        some_of(&["nothing"]).prop_map(|v| ("unknown", v)),
    ];
    let attributes = prop::collection::vec(attribute, 0..3).prop_map(|pairs| {
        pairs.into_iter().map(|(n, v)| (n.to_owned(), v)).collect::<BTreeMap<_, _>>()
    });
    (brands, price(), price(), flag(), flag(), rating, attributes).prop_map(
        |(brands, min_price, max_price, in_stock, on_sale, min_rating_hundredths, attributes)| {
            Filters {
                brands,
                min_price,
                max_price,
                in_stock,
                on_sale,
                min_rating_hundredths,
                attributes,
            }
        },
    )
}

/// What of a model differs from what the writer has been told is written.
#[derive(Default)]
pub struct Written {
    parts: BTreeMap<String, IndexPart>,
    discounts: BTreeMap<String, ScopedDiscount>,
}

impl Written {
    pub fn write(&mut self, model: &Model, ids: &[&str], writer: &mut Writer) {
        let parts: BTreeMap<String, IndexPart> = ids
            .iter()
            .filter_map(|id| Some(((*id).to_owned(), IndexPart::of(model.facts(id)?))))
            .collect();
        for id in self.parts.keys().filter(|id| !parts.contains_key(*id)) {
            writer.remove(id);
        }
        for (id, part) in parts.iter().filter(|(id, part)| self.parts.get(*id) != Some(*part)) {
            assert_eq!(*id, part.product_id);
            writer.put(part);
        }
        let discounts = discounts_of(model);
        for id in self.discounts.keys().filter(|id| !discounts.contains_key(*id)) {
            writer.remove_discount(id);
        }
        for (id, discount) in &discounts {
            if self.discounts.get(id) != Some(discount) {
                writer.put_discount(discount.clone());
            }
        }
        (self.parts, self.discounts) = (parts, discounts);
    }

    /// The writer once more, from the image of its last version; discounts are not in it.
    pub fn restored(&self, writer: &Writer) -> Writer {
        let image = writer.image().expect("nothing was put since the last version");
        let mut restoring = Restoring::default();
        let sections: Vec<Vec<u8>> = image.sections().collect();
        for section in sections.iter().rev() {
            restoring.add(Piece::of(section).unwrap());
        }
        let mut restored = restoring.writer(markets()).unwrap();
        for discount in self.discounts.values() {
            restored.put_discount(discount.clone());
        }
        restored
    }
}

fn discounts_of(model: &Model) -> BTreeMap<String, ScopedDiscount> {
    let of = |event: &Event| match &event.change {
        Change::Discount { discount_id, state: Some(discount) } => {
            let (discount_id, discount) = (discount_id.clone(), discount.clone());
            let scoped = ScopedDiscount { discount_id, time: event.time, discount };
            Some((scoped.discount_id.clone(), scoped))
        }
        _ => None,
    };
    model.events().filter_map(of).collect()
}

pub fn cards(index: &Index, answer: &Answer, reader: &Reader<'_>, market: usize) -> Vec<Value> {
    let view = AudienceView::new(index, market, reader.group, reader.at);
    let card = |item: &vitrine_projections::index::query::Item| {
        let facts = index.card_facts(&view, item.product, Some(item.variant)).unwrap();
        serde_json::to_value(facts.body(reader)).unwrap()
    };
    answer.items.iter().map(card).collect()
}

/// The whole listing, walked page by page.
pub fn walk(
    index: &Index,
    query: &Query<'_>,
    reader: &Reader<'_>,
) -> Result<(Vec<Value>, Answer), TestCaseError> {
    let first = index.query(query);
    let by_threads = index.query_by(query, 3);
    prop_assert_eq!(format!("{first:?}"), format!("{by_threads:?}"), "whatever the threads");
    let mut all = cards(index, &first, reader, query.market);
    let mut last = first.items.last().map(|item| index.keyset(item));
    let mut more = first.more;
    while more {
        let page = index.query(&Query { after: last.as_ref(), ..query.clone() });
        prop_assert_eq!(page.total, first.total);
        prop_assert!(!page.items.is_empty());
        all.extend(cards(index, &page, reader, query.market));
        last = page.items.last().map(|item| index.keyset(item));
        more = page.more;
    }
    Ok((all, first))
}

/// One listing, in one order, with facets or without.
pub fn check_listing(
    index: &Index,
    oracle: &oracle::Oracle,
    who: Who,
    filters: &Filters,
    limit: usize,
    (listing, sort, facets): (&ListingKey, Sort, bool),
) -> Result<(), TestCaseError> {
    let markets = markets();
    let reader = reader(&markets, who);
    let query = Query {
        listing,
        market: who.0,
        group: reader.group,
        locale: LOCALES[who.2],
        at: reader.at,
        sort,
        filters,
        after: None,
        limit,
        facets,
    };
    let (cards, answer) = walk(index, &query, &reader)?;
    let of = Listing { kind: listing.kind(), id: listing.id() };
    let expected = oracle.select(of, asked(&reader), sort, filters);
    prop_assert_eq!(answer.total, expected.len() as u64);
    prop_assert_eq!(cards, expected, "{} of {:?} for {:?}", sort, listing, reader);
    if let Some(facets) = &answer.facets {
        let expected = oracle.facets(of, asked(&reader), filters);
        prop_assert_eq!(json!(facets), expected, "{:?} for {:?}", listing, reader);
    }
    Ok(())
}

fn check(
    index: &Index,
    oracle: &oracle::Oracle,
    who: Who,
    filters: &Filters,
    limit: usize,
) -> Result<(), TestCaseError> {
    let markets = markets();
    let reader = reader(&markets, who);
    for listing in &listings() {
        for (nth, sort) in Sort::ALL.into_iter().enumerate() {
            check_listing(index, oracle, who, filters, limit, (listing, sort, nth == 0))?;
        }
    }
    for listing in &listings() {
        let named = index.name(listing, who.0, reader.locale, reader.at);
        let expected = oracle.listing_name(listing.kind(), listing.id(), asked(&reader));
        prop_assert_eq!(named.name, expected.as_deref(), "{:?} for {:?}", listing, reader);
    }
    for id in PRODUCTS {
        let card = index.number_of(id).and_then(|number| {
            let view = AudienceView::new(index, who.0, reader.group, reader.at);
            let facts = index.card_facts(&view, number, None)?;
            Some(serde_json::to_value(facts.body(&reader)).unwrap())
        });
        prop_assert_eq!(card, oracle.whole_card(id, asked(&reader)), "{} for {:?}", id, reader);
    }
    Ok(())
}

pub fn index_of(model: &Model, at: i64) -> Index {
    let mut writer = Writer::new(markets());
    Written::default().write(model, &PRODUCTS, &mut writer);
    writer.publish(edge(at))
}

proptest! {
    #![proptest_config(cases(96))]

    /// Columns stand for one instant; readers ask for any.
    #[test]
    fn it_answers_as_the_oracle(
        history in history(),
        readers in readers(3),
        filters in filters(),
        columns_at in -1..8i64,
        limit in 1..3usize,
    ) {
        let (model, oracle) = (model_of(&history), oracle_of(&history));
        let mut writer = Writer::new(markets());
        Written::default().write(&model, &PRODUCTS, &mut writer);
        let index = writer.publish(edge(columns_at));
        for who in readers {
            check(&index, &oracle, who, &Filters::default(), limit)?;
            check(&index, &oracle, who, &filters, limit)?;
        }
    }

    /// One version after another, each from the one before and most with few changes, some of them
    /// by way of its image; those before stay what they were.
    #[test]
    fn versions_follow_their_facts(
        history in history(),
        readers in readers(2),
        filters in filters(),
        instants in prop::collection::vec(-1..8i64, 8),
        restored in prop::collection::vec(prop::bool::weighted(0.3), 8),
        prepared in prop::collection::vec(prop::option::weighted(0.4, -1..8i64), 8),
    ) {
        let events = events_of(&history);
        let mut writer = Writer::new(markets());
        let mut written = Written::default();
        let mut versions = Vec::new();
        let (mut model, mut from) = (Model::default(), 0);
        for (nth, at) in instants.iter().enumerate() {
            let until = events.len().saturating_sub(2 * (instants.len() - 1 - nth));
            model.apply(&events[from..until]);
            written.write(&model, &PRODUCTS, &mut writer);
            if let Some(from) = prepared[nth] {
                writer.prepare(edge(from));
            }
            let index = writer.publish(edge(*at));
            let made_at_once = index_of(&model, *at);
            for id in PRODUCTS {
                let states = (index.product_state(id), made_at_once.product_state(id));
                prop_assert_eq!(states.0, states.1, "{}", id);
            }
            versions.push((index, oracle_of(&history[..until])));
            if restored[nth] {
                writer = written.restored(&writer);
            }
            from = until;
        }
        for ((index, oracle), at) in versions.iter().zip(&instants) {
            for who in &readers {
                check(index, oracle, *who, &filters, 2)?;
                // Where the columns hold, as readers ask most of the time.
                check(index, oracle, (who.0, who.1, who.2, edge(*at)), &Filters::default(), 2)?;
                for from in prepared.iter().flatten() {
                    check(index, oracle, (who.0, who.1, who.2, edge(*from)), &filters, 2)?;
                }
            }
        }
    }

    /// Nothing changes before the instant that an answer names; and whichever instant columns stand
    /// for, it names the same.
    #[test]
    fn it_says_when_it_changes(
        history in history(),
        readers in readers(2),
        filters in filters(),
        columns_at in (-1..8i64, -1..8i64),
        nth in 0..8usize,
        sort in select(Sort::ALL.to_vec()),
    ) {
        let (model, oracle, markets) = (model_of(&history), oracle_of(&history), markets());
        let (one, other) = (index_of(&model, columns_at.0), index_of(&model, columns_at.1));
        let listing = &listings()[nth];
        for who in readers {
            let reader = reader(&markets, who);
            let query = Query {
                listing,
                market: who.0,
                group: reader.group,
                locale: reader.locale,
                at: reader.at,
                sort,
                filters: &filters,
                after: None,
                limit: 100,
                facets: true,
            };
            let named = one.query(&query).next_change_at;
            prop_assert_eq!(named, other.query(&query).next_change_at);
            let of = Listing { kind: listing.kind(), id: listing.id() };
            let asked = asked(&reader);
            let change =
                oracle.selection_changes_at(of, asked, sort, &filters, query.facets);
            if let Some(change) = change {
                prop_assert!(
                    named.is_some_and(|named| reader.at < named && named <= change),
                    "it names {:?}, and changes at {} ({:?} for {:?})", named, change, listing, reader
                );
            }
        }
    }
}
