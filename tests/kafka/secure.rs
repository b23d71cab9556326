//! TLS and passwords: of the broker, and of PostgreSQL.

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection, Row};

use super::client::block;
use super::page;
use crate::harness::events::product;
use crate::harness::eventually;
use crate::harness::production::{Production, server};

/// A shop that meets the broker with TLS and a password.
fn shop(mechanism: &str, password: &str) -> Production {
    let user = server("TEST_KAFKA_USER");
    let ca = server("TEST_KAFKA_CA");
    [
        ("security.protocol", "SASL_SSL"),
        ("ssl.ca.location", &ca),
        ("sasl.mechanism", mechanism),
        ("sasl.username", &user),
        ("sasl.password", password),
    ]
    .iter()
    .fold(Production::with_sqlite(), |shop, (name, value)| {
        shop.set(format!("log.properties.{name}={value}"))
    })
    .set(format!("log.url={}", server("TEST_KAFKA_SECURE_URL")))
}

#[test]
fn a_service_works_with_tls_and_a_password() {
    for mechanism in ["SCRAM-SHA-512", "PLAIN"] {
        let shop = shop(mechanism, &server("TEST_KAFKA_PASSWORD"));
        shop.home.migrate(2);
        let service = shop.home.serve();
        let position = service.publish(&[product("posted", json!({}))]);
        service.reflects(&position);
        shop.home.publish(&[product("published", json!({}))]);
        for id in ["posted", "published"] {
            assert_eq!(page(&service, id)["product"]["id"], id);
        }
        assert_eq!(shop.home.settled()["outcomes"], json!({"applied": 2}));
    }
}

const WRONG: &str = "open-sesame";

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    for mechanism in ["SCRAM-SHA-512", "PLAIN"] {
        let shop = shop(mechanism, WRONG);
        let file = shop.home.write("events.ndjson", product("mug", json!({})));
        let mut service = shop.home.serve();
        let waits_for = eventually("it says what is wrong", || {
            let ready = service.get("/readyz");
            assert_eq!(ready.status, 200, "pages are answered: {ready:?}");
            let said = ready.body["waits_for"].to_string();
            said.to_lowercase().contains("authentication").then_some(said)
        });
        assert!(!waits_for.contains(WRONG), "{waits_for}");
        for command in [&["publish", &file][..], &["status"], &["migrate", "--topics"]] {
            let done = shop.home.run_reached(command).refused(&["uthentication"]);
            assert!(!done.stderr.contains(WRONG), "{done:?}");
        }
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(service.process.ended(), None, "{:#?}", service.process.stderr());
        let said = service.process.stderr();
        let told = said.iter().filter(|line| line.to_lowercase().contains("authentication"));
        assert!((1..=6).contains(&told.count()), "told once, not with every attempt: {said:#?}");
        assert!(!said.iter().any(|line| line.contains(WRONG)), "{said:#?}");
    }
}

#[test]
fn a_broker_of_an_unknown_authority_is_not_trusted() {
    let shop = shop("PLAIN", &server("TEST_KAFKA_PASSWORD"));
    // Of the machine's own authorities, none has signed it.
    let shop = shop.set("log.properties.ssl.ca.location=probe");
    shop.home.run(&["migrate"]).good();
    // On a busy machine the command may give up before librdkafka says why it cannot connect.
    let said = eventually("the reason is said", || {
        let done = shop.home.run(&["status"]).refused(&[]);
        done.stderr.contains("certificate").then_some(done)
    });
    assert!(!said.stderr.contains(&server("TEST_KAFKA_PASSWORD")), "{said:?}");
}

#[test]
fn postgres_is_met_with_tls() {
    block(async {
        let url = server("TEST_POSTGRES_SECURE_URL");
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        let of_it = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let row = sqlx::query(of_it).fetch_one(&mut connection).await.unwrap();
        assert!(row.get::<bool, _>("ssl"));
        assert_eq!(row.get::<String, _>("version"), "TLSv1.3");
        connection.close().await.unwrap();

        // The authority has to be one that is trusted, and the name that of the certificate.
        let untrusted = format!("{}?sslmode=verify-full", server("TEST_POSTGRES_URL"));
        let misnamed = url.replace("127.0.0.1", "localhost");
        for url in [untrusted, misnamed] {
            let refused = sqlx::PgConnection::connect(&url).await.unwrap_err().to_string();
            assert!(refused.to_lowercase().contains("certificate"), "{url}: {refused}");
        }
    });
}
