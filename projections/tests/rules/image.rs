//! An index as bytes.

use vitrine_projections::facts::ProductFacts;
use vitrine_projections::index::image::{LAYOUT, Piece, Restoring};
use vitrine_projections::index::part::IndexPart;
use vitrine_projections::index::query::filters::Filters;
use vitrine_projections::index::writer::Writer;
use vitrine_projections::listing::ListingKey;
use vitrine_projections::market::Market;
use vitrine_projections::product::Attribute;
use xxhash_rust::xxh3::xxh3_64;

use crate::index::{part, query};
use crate::support::fixture::{NOW, brand, category, market, stock};

fn sections(writer: &Writer) -> Vec<Vec<u8>> {
    writer.image().unwrap().sections().collect()
}

fn restore(sections: &[Vec<u8>], market: Market) -> Option<Writer> {
    let mut restoring = Restoring::default();
    sections.iter().for_each(|section| restoring.add(Piece::of(section).unwrap()));
    restoring.writer(vec![market]).ok()
}

fn of_everything(facts: &mut ProductFacts) {
    facts.stock.push(stock("mug", 7));
    facts.product.brand = Some(brand("b"));
    facts.product.categories = vec![category(&["c", "d"])];
    facts.product.attributes.insert("colour".to_owned(), Attribute::Text("red".to_owned()));
    facts.product.tags.push("new".to_owned());
}

/// Whoever changes what sections are made of raises [`LAYOUT`], so that an image of an earlier build
/// is not read: the sum is of the layout with that number.
#[test]
fn another_layout_has_another_number() {
    let mut writer = Writer::new(vec![market()]);
    writer.put(&IndexPart { version: 1, ..part("mug", of_everything) });
    writer.publish(NOW);
    // Without the head: its hashes are of one build.
    assert_eq!(
        (LAYOUT, xxh3_64(&sections(&writer)[1..].concat())),
        (1, 12_268_126_541_299_723_035)
    );
}

/// More products than stand in one section of a column.
#[test]
fn every_section_is_put_where_it_was() {
    const PRODUCTS: usize = 17_000;
    let mut writer = Writer::new(vec![market()]);
    for nth in 0..PRODUCTS {
        writer.put(&part(&format!("p{nth}"), |_| ()));
    }
    let before = writer.publish(NOW);
    let mut restored = restore(&sections(&writer), market()).unwrap();
    let after = restored.publish(NOW);
    assert!(before.ids().eq(after.ids()));
    let (filters, listing) = (Filters::default(), ListingKey::All);
    let query = query(&filters, &listing);
    assert_eq!(format!("{:?}", before.query(&query)), format!("{:?}", after.query(&query)));
    // Numbers that were free are, and no other ones.
    restored.remove("p1");
    restored.put(&part("q1", |_| ()));
    restored.put(&part("q2", |_| ()));
    let after = restored.publish(NOW);
    assert_eq!(after.len(), PRODUCTS as u64 + 1);
    for nth in (0..PRODUCTS).filter(|nth| *nth != 1) {
        let id = format!("p{nth}");
        assert_eq!(after.id(after.number_of(&id).unwrap()), id);
    }
}

#[test]
fn what_is_no_image_of_these_markets_is_refused() {
    let mut writer = Writer::new(vec![market()]);
    assert!(writer.image().is_none(), "there is no version yet");
    writer.publish(NOW);
    writer.put(&part("mug", of_everything));
    assert!(writer.image().is_none(), "there is more than the last version");
    writer.publish(NOW);
    let sections = sections(&writer);
    assert!(restore(&sections[1..], market()).is_none(), "it has no head");
    let euros = Market { currency: "EUR".into(), ..market() };
    assert!(restore(&sections, euros).is_none(), "it is of another market");
    assert!(restore(&sections, market()).is_some());
    for section in &sections {
        for length in 0..section.len() {
            assert!(Piece::of(&section[..length]).is_err(), "it is cut off");
        }
    }
}
