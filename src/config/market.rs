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

/// Whether it has the form of a language tag (BCP 47, RFC 5646 section 2.1): a language of 2 to 8 letters, then subtags of
/// 1 to 8 letters and digits, each after a `-`, or a `_` as POSIX has it.
pub(super) fn is_locale(tag: &str) -> bool {
    let mut subtags = tag.split(['-', '_']);
    let is_language = subtags.next().is_some_and(|language| {
        (2..=8).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic())
    });
    let is_subtag = |subtag: &str| {
        (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    tag.len() <= 128 && is_language && subtags.all(is_subtag)
}
