//! A database and a broker that are away for a while, or come late.

use std::time::Duration;

use crate::harness::events::{Catalogue, price, product};
use crate::harness::process::Process;
use crate::harness::production::{Production, services};
use crate::harness::service::{Answer, Service};
use crate::harness::stream::{Rng, generated, nasty};
use crate::harness::{eventually, full, now};
use crate::{DAY, alone, assert_whole, busy, publish_slowly, under_way};

/// How long a server is away.
const AWAY: Duration = Duration::from_secs(10);

#[test]
fn the_database_is_away_for_a_while() {
    let _alone = alone();
    let now = now();
    let catalogue = Catalogue::new(nasty(81, 2_000, now));
    let production = busy();
    let mut projectors = [production.projector(), production.projector()];
    let service = production.api();
    let publishing = publish_slowly(&production, &catalogue, Duration::from_secs(20));
    under_way(&production);
    services(&["stop-postgres"]);
    let waiting = eventually("the api says that it waits", || {
        let answer = service.get("/readyz");
        (answer.status == 503).then_some(answer)
    });
    assert!(waiting.body["detail"].as_str().unwrap().contains("read store"), "{waiting:?}");
    assert_eq!(service.get("/healthz").status, 200);
    // The index goes on, and says that it may be old.
    eventually("the listing is marked", || {
        let page = service.get("/api/v1/listings/all");
        assert_eq!(page.status, 200, "{page:?}");
        (page.headers["vitrine-cache"] == "stale").then_some(())
    });
    let page = service.get("/api/v1/products/none");
    assert_eq!(page.status, 503, "{page:?}");
    assert!(page.headers.contains_key("retry-after"), "{page:?}");
    fails_fast(&service);
    std::thread::sleep(AWAY);
    services(&["start-postgres"]);
    service.wait_ready();
    publishing.wait();
    assert_whole(&production, &catalogue, now);
    for process in &mut projectors {
        assert_eq!(process.ended(), None, "{:#?}", process.stderr());
        assert!(process.terminate().success(), "{:#?}", process.stderr());
    }
}

#[test]
fn cached_pages_go_on_while_the_database_is_away() {
    let _alone = alone();
    let production = Production::new();
    let mut projector = production.projector();
    let service = production.api();
    production.home.publish(&[
        product("mug", serde_json::json!({})),
        price("mug-usd", "mug", 500, serde_json::json!({})),
    ]);
    let kept = |answer: &Answer| answer.headers["vitrine-cache"].to_str().unwrap().to_owned();
    let page = "/api/v1/products/mug";
    let before = eventually("the page is cached", || {
        let answer = service.get(page);
        (answer.body["price"]["final"] == 500 && kept(&answer) == "hit").then_some(answer)
    });
    services(&["stop-postgres"]);
    let stale = eventually("the page is marked", || {
        let answer = service.get(page);
        assert_eq!(answer.status, 200, "{answer:?}");
        (kept(&answer) == "stale").then_some(answer)
    });
    assert_eq!(stale.body, before.body);
    let other = service.get("/api/v1/products/other");
    assert_eq!(other.status, 503, "{other:?}");
    assert!(other.headers.contains_key("retry-after"));
    services(&["start-postgres"]);
    // What the crash took of the last moments is projected again first.
    eventually("it is known to be right again", || {
        let answer = service.get(page);
        (answer.status == 200 && kept(&answer) == "hit").then_some(())
    });
    production.home.publish(&[price("mug-usd", "mug", 600, serde_json::json!({"version": 2}))]);
    eventually("changes show again", || {
        (service.get(page).body["price"]["final"] == 600).then_some(())
    });
    assert!(projector.terminate().success(), "{:#?}", projector.stderr());
}

#[test]
fn the_broker_is_away_for_a_while() {
    let _alone = alone();
    let now = now();
    let catalogue = Catalogue::new(nasty(82, 2_000, now));
    let production = busy();
    let mut projectors = [production.projector(), production.projector()];
    let service = production.api();
    let publishing = publish_slowly(&production, &catalogue, Duration::from_secs(15));
    under_way(&production);
    services(&["stop-kafka"]);
    // Pages do not need the broker.
    assert_eq!(service.get("/readyz").status, 200);
    assert_eq!(service.get("/api/v1/listings/all").status, 200);
    std::thread::sleep(AWAY);
    services(&["start-kafka"]);
    publishing.wait();
    assert_whole(&production, &catalogue, now);
    for process in &mut projectors {
        assert_eq!(process.ended(), None, "{:#?}", process.stderr());
        assert!(process.terminate().success(), "{:#?}", process.stderr());
    }
}

#[test]
fn the_service_starts_before_its_servers() {
    let _alone = alone();
    let now = now();
    let catalogue = Catalogue::new(nasty(83, 200, now));
    let production = Production::new();
    services(&["stop-postgres"]);
    services(&["stop-kafka"]);
    let service = production.home.serve_not_ready(&[]);
    let waiting = eventually("it says what it waits for", || {
        let answer = service.get("/readyz");
        (answer.status == 503).then_some(answer)
    });
    assert!(waiting.body["detail"].as_str().unwrap().contains("read store"), "{waiting:?}");
    services(&["start-postgres"]);
    service.wait_ready();
    let waits_for = eventually("it says that the broker is away", || {
        let answer = service.get("/readyz");
        let waits_for = answer.body["waits_for"].as_array().cloned().unwrap_or_default();
        waits_for.first().map(|first| first.as_str().unwrap().to_owned())
    });
    assert!(waits_for.contains("Kafka cannot be reached"), "{waits_for}");
    services(&["start-kafka"]);
    production.home.publish(&catalogue.lines);
    eventually("it waits for nothing", || {
        (service.get("/readyz").body["waits_for"] == serde_json::json!([])).then_some(())
    });
    assert_whole(&production, &catalogue, now);
}

/// A crash takes back what was committed last, and the connection that keeps other rebuilds off.
#[test]
fn a_rebuild_goes_on_after_each_crash_of_the_database() {
    let _alone = alone();
    let now = now();
    let production =
        Production::new().set("rebuild.memory_bytes=16777216").set("rebuild.checkpoint_ms=200");
    let mut projector = production.projector();
    // Enough to take longer than from one crash to the next.
    let products = if full() { 4_000 } else { 2_000 };
    let mut lines = generated(products, 10 * products, 84, now - 20 * DAY);
    lines.extend(nasty(84, 300, now));
    production.home.publish(&lines);
    production.home.settled();
    let mut rng = Rng::new(84);
    let mut rebuild = production.home.spawn(&["rebuild", "--json"]);
    rebuild.said("a new generation");
    let paused = |rebuild: &Process| {
        rebuild.stderr().iter().filter(|line| line.contains("the rebuild pauses")).count()
    };
    let mut crashes = 0;
    // While it only reads the log, it does not notice.
    while crashes < 4 || (crashes < 15 && paused(&rebuild) == 0) {
        std::thread::sleep(Duration::from_millis(50 + rng.below(600) as u64));
        if rebuild.ended().is_some() {
            break;
        }
        services(&["stop-postgres"]);
        services(&["start-postgres"]);
        crashes += 1;
    }
    // It answers as the live one does, which was projected event by event.
    assert!(rebuild.wait().success(), "{:#?}", rebuild.stderr());
    assert!(crashes > 1, "{crashes}");
    assert!(paused(&rebuild) > 0, "{:#?}", rebuild.stderr());
    assert!(projector.terminate().success(), "{:#?}", projector.stderr());
}

/// An address that leads to a standby: nothing is written until it is promoted, and then all is.
#[test]
fn a_standby_that_is_promoted_later_is_waited_for() {
    let _alone = alone();
    let production = Production::new();
    let mut projector = production.projector();
    production.home.publish(&[
        product("mug", serde_json::json!({})),
        price("mug-usd", "mug", 500, serde_json::json!({})),
    ]);
    assert!(projector.terminate().success(), "{:#?}", projector.stderr());
    services(&["replica", "up"]);
    let standby = Standby;
    let url = standby.url();
    let (server_url, _) = url.rsplit_once('/').unwrap();
    let url = format!("{server_url}/{}", production.database());
    let shop = production.set(format!("store.url={url}"));
    standby.has(&url);
    let service = shop.home.serve();
    let line = crate::harness::events::stock("mug", 2, 7);
    service.publish(&[line]);
    let waits = eventually("it says that the server is a standby", || {
        let ready = service.get("/readyz");
        assert_eq!(ready.status, 200, "pages are answered: {ready:?}");
        let waits = ready.body["waits_for"].to_string();
        waits.contains("standby").then_some(waits)
    });
    assert!(waits.contains("promoted"), "{waits}");
    assert_eq!(service.get("/api/v1/products/mug").page()["price"]["final"], 500);
    standby.promote();
    eventually("the event shows", || {
        let page = service.get("/api/v1/products/mug").page();
        (page["stock"]["available"] == 7).then_some(())
    });
    eventually("nothing waits", || {
        (service.get("/readyz").body["waits_for"] == serde_json::json!([])).then_some(())
    });
    drop(service);
    drop(standby);
}

/// While the database is known to be away nobody waits for it: the quickest of a few answers says so, whatever else the
/// machine does.
fn fails_fast(service: &Service) {
    for path in ["/api/v1/products/none", "/readyz"] {
        let answer = || {
            let started = std::time::Instant::now();
            assert_eq!(service.get(path).status, 503, "{path}");
            started.elapsed()
        };
        let quickest = (0..20).map(|_| answer()).min().unwrap();
        assert!(quickest < Duration::from_millis(100), "{path}: {quickest:?}");
    }
}

/// The standby of `scripts/services`, which goes in the end.
struct Standby;

impl Standby {
    fn url(&self) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/services");
        let done = std::process::Command::new(script).arg("env").output().unwrap();
        let exports = String::from_utf8(done.stdout).unwrap();
        let line =
            exports.lines().find_map(|l| l.split_once("TEST_POSTGRES_REPLICA_URL=")).unwrap();
        line.1.trim_matches(['\'', '"']).to_owned()
    }

    fn sql<T>(&self, url: &str, query: &str) -> Option<T>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        use sqlx::Connection;
        let run = async {
            let mut conn = sqlx::PgConnection::connect(url).await?;
            sqlx::query_scalar(query).fetch_one(&mut conn).await
        };
        tokio::runtime::Runtime::new().unwrap().block_on(run).ok()
    }

    /// Waits until it has replayed the shop's store.
    fn has(&self, url: &str) {
        let facts = "SELECT (SELECT count(*) FROM vitrine_g1.product) + (SELECT count(*) FROM vitrine_g1.price)";
        eventually("the standby has the product and its price", || {
            let facts: i64 = self.sql(url, facts)?;
            (facts == 2).then_some(())
        });
    }

    fn promote(&self) {
        let promoted: Option<bool> = self.sql(&self.url(), "SELECT pg_promote(true, 300)");
        assert_eq!(promoted, Some(true));
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        services(&["replica", "down"]);
    }
}
