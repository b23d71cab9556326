//! A catalogue of which it is known what pages have to show: one undated price, one stock level and
//! one name a product, and nothing else that prices depend on.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use projections::event::Kind;
use projections::instant::Instant;
use serde::Deserialize;
use serde_json::{Value, json};
use vitrine::log::NewRecord;

/// How many of what there are.
#[derive(Clone, Copy)]
pub struct Known {
    pub products: usize,
    pub departments: usize,
    pub categories: usize,
    pub brands: usize,
    /// The time of all events.
    pub time: Instant,
}

/// A listing that a product is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Listing {
    All,
    Department(usize),
    Category(usize),
    Brand(usize),
}

struct Place {
    department: usize,
    category: usize,
    brand: usize,
}

impl Listing {
    pub fn path(self) -> String {
        match self {
            Listing::All => "/api/v1/listings/all".to_owned(),
            Listing::Department(n) => format!("/api/v1/categories/department-{n}/products"),
            Listing::Category(n) => format!("/api/v1/categories/category-{n}/products"),
            Listing::Brand(n) => format!("/api/v1/brands/brand-{n}/products"),
        }
    }
}

/// What is changed of a product, and can be read on its page and card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// Minor units.
    Price,
    /// Available units.
    Stock,
    /// The edition in the name.
    Name,
}

impl What {
    pub const ALL: [What; 3] = [What::Price, What::Stock, What::Name];
}

impl Known {
    pub fn id(product: usize) -> String {
        format!("p-{product}")
    }

    /// The product of this id.
    pub fn product(&self, id: &str) -> Option<usize> {
        let product = id.strip_prefix("p-")?.parse().ok()?;
        (product < self.products).then_some(product)
    }

    pub fn listings_of(&self, product: usize) -> [Listing; 4] {
        let Place { department, category, brand } = self.place(product);
        [
            Listing::All,
            Listing::Department(department),
            Listing::Category(category),
            Listing::Brand(brand),
        ]
    }

    fn place(&self, product: usize) -> Place {
        let category = scattered(product, 1) % self.categories;
        let (department, brand) =
            (category % self.departments, scattered(product, 2) % self.brands);
        Place { department, category, brand }
    }

    /// What a product has at first.
    pub fn first(&self, product: usize, what: What) -> i64 {
        match what {
            // A sale of whole per cents leaves no fractions.
            What::Price => 100 * (10 + scattered(product, 3) % 50_000) as i64,
            What::Stock => 10 + (scattered(product, 4) % 500) as i64,
            What::Name => 1,
        }
    }

    /// The event that gives a product something else; versions rise from 1.
    pub fn change(&self, product: usize, what: What, version: u64, value: i64) -> NewRecord {
        let (kind, name, data) = match what {
            What::Price => (Kind::Price, "price.set.v1", self.price(product, version, value)),
            What::Stock => (Kind::Stock, "stock.set.v1", self.stock(product, version, value)),
            What::Name => {
                (Kind::Product, "product.upserted.v1", self.named(product, version, value))
            }
        };
        self.record(kind, name, data)
    }

    /// Per cents off all prices of a category, from an instant on.
    /// Another one later replaces it.
    pub fn sale(&self, category: usize, per_cent: i64, from: Instant) -> NewRecord {
        let data = json!({
            "discount_id": "sale", "version": from.millis(), "name": "Flash sale",
            "kind": "percentage", "value": per_cent * 100, "scope": {"categories": [format!("category-{category}")]},
            "starts_at": from,
        });
        self.record(Kind::Discount, "discount.upserted.v1", data)
    }

    /// All of it as events, one a line.
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        let mut out = BufWriter::new(File::create(file)?);
        for product in 0..self.products {
            for what in [What::Name, What::Price, What::Stock] {
                out.write_all(&self.change(product, what, 1, self.first(product, what)).payload)?;
                out.write_all(b"\n")?;
            }
            if product.is_multiple_of(3) {
                let data = json!({
                    "review_id": format!("r-{product}"), "product_id": Known::id(product), "version": 1,
                    "rating": 1 + scattered(product, 5) % 5, "title": "As described",
                    "body": "It came on the third day, and it is what the pictures show.",
                });
                let record = self.record(Kind::Review, "review.upserted.v1", data);
                out.write_all(&record.payload)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(out.flush()?)
    }

    fn record(&self, kind: Kind, name: &str, data: Value) -> NewRecord {
        let (name, time) = (json!(name), json!(self.time));
        let event = format!(
            r#"{{"specversion":"1.0","id":"1","source":"/bench","type":{name},"time":{time},"data":{data}}}"#
        );
        NewRecord { kind, payload: event.into_bytes().into() }
    }

    fn price(&self, product: usize, version: u64, amount: i64) -> Value {
        json!({
            "price_id": format!("price-{product}"), "product_id": Known::id(product), "version": version,
            "market": "default", "currency": "USD", "amount": amount,
        })
    }

    fn stock(&self, product: usize, version: u64, available: i64) -> Value {
        let id = Known::id(product);
        json!({"sku": id, "product_id": id, "version": version, "available": available})
    }

    fn named(&self, product: usize, version: u64, edition: i64) -> Value {
        let Place { department, category, brand } = self.place(product);
        let (department, category) =
            (format!("department-{department}"), format!("category-{category}"));
        let mut description = String::new();
        for sentence in 0..8 {
            let part = scattered(product, 6 + sentence) % 1000;
            let _ = write!(description, "Part {part} is made to last, and can be had by itself. ");
        }
        json!({
            "product_id": Known::id(product), "version": version,
            "name": format!("Product {product}, edition {edition}"),
            "slug": format!("product-{product}"), "description": description,
            "brand": {"id": format!("brand-{brand}"), "name": format!("Brand {brand}")},
            "categories": [
                {"id": category, "name": format!("The {category}"), "path": [department, category]}
            ],
            "attributes": {"colour": "blue", "weight": scattered(product, 20) % 5000, "washable": true},
            "tags": ["new", "gift"],
            "images": [{"url": format!("https://images.example/{product}/1.jpg"), "alt": "From the front"}],
            "released_at": Instant(self.time.millis() - (scattered(product, 21) % 1_000_000) as i64 * 1000),
        })
    }
}

/// Draws a number for a product: always the same one.
fn scattered(product: usize, of: u64) -> usize {
    // splitmix64
    let mut z = (product as u64).wrapping_add(of << 40).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 1) as usize
}

/// What a page shows of a product.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub product: usize,
    pub price: i64,
    pub stock: i64,
    pub edition: i64,
}

impl Shown {
    pub fn value(&self, what: What) -> i64 {
        match what {
            What::Price => self.price,
            What::Stock => self.stock,
            What::Name => self.edition,
        }
    }
}

#[derive(Deserialize)]
struct PageBody<'a> {
    #[serde(borrow)]
    product: NamedBody<'a>,
    price: PriceBody,
    stock: StockBody,
}

#[derive(Deserialize)]
struct NamedBody<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct PriceBody {
    r#final: i64,
}

#[derive(Deserialize)]
struct StockBody {
    available: i64,
}

#[derive(Deserialize)]
struct CardBody<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    price: PriceBody,
    stock: StockBody,
}

#[derive(Deserialize)]
struct ListingBody<'a> {
    #[serde(borrow)]
    items: Vec<CardBody<'a>>,
}

impl Known {
    /// What a product page shows.
    pub fn on_page(&self, body: &[u8]) -> anyhow::Result<Shown> {
        let PageBody { product: NamedBody { id, name }, price, stock } =
            serde_json::from_slice(body)?;
        self.shown(&CardBody { id, name, price, stock })
    }

    /// What the cards of a listing show.
    pub fn on_listing(&self, body: &[u8]) -> anyhow::Result<Vec<Shown>> {
        let ListingBody { items } = serde_json::from_slice(body)?;
        items.iter().map(|card| self.shown(card)).collect()
    }

    fn shown(&self, card: &CardBody<'_>) -> anyhow::Result<Shown> {
        let CardBody { id, name, .. } = card;
        let edition = name.rsplit_once(" edition ").and_then(|(_, edition)| edition.parse().ok());
        let (Some(product), Some(edition)) = (self.product(id), edition) else {
            anyhow::bail!("{id}, {name} is nothing that was published");
        };
        let (price, stock) = (card.price.r#final, card.stock.available);
        Ok(Shown { product, price, stock, edition })
    }
}
