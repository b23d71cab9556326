//! Texts that may differ by locale.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A text: one for every locale, or one a locale (at least one).
#[derive(Clone, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
pub enum Text {
    /// The same in every locale.
    Plain(String),
    /// By locale tag, in byte order of the tags.
    ByLocale(BTreeMap<String, String>),
}

impl Text {
    /// The text for `asked`, else its language, else `default`, else its language, else the first
    /// tag in byte order. Tags compare as written.
    pub fn localized(&self, asked: Option<&str>, default: &str) -> &str {
        let by_locale = match self {
            Text::Plain(text) => return text,
            Text::ByLocale(by_locale) => by_locale,
        };
        asked
            .into_iter()
            .chain([default])
            .flat_map(|tag| [tag, language(tag)])
            .find_map(|tag| by_locale.get(tag))
            .or_else(|| by_locale.values().next())
            .map_or("", String::as_str)
    }
}

impl Default for Text {
    fn default() -> Self {
        Text::Plain(String::new())
    }
}

/// The first subtag: `de` of `de-AT`.
fn language(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}
