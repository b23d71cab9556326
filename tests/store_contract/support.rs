//! Facts made by hand: the plainest there are, to be made special where it matters.

use projections::discount::{DiscountKind, Scope, Terms};
use projections::fold::Head;
use projections::instant::{Instant, Window};
use projections::price::Price;
use projections::product::{Brand, Category, Product, Variant};
use projections::review::Review;
use projections::text::Text;
use vitrine::store::Transaction;
use vitrine::store::facts::{
    DiscountWrite, FactKeys, FactWrites, Owner, PriceWrite, ProductWrite, ReviewWrite, Stamp,
    StockWrite,
};

use super::Store;

/// Ids that a store may not confuse, nor take for something else, in byte order.
pub const AWKWARD_IDS: [&str; 18] = [
    "\"",
    "$1",
    "%",
    "'; DROP TABLE product; --",
    "001",
    "1",
    "1.0",
    "?",
    "A",
    "NULL",
    "\\",
    "_",
    "a",
    "{a,b}",
    "ß",
    "가",
    "\u{ffee}",
    "😀",
];

/// Commits what the work does.
pub async fn commit<T>(store: &Store, work: impl AsyncFnOnce(&mut dyn Transaction) -> T) -> T {
    let mut tx = store.begin().await.unwrap();
    let done = work(tx.as_mut()).await;
    tx.commit().await.unwrap();
    done
}

/// Does the work and drops it.
pub async fn dropped<T>(store: &Store, work: impl AsyncFnOnce(&mut dyn Transaction) -> T) -> T {
    let mut tx = store.begin().await.unwrap();
    work(tx.as_mut()).await
}

pub async fn save(store: &Store, writes: &FactWrites) {
    commit(store, async |tx| tx.save_facts(writes).await.unwrap()).await;
}

pub fn strings<S: AsRef<str>>(ids: impl IntoIterator<Item = S>) -> Vec<String> {
    ids.into_iter().map(|id| id.as_ref().to_owned()).collect()
}

pub fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

pub fn text(text: &str) -> Text {
    Text::Plain(text.to_owned())
}

pub fn stamp(version: u64) -> Stamp {
    Stamp {
        head: Head { version, digest: version.wrapping_mul(0x9E37_79B9_7F4A_7C15) },
        time: Instant(version as i64 * 1000),
        partition: 0,
        offset: version as i64,
    }
}

fn owner(product_id: &str) -> Owner {
    Owner { product_id: product_id.to_owned(), moved: false }
}

pub fn moved(product_id: &str) -> Owner {
    Owner { product_id: product_id.to_owned(), moved: true }
}

/// An active product, long released, with these variants.
pub fn product(skus: &[&str]) -> Product {
    let variant = |sku: &&str| Variant { sku: (*sku).to_owned(), options: Default::default() };
    Product {
        name: text("Mug"),
        slug: String::new(),
        description: Text::default(),
        active: true,
        brand: None,
        categories: Vec::new(),
        attributes: Default::default(),
        tags: Vec::new(),
        images: Vec::new(),
        released_at: Instant(0),
        variants: skus.iter().map(variant).collect(),
    }
}

pub fn brand(id: &str) -> Brand {
    Brand { id: id.to_owned(), name: text(id) }
}

/// A category by its path; the last step is the category itself.
pub fn category(path: &[&str]) -> Category {
    let id = path.last().copied().unwrap_or_default();
    Category { id: id.to_owned(), name: text(id), path: strings(path) }
}

pub fn product_write(id: &str, version: u64, product: Option<Product>) -> ProductWrite {
    (id.to_owned(), stamp(version), product)
}

pub fn price(product_id: &str, amount: i64) -> Price {
    Price {
        product_id: product_id.to_owned(),
        sku: None,
        market: "default".into(),
        currency: "USD".into(),
        amount,
        group: None,
        window: Window::ALWAYS,
    }
}

pub fn price_write(id: &str, version: u64, product_id: &str, amount: i64) -> PriceWrite {
    (id.to_owned(), stamp(version), owner(product_id), Some(price(product_id, amount)))
}

pub fn stock_write(key: (&str, &str), version: u64, product_id: &str, units: i64) -> StockWrite {
    let key = (key.0.to_owned(), key.1.to_owned());
    (key, stamp(version), owner(product_id), Some(units))
}

pub fn terms(priority: i64) -> Terms {
    Terms {
        name: text("Sale"),
        kind: DiscountKind::Percentage(1000),
        currency: None,
        market: None,
        group: None,
        window: Window::ALWAYS,
        priority,
        stackable: false,
        active: true,
    }
}

pub fn discount_write(id: &str, version: u64, priority: i64, scope: Scope) -> DiscountWrite {
    (id.to_owned(), stamp(version), Some((terms(priority), scope)))
}

pub fn review(product_id: &str, rating: u8) -> Review {
    Review {
        product_id: product_id.to_owned(),
        rating,
        title: "T".into(),
        body: String::new(),
        author: "A".into(),
        published: true,
        helpful: 0,
        created_at: Instant(0),
    }
}

pub fn review_write(id: &str, version: u64, review: Review) -> ReviewWrite {
    (id.to_owned(), stamp(version), owner(&review.product_id), Some(review))
}

/// The keys of all facts in these writes.
pub fn keys_of(writes: &FactWrites) -> FactKeys {
    FactKeys {
        products: writes.products.iter().map(|w| w.0.clone()).collect(),
        prices: writes.prices.iter().map(|w| w.0.clone()).collect(),
        stock: writes.stock.iter().map(|w| w.0.clone()).collect(),
        discounts: writes.discounts.iter().map(|w| w.0.clone()).collect(),
        reviews: writes.reviews.iter().map(|w| w.0.clone()).collect(),
    }
}
