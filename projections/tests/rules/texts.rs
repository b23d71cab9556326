//! "Text: the asked locale, else its language (first subtag: `de` for `de-AT`), else the market's
//! default locale, else its language, else the first key in byte order. Tags compare as written."

use vitrine_projections::text::Text;

fn by_locale(tags: &[&str]) -> Text {
    Text::ByLocale(tags.iter().map(|tag| ((*tag).to_owned(), format!("in {tag}"))).collect())
}

#[test]
fn the_fallbacks_come_in_their_order() {
    let cases: [(&[&str], Option<&str>, &str, &str); 14] = [
        // (given, asked, the market's, found)
        (&["de", "de-AT", "en", "en-GB"], Some("de-AT"), "en-GB", "de-AT"),
        (&["de", "en", "en-GB"], Some("de-AT"), "en-GB", "de"),
        (&["en", "en-GB", "it"], Some("de-AT"), "en-GB", "en-GB"),
        (&["en", "it"], Some("de-AT"), "en-GB", "en"),
        (&["it", "fr"], Some("de-AT"), "en-GB", "fr"),
        (&["de", "en-GB"], None, "en-GB", "en-GB"),
        (&["de", "en"], None, "en-GB", "en"),
        // A sibling is no fallback: not `de-AT` for `de-CH`, nor for `de`.
        (&["de-AT", "en"], Some("de-CH"), "en", "en"),
        (&["de-AT", "en"], Some("de"), "en", "en"),
        // The language is the first subtag, not all but the last.
        (&["zh-Hant", "zh", "en"], Some("zh-Hant-TW"), "en", "zh"),
        (&["zh-Hant", "en"], Some("zh-Hant-TW"), "en", "en"),
        // As written: case counts, and an underscore is no dash.
        (&["de", "en"], Some("DE"), "en", "en"),
        (&["de", "en"], Some("de_AT"), "en", "en"),
        // Byte order: capitals first.
        (&["a", "Z"], Some("xx"), "yy", "Z"),
    ];
    for (given, asked, market, found) in cases {
        let text = by_locale(given);
        let expected = format!("in {found}");
        assert_eq!(text.localized(asked, market), expected, "{given:?} for {asked:?}, {market}");
    }
}

#[test]
fn a_plain_text_is_for_every_locale() {
    assert_eq!(Text::Plain("Mug".into()).localized(Some("de"), "en"), "Mug");
}

/// A locale that is given counts, also with an empty text.
#[test]
fn an_empty_text_is_a_text() {
    let text = Text::ByLocale([("de".into(), String::new()), ("en".into(), "Mug".into())].into());
    assert_eq!(text.localized(Some("de"), "en"), "");
}
