//! Large appliances and what cleans.

use super::super::words::Word;
use super::{
    Axis, COLOR, COLORED, Department, Fact, Group, Kind, METAL, Section, Style, axis, flag, number,
    words,
};

/// What all large appliances have.
#[rustfmt::skip]
static LARGE: [Fact; 7] = [
    words("energy_class", &["A", "B", "C", "D", "E"]),
    number("width_cm", 45, 90, 5),
    number("height_cm", 80, 200, 5),
    number("weight_kg", 30, 110, 5),
    number("noise_db", 32, 76, 2),
    flag("app_control", 400),
    number("warranty_years", 2, 10, 1).mostly(),
];
/// What all vacuum cleaners have.
#[rustfmt::skip]
static VACUUM: [Fact; 7] = [
    number("power_w", 250, 900, 50),
    number("noise_db", 58, 80, 2),
    number("weight_kg", 2, 8, 1),
    words("filter", &["HEPA", "standard", "washable"]),
    number("warranty_years", 2, 5, 1),
    flag("app_control", 400),
    flag("pet_hair", 500).mostly(),
];
const LOAD: Axis = axis("load", &["7 kg", "8 kg", "9 kg", "10 kg"]);

#[rustfmt::skip]
pub static DEPARTMENT: Department = Department {
    id: "appliances", name: Word("Appliances", "Haushaltsgeräte", "가전제품"),
    sections: &[
        Section { id: "laundry", name: Word("Laundry", "Wäschepflege", "세탁"), audience: None, groups: &[
            Group { id: "washing", name: Word("Washing & Drying", "Waschen & Trocknen", "세탁·건조"), kinds: &[
                &Kind { id: "washing-machines", noun: Word("Washing Machine", "Waschmaschine", "세탁기"), plural: Word("Washing Machines", "Waschmaschinen", "세탁기"), picture: "washing-machine",
                    cents: (34_999, 129_900), palette: &METAL, axes: &[LOAD], style: Style::Model, facts: &[&LARGE, &[COLORED, number("spin_rpm", 1_200, 1_600, 200)]] },
                &Kind { id: "tumble-dryers", noun: Word("Tumble Dryer", "Wäschetrockner", "건조기"), plural: Word("Tumble Dryers", "Wäschetrockner", "건조기"), picture: "washing-machine",
                    cents: (39_999, 139_900), palette: &METAL, axes: &[LOAD], style: Style::Model, facts: &[&LARGE, &[COLORED, words("technique", &["heat pump", "condenser", "vented"])]] },
            ] },
        ] },
        Section { id: "kitchen", name: Word("For the Kitchen", "Für die Küche", "주방용"), audience: None, groups: &[
            Group { id: "cooling", name: Word("Fridges & Freezers", "Kühl- und Gefriergeräte", "냉장고·냉동고"), kinds: &[
                &Kind { id: "refrigerators", noun: Word("Refrigerator", "Kühlschrank", "냉장고"), plural: Word("Refrigerators", "Kühlschränke", "냉장고"), picture: "fridge",
                    cents: (29_999, 199_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&LARGE, &[number("capacity_l", 120, 560, 20), flag("no_frost", 600)]] },
                &Kind { id: "freezers", noun: Word("Freezer", "Gefrierschrank", "냉동고"), plural: Word("Freezers", "Gefrierschränke", "냉동고"), picture: "fridge",
                    cents: (24_999, 119_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&LARGE, &[number("capacity_l", 80, 380, 20), flag("no_frost", 500)]] },
            ] },
            Group { id: "dishes", name: Word("Dishwashers & Ovens", "Geschirrspüler & Backöfen", "식기세척기·오븐"), kinds: &[
                &Kind { id: "dishwashers", noun: Word("Dishwasher", "Geschirrspüler", "식기세척기"), plural: Word("Dishwashers", "Geschirrspüler", "식기세척기"), picture: "dishwasher",
                    cents: (34_999, 119_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&LARGE, &[number("place_settings", 9, 16, 1), words("installation", &["built-in", "freestanding"])]] },
                &Kind { id: "ovens", noun: Word("Oven", "Backofen", "오븐"), plural: Word("Ovens", "Backöfen", "오븐"), picture: "oven",
                    cents: (29_999, 149_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&LARGE, &[number("capacity_l", 48, 76, 4), words("cleaning", &["pyrolytic", "catalytic", "steam"])]] },
            ] },
        ] },
        Section { id: "cleaning", name: Word("Cleaning", "Bodenpflege", "청소"), audience: None, groups: &[
            Group { id: "vacuums", name: Word("Vacuum Cleaners", "Staubsauger", "청소기"), kinds: &[
                &Kind { id: "canister-vacuums", noun: Word("Vacuum Cleaner", "Bodenstaubsauger", "진공청소기"), plural: Word("Canister Vacuum Cleaners", "Bodenstaubsauger", "진공청소기"), picture: "vacuum",
                    cents: (6_999, 49_900), palette: &super::BRIGHT, axes: &[COLOR], style: Style::Model, facts: &[&VACUUM, &[number("cable_cm", 500, 1_000, 100)]] },
                &Kind { id: "robot-vacuums", noun: Word("Robot Vacuum", "Saugroboter", "로봇청소기"), plural: Word("Robot Vacuums", "Saugroboter", "로봇청소기"), picture: "robot-vacuum",
                    cents: (14_999, 99_900), palette: &["white", "black", "grey"], axes: &[COLOR], style: Style::Model, facts: &[&VACUUM, &[number("battery_minutes", 90, 240, 30), flag("mopping", 600)]] },
            ] },
        ] },
    ],
    copy: &[
        Word("Saves power, year after year.", "Spart Jahr für Jahr Strom.", "해마다 전기를 아껴 줍니다."),
        Word("Quiet enough to run at night.", "Leise genug für die Nacht.", "밤에도 사용할 수 있을 만큼 조용합니다."),
        Word("Delivered to your door, with the old appliance taken away.", "Lieferung bis zur Wohnungstür, Altgerät wird mitgenommen.", "집 앞까지 배송하고 쓰던 제품은 수거해 드립니다."),
        Word("Easy to repair, with spare parts for ten years.", "Leicht zu reparieren, mit Ersatzteilen für zehn Jahre.", "수리가 쉽고 부품을 10년 동안 보유합니다."),
    ],
};
