//! The image of the listing index: a service that starts again goes on from it, and answers as one that reads all products.

use std::path::{Path, PathBuf};

use projections::instant::Instant;
use serde_json::json;

use crate::harness::compare::{Readers, around_edges, compare};
use crate::harness::events::{Catalogue, price, product};
use crate::harness::process::Home;
use crate::harness::production::Production;
use crate::harness::service::Service;
use crate::harness::stream::{GROUPS, nasty};
use crate::harness::{eventually, now};

const DAY: i64 = 24 * 3_600_000;
const GOES_ON: &str = "the listing index goes on from its image";
const OFTEN: &str = "index.image_seconds=1";

fn image(home: &Home) -> PathBuf {
    home.data_dir().join("index-1.image")
}

fn said(service: &Service, needle: &str) -> bool {
    service.process.stderr().iter().any(|line| line.contains(needle))
}

/// Its answers are the oracle's.
fn assert_answers(service: &Service, catalogue: &Catalogue, now: i64) {
    let mut instants = vec![now, now - DAY, now + 2 * DAY];
    instants.extend(around_edges(&catalogue.oracle, 1));
    let readers = Readers {
        instants: &instants,
        markets: &["default", "eu"],
        groups: &[None, Some(GROUPS[0])],
        locales: &[None, Some("de")],
    };
    println!("{} answers compared", compare(service, catalogue, readers));
}

fn wait_for(path: &Path) {
    eventually("there is an image", || path.exists().then_some(()));
}

#[test]
fn a_service_goes_on_from_its_image() {
    let now = now();
    let catalogue = Catalogue::new(nasty(71, 500, now));
    let (before, after) = catalogue.lines.split_at(350);
    let home = Home::new();
    let mut service = home.serve();
    assert!(!said(&service, GOES_ON));
    home.publish(before);
    assert!(service.process.terminate().success());
    assert!(image(&home).exists(), "{:#?}", service.process.stderr());
    let file = home.write("after.ndjson", after.join("\n"));
    home.run(&["publish", &file, "--skip-unusable"]).good();
    let service = home.serve();
    assert!(said(&service, GOES_ON), "{:#?}", service.process.stderr());
    home.settled();
    service.knows_all();
    assert_answers(&service, &catalogue, now);
}

/// It says how many products were changed after the image was made: they alone are read.
#[test]
fn a_killed_service_goes_on_from_the_last_image() {
    let now = now();
    let catalogue = Catalogue::new(nasty(72, 500, now));
    let (before, after) = catalogue.lines.split_at(350);
    let home = Home::new().set(OFTEN);
    let mut service = home.serve();
    home.publish(before);
    wait_for(&image(&home));
    home.publish(after);
    service.process.kill();
    let service = home.serve();
    assert!(said(&service, GOES_ON), "{:#?}", service.process.stderr());
    assert_answers(&service, &catalogue, now);
}

#[test]
fn an_image_is_gone_on_from_while_a_projector_works() {
    let now = now();
    let catalogue = Catalogue::new(nasty(73, 700, now));
    let (before, after) = catalogue.lines.split_at(350);
    let shop = Production::new();
    let _projector = shop.projector();
    let mut api = shop.api();
    shop.home.publish(before);
    api.knows_all();
    assert!(api.process.terminate().success());
    let middle = after.len() / 2;
    shop.home.publish(&after[..middle]);
    let file = shop.home.write("after.ndjson", after[middle..].join("\n"));
    let mut publisher = shop.home.spawn(&["publish", &file, "--skip-unusable"]);
    let api = shop.api();
    assert!(said(&api, GOES_ON), "{:#?}", api.process.stderr());
    assert!(publisher.wait().success(), "{:#?}", publisher.stderr());
    shop.home.settled();
    api.knows_all();
    assert_answers(&api, &catalogue, now);
}

#[test]
fn what_is_no_image_of_this_store_is_not_used() {
    let now = now();
    let catalogue = Catalogue::new(nasty(74, 200, now));
    let home = Home::new();
    home.publish_by_a_service(&catalogue.lines);
    let whole = std::fs::read(image(&home)).unwrap();
    let half = whole.len() / 2;
    let changed = |at: usize, by: u8| {
        let mut bytes = whole.clone();
        bytes[at] ^= by;
        bytes
    };
    let mut longer = whole[..half].to_vec();
    longer.extend_from_slice(&whole[half / 2..]);
    // Without one of its frames.
    let frames = frames(&whole);
    let cut = &frames[frames.len() / 2];
    let mut without = whole[..cut.start].to_vec();
    without.extend_from_slice(&whole[cut.end..]);
    let damaged = [
        Vec::new(),
        whole[..half].to_vec(),
        whole[..whole.len() - 1].to_vec(),
        changed(3, 1),
        changed(9, 0x40),
        changed(half, 1),
        changed(whole.len() - 1, 0x80),
        longer,
        without,
    ];
    for bytes in damaged {
        std::fs::write(image(&home), bytes).unwrap();
        let mut service = home.serve();
        let not_used = "the image of the listing index is not used: all products are read";
        assert!(said(&service, not_used), "{:#?}", service.process.stderr());
        assert_eq!(listed(&service), catalogue.listed(now));
        // Another one takes its place.
        assert!(service.process.terminate().success());
        assert!(said(&service, "is loaded") && !said(&service, "panicked"));
        assert!(image(&home).metadata().unwrap().len() > half as u64);
    }
    let mut service = home.serve();
    assert!(said(&service, GOES_ON), "{:#?}", service.process.stderr());
    assert_answers(&service, &catalogue, now);
    assert!(service.process.terminate().success());
}

/// Where each frame of an image stands: length, checksum, bytes.
fn frames(image: &[u8]) -> Vec<std::ops::Range<usize>> {
    let (mut at, mut frames) = (8, Vec::new());
    while at < image.len() {
        let length = u32::from_le_bytes(image[at..at + 4].try_into().unwrap()) as usize;
        frames.push(at..at + 12 + length);
        at += 12 + length;
    }
    frames
}

impl Home {
    /// A service takes these lines, and ends.
    fn publish_by_a_service(&self, lines: &[String]) {
        let mut service = self.serve();
        self.publish(lines);
        assert!(service.process.terminate().success());
    }
}

/// How many products the listing of everything has.
fn listed(service: &Service) -> u64 {
    service.get("/api/v1/listings/all").page()["total"].as_u64().unwrap()
}

impl Catalogue {
    fn listed(&self, now: i64) -> u64 {
        use projections::index::query::filters::Filters;
        use projections::listing::Sort;
        use vitrine_oracle::{Asked, Listing};
        let asked = Asked { market: "default", group: None, locale: None, at: Instant(now) };
        let everything = Listing { kind: "all", id: "" };
        let filters = Filters::default();
        self.oracle.select(everything, asked, Sort::Newest, &filters).len() as u64
    }
}

/// The store has what the image has not, and the other way round.
#[test]
fn a_store_from_a_backup_is_read_whole() {
    let home = Home::new();
    home.publish_by_a_service(&[product("mug", json!({})), price("p", "mug", 500, json!({}))]);
    let stores = || {
        let files = std::fs::read_dir(home.data_dir()).unwrap().map(|file| file.unwrap().path());
        files.filter(|file| file.is_file()).filter(|file| {
            let name = file.file_name().unwrap().to_string_lossy();
            !name.ends_with(".image")
        })
    };
    let backup: Vec<_> =
        stores().map(|file| (file.clone(), std::fs::read(&file).unwrap())).collect();
    home.publish_by_a_service(&[
        price("p", "mug", 700, json!({"version": 2})),
        product("cup", json!({})),
        price("q", "cup", 300, json!({})),
    ]);
    stores().for_each(|file| std::fs::remove_file(file).unwrap());
    backup.iter().for_each(|(file, bytes)| std::fs::write(file, bytes).unwrap());
    let service = home.serve();
    assert!(said(&service, "of another state of the store"), "{:#?}", service.process.stderr());
    assert!(!said(&service, GOES_ON));
    let amounts = || {
        let listing = service.get("/api/v1/listings/all?sort=price_asc").page();
        let items = listing["items"].as_array().unwrap().clone();
        items.iter().map(|card| card["price"]["final"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    eventually("the log is projected again", || (amounts() == [300, 700]).then_some(()));
}

#[test]
fn an_image_of_other_markets_is_not_used() {
    let home = Home::new();
    home.publish_by_a_service(&[product("mug", json!({})), price("p", "mug", 500, json!({}))]);
    home.write(
        "vitrine.toml",
        "[[market]]\nid = \"default\"\ncurrency = \"USD\"\nlocale = \"en\"\n",
    );
    let service = home.serve();
    assert!(said(&service, "it cannot be used"), "{:#?}", service.process.stderr());
    assert_eq!(listed(&service), 1);
}

#[test]
fn an_image_stays_while_nothing_changes() {
    let home = Home::new();
    home.publish_by_a_service(&[product("mug", json!({})), price("p", "mug", 500, json!({}))]);
    let kept = std::fs::read(image(&home)).unwrap();
    for _ in 0..2 {
        let mut service = home.serve_with(&["--set", OFTEN]);
        assert!(said(&service, GOES_ON), "{:#?}", service.process.stderr());
        assert!(service.process.terminate().success());
        assert!(std::fs::read(image(&home)).unwrap() == kept, "it was written again");
    }
    let mut service = home.serve();
    let position = service.publish(&[price("p", "mug", 700, json!({"version": 2}))]);
    service.reflects(&position);
    assert!(service.process.terminate().success());
    assert!(std::fs::read(image(&home)).unwrap() != kept, "it was not written again");
}

#[test]
fn no_image_is_kept_where_none_is_wanted() {
    let home = Home::new().set("index.image_seconds=0");
    home.publish_by_a_service(&[product("mug", json!({}))]);
    assert!(!image(&home).exists());
}

#[test]
fn images_of_generations_that_nobody_goes_back_to_are_removed() {
    let home = Home::new();
    home.publish_by_a_service(&[product("mug", json!({})), price("p", "mug", 500, json!({}))]);
    for generation in 2..=3 {
        home.run(&["rebuild", "--promote"]).good();
        let mut service = home.serve();
        assert!(!said(&service, GOES_ON), "an image of another generation");
        assert_eq!(listed(&service), 1);
        assert!(service.process.terminate().success());
        let there = |number: i64| home.data_dir().join(format!("index-{number}.image")).exists();
        let kept: Vec<i64> = (1..=generation).filter(|number| there(*number)).collect();
        assert_eq!(kept, [generation - 1, generation]);
    }
}
