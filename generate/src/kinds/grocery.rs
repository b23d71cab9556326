//! Groceries that keep.

use super::super::words::Word;
use super::{Department, Fact, Group, Kind, Section, Style, axis, flag, number, words};

/// What all food has.
#[rustfmt::skip]
static FOOD: [Fact; 5] = [
    flag("organic", 550),
    flag("fair_trade", 450),
    words("storage_advice", &["cool and dry", "room temperature", "dark"]),
    number("shelf_life_months", 6, 36, 3),
    flag("gluten_free", 500).mostly(),
];
const VEGAN: Fact = flag("vegan", 1_000);
const PACK: super::Axis = axis("pack", &["250 g", "500 g", "1 kg"]);
const BOTTLE: super::Axis = axis("volume", &["250 ml", "500 ml", "750 ml", "1 l"]);
static PACKAGE: [&str; 6] = ["brown", "dark green", "rust", "mustard", "wine red", "navy"];

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "grocery", name: Word("Groceries", "Lebensmittel", "식료품"),
    sections: &[
        Section { id: "drinks", name: Word("Drinks", "Getränke", "음료"), audience: None, groups: &[
            Group { id: "hot", name: Word("Coffee & Tea", "Kaffee & Tee", "커피·차"), kinds: &[
                &Kind { id: "coffee-beans", noun: Word("Coffee Beans", "Kaffeebohnen", "원두커피"), plural: Word("Coffee Beans", "Kaffeebohnen", "원두커피"), picture: "coffee-bag",
                    cents: (599, 3_900), palette: &PACKAGE, axes: &[PACK], style: Style::Plain, facts: &[&FOOD, &[VEGAN, words("roast", &["light", "medium", "dark"]), words("taste", &["nutty", "chocolatey", "fruity"])]] },
                &Kind { id: "teas", noun: Word("Loose Tea", "Blatttee", "잎차"), plural: Word("Loose Teas", "Blatttees", "잎차"), picture: "tea",
                    cents: (399, 2_900), palette: &PACKAGE, axes: &[axis("pack", &["100 g", "250 g", "500 g"])], style: Style::Plain, facts: &[&FOOD, &[VEGAN, words("variety", &["black tea", "green tea"]), flag("caffeine", 1_000)]] },
                &Kind { id: "herbal-teas", noun: Word("Herbal Tea", "Kräutertee", "허브차"), plural: Word("Herbal Teas", "Kräutertees", "허브차"), picture: "tea",
                    cents: (349, 1_900), palette: &PACKAGE, axes: &[axis("pack", &["50 g", "100 g", "250 g"])], style: Style::Plain, facts: &[&FOOD, &[VEGAN, words("variety", &["peppermint", "camomile", "rooibos"]), flag("caffeine", 0)]] },
            ] },
            Group { id: "cold", name: Word("Juices & Syrups", "Säfte & Sirupe", "주스·시럽"), kinds: &[
                &Kind { id: "juices", noun: Word("Fruit Juice", "Fruchtsaft", "과일 주스"), plural: Word("Fruit Juices", "Fruchtsäfte", "과일 주스"), picture: "bottle",
                    cents: (249, 1_200), palette: &["orange", "red", "yellow", "green", "purple"], axes: &[BOTTLE], style: Style::Plain, facts: &[&FOOD, &[VEGAN, words("taste", &["apple", "orange", "grape", "pear"]), flag("returnable", 500)]] },
                &Kind { id: "syrups", noun: Word("Fruit Syrup", "Fruchtsirup", "과일 시럽"), plural: Word("Fruit Syrups", "Fruchtsirupe", "과일 시럽"), picture: "bottle",
                    cents: (399, 1_900), palette: &["red", "yellow", "green", "purple", "pink"], axes: &[BOTTLE], style: Style::Plain, facts: &[&FOOD, &[VEGAN, words("taste", &["raspberry", "elderflower", "lemon"]), flag("returnable", 400)]] },
            ] },
        ] },
        Section { id: "pantry", name: Word("Pantry", "Vorrat", "저장 식품"), audience: None, groups: &[
            Group { id: "sweets", name: Word("Sweets & Spreads", "Süßes & Aufstriche", "과자·스프레드"), kinds: &[
                &Kind { id: "chocolates", noun: Word("Chocolate", "Schokolade", "초콜릿"), plural: Word("Chocolate", "Schokolade", "초콜릿"), picture: "chocolate",
                    cents: (199, 1_500), palette: &PACKAGE, axes: &[axis("pack", &["80 g", "100 g", "250 g"])], style: Style::Plain, facts: &[&FOOD, &[flag("vegan", 400), number("cocoa_percent", 30, 90, 5), words("taste", &["nutty", "fruity", "plain"])]] },
                &Kind { id: "honeys", noun: Word("Honey", "Honig", "꿀"), plural: Word("Honey", "Honig", "꿀"), picture: "jar",
                    cents: (499, 2_400), palette: &["mustard", "orange", "brown"], axes: &[PACK], style: Style::Plain, facts: &[&FOOD, &[words("variety", &["blossom", "forest", "acacia"]), words("texture", &["liquid", "creamy"])]] },
            ] },
            Group { id: "basics", name: Word("Oil & Pasta", "Öl & Nudeln", "오일·파스타"), kinds: &[
                &Kind { id: "olive-oils", noun: Word("Olive Oil", "Olivenöl", "올리브유"), plural: Word("Olive Oils", "Olivenöle", "올리브유"), picture: "bottle",
                    cents: (699, 3_900), palette: &["dark green", "green", "mustard"], axes: &[BOTTLE], style: Style::Plain, facts: &[&FOOD, &[VEGAN, words("taste", &["mild", "fruity", "peppery"]), flag("cold_pressed", 800)]] },
                &Kind { id: "pastas", noun: Word("Pasta", "Nudeln", "파스타"), plural: Word("Pasta", "Nudeln", "파스타"), picture: "pasta",
                    cents: (199, 900), palette: &["mustard", "navy", "red", "dark green"], axes: &[PACK], style: Style::Plain, facts: &[&FOOD, &[flag("vegan", 700), words("shape", &["spaghetti", "penne", "fusilli", "farfalle"]), number("cooking_minutes", 5, 13, 1)]] },
            ] },
        ] },
    ],
};
