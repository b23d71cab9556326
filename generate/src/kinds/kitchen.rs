//! Kitchen: what one cooks with and eats from.

use super::super::words::Word;
use super::{
    COLOR, COLORED, Department, Fact, Group, Kind, METAL, Section, Style, axis, flag, hundredths,
    number, words,
};

/// What all tableware has.
#[rustfmt::skip]
static TABLE: [Fact; 4] = [
    flag("dishwasher_safe", 800),
    flag("microwave_safe", 650),
    hundredths("weight_kg", 20, 120, 5),
    number("piece_count", 1, 6, 1),
];
/// What all kitchen machines have.
#[rustfmt::skip]
static MACHINE: [Fact; 3] = [
    number("cable_cm", 70, 150, 10),
    number("warranty_years", 2, 5, 1),
    number("width_cm", 16, 36, 2).mostly(),
];
/// What all cookware has.
#[rustfmt::skip]
static COOKWARE: [Fact; 5] = [
    words("hob", &["induction", "all hobs", "gas and electric"]),
    flag("ovenproof", 600),
    flag("dishwasher_safe", 500),
    words("coating", &["uncoated", "ceramic", "non-stick"]),
    hundredths("weight_kg", 60, 420, 10),
];
/// What all knives have.
#[rustfmt::skip]
static KNIFE: [Fact; 5] = [
    words("blade", &["stainless steel", "carbon steel", "damascus steel"]),
    words("handle", &["pakkawood", "plastic"]),
    number("hardness_hrc", 54, 62, 1),
    number("weight_g", 120, 280, 10),
    number("warranty_years", 2, 10, 1),
];
static HANDLES: [&str; 4] = ["black", "brown", "grey", "red"];
/// Colours of glazes.
static GLAZES: [&str; 7] = ["white", "grey", "beige", "black", "dark green", "rust", "light blue"];
const GLAZE: Fact = words("glaze", &["glossy", "matt", "speckled"]);
const BLADE: super::Axis = axis("blade_length", &["12 cm", "16 cm", "18 cm", "20 cm", "24 cm"]);
const DIAMETER: super::Axis = axis("diameter", &["20 cm", "24 cm", "26 cm", "28 cm", "32 cm"]);

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "kitchen", name: Word("Kitchen", "Küche", "주방"),
    sections: &[
        Section { id: "cooking", name: Word("Cooking", "Kochen", "조리도구"), audience: None, groups: &[
            Group { id: "knives", name: Word("Knives", "Messer", "칼"), kinds: &[
                &Kind { id: "chefs-knives", noun: Word("Chef's Knife", "Kochmesser", "셰프 나이프"), plural: Word("Chef's Knives", "Kochmesser", "셰프 나이프"), picture: "knife",
                    cents: (1_999, 24_900), palette: &HANDLES, axes: &[BLADE], style: Style::Plain, facts: &[&KNIFE, &[COLORED, words("edge", &["smooth", "hollow"])]] },
                &Kind { id: "bread-knives", noun: Word("Bread Knife", "Brotmesser", "빵칼"), plural: Word("Bread Knives", "Brotmesser", "빵칼"), picture: "knife",
                    cents: (1_499, 14_900), palette: &HANDLES, axes: &[axis("blade_length", &["20 cm", "22 cm", "24 cm"])], style: Style::Plain, facts: &[&KNIFE, &[COLORED, words("edge", &["serrated"])]] },
            ] },
            Group { id: "pans", name: Word("Pots & Pans", "Töpfe & Pfannen", "냄비·프라이팬"), kinds: &[
                &Kind { id: "frying-pans", noun: Word("Frying Pan", "Bratpfanne", "프라이팬"), plural: Word("Frying Pans", "Bratpfannen", "프라이팬"), picture: "pan",
                    cents: (1_999, 16_900), palette: &METAL, axes: &[DIAMETER], style: Style::Plain, facts: &[&COOKWARE, &[COLORED, words("material", &["cast iron", "aluminium", "stainless steel", "copper"])]] },
                &Kind { id: "saucepans", noun: Word("Saucepan", "Kochtopf", "냄비"), plural: Word("Saucepans", "Kochtöpfe", "냄비"), picture: "pot",
                    cents: (1_999, 18_900), palette: &METAL, axes: &[COLOR, DIAMETER], style: Style::Plain, facts: &[&COOKWARE, &[words("material", &["stainless steel", "cast iron", "aluminium", "copper"]), hundredths("capacity_l", 100, 800, 50)]] },
            ] },
        ] },
        Section { id: "table", name: Word("Tableware", "Geschirr", "식기"), audience: None, groups: &[
            Group { id: "cups", name: Word("Cups & Pots", "Tassen & Kannen", "컵·주전자"), kinds: &[
                &Kind { id: "mugs", noun: Word("Mug", "Becher", "머그잔"), plural: Word("Mugs", "Becher", "머그잔"), picture: "mug",
                    cents: (599, 3_900), palette: &super::BRIGHT, axes: &[COLOR], style: Style::Plain, facts: &[&TABLE, &[GLAZE, words("material", &["stoneware", "porcelain"]), number("capacity_ml", 200, 500, 50)]] },
                &Kind { id: "teapots", noun: Word("Teapot", "Teekanne", "찻주전자"), plural: Word("Teapots", "Teekannen", "찻주전자"), picture: "teapot",
                    cents: (1_499, 9_900), palette: &GLAZES, axes: &[COLOR], style: Style::Plain, facts: &[&TABLE, &[GLAZE, words("material", &["porcelain", "stoneware"]), hundredths("capacity_l", 60, 200, 20), flag("strainer", 700).mostly()]] },
            ] },
            Group { id: "plates", name: Word("Plates & Bowls", "Teller & Schüsseln", "접시·그릇"), kinds: &[
                &Kind { id: "dinner-plates", noun: Word("Dinner Plate", "Essteller", "접시"), plural: Word("Dinner Plates", "Essteller", "접시"), picture: "plate",
                    cents: (799, 4_900), palette: &GLAZES, axes: &[COLOR, axis("diameter", &["24 cm", "26 cm", "28 cm"])], style: Style::Plain, facts: &[&TABLE, &[GLAZE, words("material", &["porcelain", "stoneware"])]] },
                &Kind { id: "salad-bowls", noun: Word("Salad Bowl", "Salatschüssel", "샐러드 볼"), plural: Word("Salad Bowls", "Salatschüsseln", "샐러드 볼"), picture: "bowl",
                    cents: (999, 6_900), palette: &GLAZES, axes: &[COLOR], style: Style::Plain, facts: &[&TABLE, &[GLAZE, words("material", &["stoneware", "porcelain"]), hundredths("capacity_l", 100, 450, 50)]] },
            ] },
        ] },
        Section { id: "machines", name: Word("Kitchen Appliances", "Küchengeräte", "주방 가전"), audience: None, groups: &[
            Group { id: "hot-drinks", name: Word("Coffee & Tea Makers", "Kaffee- & Teebereiter", "커피머신·전기 주전자"), kinds: &[
                &Kind { id: "coffee-machines", noun: Word("Filter Coffee Machine", "Filterkaffeemaschine", "필터 커피머신"), plural: Word("Filter Coffee Machines", "Filterkaffeemaschinen", "필터 커피머신"), picture: "coffee-machine",
                    cents: (3_999, 24_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&MACHINE, &[number("power_w", 800, 1_500, 100), hundredths("weight_kg", 180, 450, 10), hundredths("capacity_l", 80, 180, 10), words("filter", &["standard", "washable"]), flag("temperature_control", 300)]] },
                &Kind { id: "espresso-machines", noun: Word("Espresso Machine", "Espressomaschine", "에스프레소 머신"), plural: Word("Espresso Machines", "Espressomaschinen", "에스프레소 머신"), picture: "coffee-machine",
                    cents: (9_999, 89_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&MACHINE, &[number("power_w", 1_200, 1_900, 100), hundredths("weight_kg", 350, 950, 10), words("system", &["espresso", "capsules", "bean to cup"]), hundredths("capacity_l", 80, 220, 10), number("pressure_bar", 15, 20, 1)]] },
                &Kind { id: "kettles", noun: Word("Kettle", "Wasserkocher", "전기 주전자"), plural: Word("Kettles", "Wasserkocher", "전기 주전자"), picture: "kettle",
                    cents: (1_999, 12_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&MACHINE, &[number("power_w", 1_800, 2_400, 100), hundredths("weight_kg", 90, 180, 10), words("material", &["stainless steel", "glass", "plastic"]), hundredths("capacity_l", 80, 180, 10), flag("temperature_control", 450)]] },
            ] },
            Group { id: "preparing", name: Word("Mixing & Toasting", "Mixen & Toasten", "블렌더·토스터"), kinds: &[
                &Kind { id: "blenders", noun: Word("Blender", "Standmixer", "믹서기"), plural: Word("Blenders", "Standmixer", "믹서기"), picture: "blender",
                    cents: (2_999, 39_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&MACHINE, &[number("power_w", 600, 1_600, 100), hundredths("weight_kg", 220, 550, 10), words("material", &["glass", "plastic", "stainless steel"]), hundredths("capacity_l", 60, 200, 10), number("speeds", 2, 12, 1)]] },
                &Kind { id: "toasters", noun: Word("Toaster", "Toaster", "토스터"), plural: Word("Toasters", "Toaster", "토스터"), picture: "toaster",
                    cents: (1_999, 14_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&MACHINE, &[number("power_w", 700, 1_600, 100), hundredths("weight_kg", 120, 320, 10), words("material", &["stainless steel", "plastic"]), words("slots", &["two", "four"]), number("levels", 4, 9, 1)]] },
            ] },
        ] },
    ],
};
