//! Beauty and care.

use super::super::words::Word;
use super::{Department, Fact, Group, Kind, Section, Style, axis, flag, number, words};

/// What all care products have.
#[rustfmt::skip]
static CARE: [Fact; 7] = [
    words("skin_type", &["all", "dry", "sensitive", "oily"]),
    words("scent", &["lavender", "citrus", "rose", "unscented", "sandalwood"]),
    flag("vegan", 750),
    flag("organic", 450),
    flag("refillable", 350),
    number("shelf_life_months", 6, 36, 6),
    flag("microplastic_free", 850).mostly(),
];
static TONES: [&str; 7] =
    ["white", "pink", "light blue", "beige", "purple", "turquoise", "mustard"];
const VOLUME: super::Axis = axis("volume", &["30 ml", "50 ml", "100 ml"]);

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "beauty", name: Word("Beauty & Care", "Schönheit & Pflege", "뷰티·케어"),
    sections: &[
        Section { id: "body", name: Word("Body & Hair", "Körper & Haar", "바디·헤어"), audience: None, groups: &[
            Group { id: "washing", name: Word("Soap & Shampoo", "Seife & Shampoo", "비누·샴푸"), kinds: &[
                &Kind { id: "soaps", noun: Word("Soap", "Seife", "비누"), plural: Word("Soaps", "Seifen", "비누"), picture: "soap",
                    cents: (249, 1_900), palette: &TONES, axes: &[axis("pack", &["1 x 100 g", "3 x 100 g", "6 x 100 g"])], style: Style::Plain, facts: &[&CARE, &[words("shape", &["square", "round"])]] },
                &Kind { id: "shampoos", noun: Word("Shampoo", "Shampoo", "샴푸"), plural: Word("Shampoos", "Shampoos", "샴푸"), picture: "bottle",
                    cents: (399, 2_900), palette: &TONES, axes: &[axis("volume", &["100 ml", "250 ml", "400 ml"])], style: Style::Plain, facts: &[&CARE, &[words("hair_type", &["normal", "dry", "fine", "curly"])]] },
            ] },
            Group { id: "creams", name: Word("Creams", "Cremes", "크림"), kinds: &[
                &Kind { id: "hand-creams", noun: Word("Hand Cream", "Handcreme", "핸드크림"), plural: Word("Hand Creams", "Handcremes", "핸드크림"), picture: "tube",
                    cents: (399, 2_400), palette: &TONES, axes: &[VOLUME], style: Style::Plain, facts: &[&CARE, &[flag("fast_absorbing", 700)]] },
                &Kind { id: "day-creams", noun: Word("Day Cream", "Tagescreme", "데이 크림"), plural: Word("Day Creams", "Tagescremes", "데이 크림"), picture: "cream-jar",
                    cents: (799, 6_900), palette: &TONES, axes: &[axis("volume", &["30 ml", "50 ml", "75 ml"])], style: Style::Plain, facts: &[&CARE, &[number("sun_protection", 0, 50, 10)]] },
            ] },
        ] },
        Section { id: "fragrance", name: Word("Fragrance", "Düfte", "향·방향"), audience: None, groups: &[
            Group { id: "scents", name: Word("Perfume & Candles", "Parfüm & Kerzen", "향수·캔들"), kinds: &[
                &Kind { id: "perfumes", noun: Word("Perfume", "Parfüm", "향수"), plural: Word("Perfumes", "Parfüms", "향수"), picture: "perfume",
                    cents: (1_999, 14_900), palette: &TONES, axes: &[VOLUME], style: Style::Plain, facts: &[&[words("scent", &["floral", "woody", "fresh", "spicy"]), words("intensity", &["light", "medium", "strong"]), flag("vegan", 700), flag("organic", 300), flag("refillable", 400), number("shelf_life_months", 12, 48, 6), words("season", &["all year", "summer", "winter"]).mostly()]] },
                &Kind { id: "scented-candles", noun: Word("Scented Candle", "Duftkerze", "향초"), plural: Word("Scented Candles", "Duftkerzen", "향초"), picture: "candle",
                    cents: (999, 5_900), palette: &TONES, axes: &[axis("burn_time", &["20 h", "40 h", "60 h"])], style: Style::Plain, facts: &[&[words("scent", &["lavender", "citrus", "rose", "sandalwood"]), words("wax", &["soy", "rapeseed"]), flag("vegan", 800), flag("refillable", 300), number("height_cm", 6, 14, 1), number("weight_g", 120, 620, 20), flag("lid_included", 500).mostly()]] },
            ] },
        ] },
    ],
};
