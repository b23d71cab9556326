//! Shoes and bags.

use super::super::words::Word;
use super::{
    COLOR, COLORED, Department, Fact, Group, Kind, Section, Style, axis, flag, hundredths, number,
    words,
};

const SHOE_SIZE: super::Axis =
    axis("size", &["36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46"]);
#[rustfmt::skip]
const LEATHER: Fact = words("material", &["leather", "suede", "synthetic leather"]);

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "shoes", name: Word("Shoes & Bags", "Schuhe & Taschen", "신발·가방"),
    sections: &[
        Section { id: "footwear", name: Word("Shoes", "Schuhe", "신발"), audience: None, groups: &[
            Group { id: "sport", name: Word("Sports Shoes", "Sportschuhe", "운동화"), kinds: &[
                &Kind { id: "running-shoes", noun: Word("Running Shoe", "Laufschuh", "러닝화"), plural: Word("Running Shoes", "Laufschuhe", "러닝화"), picture: "shoe",
                    cents: (4_999, 22_900), palette: &super::BRIGHT, axes: &[COLOR, SHOE_SIZE], style: Style::Plain,
                    facts: &[&[words("fastening", &["laces", "slip-on"]), words("season", &["all year", "summer", "winter"]), number("heel_mm", 18, 34, 2), words("material", &["mesh", "knitted textile", "synthetic leather"]), words("surface", &["road", "trail", "track"]), number("weight_g", 190, 340, 10), flag("vegan", 700).mostly(), flag("reflective", 400)]] },
                &Kind { id: "hiking-shoes", noun: Word("Hiking Shoe", "Wanderschuh", "등산화"), plural: Word("Hiking Shoes", "Wanderschuhe", "등산화"), picture: "boot",
                    cents: (6_999, 27_900), palette: &["brown", "grey", "dark green", "black"], axes: &[COLOR, SHOE_SIZE], style: Style::Plain,
                    facts: &[&[words("fastening", &["laces"]), words("season", &["all year", "autumn", "winter"]), number("heel_mm", 20, 40, 5), LEATHER, flag("waterproof", 700), words("shaft", &["low", "mid", "high"]), words("lining", &["textile", "leather"]).mostly()]] },
            ] },
            Group { id: "everyday", name: Word("Everyday Shoes", "Alltagsschuhe", "데일리 슈즈"), kinds: &[
                &Kind { id: "sneakers", noun: Word("Sneaker", "Sneaker", "스니커즈"), plural: Word("Sneakers", "Sneaker", "스니커즈"), picture: "shoe",
                    cents: (3_999, 15_900), palette: &super::CLOTH, axes: &[COLOR, SHOE_SIZE], style: Style::Plain, facts: &[&[words("fastening", &["laces", "slip-on", "hook and loop"]), words("season", &["all year", "spring", "summer"]), number("heel_mm", 20, 45, 5), LEATHER, words("shaft", &["low", "mid"]), words("lining", &["textile", "leather", "unlined"]).mostly()]] },
                &Kind { id: "sandals", noun: Word("Sandal", "Sandale", "샌들"), plural: Word("Sandals", "Sandalen", "샌들"), picture: "sandal",
                    cents: (1_999, 11_900), palette: &["brown", "black", "beige", "white", "red"], axes: &[COLOR, SHOE_SIZE], style: Style::Plain, facts: &[&[words("fastening", &["buckle", "hook and loop", "slip-on"]), words("season", &["summer"]), number("heel_mm", 10, 60, 5), LEATHER, flag("water_repellent", 300), words("toe", &["round", "square"])]] },
            ] },
            Group { id: "boots", name: Word("Boots", "Stiefel", "부츠"), kinds: &[
                &Kind { id: "ankle-boots", noun: Word("Ankle Boot", "Stiefelette", "앵클부츠"), plural: Word("Ankle Boots", "Stiefeletten", "앵클부츠"), picture: "boot",
                    cents: (5_999, 24_900), palette: &["black", "brown", "beige", "wine red"], axes: &[COLOR, SHOE_SIZE], style: Style::Plain, facts: &[&[words("fastening", &["zip", "laces", "slip-on"]), words("season", &["autumn", "winter", "all year"]), number("heel_mm", 20, 80, 5), LEATHER, words("toe", &["round", "pointed", "square"]), words("lining", &["textile", "leather", "wool"]).mostly()]] },
                &Kind { id: "rubber-boots", noun: Word("Rubber Boot", "Gummistiefel", "고무장화"), plural: Word("Rubber Boots", "Gummistiefel", "고무장화"), picture: "rubber-boot",
                    cents: (1_999, 9_900), palette: &["dark green", "yellow", "navy", "red", "black"], axes: &[COLOR, SHOE_SIZE], style: Style::Plain, facts: &[&[words("fastening", &["slip-on"]), words("season", &["all year", "autumn", "winter"]), number("heel_mm", 15, 35, 5), words("material", &["natural rubber", "plastic"]), words("shaft", &["mid", "high"]), words("lining", &["textile", "unlined"]), flag("vegan", 1_000).mostly()]] },
            ] },
        ] },
        Section { id: "bags", name: Word("Bags", "Taschen", "가방"), audience: None, groups: &[
            Group { id: "daily", name: Word("Everyday Bags", "Alltagstaschen", "데일리 가방"), kinds: &[
                &Kind { id: "handbags", noun: Word("Handbag", "Handtasche", "핸드백"), plural: Word("Handbags", "Handtaschen", "핸드백"), picture: "handbag",
                    cents: (3_999, 29_900), palette: &super::CLOTH, axes: &[COLOR], style: Style::Plain, facts: &[&[number("width_cm", 22, 40, 2), number("height_cm", 16, 32, 2), hundredths("weight_kg", 30, 120, 5), flag("water_repellent", 500), LEATHER, words("fastening", &["zip", "magnet", "buckle"]), flag("shoulder_strap", 750)]] },
                &Kind { id: "backpacks", noun: Word("Backpack", "Rucksack", "백팩"), plural: Word("Backpacks", "Rucksäcke", "백팩"), picture: "backpack",
                    cents: (2_999, 19_900), palette: &super::CLOTH, axes: &[COLOR], style: Style::Plain, facts: &[&[number("width_cm", 26, 34, 1), number("height_cm", 40, 56, 2), hundredths("weight_kg", 50, 160, 10), flag("water_repellent", 500), words("material", &["polyester", "recycled polyester", "canvas", "polyamide"]), number("capacity_l", 14, 30, 2), flag("laptop_compartment", 650).mostly()]] },
            ] },
            Group { id: "travel", name: Word("Travel Luggage", "Reisegepäck", "여행 가방"), kinds: &[
                &Kind { id: "suitcases", noun: Word("Suitcase", "Koffer", "여행용 캐리어"), plural: Word("Suitcases", "Koffer", "여행용 캐리어"), picture: "suitcase",
                    cents: (5_999, 39_900), palette: &super::BRIGHT, axes: &[COLOR, axis("size", &["S", "M", "L"])], style: Style::Plain,
                    facts: &[&[hundredths("weight_kg", 220, 460, 10), words("material", &["polycarbonate", "aluminium", "polyester"]), words("wheels", &["four", "two"]), flag("extendable", 400), words("opening", &["code", "key"]), number("warranty_years", 2, 10, 1)]] },
                &Kind { id: "travel-bags", noun: Word("Travel Bag", "Reisetasche", "보스턴백"), plural: Word("Travel Bags", "Reisetaschen", "보스턴백"), picture: "travel-bag",
                    cents: (3_499, 19_900), palette: &super::CLOTH, axes: &[axis("size", &["S", "M", "L"])], style: Style::Plain,
                    facts: &[&[COLORED, hundredths("weight_kg", 60, 180, 10), words("material", &["canvas", "leather", "polyester", "recycled polyester"]), flag("shoulder_strap", 800), words("fastening", &["zip", "buckle"]), number("warranty_years", 2, 5, 1), flag("water_repellent", 500).mostly()]] },
            ] },
        ] },
    ],
};
