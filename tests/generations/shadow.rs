//! Pages that are asked for, compared with another generation's.

use serde_json::json;
use sqlx::{Connection, SqliteConnection};

use super::switching::another;
use crate::harness::process::Home;
use crate::harness::service::Service;
use crate::harness::{events, eventually};

const RESULTS: [&str; 5] = ["same", "different", "unsettled", "left_out", "failed"];

fn shop(per_mille: u32) -> (Home, Service) {
    let home = Home::new().set(format!("rebuild.shadow_reads_per_mille={per_mille}"));
    let service = home.serve();
    home.publish(&[
        events::product("mug", json!({})),
        events::price("p-mug", "mug", 900, json!({})),
        events::stock("mug", 1, 7),
        events::product("cup", json!({})),
        events::price("p-cup", "cup", 700, json!({})),
    ]);
    assert_eq!(another(&home), 2);
    eventually("the new generation knows the shop", || {
        (sql(&home, "UPDATE stock SET available = 7 WHERE sku = 'mug'") > 0).then_some(())
    });
    (home, service)
}

/// Changes the second generation; answers how many rows that were.
fn sql(home: &Home, statement: &str) -> u64 {
    let file = home.data_dir().join("generation-2.db");
    let change = async {
        let url = format!("sqlite:{}", file.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let done = sqlx::query(statement).execute(&mut connection).await;
        connection.close().await.unwrap();
        // Its tables may be yet to come.
        done.map_or(0, |done| done.rows_affected())
    };
    tokio::runtime::Runtime::new().unwrap().block_on(change)
}

/// How many comparisons ended how, in the order of [`RESULTS`].
fn counts(service: &Service) -> [u64; 5] {
    let metrics = service.get("/metrics").body;
    let metrics = metrics.as_str().unwrap();
    RESULTS.map(|result| {
        let name = format!("vitrine_shadow_reads_total{{result=\"{result}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
        line.unwrap_or_else(|| panic!("{name} {metrics}")).parse().unwrap()
    })
}

/// Waits until so many pages were compared.
fn compared(service: &Service, pages: u64) -> [u64; 5] {
    eventually("pages are compared", || {
        let counts = counts(service);
        (counts.iter().sum::<u64>() >= pages).then_some(counts)
    })
}

#[test]
fn equal_generations_are_the_same_from_the_cache_or_not() {
    let (_home, service) = shop(1_000);
    let mut asked = 0;
    for path in [
        "/api/v1/products/mug",
        "/api/v1/products/mug?group=vip",
        "/api/v1/products/none",
        "/api/v1/products?ids=mug,cup&view=page",
        "/api/v1/products/mug/reviews",
    ] {
        for _ in 0..2 {
            service.get(path);
            asked += 1;
        }
        assert_eq!(compared(&service, asked), [asked, 0, 0, 0, 0], "{path}");
    }
    // What is made from the index follows from the same facts: it is not compared.
    for path in ["/api/v1/products?ids=mug,cup", "/api/v1/listings/all", "/api/v1/home"] {
        assert_eq!(service.get(path).status, 200);
    }
    service.get("/api/v1/products/cup");
    assert_eq!(compared(&service, asked + 1), [asked + 1, 0, 0, 0, 0]);
}

#[test]
fn a_difference_is_counted_and_told() {
    let (home, service) = shop(1_000);
    assert_eq!(sql(&home, "UPDATE stock SET available = 6 WHERE sku = 'mug'"), 1);
    service.get("/api/v1/products/cup");
    assert_eq!(compared(&service, 1), [1, 0, 0, 0, 0]);
    service.get("/api/v1/products/mug");
    assert_eq!(compared(&service, 2), [1, 1, 0, 0, 0]);
    let told = eventually("the page is named", || {
        let lines = service.process.stderr();
        lines.into_iter().find(|line| line.contains("not the same in the live generation"))
    });
    for part in ["mug", "stock.available: 7 and 6"] {
        assert!(told.contains(part), "{part}: {told}");
    }

    // An event puts it right: it is told for both generations.
    home.publish(&[events::stock("mug", 2, 5)]);
    service.get("/api/v1/products/mug");
    assert_eq!(compared(&service, 3), [2, 1, 0, 0, 0]);
}

#[test]
fn nothing_is_compared_that_is_not_asked_for_as_it_is_now() {
    let (_home, service) = shop(1_000);
    let position = service.publish(&[events::stock("mug", 2, 5)]);
    service.get("/api/v1/products/cup");
    assert_eq!(compared(&service, 1), [1, 0, 0, 0, 0]);
    let at = events::at(crate::harness::now());
    assert_eq!(service.get(&format!("/api/v1/products/mug?at={at}")).status, 200);
    let headers = [("Vitrine-Min-Position", position.as_str()), ("Vitrine-Wait-Ms", "5000")];
    assert_eq!(service.get_with("/api/v1/products/mug", &headers).status, 200);
    service.get("/api/v1/products/cup");
    assert_eq!(compared(&service, 2), [2, 0, 0, 0, 0]);
}

#[test]
fn nothing_is_compared_unless_that_is_configured() {
    let (home, service) = shop(0);
    assert_eq!(sql(&home, "UPDATE stock SET available = 6 WHERE sku = 'mug'"), 1);
    for _ in 0..100 {
        assert_eq!(service.get("/api/v1/products/mug").status, 200);
    }
    assert_eq!(counts(&service), [0; 5]);
}
