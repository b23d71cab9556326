//! What the sample shop sells. A kind of product is one record: its names, its category, its
//! prices, its picture, its options and its attributes stand together, so that nothing can be a
//! knife in its name and a shirt in its category. Each department has a file of its own.
//!
//! A change here changes the stream for ever: a test's golden hash says so.

mod appliances;
mod beauty;
mod books;
mod clothing;
pub mod copy;
mod electronics;
#[cfg(test)]
mod fits;
mod garden;
mod grocery;
mod home;
mod kitchen;
mod paint;
mod shoes;
mod sports;
mod toys;

use super::words::Word;

/// The departments, in the order in which growing catalogues get them.
pub static DEPARTMENTS: [&Department; 13] = [
    &clothing::DEPARTMENT,
    &kitchen::DEPARTMENT,
    &home::DEPARTMENT,
    &electronics::DEPARTMENT,
    &shoes::DEPARTMENT,
    &sports::DEPARTMENT,
    &appliances::DEPARTMENT,
    &toys::DEPARTMENT,
    &garden::DEPARTMENT,
    &paint::DEPARTMENT,
    &grocery::DEPARTMENT,
    &books::DEPARTMENT,
    &beauty::DEPARTMENT,
];

/// A root of the category tree.
pub struct Department {
    pub id: &'static str,
    pub name: Word,
    pub sections: &'static [Section],
}

/// The second step of a category path.
pub struct Section {
    pub id: &'static str,
    pub name: Word,
    /// Whom its products are made for: the attribute `audience`, and the start of the names of the
    /// categories below.
    pub audience: Option<Audience>,
    pub groups: &'static [Group],
}

/// Whom a section's products are made for.
pub struct Audience {
    pub value: &'static str,
    /// Stands before a category's name, with its hyphen or space.
    pub prefix: Word,
}

/// The third step of a category path; each of its kinds is a leaf below it.
pub struct Group {
    pub id: &'static str,
    pub name: Word,
    pub kinds: &'static [&'static Kind],
}

/// A kind of product.
pub struct Kind {
    /// The last part of its categories' ids, and a part of slugs.
    pub id: &'static str,
    /// One product, as names have it.
    pub noun: Word,
    /// The category's name.
    pub plural: Word,
    /// Which drawing the storefront shows.
    pub picture: &'static str,
    /// Lowest and highest usual price, in US cents.
    pub cents: (u64, u64),
    /// The colours that it comes in, or that its package has.
    pub palette: &'static [&'static str],
    /// The options that its variants differ in: one or two.
    pub axes: &'static [Axis],
    /// Its attributes, beside those that every product has.
    pub facts: &'static [&'static [Fact]],
    pub style: Style,
}

/// How a product's name is put together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// "Norlund Drift Wool Sweater".
    Plain,
    /// "Norlund Drift Laptop 300".
    Model,
    /// "The Silent Harbours (Novel)".
    Title,
    /// As `Plain`. A few of these products are made to measure: they have every value of their
    /// options, which are 200 variants, and a price for each.
    Measured,
}

/// An option of variants.
pub struct Axis {
    pub name: &'static str,
    pub values: Values,
}

/// An attribute: what it may be, and how many of 1,000 products have it.
pub struct Fact {
    pub name: &'static str,
    pub values: Values,
    pub share: u64,
}

/// What an attribute or an option may be.
#[derive(Clone, Copy)]
pub enum Values {
    /// The colours of the kind.
    Palette,
    Words(&'static [&'static str]),
    /// Hundredths, from the first to the second in steps of the third.
    Number(u64, u64, u64),
    /// One of these whole numbers.
    OneOf(&'static [u64]),
    /// True for so many of 1,000.
    Flag(u64),
    /// Numbers as text with something before or after: the first, the step, how many.
    Run {
        before: &'static str,
        numbers: (u64, u64, u64),
        after: &'static str,
    },
}

impl Values {
    /// How many values an option has; 0 for what is no option.
    pub fn count(self, palette: &[&str]) -> u64 {
        match self {
            Values::Palette => palette.len() as u64,
            Values::Words(words) => words.len() as u64,
            Values::Run { numbers, .. } => numbers.2,
            Values::Number(..) | Values::OneOf(_) | Values::Flag(_) => 0,
        }
    }
}

const fn words(name: &'static str, values: &'static [&'static str]) -> Fact {
    Fact { name, values: Values::Words(values), share: 1_000 }
}

/// Whole numbers.
const fn number(name: &'static str, from: u64, to: u64, step: u64) -> Fact {
    hundredths(name, from * 100, to * 100, step * 100)
}

/// One of these whole numbers.
const fn one_of(name: &'static str, values: &'static [u64]) -> Fact {
    Fact { name, values: Values::OneOf(values), share: 1_000 }
}

const fn hundredths(name: &'static str, from: u64, to: u64, step: u64) -> Fact {
    Fact { name, values: Values::Number(from, to, step), share: 1_000 }
}

/// True for `share` of 1,000 products.
const fn flag(name: &'static str, share: u64) -> Fact {
    Fact { name, values: Values::Flag(share), share: 1_000 }
}

impl Fact {
    /// Only two products in three have it.
    const fn mostly(self) -> Fact {
        Fact { share: 660, ..self }
    }
}

const fn axis(name: &'static str, values: &'static [&'static str]) -> Axis {
    Axis { name, values: Values::Words(values) }
}

const COLOR: Axis = Axis { name: "color", values: Values::Palette };
const SIZE: Axis = axis("size", &["XS", "S", "M", "L", "XL", "XXL"]);
/// The colour of what does not come in several.
const COLORED: Fact = Fact { name: "color", values: Values::Palette, share: 1_000 };

/// Palettes: clothes, what stands in a room, what is made of metal, and bright things.
#[rustfmt::skip]
static CLOTH: [&str; 12] = ["black", "white", "navy", "grey", "beige", "dark green", "red", "light blue", "wine red", "mustard", "pink", "brown"];
#[rustfmt::skip]
static ROOM: [&str; 8] = ["white", "grey", "beige", "oak", "walnut", "black", "dark green", "rust"];
static METAL: [&str; 5] = ["silver", "black", "white", "grey", "red"];
#[rustfmt::skip]
static BRIGHT: [&str; 10] = ["red", "blue", "yellow", "green", "orange", "pink", "turquoise", "purple", "white", "black"];

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn leaves() -> Vec<(&'static Department, &'static Section, &'static Group, &'static Kind)> {
        let mut all = Vec::new();
        for department in DEPARTMENTS {
            for section in department.sections {
                for group in section.groups {
                    all.extend(group.kinds.iter().map(|kind| (department, section, group, *kind)));
                }
            }
        }
        all
    }

    /// `gtin` and `made_in` are every product's.
    #[test]
    fn every_product_has_eight_to_twelve_attributes_and_options() {
        let mut wrong = Vec::new();
        for (_, section, _, kind) in leaves() {
            let facts = || kind.facts.iter().flat_map(|bundle| bundle.iter());
            let own = 2 + kind.axes.len() + usize::from(section.audience.is_some());
            let least = own + facts().filter(|fact| fact.share == 1_000).count();
            let most = own + facts().count();
            if least < 8 || most > 12 {
                wrong.push(format!("{}: {least} to {most}", kind.id));
            }
            let mut names: HashSet<&str> = ["gtin", "made_in", "audience"].into();
            for name in facts().map(|fact| fact.name).chain(kind.axes.iter().map(|axis| axis.name))
            {
                assert!(names.insert(name), "{} has {name} twice", kind.id);
            }
        }
        assert_eq!(wrong, [""; 0]);
    }

    #[test]
    fn every_kind_can_be_drawn_named_and_chosen_from() {
        let mut by_id: HashMap<&str, &Kind> = HashMap::new();
        for (_, _, group, kind) in leaves() {
            let known = by_id.entry(kind.id).or_insert(kind);
            assert!(std::ptr::eq(*known, kind), "two kinds are called {}", kind.id);
            assert!(matches!(kind.axes.len(), 1 | 2) && !kind.palette.is_empty(), "{}", kind.id);
            assert!(kind.axes.iter().all(|axis| axis.values.count(kind.palette) >= 2));
            assert!(kind.cents.0 >= 150 && kind.cents.0 * 2 <= kind.cents.1, "{}", kind.id);
            assert!(group.kinds.len() > 1, "{} has one kind", group.id);
            if kind.style == Style::Measured {
                let count = |axis: &Axis| axis.values.count(kind.palette);
                assert_eq!(kind.axes.iter().map(count).product::<u64>(), 200, "{}", kind.id);
            }
        }
        assert!(by_id.len() > 80, "{}", by_id.len());
        assert!(by_id.values().filter(|kind| kind.style == Style::Measured).count() == 2);
    }

    #[test]
    fn ids_of_categories_differ() {
        let ids: HashSet<_> =
            leaves().iter().map(|(d, s, g, k)| [d.id, s.id, g.id, k.id].join("-")).collect();
        assert_eq!(ids.len(), leaves().len());
    }
}
