//! "Text: the asked locale, else its language (first subtag: `de` for `de-AT`), else the market's
//! default locale, else its language, else the first key in byte order."

use projections::text::Text;

pub fn localized<'t>(text: &'t Text, asked: Option<&str>, default: &str) -> &'t str {
    let texts = match text {
        Text::Plain(text) => return text,
        Text::ByLocale(texts) => texts,
    };
    let language = |tag: &str| tag.find('-').map_or(tag.to_owned(), |dash| tag[..dash].to_owned());
    let mut wanted = Vec::new();
    if let Some(asked) = asked {
        wanted.push(asked.to_owned());
        wanted.push(language(asked));
    }
    wanted.push(default.to_owned());
    wanted.push(language(default));
    for tag in &wanted {
        if let Some(text) = texts.get(tag) {
            return text;
        }
    }
    let first = texts.keys().min_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    first.and_then(|key| texts.get(key)).map_or("", String::as_str)
}
