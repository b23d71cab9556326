//! Paint and tools.

use super::super::words::Word;
use super::{
    Axis, COLOR, COLORED, Department, Fact, Group, Kind, Section, Style, Values, axis, flag,
    hundredths, number, words,
};

/// What all paints have.
#[rustfmt::skip]
static PAINT: [Fact; 6] = [
    words("finish", &["matt", "silk matt", "satin", "glossy"]),
    words("base", &["water-based", "solvent-based", "mineral"]),
    number("coverage_m2_per_l", 6, 14, 1),
    hundredths("drying_hours", 100, 1_200, 50),
    flag("low_emission", 700),
    words("use", &["indoors", "outdoors", "indoors and outdoors"]),
];
/// What all power tools have; all of them run on batteries.
#[rustfmt::skip]
static POWER: [Fact; 5] = [
    number("voltage_v", 12, 18, 6),
    hundredths("weight_kg", 110, 280, 10),
    number("noise_db", 72, 98, 2),
    flag("case_included", 600),
    number("warranty_years", 2, 5, 1).mostly(),
];
#[rustfmt::skip]
static TONES: [&str; 10] = ["white", "beige", "grey", "light blue", "dark green", "mustard", "rust", "pink", "turquoise", "yellow"];
const CAN: Axis = axis("volume", &["0.75 l", "1 l", "2.5 l", "5 l", "10 l"]);
static TOOL: [&str; 4] = ["green", "blue", "red", "yellow"];

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "paint", name: Word("Paint & Tools", "Farben & Werkzeug", "페인트·공구"),
    sections: &[
        Section { id: "colours", name: Word("Paint", "Farben", "페인트"), audience: None, groups: &[
            Group { id: "walls", name: Word("Wall Paint", "Wandfarben", "벽 페인트"), kinds: &[
                &Kind { id: "tinted-wall-paints", noun: Word("Tinted Wall Paint", "Abtönfarbe", "조색 벽 페인트"), plural: Word("Tinted Wall Paints", "Abtönfarben", "조색 벽 페인트"), picture: "paint-can",
                    cents: (2_499, 8_900), palette: &TONES, axes: &[Axis { name: "tone", values: Values::Run { before: "V ", numbers: (101, 1, 200), after: "" } }], style: Style::Measured,
                    facts: &[&PAINT, &[COLORED]] },
                &Kind { id: "white-wall-paints", noun: Word("White Wall Paint", "Wandfarbe Weiß", "흰색 벽 페인트"), plural: Word("White Wall Paints", "Wandfarben Weiß", "흰색 벽 페인트"), picture: "paint-can",
                    cents: (1_299, 6_900), palette: &["white"], axes: &[CAN], style: Style::Plain, facts: &[&PAINT, &[COLORED, words("opacity_class", &["1", "2", "3"])]] },
            ] },
            Group { id: "wood", name: Word("Wood Care", "Holzpflege", "목재용 페인트"), kinds: &[
                &Kind { id: "wood-varnishes", noun: Word("Wood Varnish", "Holzlack", "목재용 바니시"), plural: Word("Wood Varnishes", "Holzlacke", "목재용 바니시"), picture: "paint-can",
                    cents: (1_199, 5_900), palette: &["oak", "walnut", "white", "grey", "black"], axes: &[COLOR, CAN], style: Style::Plain, facts: &[&PAINT, &[number("coats", 1, 3, 1)]] },
                &Kind { id: "wood-oils", noun: Word("Wood Oil", "Holzöl", "목재용 오일"), plural: Word("Wood Oils", "Holzöle", "목재용 오일"), picture: "bottle",
                    cents: (999, 4_900), palette: &["oak", "walnut", "brown"], axes: &[CAN], style: Style::Plain, facts: &[&PAINT, &[COLORED, flag("food_safe", 500)]] },
            ] },
        ] },
        Section { id: "tools", name: Word("Tools", "Werkzeug", "공구"), audience: None, groups: &[
            Group { id: "power", name: Word("Power Tools", "Elektrowerkzeuge", "전동 공구"), kinds: &[
                &Kind { id: "cordless-drills", noun: Word("Cordless Drill", "Akkubohrschrauber", "충전 드릴"), plural: Word("Cordless Drills", "Akkubohrschrauber", "충전 드릴"), picture: "drill",
                    cents: (4_999, 34_900), palette: &TOOL, axes: &[axis("batteries", &["none", "one", "two"])], style: Style::Model, facts: &[&POWER, &[COLORED, number("torque_nm", 20, 120, 10)]] },
                &Kind { id: "jigsaws", noun: Word("Cordless Jigsaw", "Akku-Stichsäge", "충전 직소"), plural: Word("Cordless Jigsaws", "Akku-Stichsägen", "충전 직소"), picture: "jigsaw",
                    cents: (3_999, 27_900), palette: &TOOL, axes: &[axis("batteries", &["none", "one", "two"])], style: Style::Model, facts: &[&POWER, &[COLORED, number("cutting_depth_mm", 60, 130, 10)]] },
            ] },
            Group { id: "hand", name: Word("Hand Tools", "Handwerkzeuge", "수공구"), kinds: &[
                &Kind { id: "hammers", noun: Word("Hammer", "Hammer", "망치"), plural: Word("Hammers", "Hämmer", "망치"), picture: "hammer",
                    cents: (999, 5_900), palette: &TOOL, axes: &[axis("head", &["300 g", "500 g", "800 g", "1000 g"])], style: Style::Plain, facts: &[&[COLORED, words("material", &["tempered steel", "steel"]), words("handle", &["ash", "fibreglass", "rubber"]), number("length_cm", 28, 38, 1), number("hardness_hrc", 48, 56, 1), number("warranty_years", 2, 10, 1)]] },
                &Kind { id: "screwdriver-sets", noun: Word("Screwdriver Set", "Schraubendreher-Set", "드라이버 세트"), plural: Word("Screwdriver Sets", "Schraubendreher-Sets", "드라이버 세트"), picture: "screwdriver",
                    cents: (1_299, 7_900), palette: &TOOL, axes: &[axis("pieces", &["6", "8", "12", "24"])], style: Style::Plain, facts: &[&[COLORED, words("material", &["chrome vanadium steel", "tempered steel", "stainless steel"]), words("handle", &["plastic", "rubber"]), number("weight_g", 240, 1_600, 20), number("length_cm", 16, 30, 1), flag("insulated", 250), number("warranty_years", 2, 10, 1)]] },
            ] },
        ] },
    ],
};
