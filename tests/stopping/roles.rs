//! A database that does not let the service in for a while.

use serde_json::json;
use sqlx::{Connection, Executor};

use super::{goes_on, waits_for};
use crate::harness::events::{price, product, stock};
use crate::harness::eventually;
use crate::harness::production::{Production, server};

/// Runs statements as the server's own role, each in its turn.
fn sql(statements: &[String]) {
    let run = async {
        let mut conn = sqlx::PgConnection::connect(&server("TEST_POSTGRES_URL")).await?;
        for statement in statements {
            conn.execute(statement.as_str()).await?;
        }
        conn.close().await
    };
    tokio::runtime::Runtime::new().unwrap().block_on(run).unwrap();
}

/// PostgreSQL's words for 28000.
const REFUSED: &str = "not permitted to log in";

/// A shop with a role of its own; the role is dropped in the end.
struct OfRole {
    shop: Option<Production>,
    role: String,
}

impl OfRole {
    fn new() -> OfRole {
        let shop = Production::without_topics();
        let (database, role) = (shop.database().to_owned(), format!("role_{}", shop.database()));
        sql(&[
            format!("CREATE ROLE {role} LOGIN PASSWORD 'right'"),
            format!("ALTER DATABASE {database} OWNER TO {role}"),
        ]);
        let url = server("TEST_POSTGRES_URL");
        let (_, host) = url.rsplit_once('@').unwrap();
        let (host, _) = host.split_once('/').unwrap();
        let shop = shop.set(format!("store.url=postgres://{role}:right@{host}/{database}"));
        OfRole { shop: Some(shop), role }
    }

    fn shop(&self) -> &Production {
        self.shop.as_ref().unwrap()
    }

    /// Nobody of this role gets in, nor stays.
    fn refuse(&self) {
        sql(&[
            format!("ALTER ROLE {} NOLOGIN", self.role),
            format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{}'",
                self.role
            ),
        ]);
    }

    fn admit(&self) {
        sql(&[format!("ALTER ROLE {} LOGIN", self.role)]);
    }
}

impl Drop for OfRole {
    fn drop(&mut self) {
        // Its database first.
        drop(self.shop.take());
        if !std::thread::panicking() {
            sql(&[format!("DROP ROLE {}", self.role)]);
        }
    }
}

#[test]
fn a_role_that_is_refused_for_a_while_is_waited_for() {
    let of_role = OfRole::new();
    of_role.shop().home.migrate(2);
    let mut service = of_role.shop().home.serve();
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
    of_role.refuse();
    // Pages that are not kept cannot be read.
    let refused = eventually("the store is away", || {
        let ready = service.get("/readyz");
        (ready.status == 503).then_some(ready)
    });
    assert!(refused.body["detail"].as_str().unwrap().contains("read store"), "{refused:?}");
    service.publish(&[stock("mug", 2, 3)]);
    eventually("the log says what is waited for", || {
        let lines = service.process.stderr();
        let line = |line: &String| line.contains("WARN") && line.contains(REFUSED);
        lines.iter().any(line).then_some(())
    });
    assert_eq!(service.process.ended(), None, "{:#?}", service.process.stderr());
    of_role.admit();
    service.wait_ready();
    eventually("the event shows", || {
        let page = service.get("/api/v1/products/mug");
        (page.status == 200 && page.body["stock"]["available"] == 3).then_some(())
    });
    eventually("nothing waits", || {
        (service.get("/readyz").body["waits_for"] == json!([])).then_some(())
    });
    let lines = service.process.stderr();
    let warned =
        lines.iter().filter(|line| line.contains("WARN") && line.contains(REFUSED)).count();
    assert!(warned <= 12, "each wait is told of once, not with every attempt: {lines:#?}");
}

#[test]
fn a_service_starts_before_it_is_let_in() {
    let of_role = OfRole::new();
    of_role.shop().home.migrate(2);
    of_role.refuse();
    let mut service = of_role.shop().home.serve_not_ready(&[]);
    let ready = service.get("/readyz");
    assert_eq!(ready.status, 503, "{ready:?}");
    service.process.said("the service waits for its read store");
    of_role.admit();
    service.wait_ready();
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
}

#[test]
fn a_topic_of_a_running_service_is_waited_for() {
    let shop = Production::without_topics();
    shop.home.run(&["migrate"]).good();
    let mut service = shop.home.serve();
    waits_for(&mut service, "topic");
    shop.home.migrate(1);
    let position = service.publish(&[product("mug", json!({})), price("p", "mug", 5, json!({}))]);
    service.reflects(&position);
    goes_on(&mut service, "topic");
}
