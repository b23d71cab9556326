//! Sports and the outdoors.

use super::super::words::Word;
use super::{
    BRIGHT, COLOR, COLORED, Department, Fact, Group, Kind, SIZE, Section, Style, axis, flag,
    hundredths, number, words,
};

/// What all bicycles have.
#[rustfmt::skip]
static BICYCLE: [Fact; 4] = [
    words("frame", &["aluminium", "steel", "carbon"]),
    hundredths("weight_kg", 1_050, 1_750, 50),
    number("load_kg", 110, 150, 10),
    flag("lights_included", 500).mostly(),
];
/// What one takes along for the night.
#[rustfmt::skip]
static CAMPING: [Fact; 2] = [
    words("season", &["summer", "three seasons", "winter"]),
    flag("water_repellent", 700),
];
/// What all balls have.
#[rustfmt::skip]
static BALL: [Fact; 2] = [
    words("level", &["training", "match", "leisure"]),
    flag("pump_included", 250),
];
/// What one trains with at home.
#[rustfmt::skip]
static FITNESS: [Fact; 2] = [
    words("level", &["beginner", "advanced", "professional"]),
    flag("non_slip", 800),
];

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "sports", name: Word("Sports", "Sport", "스포츠"),
    sections: &[
        Section { id: "cycling", name: Word("Cycling", "Radsport", "사이클링"), audience: None, groups: &[
            Group { id: "bicycles", name: Word("Bicycles", "Fahrräder", "자전거"), kinds: &[
                &Kind { id: "city-bikes", noun: Word("City Bike", "Citybike", "시티 자전거"), plural: Word("City Bikes", "Citybikes", "시티 자전거"), picture: "bicycle",
                    cents: (29_999, 149_900), palette: &BRIGHT, axes: &[COLOR, axis("frame_size", &["S", "M", "L", "XL"])], style: Style::Model, facts: &[&BICYCLE, &[words("brakes", &["disc", "rim"]), number("gears", 3, 24, 1), words("wheel_size", &["28 inch", "26 inch"]), flag("foldable", 100)]] },
                &Kind { id: "mountain-bikes", noun: Word("Mountain Bike", "Mountainbike", "산악자전거"), plural: Word("Mountain Bikes", "Mountainbikes", "산악자전거"), picture: "bicycle",
                    cents: (49_999, 299_900), palette: &BRIGHT, axes: &[COLOR, axis("frame_size", &["S", "M", "L", "XL"])], style: Style::Model, facts: &[&BICYCLE, &[words("brakes", &["disc"]), number("gears", 9, 24, 1), words("wheel_size", &["29 inch", "26 inch"]), number("travel_mm", 100, 180, 10)]] },
            ] },
            Group { id: "gear", name: Word("Cycling Gear", "Fahrradzubehör", "자전거 용품"), kinds: &[
                &Kind { id: "bike-helmets", noun: Word("Bike Helmet", "Fahrradhelm", "자전거 헬멧"), plural: Word("Bike Helmets", "Fahrradhelme", "자전거 헬멧"), picture: "helmet",
                    cents: (2_999, 19_900), palette: &BRIGHT, axes: &[COLOR, axis("size", &["S", "M", "L"])], style: Style::Plain,
                    facts: &[&[words("material", &["polycarbonate", "foam", "carbon"]), number("weight_g", 210, 450, 10), number("vents", 6, 24, 1), flag("light_included", 300), words("surface", &["road", "trail"]), flag("visor", 400), flag("recycled", 200).mostly()]] },
                &Kind { id: "bike-locks", noun: Word("Bike Lock", "Fahrradschloss", "자전거 자물쇠"), plural: Word("Bike Locks", "Fahrradschlösser", "자전거 자물쇠"), picture: "lock",
                    cents: (1_499, 12_900), palette: &["black", "red", "blue", "green"], axes: &[axis("length", &["75 cm", "85 cm", "110 cm", "120 cm"])], style: Style::Plain,
                    facts: &[&[COLORED, words("kind", &["u-lock", "chain", "folding lock"]), words("opening", &["key", "code", "app"]), number("security_level", 5, 15, 1), hundredths("weight_kg", 50, 260, 10), words("material", &["tempered steel", "steel"]), flag("holder_included", 500).mostly()]] },
            ] },
        ] },
        Section { id: "outdoor", name: Word("Outdoor", "Outdoor", "아웃도어"), audience: None, groups: &[
            Group { id: "camping", name: Word("Camping", "Camping", "캠핑"), kinds: &[
                &Kind { id: "tents", noun: Word("Tent", "Zelt", "텐트"), plural: Word("Tents", "Zelte", "텐트"), picture: "tent",
                    cents: (5_999, 59_900), palette: &["green", "orange", "blue", "beige", "red"], axes: &[COLOR, axis("persons", &["1", "2", "3", "4"])], style: Style::Plain, facts: &[&CAMPING, &[words("material", &["polyester", "polyamide", "cotton", "recycled polyester"]), hundredths("weight_kg", 140, 900, 10), number("length_cm", 210, 320, 10), number("water_column_mm", 1_500, 5_000, 500), words("poles", &["aluminium", "fibreglass"]).mostly()]] },
                &Kind { id: "sleeping-bags", noun: Word("Sleeping Bag", "Schlafsack", "침낭"), plural: Word("Sleeping Bags", "Schlafsäcke", "침낭"), picture: "sleeping-bag",
                    cents: (3_999, 39_900), palette: &["blue", "green", "orange", "red", "navy"], axes: &[COLOR], style: Style::Plain, facts: &[&CAMPING, &[words("material", &["polyester", "polyamide", "recycled polyester"]), hundredths("weight_kg", 60, 240, 10), number("length_cm", 190, 230, 5), words("filling", &["down", "polyester"]), words("cut", &["mummy", "rectangular"]), flag("hood", 700).mostly()]] },
            ] },
        ] },
        Section { id: "training", name: Word("Training", "Training", "운동"), audience: None, groups: &[
            Group { id: "balls", name: Word("Balls", "Bälle", "공"), kinds: &[
                &Kind { id: "footballs", noun: Word("Football", "Fußball", "축구공"), plural: Word("Footballs", "Fußbälle", "축구공"), picture: "ball",
                    cents: (1_299, 12_900), palette: &BRIGHT, axes: &[COLOR, axis("size", &["3", "4", "5"])], style: Style::Plain, facts: &[&BALL, &[words("material", &["synthetic leather", "leather"]), words("surface", &["grass", "indoors", "asphalt", "sand"]), number("weight_g", 300, 450, 10), flag("hand_sewn", 400)]] },
                &Kind { id: "basketballs", noun: Word("Basketball", "Basketball", "농구공"), plural: Word("Basketballs", "Basketbälle", "농구공"), picture: "basketball",
                    cents: (1_499, 9_900), palette: &["orange", "rust", "blue", "black"], axes: &[COLOR, axis("size", &["5", "6", "7"])], style: Style::Plain, facts: &[&BALL, &[words("material", &["rubber", "synthetic leather", "leather"]), words("surface", &["indoors", "asphalt"]), number("weight_g", 480, 620, 10)]] },
            ] },
            Group { id: "fitness", name: Word("Fitness", "Fitness", "피트니스"), kinds: &[
                &Kind { id: "yoga-mats", noun: Word("Yoga Mat", "Yogamatte", "요가 매트"), plural: Word("Yoga Mats", "Yogamatten", "요가 매트"), picture: "mat",
                    cents: (1_499, 9_900), palette: &BRIGHT, axes: &[COLOR], style: Style::Plain, facts: &[&FITNESS, &[words("material", &["foam", "cork"]), flag("latex_free", 1_000), number("length_cm", 173, 200, 1), number("width_cm", 60, 68, 2), flag("recycled", 300), number("thickness_mm", 3, 15, 1), flag("strap_included", 500).mostly()]] },
                &Kind { id: "dumbbells", noun: Word("Dumbbell", "Kurzhantel", "아령"), plural: Word("Dumbbells", "Kurzhanteln", "아령"), picture: "dumbbell",
                    cents: (999, 14_900), palette: &["black", "grey", "blue", "pink"], axes: &[axis("weight", &["1 kg", "2 kg", "5 kg", "10 kg", "15 kg"])], style: Style::Plain, facts: &[&FITNESS, &[COLORED, number("length_cm", 18, 44, 2), number("warranty_years", 2, 10, 1), words("material", &["cast iron", "vinyl", "rubber"])]] },
                &Kind { id: "sports-shirts", noun: Word("Sports Shirt", "Sportshirt", "기능성 티셔츠"), plural: Word("Sports Shirts", "Sportshirts", "기능성 티셔츠"), picture: "t-shirt",
                    cents: (1_499, 6_900), palette: &BRIGHT, axes: &[COLOR, SIZE], style: Style::Plain, facts: &[&[words("material", &["polyester", "recycled polyester", "merino wool"]), words("fit", &["regular", "slim", "loose"]), words("sleeve", &["short", "long", "sleeveless"]), words("care", &["machine wash 30 °C", "machine wash 40 °C"]), flag("reflective", 400), words("season", &["all year", "summer", "winter"]).mostly()]] },
            ] },
        ] },
    ],
};
