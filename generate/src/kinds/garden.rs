//! The garden.

use super::super::words::Word;
use super::{
    COLOR, COLORED, Department, Fact, Group, Kind, Section, Style, axis, flag, hundredths, number,
    words,
};

/// What stands outdoors.
#[rustfmt::skip]
static OUTDOORS: [Fact; 3] = [
    flag("frost_proof", 600),
    flag("uv_resistant", 650),
    number("warranty_years", 1, 5, 1),
];
/// What mows and cuts.
#[rustfmt::skip]
static MACHINE: [Fact; 2] = [
    number("noise_db", 84, 98, 1),
    number("warranty_years", 2, 5, 1),
];
static LAWN: [&str; 4] = ["green", "red", "orange", "black"];

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "garden", name: Word("Garden", "Garten", "정원"),
    sections: &[
        Section { id: "growing", name: Word("Plants & Watering", "Pflanzen & Bewässern", "재배·급수"), audience: None, groups: &[
            Group { id: "watering", name: Word("Watering", "Bewässerung", "급수"), kinds: &[
                &Kind { id: "watering-cans", noun: Word("Watering Can", "Gießkanne", "물뿌리개"), plural: Word("Watering Cans", "Gießkannen", "물뿌리개"), picture: "watering-can",
                    cents: (799, 5_900), palette: &["green", "grey", "silver", "blue", "red", "yellow"], axes: &[COLOR], style: Style::Plain, facts: &[&OUTDOORS, &[words("material", &["zinc", "plastic", "recycled plastic"]), hundredths("capacity_l", 150, 1_200, 50), hundredths("weight_kg", 40, 180, 10), number("height_cm", 24, 46, 2)]] },
                &Kind { id: "garden-hoses", noun: Word("Garden Hose", "Gartenschlauch", "정원 호스"), plural: Word("Garden Hoses", "Gartenschläuche", "정원 호스"), picture: "hose",
                    cents: (1_499, 8_900), palette: &["green", "yellow", "black", "orange"], axes: &[axis("length", &["10 m", "15 m", "20 m", "30 m", "50 m"])], style: Style::Plain,
                    facts: &[&[COLORED, words("material", &["rubber", "plastic", "recycled plastic"]), flag("frost_proof", 500), flag("uv_resistant", 700), number("pressure_bar", 12, 40, 2), hundredths("weight_kg", 120, 900, 20), flag("nozzle_included", 600).mostly()]] },
            ] },
            Group { id: "pots", name: Word("Pots & Beds", "Töpfe & Beete", "화분·화단"), kinds: &[
                &Kind { id: "planters", noun: Word("Planter", "Pflanzkübel", "화분"), plural: Word("Planters", "Pflanzkübel", "화분"), picture: "planter",
                    cents: (899, 12_900), palette: &["rust", "grey", "white", "black", "dark green", "beige"], axes: &[COLOR, axis("diameter", &["20 cm", "30 cm", "40 cm", "50 cm"])], style: Style::Plain, facts: &[&OUTDOORS, &[words("material", &["terracotta", "fibreglass", "recycled plastic", "zinc"]), flag("self_watering", 300).mostly(), hundredths("weight_kg", 60, 900, 20), number("height_cm", 18, 50, 2)]] },
                &Kind { id: "raised-beds", noun: Word("Raised Bed", "Hochbeet", "텃밭 상자"), plural: Word("Raised Beds", "Hochbeete", "텃밭 상자"), picture: "raised-bed",
                    cents: (4_999, 29_900), palette: &["oak", "brown", "grey"], axes: &[COLOR, axis("width", &["80 cm", "120 cm", "160 cm"])], style: Style::Plain, facts: &[&OUTDOORS, &[words("material", &["larch", "pine", "steel"]), flag("assembly_needed", 900).mostly(), number("weight_kg", 12, 45, 1), number("height_cm", 30, 85, 5)]] },
            ] },
        ] },
        Section { id: "care", name: Word("Lawn & Hedge", "Rasen & Hecke", "잔디·울타리"), audience: None, groups: &[
            Group { id: "machines", name: Word("Garden Machines", "Gartengeräte", "정원 기계"), kinds: &[
                &Kind { id: "lawn-mowers", noun: Word("Lawn Mower", "Rasenmäher", "잔디깎이"), plural: Word("Lawn Mowers", "Rasenmäher", "잔디깎이"), picture: "mower",
                    cents: (9_999, 69_900), palette: &LAWN, axes: &[COLOR], style: Style::Model, facts: &[&MACHINE, &[words("drive", &["battery", "mains", "petrol"]), number("power_w", 1_000, 2_400, 100), number("weight_kg", 11, 32, 1), number("cutting_width_cm", 32, 52, 2), number("capacity_l", 30, 70, 5), flag("foldable", 700).mostly()]] },
                &Kind { id: "hedge-trimmers", noun: Word("Hedge Trimmer", "Heckenschere", "헤지 트리머"), plural: Word("Hedge Trimmers", "Heckenscheren", "헤지 트리머"), picture: "hedge-trimmer",
                    cents: (5_999, 29_900), palette: &LAWN, axes: &[axis("blade_length", &["45 cm", "50 cm", "55 cm", "60 cm", "65 cm"])], style: Style::Model, facts: &[&MACHINE, &[COLORED, words("drive", &["battery", "mains"]), number("power_w", 400, 700, 50), hundredths("weight_kg", 240, 430, 10), flag("case_included", 200).mostly()]] },
            ] },
        ] },
        Section { id: "terrace", name: Word("Terrace", "Terrasse", "테라스"), audience: None, groups: &[
            Group { id: "sitting", name: Word("Garden Furniture", "Gartenmöbel", "정원 가구"), kinds: &[
                &Kind { id: "garden-chairs", noun: Word("Garden Chair", "Gartenstuhl", "정원 의자"), plural: Word("Garden Chairs", "Gartenstühle", "정원 의자"), picture: "chair",
                    cents: (2_999, 24_900), palette: &["white", "grey", "black", "dark green", "beige"], axes: &[COLOR], style: Style::Plain, facts: &[&OUTDOORS, &[words("material", &["teak", "aluminium", "steel", "rattan"]), flag("foldable", 450), flag("stackable", 500).mostly(), hundredths("weight_kg", 280, 900, 20), number("height_cm", 78, 110, 2)]] },
                &Kind { id: "parasols", noun: Word("Parasol", "Sonnenschirm", "파라솔"), plural: Word("Parasols", "Sonnenschirme", "파라솔"), picture: "parasol",
                    cents: (3_999, 39_900), palette: &["beige", "dark green", "red", "grey", "navy", "mustard"], axes: &[COLOR, axis("diameter", &["200 cm", "250 cm", "300 cm", "350 cm"])], style: Style::Plain, facts: &[&[words("material", &["polyester", "cotton", "recycled polyester"]), flag("tiltable", 600), hundredths("weight_kg", 350, 1_400, 50), number("height_cm", 220, 280, 5), flag("uv_resistant", 900), number("warranty_years", 1, 5, 1)]] },
            ] },
            Group { id: "barbecue", name: Word("Barbecue", "Grillen", "바비큐"), kinds: &[
                &Kind { id: "gas-grills", noun: Word("Gas Grill", "Gasgrill", "가스 그릴"), plural: Word("Gas Grills", "Gasgrills", "가스 그릴"), picture: "grill",
                    cents: (14_999, 89_900), palette: &["black", "silver", "red"], axes: &[COLOR], style: Style::Model, facts: &[&[words("material", &["stainless steel", "enamel", "cast iron"]), number("burners", 2, 6, 1), flag("thermometer", 700), number("weight_kg", 22, 70, 2), number("height_cm", 98, 122, 2), number("width_cm", 105, 155, 5), number("warranty_years", 2, 10, 1)]] },
                &Kind { id: "charcoal-grills", noun: Word("Charcoal Grill", "Holzkohlegrill", "숯불 그릴"), plural: Word("Charcoal Grills", "Holzkohlegrills", "숯불 그릴"), picture: "grill",
                    cents: (3_999, 39_900), palette: &["black", "red", "dark green"], axes: &[COLOR], style: Style::Model, facts: &[&[words("material", &["enamel", "stainless steel", "cast iron"]), number("width_cm", 36, 66, 3), flag("thermometer", 600), number("weight_kg", 6, 26, 1), number("height_cm", 72, 108, 2), flag("lid_included", 700), number("warranty_years", 1, 5, 1)]] },
            ] },
        ] },
    ],
};
