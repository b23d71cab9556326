//! How many generations are kept: `rebuild.keep`.

use projections::instant::Instant;
use serde_json::{Value, json};
use vitrine::catalogue::{Generation, State};
use vitrine::generations::keep::beyond;
use vitrine::store::PROJECTION_VERSION;

use crate::harness::events::{price, product};
use crate::harness::process::Home;

fn numbers(home: &Home) -> Vec<i64> {
    let known = home.json(&["generations", "list"]);
    known.as_array().unwrap().iter().map(|g| g["number"].as_i64().unwrap()).collect()
}

#[test]
fn repeated_rebuilds_keep_no_more_than_is_configured() {
    let home = Home::new();
    let service = home.serve();
    home.publish(&[product("mug", json!({})), price("p", "mug", 900, json!({}))]);
    // Nobody promotes them: the live one stays.
    for _ in 0..4 {
        home.run(&["rebuild", "--fresh"]).good();
    }
    assert_eq!(numbers(&home), [1, 4, 5]);
    assert!(!home.data_dir().join("generation-2.db").exists());
    home.run(&["rebuild", "--fresh", "--promote"]).good();
    assert_eq!(numbers(&home), [1, 5, 6]);
    // The one that was live before goes last: there is something to go back to.
    home.run(&["rebuild", "--fresh", "--promote"]).good();
    assert_eq!(numbers(&home), [1, 6, 7]);
    let back = home.json(&["generations", "rollback"]);
    assert_eq!(back["generation"], 6, "{back:#}");
    assert_eq!(service.get("/api/v1/products/mug").page()["price"]["final"], 900);
    let one: Value = home.json(&["rebuild", "--fresh", "--set", "rebuild.keep=1"]);
    assert_eq!(one["generation"], 8, "{one:#}");
    assert_eq!(numbers(&home), [6, 8]);
}

#[test]
fn what_is_dropped_first() {
    let generation = |number: i64, promoted_at: Option<i64>| Generation {
        number,
        place: String::new(),
        projection_version: PROJECTION_VERSION,
        created_at: Instant(0),
        state: State::Following,
        promoted_at: promoted_at.map(Instant),
        live: number == 4,
    };
    let building = Generation { state: State::Building, ..generation(8, None) };
    let of_another_build = Generation { projection_version: 0, ..generation(9, None) };
    let known = [
        generation(1, Some(10)),
        generation(2, Some(30)),
        generation(3, Some(20)),
        generation(4, Some(40)),
        generation(5, None),
        generation(6, None),
        building,
        of_another_build,
    ];
    assert_eq!(beyond(&known, &[], 1), [5, 6, 1, 3, 2]);
    assert_eq!(beyond(&known, &[], 2), [5, 6, 1, 3]);
    assert_eq!(beyond(&known, &[], 5), [5]);
    assert_eq!(beyond(&known, &[], 6), [0; 0]);
    // One that is answered from, or about to be, is in nobody's way.
    assert_eq!(beyond(&known, &[4, 5], 4), [6]);
}
