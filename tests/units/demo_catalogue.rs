//! What the demo's folder says of the catalogue in it.

use std::fs;
use std::path::Path;

use projections::instant::Instant;
use vitrine::demo::made::{FILE, GoOn, Made, go_on};
use vitrine::generate::{Options, VERSION};

fn made() -> Made {
    Made::of(&Options { products: 700, events: 8_400, seed: 3, start: Instant(1_500) })
}

#[test]
fn a_catalogue_goes_on_as_it_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("demo");
    assert!(Made::read(&inner).unwrap().is_none());
    made().write(&inner).unwrap();
    made().complete().write(&inner).unwrap();
    let read = Made::read(&inner).unwrap();
    assert_eq!(read, Some(made().complete()));
    for asked in [None, Some(700)] {
        let GoOn::Live(options) = go_on(read.as_ref(), asked, &inner).unwrap() else {
            panic!("no live changes")
        };
        assert_eq!((options.products, options.events, options.seed), (700, 8_400, 3));
        assert_eq!(options.start, Instant(1_500));
    }
}

#[test]
fn another_number_of_products_is_refused() {
    let error = go_on(Some(&made().complete()), Some(20), Path::new("/x/demo")).unwrap_err();
    let error = error.to_string();
    for part in ["/x/demo", "700 products", "asks for 20", "remove", "leave --products out"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn what_is_not_known_gets_no_live_changes() {
    let folder = Path::new("/x");
    let still = |made: Option<Made>, asked| match go_on(made.as_ref(), asked, folder) {
        Ok(GoOn::Still(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(still(None, Some(5)).contains("made of"));
    assert!(still(Some(made()), None).contains("published"));
    let older = Made { generator: VERSION - 1, ..made().complete() };
    assert!(still(Some(older), None).contains("version"));
    let undated = Made { start: "soon".to_owned(), ..made().complete() };
    assert!(still(Some(undated), None).contains("begins"));
    let broken = tempfile::tempdir().unwrap();
    fs::write(broken.path().join(FILE), "{").unwrap();
    assert!(Made::read(broken.path()).unwrap().is_none());
}
