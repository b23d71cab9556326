//! `[[market]]`: the sales channels.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::Findings;

/// A market: a sales channel with one currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarketConfig {
    /// The id that prices and requests name it by; unique.
    pub id: String,
    /// Its currency, in the three capital letters of ISO 4217. Prices in another one do not count.
    pub currency: String,
    /// The locale of texts where a request asks for none, or for one that a text does not have.
    pub locale: String,
}

/// The one market there is where none is configured.
pub(super) fn default_markets() -> Vec<MarketConfig> {
    vec![MarketConfig {
        id: "default".to_owned(),
        currency: "USD".to_owned(),
        locale: "en".to_owned(),
    }]
}

pub(super) fn check(markets: &[MarketConfig], findings: &mut Findings) {
    let mut seen = HashSet::new();
    for (index, market) in markets.iter().enumerate() {
        let MarketConfig { id, currency, locale } = market;
        let key = |name: &str| format!("market[{index}].{name}");
        if !is_id(id) {
            findings.add(key("id"), format!("{id:?} is no id"), ID_ADVICE);
        }
        if !seen.insert(id) {
            findings.add(key("id"), format!("`{id}` is the id of two markets"), "rename one");
        }
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            findings.add(
                key("currency"),
                format!("{currency:?} is no currency"),
                "write the three capital letters of ISO 4217, such as EUR",
            );
        }
        if !is_locale(locale) {
            findings.add(
                key("locale"),
                format!("{locale:?} is no locale"),
                "write a language tag, such as en or de-AT",
            );
        }
    }
}

pub(super) const ID_ADVICE: &str =
    "use 1 to 128 bytes without whitespace or control characters, and not `.` or `..`";

/// Whether it may be an id: of a market, a section, a category or a brand.
pub(super) fn is_id(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && !matches!(id, "." | "..")
        && !id.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Whether it may be a locale: tags compare as written, so that little is asked of them.
pub(super) fn is_locale(tag: &str) -> bool {
    (1..=128).contains(&tag.len()) && !tag.chars().any(|c| c.is_whitespace() || c.is_control())
}
