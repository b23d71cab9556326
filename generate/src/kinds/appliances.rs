//! Large appliances and what cleans.

use super::super::words::Word;
use super::{
    Axis, COLOR, COLORED, Department, Fact, Group, Kind, METAL, Section, Style, axis, flag, number,
    words,
};

/// What all large appliances have.
#[rustfmt::skip]
static LARGE: [Fact; 3] = [
    words("energy_class", &["A", "B", "C", "D", "E"]),
    flag("app_control", 400),
    number("warranty_years", 2, 10, 1).mostly(),
];
/// What all vacuum cleaners have.
#[rustfmt::skip]
static VACUUM: [Fact; 3] = [
    words("filter", &["HEPA", "standard", "washable"]),
    number("warranty_years", 2, 5, 1),
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
                    cents: (34_999, 129_900), palette: &METAL, axes: &[LOAD], style: Style::Model, facts: &[&LARGE, &[COLORED, number("spin_rpm", 1_200, 1_600, 200), number("height_cm", 82, 88, 1), number("width_cm", 58, 60, 1), number("weight_kg", 58, 84, 2), number("noise_db", 66, 78, 1)]] },
                &Kind { id: "tumble-dryers", noun: Word("Tumble Dryer", "Wäschetrockner", "건조기"), plural: Word("Tumble Dryers", "Wäschetrockner", "건조기"), picture: "washing-machine",
                    cents: (39_999, 139_900), palette: &METAL, axes: &[LOAD], style: Style::Model, facts: &[&LARGE, &[COLORED, words("technique", &["heat pump", "condenser", "vented"]), number("height_cm", 82, 88, 1), number("width_cm", 58, 60, 1), number("weight_kg", 36, 58, 2), number("noise_db", 60, 70, 1)]] },
            ] },
        ] },
        Section { id: "kitchen", name: Word("For the Kitchen", "Für die Küche", "주방용"), audience: None, groups: &[
            Group { id: "cooling", name: Word("Fridges & Freezers", "Kühl- und Gefriergeräte", "냉장고·냉동고"), kinds: &[
                &Kind { id: "refrigerators", noun: Word("Refrigerator", "Kühlschrank", "냉장고"), plural: Word("Refrigerators", "Kühlschränke", "냉장고"), picture: "fridge",
                    cents: (29_999, 199_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&LARGE, &[number("capacity_l", 240, 420, 20), flag("no_frost", 600), number("height_cm", 160, 205, 5), number("width_cm", 55, 70, 5), number("weight_kg", 50, 95, 5), number("noise_db", 32, 42, 1)]] },
                &Kind { id: "freezers", noun: Word("Freezer", "Gefrierschrank", "냉동고"), plural: Word("Freezers", "Gefrierschränke", "냉동고"), picture: "fridge",
                    cents: (24_999, 119_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&LARGE, &[number("capacity_l", 160, 300, 20), flag("no_frost", 500), number("height_cm", 140, 185, 5), number("width_cm", 55, 60, 5), number("weight_kg", 45, 75, 5), number("noise_db", 36, 42, 1)]] },
            ] },
            Group { id: "dishes", name: Word("Dishwashers & Ovens", "Geschirrspüler & Backöfen", "식기세척기·오븐"), kinds: &[
                &Kind { id: "dishwashers", noun: Word("Dishwasher", "Geschirrspüler", "식기세척기"), plural: Word("Dishwashers", "Geschirrspüler", "식기세척기"), picture: "dishwasher",
                    cents: (34_999, 119_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&LARGE, &[number("place_settings", 12, 16, 1), words("installation", &["built-in", "freestanding"]), number("height_cm", 82, 87, 1), number("width_cm", 60, 60, 1), number("weight_kg", 34, 52, 2), number("noise_db", 38, 50, 1)]] },
                &Kind { id: "ovens", noun: Word("Oven", "Backofen", "오븐"), plural: Word("Ovens", "Backöfen", "오븐"), picture: "oven",
                    cents: (29_999, 149_900), palette: &METAL, axes: &[COLOR], style: Style::Model, facts: &[&LARGE, &[number("capacity_l", 60, 76, 4), words("cleaning", &["pyrolytic", "catalytic", "steam"]), number("height_cm", 59, 60, 1), number("width_cm", 59, 60, 1), number("weight_kg", 28, 44, 2)]] },
            ] },
        ] },
        Section { id: "cleaning", name: Word("Cleaning", "Bodenpflege", "청소"), audience: None, groups: &[
            Group { id: "vacuums", name: Word("Vacuum Cleaners", "Staubsauger", "청소기"), kinds: &[
                &Kind { id: "canister-vacuums", noun: Word("Vacuum Cleaner", "Bodenstaubsauger", "진공청소기"), plural: Word("Canister Vacuum Cleaners", "Bodenstaubsauger", "진공청소기"), picture: "vacuum",
                    cents: (6_999, 49_900), palette: &super::BRIGHT, axes: &[COLOR], style: Style::Model, facts: &[&VACUUM, &[number("cable_cm", 500, 1_000, 100), number("power_w", 500, 900, 50), number("noise_db", 58, 78, 2), number("weight_kg", 4, 8, 1)]] },
                &Kind { id: "robot-vacuums", noun: Word("Robot Vacuum", "Saugroboter", "로봇청소기"), plural: Word("Robot Vacuums", "Saugroboter", "로봇청소기"), picture: "robot-vacuum",
                    cents: (14_999, 99_900), palette: &["white", "black", "grey"], axes: &[COLOR], style: Style::Model, facts: &[&VACUUM, &[number("battery_minutes", 90, 240, 30), flag("mopping", 600), flag("app_control", 800), number("power_w", 30, 70, 5), number("noise_db", 54, 68, 2), number("weight_kg", 3, 5, 1)]] },
            ] },
        ] },
    ],
};
