//! Questions to listings over HTTP, and what a catalogue has to be asked about: categories of a size, values and prices
//! that select so much.

use anyhow::Context;
use serde_json::Value;

use super::http::Client;

/// Everything.
pub const ALL: &str = "/api/v1/listings/all";

/// One connection, one question after the other.
pub struct Asking {
    pub client: Client,
}

/// A category, and how many products it has.
#[derive(Clone)]
pub struct Category {
    pub id: String,
    pub products: u64,
}

impl Category {
    /// Its listing.
    pub fn path(&self) -> String {
        format!("/api/v1/categories/{}/products", self.id)
    }
}

/// A value of an attribute, and the share of a listing that has it.
pub struct ValueShare {
    pub share: f64,
    pub name: String,
    pub value: String,
}

impl ValueShare {
    /// As a query filters by it.
    pub fn filter(&self) -> String {
        format!("attr.{}={}", encoded(&self.name), encoded(&self.value))
    }
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The category whose share of all products is nearest to this.
pub fn nearest(categories: &[Category], products: u64, share: f64) -> anyhow::Result<Category> {
    let off = |category: &Category| (category.products as f64 / products as f64 - share).abs();
    let nearest = categories.iter().min_by(|a, b| off(a).total_cmp(&off(b)));
    nearest.cloned().context("no categories")
}

impl Asking {
    pub fn get(&mut self, url: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.client.get(url, "")?.ok(url)?.body)?)
    }

    pub fn total(&mut self, url: &str) -> anyhow::Result<u64> {
        self.get(url)?["total"].as_u64().context("no listing")
    }

    /// Categories below which there is something.
    pub fn categories(&mut self) -> anyhow::Result<Vec<Category>> {
        let (mut found, mut next) = (Vec::new(), vec![ALL.to_owned()]);
        while let Some(listing) = next.pop() {
            let facets = self.get(&format!("{listing}?limit=1&facets=true"))?["facets"].take();
            for category in facets["categories"].as_array().into_iter().flatten() {
                let id = category["id"].as_str().context("a category without an id")?.to_owned();
                let products = category["count"].as_u64().unwrap_or_default();
                let category = Category { id, products };
                next.push(category.path());
                found.push(category);
            }
        }
        Ok(found)
    }

    /// The brands of a listing, most products first.
    pub fn brands(&mut self, listing: &str) -> anyhow::Result<Vec<String>> {
        let page = self.get(&format!("{listing}?limit=1&facets=true"))?;
        let brands = page["facets"]["brands"].as_array().into_iter().flatten();
        Ok(brands.filter_map(|brand| brand["id"].as_str().map(str::to_owned)).collect())
    }

    /// The values that facets of a listing show.
    pub fn values(&mut self, listing: &str) -> anyhow::Result<Vec<ValueShare>> {
        let page = self.get(&format!("{listing}?limit=1&facets=true"))?;
        let total = page["total"].as_u64().context("no listing")? as f64;
        let text = |text: &Value| text.as_str().unwrap_or_default().to_owned();
        let mut values = Vec::new();
        for attribute in page["facets"]["attributes"].as_array().into_iter().flatten() {
            for value in attribute["values"].as_array().into_iter().flatten() {
                let share = value["count"].as_u64().unwrap_or_default() as f64 / total;
                let (name, value) = (text(&attribute["name"]), text(&value["value"]));
                values.push(ValueShare { share, name, value });
            }
        }
        Ok(values)
    }

    /// The amount up to which this share of a listing costs.
    pub fn price_of(&mut self, listing: &str, share: f64) -> anyhow::Result<u64> {
        let total = self.total(&format!("{listing}?limit=1"))? as f64;
        let (mut low, mut high) = (0, 100_000_000);
        while low < high {
            let middle = (low + high) / 2;
            let found = self.total(&format!("{listing}?limit=1&max_price={middle}"))? as f64;
            if found >= total * share { high = middle } else { low = middle + 1 }
        }
        Ok(low)
    }
}
