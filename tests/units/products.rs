//! A rebuild finds the entities of each product.

use std::collections::BTreeMap;

use projections::codec;
use projections::event::Kind;
use projections::fold::Head;
use projections::instant::Instant;
use projections::run::{Mark, Run};
use vitrine::rebuild::entity::{Entity, hash};
use vitrine::rebuild::products::{ProductEntities, Products};
use vitrine::rebuild::table::Table;

/// A review and the product that it belongs to.
fn review(number: u32, product_id: &str, version: u64) -> Entity {
    let key = codec::encode(&format!("review-{number}"));
    let hash = hash(Kind::Review, &key);
    let content = codec::encode_into(&product_id, key).into_boxed_slice();
    let mark = Mark { time: Instant(0), partition: 0, offset: i64::from(number) };
    let head = Head { version, digest: 0 };
    Entity { hash, kind: Kind::Review, run: Run::of_event(head, mark, true, content) }
}

/// So many that each section of a table has several pieces.
const REVIEWS: u32 = 60_000;

fn product_of(review: u32) -> String {
    format!("product-{}", review % 7_001)
}

#[test]
fn entities_come_by_product_from_whichever_piece_they_are_in() {
    let mut table = Table::default();
    for version in [1, 3, 2] {
        (0..REVIEWS).for_each(|n| table.merge(review(n, &product_of(n), version)));
    }
    let by_hash: Vec<u64> = table.by_hash().iter().map(|entity| entity.hash).collect();
    assert_eq!(by_hash.len(), REVIEWS as usize);
    assert!(by_hash.is_sorted());
    let pieces = table.into_pieces();
    assert!(pieces.len() > 128, "{}", pieces.len());

    let mut expected: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for n in 0..REVIEWS {
        expected.entry(product_of(n)).or_default().push(i64::from(n));
    }
    let after = expected.keys().nth(3_000).cloned().unwrap_or_default();
    let mut products = Products::of(pieces);
    products.skip_to(&after);
    let mut left = expected.into_iter().skip(3_001);
    loop {
        let part = products.part(usize::MAX);
        if part.is_empty() {
            break;
        }
        for ProductEntities { product_id, entities } in part {
            assert!(entities.iter().all(|e| e.run.head().is_some_and(|h| h.version == 3)));
            let mut offsets: Vec<i64> =
                entities.iter().map(|entity| entity.run.mark().offset).collect();
            offsets.sort_unstable();
            assert_eq!(left.next(), Some((product_id, offsets)));
        }
    }
    assert_eq!(left.next(), None);
}
