//! What cannot be: attributes that no product of a kind may have, alone or together.

use super::{DEPARTMENTS, Fact, Kind, Values};

/// A value that an attribute or an option may have: a word, `true`, `false`, or `*` for any.
type Trait = (&'static str, &'static str);

/// No kind may have both. The first of each is the kind, or `*` for all.
#[rustfmt::skip]
const NEVER_TOGETHER: &[(&str, Trait, Trait)] = &[
    ("*", ("vegan", "true"), ("material", "leather")),
    ("*", ("vegan", "true"), ("material", "suede")),
    ("*", ("vegan", "true"), ("material", "wool")),
    ("*", ("vegan", "true"), ("lining", "leather")),
    ("*", ("vegan", "true"), ("lining", "wool")),
    ("*", ("vegan", "true"), ("wax", "beeswax")),
    ("*", ("organic", "true"), ("material", "polyester")),
    ("*", ("organic", "true"), ("material", "polyamide")),
    ("*", ("organic", "true"), ("material", "recycled polyester")),
    ("*", ("organic", "true"), ("material", "fleece")),
    ("*", ("organic", "true"), ("filling", "polyester")),
    ("*", ("latex_free", "true"), ("material", "natural rubber")),
    ("*", ("batteries", "*"), ("drive", "mains")),
    ("*", ("batteries", "*"), ("drive", "petrol")),
    ("*", ("glaze", "*"), ("material", "glass")),
    ("*", ("glaze", "*"), ("material", "oak")),
    ("*", ("glaze", "*"), ("material", "bamboo")),
    ("*", ("microwave_safe", "true"), ("material", "enamel")),
    ("*", ("microwave_safe", "true"), ("material", "cast iron")),
    ("*", ("pressure_bar", "*"), ("system", "filter")),
    ("*", ("caffeine", "false"), ("variety", "black tea")),
    ("*", ("caffeine", "false"), ("variety", "green tea")),
    ("*", ("caffeine", "true"), ("variety", "herbal tea")),
    ("*", ("caffeine", "true"), ("variety", "rooibos")),
    ("*", ("pages", "*"), ("format", "e-book")),
    ("*", ("pages", "*"), ("format", "audiobook")),
    ("*", ("battery_hours", "*"), ("connection", "cable")),
    ("*", ("care", "machine wash 60 °C"), ("material", "velvet")),
    ("*", ("care", "machine wash 40 °C"), ("material", "wool")),
    ("*", ("care", "machine wash 40 °C"), ("material", "silk")),
];

/// No product of the kind has it.
#[rustfmt::skip]
const NEVER: &[(&str, Trait)] = &[
    ("honeys", ("vegan", "true")), ("cordless-drills", ("drive", "mains")), ("jigsaws", ("drive", "mains")),
    ("hedge-trimmers", ("foldable", "*")), ("e-books", ("pages", "*")), ("e-books", ("weight_g", "*")), ("e-books", ("paper", "*")),
    ("audiobooks", ("pages", "*")), ("audiobooks", ("weight_g", "*")), ("audiobooks", ("paper", "*")),
    ("coffee-machines", ("pressure_bar", "*")), ("bread-knives", ("edge", "smooth")), ("bread-knives", ("edge", "hollow")),
    ("bed-linen", ("material", "wool")), ("bed-linen", ("material", "velvet")), ("earbuds", ("connection", "cable")),
    ("summer-dresses", ("season", "winter")), ("summer-dresses", ("season", "autumn")), ("summer-dresses", ("sleeve", "long")),
    ("shorts", ("season", "winter")), ("shorts", ("season", "autumn")), ("shorts-for-kids", ("season", "winter")),
    ("sandals", ("season", "winter")), ("sandals", ("season", "autumn")), ("sandals", ("lining", "wool")), ("sandals", ("fastening", "laces")),
    ("rubber-boots", ("fastening", "laces")), ("soaps", ("form", "liquid")), ("mountain-bikes", ("brakes", "rim")),
    ("teddy-bears", ("skill", "logic")), ("teddy-bears", ("batteries_needed", "*")), ("dolls", ("skill", "logic")),
    ("dinner-plates", ("material", "bamboo")), ("hammers", ("head", "200 g")), ("rain-jackets", ("organic", "*")),
];

/// Kind, attribute, least and most.
#[rustfmt::skip]
const RANGES: &[(&str, &str, u64, u64)] = &[
    ("parasols", "height_cm", 200, 300), ("dining-tables", "height_cm", 65, 80), ("desks", "height_cm", 60, 125),
    ("sofas", "height_cm", 60, 120), ("wardrobes", "height_cm", 120, 250), ("chairs", "seat_height_cm", 40, 55),
    ("chairs", "height_cm", 70, 120), ("ovens", "height_cm", 40, 100), ("washing-machines", "height_cm", 70, 100),
    ("tumble-dryers", "height_cm", 70, 100), ("dishwashers", "height_cm", 70, 100), ("sleeping-bags", "length_cm", 170, 240),
    ("yoga-mats", "length_cm", 150, 220), ("dumbbells", "length_cm", 15, 60), ("gas-grills", "weight_kg", 10, 100),
    ("running-shoes", "heel_mm", 10, 40), ("monitors", "refresh_hz", 50, 144), ("small-televisions", "refresh_hz", 50, 144),
    ("large-televisions", "refresh_hz", 50, 144), ("hammers", "length_cm", 25, 45), ("floor-lamps", "height_cm", 90, 220),
    ("table-lamps", "height_cm", 15, 90), ("watering-cans", "weight_kg", 0, 8), ("sleeping-bags", "weight_kg", 0, 4),
];

fn kinds() -> Vec<&'static Kind> {
    let sections = DEPARTMENTS.iter().flat_map(|department| department.sections);
    sections.flat_map(|section| section.groups).flat_map(|group| group.kinds).copied().collect()
}

fn facts(kind: &'static Kind) -> impl Iterator<Item = &'static Fact> {
    kind.facts.iter().flat_map(|bundle| bundle.iter())
}

fn may_have(kind: &'static Kind, (name, value): Trait) -> bool {
    let spans = facts(kind).map(|fact| (fact.name, fact.values));
    let mut all = spans.chain(kind.axes.iter().map(|axis| (axis.name, axis.values)));
    all.any(|(of, values)| {
        of == name
            && match values {
                Values::Words(words) => value == "*" || words.contains(&value),
                Values::Flag(share) => match value {
                    "true" => share > 0,
                    "false" => share < 1_000,
                    _ => value == "*",
                },
                _ => value == "*",
            }
    })
}

#[test]
fn no_product_contradicts_itself() {
    let mut wrong = Vec::new();
    for kind in kinds() {
        for (of, first, second) in NEVER_TOGETHER {
            let concerned = *of == "*" || *of == kind.id;
            if concerned && may_have(kind, *first) && may_have(kind, *second) {
                wrong.push(format!("{}: {first:?} and {second:?}", kind.id));
            }
        }
        let never = NEVER.iter().filter(|(of, what)| *of == kind.id && may_have(kind, *what));
        wrong.extend(never.map(|(of, what)| format!("{of}: {what:?}")));
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn sizes_are_those_of_the_kind() {
    for (of, name, least, most) in RANGES {
        let kinds = kinds();
        let kind = kinds.iter().find(|kind| kind.id == *of).expect(of);
        let fact = facts(kind).find(|fact| fact.name == *name).expect(of);
        let (from, to) = match fact.values {
            Values::Number(from, to, _) => (from, to),
            Values::OneOf(numbers) => {
                let ends = numbers.iter().min().zip(numbers.iter().max());
                ends.map(|(from, to)| (from * 100, to * 100)).expect(of)
            }
            _ => panic!("{of} has no number {name}"),
        };
        assert!(least * 100 <= from && to <= most * 100, "{of}: {name} from {from} to {to}");
    }
}

/// A table that names a kind which is not there checks nothing.
#[test]
fn the_tables_name_kinds_that_are_there() {
    let ids: Vec<&str> = kinds().iter().map(|kind| kind.id).collect();
    assert!(NEVER.iter().all(|(of, _)| ids.contains(of)));
}
