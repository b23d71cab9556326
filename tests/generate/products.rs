//! What a product is: its name, its category, its picture and its attributes belong together.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};
use vitrine::generate::Options;

use super::support::{Event, events, options, stream};

/// Each product's first event.
fn products(stream: &str) -> Vec<Event<'_>> {
    let mut seen = HashSet::new();
    let mut products = Vec::new();
    for event in events(stream) {
        if event.kind == "product.upserted.v1" && seen.insert(event.text("product_id").to_owned()) {
            products.push(event);
        }
    }
    products
}

/// So many events that every product is there, and little else.
fn essentials(products: u64, seed: u64) -> Options {
    options(products, products * 4, seed)
}

fn attributes(event: &Event<'_>) -> Map<String, Value> {
    event.data["attributes"].as_object().unwrap().clone()
}

fn variants(event: &Event<'_>) -> Vec<Value> {
    event.data["variants"].as_array().cloned().unwrap_or_default()
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect()
}

/// The path of a product's first category.
fn first_path<'a>(event: &'a Event<'_>) -> Vec<&'a str> {
    ids(&event.data["categories"][0]["path"])
}

/// What the first picture's address says: kind, colour.
fn picture(event: &Event<'_>) -> (String, String) {
    let url = event.data["images"][0]["url"].as_str().unwrap();
    let parts: Vec<&str> = url.strip_prefix("https://img.example/").unwrap().split('/').collect();
    assert_eq!(parts.len(), 3, "{url}");
    assert_eq!(parts[2], format!("{}-1.webp", event.text("product_id")));
    (parts[0].to_owned(), parts[1].to_owned())
}

#[test]
fn every_product_has_eight_to_twelve_attributes_and_options() {
    let stream = stream(essentials(4_000, 3));
    let mut counts = Vec::new();
    let mut names = HashMap::<String, HashSet<&str>>::new();
    for event in products(&stream) {
        let attributes = attributes(&event);
        let mut own: HashSet<String> = attributes.keys().cloned().collect();
        for (name, value) in attributes {
            let kind = if value.is_string() {
                "string"
            } else if value.is_boolean() {
                "flag"
            } else {
                "number"
            };
            names.entry(name).or_default().insert(kind);
        }
        for variant in variants(&event) {
            for name in variant["options"].as_object().unwrap().keys() {
                assert!(
                    !event.data["attributes"][name].is_string(),
                    "{name} twice: {}",
                    event.line
                );
                own.insert(name.clone());
            }
        }
        assert!((8..=12).contains(&own.len()), "{}: {}", own.len(), event.line);
        counts.push(own.len());
    }
    let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    assert!((9.5..11.0).contains(&mean), "{mean}");
    assert!(names.values().all(|kinds| kinds.len() == 1), "{names:?}");
    for kind in ["string", "flag", "number"] {
        assert!(names.values().filter(|kinds| kinds.contains(kind)).count() > 30, "{kind}");
    }
}

#[test]
fn gtins_differ_and_have_the_right_check_digit() {
    let stream = stream(essentials(5_000, 9));
    let mut seen = HashSet::new();
    for event in products(&stream) {
        let gtin = event.data["attributes"]["gtin"].as_str().unwrap().to_owned();
        let digits: Vec<u32> = gtin.chars().map(|c| c.to_digit(10).unwrap()).collect();
        assert_eq!(digits.len(), 13);
        let weighted = |(at, digit): (usize, &u32)| digit * if at % 2 == 0 { 1 } else { 3 };
        let sum: u32 = digits.iter().enumerate().map(weighted).sum();
        assert_eq!(sum % 10, 0, "{gtin}");
        assert!(seen.insert(gtin));
    }
    assert_eq!(seen.len(), 5_000);
}

#[test]
fn most_products_have_one_variant_and_few_have_many() {
    let stream = stream(essentials(4_000, 4));
    let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
    for event in products(&stream) {
        *counts.entry(variants(&event).len().max(1)).or_default() += 1;
    }
    assert_eq!(counts.remove(&200), Some(1));
    assert_eq!(*counts.keys().last().unwrap(), 12);
    let (sum, of) = counts.iter().fold((0, 0), |(sum, of), (n, k)| (sum + *n as u32 * k, of + k));
    let mean = f64::from(sum) / f64::from(of);
    assert!((1.7..1.9).contains(&mean), "{mean}: {counts:?}");
}

#[test]
fn every_path_is_four_deep_and_every_category_has_names() {
    for seed in [1, 2, 3] {
        let stream = stream(essentials(2_000, seed));
        let (mut listed, mut named) = (HashSet::new(), HashMap::<String, Value>::new());
        for event in products(&stream) {
            assert_eq!(first_path(&event).len(), 4, "{}", event.line);
            for category in event.data["categories"].as_array().unwrap() {
                let path = ids(&category["path"]);
                for pair in path.windows(2) {
                    assert!(pair[1].starts_with(&format!("{}-", pair[0])), "{path:?}");
                }
                listed.extend(path.into_iter().map(str::to_owned));
                // One category has one name, whoever says it.
                let id = category["id"].as_str().unwrap().to_owned();
                let name = named.entry(id).or_insert(category["name"].clone());
                assert_eq!(*name, category["name"]);
            }
        }
        assert!(listed.iter().all(|id| named.contains_key(id)));
        assert!((180..320).contains(&listed.len()), "{}", listed.len());
    }
}

#[test]
fn a_seventh_of_all_products_is_in_one_category() {
    for (seed, count) in [(1, 4_000), (7, 8_000)] {
        let stream = stream(essentials(count, seed));
        let mut sizes: HashMap<String, u32> = HashMap::new();
        for event in products(&stream) {
            let categories = event.data["categories"].as_array().unwrap();
            let all: HashSet<&str> = categories.iter().flat_map(|c| ids(&c["path"])).collect();
            all.into_iter().for_each(|id| *sizes.entry(id.to_owned()).or_default() += 1);
        }
        let share = f64::from(sizes["clothing-women"]) / count as f64;
        assert!((0.135..0.155).contains(&share), "{share}");
        // Leaves differ in size: the largest tenth has a good part of all.
        let mut leaves: Vec<u32> =
            sizes.iter().filter(|(id, _)| id.split('-').count() > 3).map(|(_, n)| *n).collect();
        leaves.sort_unstable();
        assert!(leaves[leaves.len() - 1] > leaves[leaves.len() / 2] * 2, "{leaves:?}");
    }
}

/// By hand, so that the tables are not their own judge.
const BELONGS: [(&str, &str, &[&str]); 22] = [
    ("knife", "kitchen-cooking-knives", &["Knife"]),
    ("mug", "kitchen-table-cups", &["Mug"]),
    ("pan", "kitchen-cooking-pans", &["Pan"]),
    ("trousers", "clothing-", &["Trousers", "Jeans"]),
    ("shirt", "clothing-", &["Shirt", "Blouse"]),
    ("sweater", "clothing-", &["Sweater", "Hoodie"]),
    ("dress", "clothing-women-dresses", &["Dress"]),
    ("skirt", "clothing-women-bottoms", &["Skirt"]),
    ("shoe", "shoes-footwear", &["Shoe", "Sneaker"]),
    ("suitcase", "shoes-bags-travel", &["Suitcase"]),
    ("sofa", "home-furniture-seating", &["Sofa"]),
    ("armchair", "home-furniture-seating", &["Armchair"]),
    ("lamp", "home-lighting", &["Lamp"]),
    ("curtain", "home-textiles-windows", &["Curtain"]),
    ("paint-can", "paint-colours", &["Paint", "Varnish"]),
    ("phone", "electronics-mobile", &["Smartphone"]),
    ("headphones", "electronics-audio-headphones", &["Headphones"]),
    ("washing-machine", "appliances-laundry", &["Washing Machine", "Tumble Dryer"]),
    ("bicycle", "sports-cycling-bicycles", &["Bike"]),
    ("tent", "sports-outdoor-camping", &["Tent"]),
    ("book", "books-", &["Novel", "Book", "book", "Guide"]),
    ("teddy", "toys-play-figures", &["Teddy Bear"]),
];

#[test]
fn name_category_slug_and_picture_are_of_one_kind() {
    let stream = stream(essentials(5_000, 2));
    let mut met = HashSet::new();
    for event in products(&stream) {
        let path = first_path(&event);
        let kind = path[3].strip_prefix(&format!("{}-", path[2])).unwrap();
        let number = event.text("product_id").strip_prefix("p-").unwrap();
        assert!(event.text("slug").ends_with(&format!("{kind}-{number}")), "{}", event.line);
        // Its other categories are the same for another audience, or above.
        for category in event.data["categories"].as_array().unwrap() {
            let other = ids(&category["path"]);
            assert!(other.len() < 4 || other[3].ends_with(&format!("-{kind}")), "{}", event.line);
        }
        let (picture, _) = picture(&event);
        let name = event.data["name"]["en"].as_str().unwrap();
        if let Some((_, category, nouns)) = BELONGS.iter().find(|(of, _, _)| *of == picture) {
            assert!(path[3].starts_with(category), "a {picture} in {}", path[3]);
            assert!(nouns.iter().any(|noun| name.contains(noun)), "{picture}: {name}");
            met.insert(picture);
        }
    }
    assert_eq!(met.len(), BELONGS.len(), "{met:?}");
}

#[test]
fn german_and_korean_names_are_not_the_english_ones() {
    let stream = stream(essentials(2_000, 6));
    let mut german = 0;
    for event in products(&stream) {
        let name = &event.data["name"];
        assert!(name["ko"].as_str().unwrap().chars().any(|c| ('가'..='힣').contains(&c)), "{name}");
        assert!(!name["en"].as_str().unwrap().contains(|c: char| !c.is_ascii()), "{name}");
        german += u32::from(name["de"] != name["en"]);
    }
    // Some nouns are the same: Jeans, Sneaker.
    assert!(german > 1_500, "{german}");
}

#[test]
fn the_storefront_draws_every_picture_in_every_colour() {
    let script = include_str!("../../src/demo/storefront/pictures.js");
    let drawn: HashSet<&str> = script
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split_once([':', ',']))
        .map(|(key, _)| key.trim_matches('\''))
        .collect();
    let words = vitrine::generate::vocabulary::script();
    let stream = stream(essentials(4_000, 5));
    let mut met = HashSet::new();
    for event in products(&stream) {
        let (kind, color) = picture(&event);
        assert!(drawn.contains(kind.as_str()), "nothing draws a {kind}");
        assert!(words.contains(&format!("  \"{color}\": \"#")), "no colour {color}");
        // The colour is the product's own, where it says one.
        let first = variants(&event).first().map(|variant| variant["options"]["color"].clone());
        let own =
            first.filter(Value::is_string).unwrap_or(event.data["attributes"]["color"].clone());
        if let Some(own) = own.as_str() {
            assert_eq!(own.replace(' ', "-"), color, "{}", event.line);
        }
        met.insert(kind);
    }
    assert!(met.len() > 80, "{}", met.len());
}
