//! `[[home.section]]`: what the home page shows.

use std::collections::{BTreeMap, HashSet};

use projections::text::Text;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::Findings;
use super::market::{ID_ADVICE, is_id, is_locale};

/// The home page.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HomeConfig {
    /// The sections of the home page, in order. The list is replaced as a whole; `section = []`
    /// leaves the page empty.
    #[serde(rename = "section")]
    #[schemars(length(max = 50))]
    pub sections: Vec<HomeSection>,
}

/// One section of the home page: the first products of a listing.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HomeSection {
    /// The id that the answer names it by; unique.
    pub id: String,
    /// Its title: a text, or one for each locale, as `{ en = "Deals", de = "Angebote" }`.
    #[serde(with = "title")]
    #[schemars(schema_with = "title_schema")]
    pub title: Text,
    /// The listing it shows: `all`, `category:ID` or `brand:ID`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub listing: SectionListing,
    /// The order of its products, as of a listing.
    #[serde(default)]
    pub sort: SectionSort,
    /// Only products whose final price is below the regular one.
    #[serde(default)]
    pub on_sale: bool,
    /// Only products that are in stock, or low in it.
    #[serde(default)]
    pub in_stock: bool,
    /// The number of products it shows at most.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = 100))]
    pub limit: usize,
}

fn default_limit() -> usize {
    12
}

/// The listing that a section shows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SectionListing {
    /// Every product.
    #[default]
    All,
    /// The products of the category with this id.
    Category(String),
    /// The products of the brand with this id.
    Brand(String),
}

impl TryFrom<String> for SectionListing {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "all" => Ok(Self::All),
            Some(("category", id)) if is_id(id) => Ok(Self::Category(id.to_owned())),
            Some(("brand", id)) if is_id(id) => Ok(Self::Brand(id.to_owned())),
            _ => Err(format!("`{text}` is no listing: write all, category:ID or brand:ID")),
        }
    }
}

impl From<SectionListing> for String {
    fn from(listing: SectionListing) -> String {
        match listing {
            SectionListing::All => "all".to_owned(),
            SectionListing::Category(id) => format!("category:{id}"),
            SectionListing::Brand(id) => format!("brand:{id}"),
        }
    }
}

/// The order of a section's products.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SectionSort {
    #[default]
    Newest,
    PriceAsc,
    PriceDesc,
    Discount,
    Rating,
    Reviews,
}

impl Default for HomeConfig {
    fn default() -> Self {
        let section = |id: &str, title: &str, sort, on_sale| HomeSection {
            id: id.to_owned(),
            title: Text::Plain(title.to_owned()),
            listing: SectionListing::All,
            sort,
            on_sale,
            in_stock: false,
            limit: default_limit(),
        };
        Self {
            sections: vec![
                section("deals", "Deals", SectionSort::Discount, true),
                section("new", "New arrivals", SectionSort::Newest, false),
                section("top", "Top rated", SectionSort::Rating, false),
            ],
        }
    }
}

impl HomeConfig {
    pub(super) fn check(&self, findings: &mut Findings) {
        let mut seen = HashSet::new();
        for (index, HomeSection { id, title, .. }) in self.sections.iter().enumerate() {
            let key = |name: &str| format!("home.section[{index}].{name}");
            if !is_id(id) {
                findings.add(key("id"), format!("{id:?} is no id"), ID_ADVICE);
            }
            if !seen.insert(id) {
                findings.add(key("id"), format!("`{id}` is the id of two sections"), "rename one");
            }
            if let Text::ByLocale(by_locale) = title
                && (by_locale.is_empty() || !by_locale.keys().all(|tag| is_locale(tag)))
            {
                findings.add(
                    key("title"),
                    "has no locale, or one that is none",
                    "write a text, or one for each locale: { en = \"Deals\", de = \"Angebote\" }",
                );
            }
        }
    }
}

/// A title in the file: a string, or a table of strings by locale.
mod title {
    use super::{BTreeMap, Deserialize, Deserializer, Serialize, Serializer, Text};

    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a table of texts by locale")]
    enum Title {
        Plain(String),
        ByLocale(BTreeMap<String, String>),
    }

    pub fn serialize<S: Serializer>(text: &Text, serializer: S) -> Result<S::Ok, S::Error> {
        match text {
            Text::Plain(text) => text.serialize(serializer),
            Text::ByLocale(by_locale) => by_locale.serialize(serializer),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        Ok(match Title::deserialize(deserializer)? {
            Title::Plain(text) => Text::Plain(text),
            Title::ByLocale(by_locale) => Text::ByLocale(by_locale),
        })
    }
}

fn title_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [
            { "type": "string" },
            { "type": "object", "additionalProperties": { "type": "string" } },
        ]
    })
}
