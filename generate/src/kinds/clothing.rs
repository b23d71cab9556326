//! Clothing for women, men and children.

use super::super::words::Word;
use super::{
    Audience, CLOTH, COLOR, Department, Fact, Group, Kind, SIZE, Section, Style, axis, flag,
    number, words,
};

const PATTERN: Fact =
    words("pattern", &["plain", "striped", "checked", "dotted", "printed"]).mostly();
const ANY_SEASON: Fact = words("season", &["all year", "summer", "spring", "autumn", "winter"]);
const WARM: Fact = words("season", &["summer", "spring"]);
const COLD: Fact = words("season", &["winter", "autumn", "all year"]);
const COOL: Fact = words("season", &["all year", "autumn", "spring"]);
const MACHINE_WASH: Fact = words("care", &["machine wash 30 °C", "machine wash 40 °C"]);
const GENTLE: Fact = words("care", &["hand wash", "machine wash 30 °C", "dry cleaning"]);
/// Only where every material of the kind grows.
const ORGANIC: Fact = flag("organic", 300).mostly();
/// What clothes of cotton and the like have, for any season, for warm days and for cool ones.
static WEAR: [Fact; 4] = [ANY_SEASON, PATTERN, MACHINE_WASH, ORGANIC];
static SUMMERLY: [Fact; 4] = [WARM, PATTERN, MACHINE_WASH, ORGANIC];
static COOLER: [Fact; 4] = [COOL, PATTERN, MACHINE_WASH, ORGANIC];
/// What is knitted of wool.
static KNITTED: [Fact; 4] = [COLD, PATTERN, GENTLE, ORGANIC];
const FIT: Fact = words("fit", &["regular", "slim", "loose", "oversized"]);
const COTTON: Fact = words("material", &["cotton", "linen", "viscose", "cotton blend", "lyocell"]);

#[rustfmt::skip]
static T_SHIRTS: Kind = Kind {
    id: "t-shirts", noun: Word("T-Shirt", "T-Shirt", "티셔츠"), plural: Word("T-Shirts", "T-Shirts", "티셔츠"), picture: "t-shirt",
    cents: (999, 5_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&WEAR, &[FIT, COTTON, words("neckline", &["crew neck", "v-neck", "boat neck"]).mostly()]],
};
#[rustfmt::skip]
static SHIRTS: Kind = Kind {
    id: "shirts", noun: Word("Shirt", "Hemd", "셔츠"), plural: Word("Shirts", "Hemden", "셔츠"), picture: "shirt",
    cents: (1_999, 11_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&WEAR, &[FIT, COTTON, words("collar", &["button-down", "classic", "band collar"]).mostly()]],
};
#[rustfmt::skip]
static BLOUSES: Kind = Kind {
    id: "blouses", noun: Word("Blouse", "Bluse", "블라우스"), plural: Word("Blouses", "Blusen", "블라우스"), picture: "shirt",
    cents: (1_999, 12_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&[ANY_SEASON, PATTERN, GENTLE, ORGANIC, FIT, words("material", &["viscose", "silk", "cotton", "linen"]), words("sleeve", &["long", "short", "three-quarter"]).mostly()]],
};
#[rustfmt::skip]
static SWEATERS: Kind = Kind {
    id: "sweaters", noun: Word("Wool Sweater", "Wollpullover", "울 스웨터"), plural: Word("Sweaters", "Pullover", "스웨터"), picture: "sweater",
    cents: (2_999, 19_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&KNITTED, &[FIT, words("material", &["wool", "merino wool", "cashmere", "wool blend"]), words("neckline", &["crew neck", "v-neck", "roll neck"]).mostly()]],
};
#[rustfmt::skip]
static HOODIES: Kind = Kind {
    id: "hoodies", noun: Word("Hoodie", "Kapuzenpullover", "후드티"), plural: Word("Hoodies", "Kapuzenpullover", "후드티"), picture: "sweater",
    cents: (2_499, 9_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&COOLER, &[FIT, words("material", &["cotton", "cotton blend"]), flag("zip", 450)]],
};
#[rustfmt::skip]
static TROUSERS: Kind = Kind {
    id: "trousers", noun: Word("Trousers", "Hose", "바지"), plural: Word("Trousers", "Hosen", "바지"), picture: "trousers",
    cents: (2_499, 14_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&WEAR, &[FIT, COTTON, words("rise", &["mid", "high", "low"]).mostly()]],
};
#[rustfmt::skip]
static JEANS: Kind = Kind {
    id: "jeans", noun: Word("Jeans", "Jeans", "청바지"), plural: Word("Jeans", "Jeans", "청바지"), picture: "trousers",
    cents: (2_999, 14_900), palette: &["navy", "light blue", "black", "grey", "white"], style: Style::Plain,
    axes: &[axis("waist", &["28", "29", "30", "31", "32", "33", "34", "36", "38"]), axis("length", &["30", "32", "34", "36"])],
    facts: &[&[ANY_SEASON, MACHINE_WASH, ORGANIC, super::COLORED, FIT, words("material", &["denim", "stretch denim"]), words("rise", &["mid", "high", "low"]).mostly()]],
};
#[rustfmt::skip]
static SKIRTS: Kind = Kind {
    id: "skirts", noun: Word("Skirt", "Rock", "스커트"), plural: Word("Skirts", "Röcke", "스커트"), picture: "skirt",
    cents: (1_999, 9_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&WEAR, &[COTTON, words("cut", &["a-line", "pleated", "pencil", "wrap"]), words("hem", &["midi", "mini", "maxi"]).mostly()]],
};
#[rustfmt::skip]
static SHORTS: Kind = Kind {
    id: "shorts", noun: Word("Shorts", "Shorts", "반바지"), plural: Word("Shorts", "Shorts", "반바지"), picture: "shorts",
    cents: (1_499, 6_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&SUMMERLY, &[FIT, COTTON]],
};
#[rustfmt::skip]
static JACKETS: Kind = Kind {
    id: "rain-jackets", noun: Word("Rain Jacket", "Regenjacke", "레인 재킷"), plural: Word("Rain Jackets", "Regenjacken", "레인 재킷"), picture: "jacket",
    cents: (4_999, 29_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&[COOL, PATTERN, words("care", &["machine wash 30 °C"]), FIT, words("material", &["polyester", "polyamide", "recycled polyester"]), flag("hood", 800), number("water_column_mm", 5_000, 20_000, 2_500).mostly()]],
};
#[rustfmt::skip]
static COATS: Kind = Kind {
    id: "coats", noun: Word("Winter Coat", "Wintermantel", "겨울 코트"), plural: Word("Winter Coats", "Wintermäntel", "겨울 코트"), picture: "coat",
    cents: (7_999, 49_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&[words("pattern", &["plain", "checked", "herringbone"]), words("care", &["dry cleaning", "hand wash"]), FIT, words("material", &["wool", "wool blend", "cashmere"]), flag("hood", 400), words("lining", &["viscose", "cotton", "polyester"]), flag("recycled", 250).mostly()]],
};
#[rustfmt::skip]
static SUMMER_DRESSES: Kind = Kind {
    id: "summer-dresses", noun: Word("Summer Dress", "Sommerkleid", "여름 원피스"), plural: Word("Summer Dresses", "Sommerkleider", "여름 원피스"), picture: "dress",
    cents: (2_499, 14_900), palette: &CLOTH, axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&SUMMERLY, &[COTTON, words("hem", &["midi", "mini", "maxi"]), words("sleeve", &["short", "sleeveless"]).mostly()]],
};
#[rustfmt::skip]
static EVENING_DRESSES: Kind = Kind {
    id: "evening-dresses", noun: Word("Evening Dress", "Abendkleid", "이브닝 드레스"), plural: Word("Evening Dresses", "Abendkleider", "이브닝 드레스"), picture: "dress",
    cents: (5_999, 39_900), palette: &["black", "wine red", "navy", "dark green", "silver", "pink"], axes: &[COLOR, SIZE], style: Style::Plain,
    facts: &[&[ANY_SEASON, words("care", &["dry cleaning", "hand wash"]), words("pattern", &["plain", "printed"]).mostly(), words("material", &["silk", "satin", "viscose", "velvet"]), words("hem", &["maxi", "midi"]), words("sleeve", &["sleeveless", "long"]).mostly()]],
};
#[rustfmt::skip]
static KIDS_T_SHIRTS: Kind = Kind {
    id: "t-shirts-for-kids", noun: Word("Kids' T-Shirt", "Kinder-T-Shirt", "아동 티셔츠"), plural: Word("T-Shirts", "T-Shirts", "티셔츠"), picture: "t-shirt",
    cents: (699, 2_900), palette: &super::BRIGHT, axes: &[COLOR, HEIGHT], style: Style::Plain, facts: &[&WEAR, &[COTTON]],
};
#[rustfmt::skip]
static KIDS_SWEATERS: Kind = Kind {
    id: "sweaters-for-kids", noun: Word("Kids' Sweater", "Kinderpullover", "아동 스웨터"), plural: Word("Sweaters", "Pullover", "스웨터"), picture: "sweater",
    cents: (1_499, 5_900), palette: &super::BRIGHT, axes: &[COLOR, HEIGHT], style: Style::Plain,
    facts: &[&KNITTED, &[words("material", &["cotton", "wool", "wool blend"])]],
};
#[rustfmt::skip]
static KIDS_TROUSERS: Kind = Kind {
    id: "trousers-for-kids", noun: Word("Kids' Trousers", "Kinderhose", "아동 바지"), plural: Word("Trousers", "Hosen", "바지"), picture: "trousers",
    cents: (1_299, 4_900), palette: &CLOTH, axes: &[COLOR, HEIGHT], style: Style::Plain, facts: &[&WEAR, &[COTTON, flag("elastic_waist", 700)]],
};
#[rustfmt::skip]
static KIDS_SHORTS: Kind = Kind {
    id: "shorts-for-kids", noun: Word("Kids' Shorts", "Kindershorts", "아동 반바지"), plural: Word("Shorts", "Shorts", "반바지"), picture: "shorts",
    cents: (899, 3_500), palette: &super::BRIGHT, axes: &[COLOR, HEIGHT], style: Style::Plain, facts: &[&SUMMERLY, &[COTTON, flag("elastic_waist", 800)]],
};

/// Children's sizes: the height in centimetres.
const HEIGHT: super::Axis =
    axis("size", &["92", "98", "104", "110", "116", "122", "128", "134", "140", "146"]);

const fn audience(value: &'static str, prefix: Word) -> Option<Audience> {
    Some(Audience { value, prefix })
}

const TOPS: Word = Word("Tops", "Oberteile", "상의");
const OUTERWEAR: Word = Word("Jackets & Coats", "Jacken & -Mäntel", "재킷·코트");

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "clothing", name: Word("Clothing", "Kleidung", "의류"),
    sections: &[
        Section { id: "women", name: Word("Women", "Damen", "여성"), audience: audience("women", Word("Women's ", "Damen-", "여성 ")), groups: &[
            Group { id: "tops", name: TOPS, kinds: &[&T_SHIRTS, &BLOUSES, &SWEATERS, &HOODIES] },
            Group { id: "bottoms", name: Word("Trousers & Skirts", "Hosen & -Röcke", "바지·스커트"), kinds: &[&TROUSERS, &JEANS, &SKIRTS, &SHORTS] },
            Group { id: "dresses", name: Word("Dresses", "Kleider", "원피스·드레스"), kinds: &[&SUMMER_DRESSES, &EVENING_DRESSES] },
            Group { id: "outerwear", name: OUTERWEAR, kinds: &[&JACKETS, &COATS] },
        ] },
        Section { id: "men", name: Word("Men", "Herren", "남성"), audience: audience("men", Word("Men's ", "Herren-", "남성 ")), groups: &[
            Group { id: "tops", name: TOPS, kinds: &[&T_SHIRTS, &SHIRTS, &SWEATERS, &HOODIES] },
            Group { id: "bottoms", name: Word("Trousers", "Hosen", "하의"), kinds: &[&TROUSERS, &JEANS, &SHORTS] },
            Group { id: "outerwear", name: OUTERWEAR, kinds: &[&JACKETS, &COATS] },
        ] },
        Section { id: "kids", name: Word("Kids", "Kinder", "아동"), audience: audience("kids", Word("Kids' ", "Kinder-", "아동 ")), groups: &[
            Group { id: "tops", name: TOPS, kinds: &[&KIDS_T_SHIRTS, &KIDS_SWEATERS] },
            Group { id: "bottoms", name: Word("Trousers", "Hosen", "하의"), kinds: &[&KIDS_TROUSERS, &KIDS_SHORTS] },
        ] },
    ],
};
