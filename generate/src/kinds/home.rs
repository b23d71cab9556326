//! Home: furniture, lamps and textiles.

use super::super::words::Word;
use super::{
    Axis, COLOR, COLORED, Department, Fact, Group, Kind, ROOM, Section, Style, Values, axis, flag,
    hundredths, number, words,
};

/// What all furniture has.
#[rustfmt::skip]
static FURNITURE: [Fact; 3] = [
    words("material", &["engineered wood", "beech", "pine", "steel"]),
    words("style", &["scandinavian", "modern", "industrial", "country house", "classic"]),
    flag("assembly_needed", 700).mostly(),
];
/// What all lamps have.
#[rustfmt::skip]
static LAMP: [Fact; 6] = [
    words("material", &["metal", "glass", "paper", "wood", "textile"]),
    words("bulb", &["E27", "E14", "GU10", "LED"]),
    words("energy_class", &["A", "B", "C", "D", "E", "F"]),
    words("style", &["scandinavian", "modern", "industrial", "classic"]),
    number("power_w", 4, 24, 2),
    flag("dimmable", 550),
];
/// What all textiles have.
#[rustfmt::skip]
static TEXTILE: [Fact; 2] = [
    words("pattern", &["plain", "striped", "checked", "floral", "geometric"]),
    flag("recycled", 250).mostly(),
];
static CURTAIN: [Fact; 3] = [
    words("opacity", &["translucent", "blackout", "sheer"]),
    words("heading", &["eyelets", "pencil pleat", "tab top"]),
    COLORED,
];
#[rustfmt::skip]
static SOFT: [&str; 10] = ["white", "grey", "beige", "dark green", "rust", "light blue", "navy", "mustard", "pink", "wine red"];
const WIDTH: Axis = axis("width", &["80 cm", "120 cm", "160 cm", "180 cm", "200 cm", "240 cm"]);

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "home", name: Word("Home & Living", "Wohnen", "홈·리빙"),
    sections: &[
        Section { id: "furniture", name: Word("Furniture", "Möbel", "가구"), audience: None, groups: &[
            Group { id: "seating", name: Word("Seating", "Sitzmöbel", "의자·소파"), kinds: &[
                &Kind { id: "chairs", noun: Word("Chair", "Stuhl", "의자"), plural: Word("Chairs", "Stühle", "의자"), picture: "chair",
                    cents: (3_999, 39_900), palette: &ROOM, axes: &[COLOR], style: Style::Plain, facts: &[&FURNITURE, &[words("room", &["dining room", "study", "living room"]), number("depth_cm", 48, 60, 1), number("height_cm", 78, 104, 2), hundredths("weight_kg", 350, 900, 10), number("seat_height_cm", 43, 49, 1)]] },
                &Kind { id: "armchairs", noun: Word("Armchair", "Sessel", "안락의자"), plural: Word("Armchairs", "Sessel", "안락의자"), picture: "armchair",
                    cents: (14_999, 99_900), palette: &SOFT, axes: &[COLOR], style: Style::Plain, facts: &[&FURNITURE, &[words("room", &["living room", "bedroom", "study"]), number("depth_cm", 70, 95, 5), number("height_cm", 75, 110, 5), hundredths("weight_kg", 1_400, 3_800, 50), words("cover", &["bouclé", "velvet", "leather", "linen"])]] },
                &Kind { id: "sofas", noun: Word("Sofa", "Sofa", "소파"), plural: Word("Sofas", "Sofas", "소파"), picture: "sofa",
                    cents: (39_999, 249_900), palette: &SOFT, axes: &[COLOR, WIDTH], style: Style::Plain, facts: &[&FURNITURE, &[words("room", &["living room", "study"]), number("depth_cm", 82, 105, 1), number("height_cm", 70, 96, 2), hundredths("weight_kg", 3_500, 9_500, 50), words("cover", &["bouclé", "velvet", "leather", "linen"])]] },
            ] },
            Group { id: "tables", name: Word("Tables", "Tische", "테이블"), kinds: &[
                &Kind { id: "dining-tables", noun: Word("Dining Table", "Esstisch", "식탁"), plural: Word("Dining Tables", "Esstische", "식탁"), picture: "table",
                    cents: (19_999, 179_900), palette: &ROOM, axes: &[COLOR, WIDTH], style: Style::Plain, facts: &[&FURNITURE, &[words("room", &["dining room", "living room"]), number("depth_cm", 75, 100, 5), number("height_cm", 73, 78, 1), hundredths("weight_kg", 2_200, 7_500, 50), flag("extendable", 400)]] },
                &Kind { id: "desks", noun: Word("Desk", "Schreibtisch", "책상"), plural: Word("Desks", "Schreibtische", "책상"), picture: "table",
                    cents: (9_999, 99_900), palette: &ROOM, axes: &[COLOR, WIDTH], style: Style::Plain, facts: &[&FURNITURE, &[words("room", &["study", "bedroom", "living room"]), number("depth_cm", 55, 80, 5), number("height_cm", 72, 76, 1), hundredths("weight_kg", 1_800, 5_500, 50), flag("height_adjustable", 400)]] },
            ] },
            Group { id: "storage", name: Word("Storage", "Aufbewahrung", "수납"), kinds: &[
                &Kind { id: "shelves", noun: Word("Shelf", "Regal", "책장"), plural: Word("Shelves", "Regale", "책장"), picture: "shelf",
                    cents: (3_999, 59_900), palette: &ROOM, axes: &[COLOR, WIDTH], style: Style::Plain, facts: &[&FURNITURE, &[words("room", &["living room", "study", "hall", "bedroom"]), number("depth_cm", 24, 40, 2), number("height_cm", 120, 220, 5), hundredths("weight_kg", 1_200, 4_500, 50), number("boards", 3, 7, 1)]] },
                &Kind { id: "wardrobes", noun: Word("Wardrobe", "Kleiderschrank", "옷장"), plural: Word("Wardrobes", "Kleiderschränke", "옷장"), picture: "wardrobe",
                    cents: (19_999, 149_900), palette: &ROOM, axes: &[COLOR, WIDTH], style: Style::Plain, facts: &[&FURNITURE, &[words("room", &["bedroom", "hall"]), number("depth_cm", 52, 66, 2), number("height_cm", 180, 230, 5), hundredths("weight_kg", 5_500, 14_000, 100), number("doors", 2, 4, 1)]] },
            ] },
        ] },
        Section { id: "lighting", name: Word("Lighting", "Beleuchtung", "조명"), audience: None, groups: &[
            Group { id: "lamps", name: Word("Lamps", "Leuchten", "램프"), kinds: &[
                &Kind { id: "floor-lamps", noun: Word("Floor Lamp", "Stehleuchte", "플로어 스탠드"), plural: Word("Floor Lamps", "Stehleuchten", "플로어 스탠드"), picture: "lamp",
                    cents: (4_999, 39_900), palette: &ROOM, axes: &[COLOR], style: Style::Plain, facts: &[&LAMP, &[number("height_cm", 120, 185, 5), hundredths("weight_kg", 240, 950, 10).mostly()]] },
                &Kind { id: "table-lamps", noun: Word("Table Lamp", "Tischleuchte", "탁상 스탠드"), plural: Word("Table Lamps", "Tischleuchten", "탁상 스탠드"), picture: "table-lamp",
                    cents: (1_999, 19_900), palette: &SOFT, axes: &[COLOR], style: Style::Plain, facts: &[&LAMP, &[number("height_cm", 24, 64, 2), hundredths("weight_kg", 60, 320, 10).mostly()]] },
            ] },
        ] },
        Section { id: "textiles", name: Word("Home Textiles", "Heimtextilien", "홈 텍스타일"), audience: None, groups: &[
            Group { id: "windows", name: Word("Curtains", "Vorhänge", "커튼"), kinds: &[
                &Kind { id: "made-to-measure-curtains", noun: Word("Made-to-Measure Curtain", "Maßvorhang", "맞춤 커튼"), plural: Word("Made-to-Measure Curtains", "Maßvorhänge", "맞춤 커튼"), picture: "curtain",
                    cents: (4_999, 19_900), palette: &SOFT, style: Style::Measured,
                    axes: &[Axis { name: "width", values: Values::Run { before: "", numbers: (80, 10, 20), after: " cm" } }, Axis { name: "drop", values: Values::Run { before: "", numbers: (130, 15, 10), after: " cm" } }],
                    facts: &[&TEXTILE, &[words("material", &["cotton", "linen", "polyester", "velvet"]), words("care", &["machine wash 30 °C", "machine wash 40 °C", "dry cleaning"]), words("room", &["living room", "bedroom", "study", "nursery"]), words("opacity", &["translucent", "blackout", "sheer"]), COLORED]] },
                &Kind { id: "ready-made-curtains", noun: Word("Curtain", "Vorhang", "커튼"), plural: Word("Ready-Made Curtains", "Fertigvorhänge", "기성 커튼"), picture: "curtain",
                    cents: (1_499, 9_900), palette: &SOFT, axes: &[axis("size", &["140 x 175 cm", "140 x 225 cm", "140 x 245 cm", "200 x 245 cm"])], style: Style::Plain,
                    facts: &[&TEXTILE, &CURTAIN, &[words("material", &["cotton", "linen", "polyester", "velvet"]), words("care", &["machine wash 30 °C", "machine wash 40 °C", "dry cleaning"]), words("room", &["living room", "bedroom", "study", "nursery"])]] },
            ] },
            Group { id: "bedding", name: Word("Bedding", "Bettwaren", "침구"), kinds: &[
                &Kind { id: "bed-linen", noun: Word("Bed Linen", "Bettwäsche", "침구 세트"), plural: Word("Bed Linen", "Bettwäsche", "침구 세트"), picture: "bed",
                    cents: (2_499, 19_900), palette: &SOFT, axes: &[COLOR, axis("size", &["135 x 200 cm", "155 x 220 cm", "200 x 200 cm", "240 x 220 cm"])], style: Style::Plain, facts: &[&[words("pattern", &["plain", "striped", "checked", "floral", "geometric"]), words("material", &["cotton", "linen", "lyocell"]), words("care", &["machine wash 60 °C", "machine wash 40 °C"]), words("room", &["bedroom", "nursery"]), flag("organic", 350), number("piece_count", 2, 4, 1)]] },
                &Kind { id: "pillows", noun: Word("Pillow", "Kopfkissen", "베개"), plural: Word("Pillows", "Kopfkissen", "베개"), picture: "cushion",
                    cents: (1_499, 12_900), palette: &["white", "beige", "grey", "light blue"], axes: &[axis("size", &["40 x 80 cm", "50 x 70 cm", "80 x 80 cm"])], style: Style::Plain, facts: &[&[words("material", &["cotton", "lyocell"]), words("care", &["machine wash 60 °C", "machine wash 40 °C"]), words("room", &["bedroom", "nursery"]), COLORED, words("filling", &["down", "polyester", "wool", "memory foam"]), hundredths("weight_kg", 60, 180, 10), flag("washable", 700).mostly()]] },
                &Kind { id: "blankets", noun: Word("Wool Blanket", "Wolldecke", "울 담요"), plural: Word("Blankets", "Decken", "담요"), picture: "blanket",
                    cents: (2_499, 17_900), palette: &SOFT, axes: &[COLOR], style: Style::Plain,
                    facts: &[&[words("material", &["wool", "merino wool", "wool blend"]), words("pattern", &["plain", "checked", "striped", "herringbone"]), words("care", &["hand wash", "dry cleaning"]), number("width_cm", 130, 160, 5), number("length_cm", 170, 220, 10), flag("organic", 350), hundredths("weight_kg", 70, 240, 10).mostly()]] },
            ] },
        ] },
    ],
};
