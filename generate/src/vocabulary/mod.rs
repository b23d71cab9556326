//! What attributes and their values are called in a shop. Events have stable English words; a
//! storefront shows those of its language, from the script that is made here.

mod names;
mod values;

use std::fmt::Write as _;

use names::NAMES;
use values::{COLORS, SPECIAL, VALUES};

use super::words::{COUNTRIES, Lang, Word};

/// A JavaScript module with all of it: `names[name]` and `values[value]`, each by language;
/// `values["name=value"]` comes before it where there is one. `colors[slug]` is a CSS colour.
pub fn script() -> String {
    let mut out = String::from("// Made from the tables of the sample catalogue.\n\n");
    let mut table = |name: &str, entries: &mut dyn Iterator<Item = (String, String)>| {
        let _ = writeln!(out, "export const {name} = {{");
        for (key, value) in entries {
            let _ = writeln!(out, "  {}: {value},", quoted(&key));
        }
        out.push_str("};\n\n");
    };
    table("names", &mut NAMES.iter().map(|(name, word)| ((*name).to_owned(), translations(word))));
    let special = SPECIAL.iter().map(|(name, word)| (format!("{name}={}", word.0), word));
    let plain = VALUES.iter().chain(COLORS.iter().map(|(word, _)| word));
    table(
        "values",
        &mut special
            .chain(plain.map(|word| (word.0.to_owned(), word)))
            .map(|(key, word)| (key, translations(word))),
    );
    table("colors", &mut COLORS.iter().map(|(word, hex)| (word.0.replace(' ', "-"), quoted(hex))));
    out
}

/// Events have them in lower case, as all values; English readers do not.
#[rustfmt::skip]
static PROPER: [&str; 8] = ["english", "german", "korean", "italian", "europe", "asia", "america", "africa"];

fn translations(word: &Word) -> String {
    let proper = COUNTRIES.iter().chain(&PROPER).any(|name| *name == word.0);
    let one = |lang: &Lang| {
        let text = word.get(*lang);
        let text = if proper && *lang == Lang::En { capitalized(text) } else { text.to_owned() };
        format!("{}: {}", lang.tag(), quoted(&text))
    };
    format!("{{ {} }}", Lang::ALL.each_ref().map(one).join(", "))
}

/// With each word's first letter in upper case.
fn capitalized(text: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A string as JSON and JavaScript have it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::kinds::{DEPARTMENTS, Kind, Values};
    use super::super::words::TAGS;
    use super::*;

    fn kinds() -> impl Iterator<Item = &'static Kind> {
        let sections = DEPARTMENTS.iter().flat_map(|department| department.sections);
        sections.flat_map(|section| section.groups).flat_map(|group| group.kinds).copied()
    }

    fn spans() -> Vec<(&'static str, Values)> {
        let mut spans = Vec::new();
        for kind in kinds() {
            spans.extend(kind.axes.iter().map(|axis| (axis.name, axis.values)));
            let facts = kind.facts.iter().flat_map(|bundle| bundle.iter());
            spans.extend(facts.map(|fact| (fact.name, fact.values)));
        }
        spans
    }

    #[test]
    fn every_name_of_the_catalogue_has_words_and_no_other_has() {
        let used: HashSet<&str> =
            spans().iter().map(|(name, _)| *name).chain(["gtin", "made_in", "audience"]).collect();
        let known: HashSet<&str> = NAMES.iter().map(|(name, _)| *name).collect();
        assert_eq!(known.len(), NAMES.len());
        assert_eq!(used.symmetric_difference(&known).collect::<Vec<_>>(), [&""; 0]);
    }

    /// `XL`, `128 GB` and `20 x 40 cm` are the same in every language: no word of three letters.
    fn needs_words(value: &str) -> bool {
        value.split(|c: char| !c.is_ascii_lowercase()).any(|word| word.len() >= 3)
    }

    #[test]
    fn every_value_of_the_catalogue_has_words() {
        let known: HashSet<&str> = VALUES.iter().map(|word| word.0).collect();
        assert_eq!(known.len(), VALUES.len(), "a value stands twice");
        let colors: HashSet<&str> = COLORS.iter().map(|(word, _)| word.0).collect();
        let special: HashSet<(&str, &str)> = SPECIAL.iter().map(|(n, word)| (*n, word.0)).collect();
        for (name, values) in spans() {
            let Values::Words(words) = values else { continue };
            for word in words.iter().filter(|word| needs_words(word)) {
                let has = known.contains(word) || colors.contains(word);
                assert!(has || special.contains(&(name, word)), "{name}: {word}");
            }
        }
        assert!(COUNTRIES.iter().chain(&TAGS).all(|word| known.contains(word)));
        for kind in kinds() {
            assert!(kind.palette.iter().all(|color| colors.contains(color)), "{}", kind.id);
        }
    }

    #[test]
    fn the_script_has_all_languages() {
        let script = script();
        assert!(script.contains(
            r#""energy_class": { en: "Energy class", de: "Energieklasse", ko: "에너지 등급" },"#
        ));
        assert!(
            script.contains(r#""taste=orange": { en: "orange", de: "Orange", ko: "오렌지" },"#)
        );
        assert!(script.contains(r#""south korea": { en: "South Korea", de: "Südkorea", ko: "#));
        assert!(script.contains(r##""dark-green": "#2f6144","##));
    }
}
