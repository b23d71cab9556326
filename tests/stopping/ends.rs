//! What does not pass by itself ends the process, which says why.

use serde_json::json;
use sqlx::{Connection, Executor};

use crate::harness::events::{price, product, stock};
use crate::harness::eventually;
use crate::harness::process::Home;
use crate::harness::production::{Production, server};
use crate::harness::service::Service;

/// The process ends by itself, with a status that is none of success, and its last words say why.
#[track_caller]
fn ends_with(service: &mut Service, why: &str) {
    let status = eventually("the service ends", || service.process.ended());
    let lines = service.process.stderr();
    assert_eq!(status.code(), Some(1), "{lines:#?}");
    let error = |line: &&String| line.contains("ERROR") && line.contains("the service stops");
    let error = lines.iter().find(error).unwrap_or_else(|| panic!("{lines:#?}"));
    assert!(error.contains("projecting ended") && error.contains(why), "{lines:#?}");
    let last = lines.last().unwrap();
    assert!(last.starts_with("error:") && last.contains(why), "{lines:#?}");
}

#[test]
fn a_table_of_the_embedded_store_that_is_gone_ends_the_service() {
    let home = Home::new();
    let mut service = home.serve();
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
    let file = home.data_dir().join("generation-1.db");
    let rename = async {
        let url = format!("sqlite:{}", file.display());
        let mut conn = sqlx::SqliteConnection::connect(&url).await?;
        conn.execute("PRAGMA busy_timeout = 60000").await?;
        conn.execute("ALTER TABLE outcome_count RENAME TO away").await?;
        conn.close().await
    };
    tokio::runtime::Runtime::new().unwrap().block_on(rename).unwrap();
    service.publish(&[stock("mug", 2, 3)]);
    ends_with(&mut service, "outcome_count");
}

#[test]
fn a_table_of_the_shared_store_that_is_gone_ends_the_service() {
    let production = Production::new();
    let mut service = production.home.serve();
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
    let database = server("TEST_POSTGRES_URL");
    let (server_url, _) = database.rsplit_once('/').unwrap();
    let url = format!("{server_url}/{}", production.database());
    let rename = async {
        let mut conn = sqlx::PgConnection::connect(&url).await?;
        conn.execute("ALTER TABLE vitrine_g1.outcome_count RENAME TO away").await?;
        conn.close().await
    };
    tokio::runtime::Runtime::new().unwrap().block_on(rename).unwrap();
    service.publish(&[stock("mug", 2, 3)]);
    ends_with(&mut service, "outcome_count");
}
