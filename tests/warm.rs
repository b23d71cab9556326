//! Pages that are there before anybody asks: after a start, by the clock, by the command, and the audit
//! that looks whether they are right.

use crate::harness::events::{event, price, product, stock};
use crate::harness::eventually;
use crate::harness::process::{Done, Home, Process, finish};
use crate::harness::service::{Answer, Service};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

const WARM: &str = "/api/v1/cache/warm";

/// A home whose jobs run when a test says so, and else never.
fn quiet() -> Home {
    Home::new().set("schedule.warm=").set("schedule.audit=")
}

fn kept(answer: &Answer) -> &str {
    answer.headers["vitrine-cache"].to_str().unwrap()
}

fn progress(service: &Service) -> Value {
    service.get(WARM).page()
}

/// Waits until no run is under way.
fn idle(service: &Service) -> Value {
    eventually("warming ends", || {
        let progress = progress(service);
        (progress["state"] == "idle").then_some(progress)
    })
}

/// So many products, each of a category and a brand of its own.
fn catalogue(products: usize) -> Vec<String> {
    let events = |n: usize| {
        let (id, category, brand) = (format!("p{n}"), format!("c{n}"), format!("b{n}"));
        let with = json!({
            "categories": [{"id": category, "name": category, "path": [category]}],
            "brand": {"id": brand, "name": brand},
        });
        let review = json!({"review_id": id, "product_id": id, "version": 1, "rating": 4});
        [
            product(&id, with),
            price(&id, &id, 500 + n as i64, json!({})),
            stock(&id, 1, 3),
            event("review.upserted.v1", 1, &review),
        ]
    };
    (0..products).flat_map(events).collect()
}

/// Pages of every catalogue: home and everything; then a category and a brand each. In two markets.
const fn usual(products: usize) -> usize {
    2 * (2 + 2 * products)
}

fn publish(service: &Service, events: &[String]) {
    let position = service.publish(events);
    service.reflects(&position);
}

/// Of every kind, and of every way to ask; none of them is one that every shop has.
const POPULAR: [&str; 9] = [
    "/api/v1/products/p0",
    "/api/v1/products/p1?market=eu&group=vip&locale=fr",
    "/api/v1/products/p0/reviews?sort=helpful&limit=3",
    "/api/v1/products?ids=p1,p0,none",
    "/api/v1/products?ids=p1&view=page",
    "/api/v1/categories/c0/products?sort=price_asc&limit=5&in_stock=true",
    "/api/v1/brands/b1/products?min_price=1&max_price=9000&min_rating=1.5",
    "/api/v1/listings/all?brand=b1&brand=b0&on_sale=true",
    "/api/v1/home?group=vip",
];

#[test]
fn what_was_popular_is_a_hit_after_a_restart() {
    let home = quiet();
    let mut service = home.serve();
    publish(&service, &catalogue(2));
    let before = POPULAR.map(|path| [service.get(path), service.get(path)].map(Answer::page));
    assert_eq!(service.get("/api/v1/products/none").status, 404);
    assert!(service.process.terminate().success());

    let service = home.serve();
    let progress = idle(&service);
    let total = POPULAR.len() + usual(2);
    assert_eq!((&progress["run"], &progress["total"]), (&1.into(), &total.into()), "{progress}");
    assert_eq!((&progress["done"], &progress["loaded"]), (&total.into(), &total.into()));
    for (path, before) in POPULAR.iter().zip(before) {
        let answer = service.get(path);
        assert_eq!(kept(&answer), "hit", "{path}");
        assert_eq!([answer.body.clone(), answer.body], before, "{path}");
    }
    let usual = ["/api/v1/home", "/api/v1/listings/all?market=eu", "/api/v1/brands/b0/products"];
    for path in usual {
        assert_eq!(kept(&service.get(path)), "hit", "{path}");
    }
    assert_eq!(kept(&service.get("/api/v1/products/p1")), "miss", "it was not asked for before");
}

#[test]
fn a_damaged_file_and_a_market_that_is_gone_cost_no_start() {
    let home = quiet();
    let mut service = home.serve();
    publish(&service, &catalogue(1));
    for _ in 0..2 {
        service.get("/api/v1/products/p0?market=eu");
        service.get("/api/v1/products/p0");
    }
    service.process.terminate();
    home.write(
        "vitrine.toml",
        "[[market]]\nid = \"default\"\ncurrency = \"USD\"\nlocale = \"en\"\n",
    );
    let mut service = home.serve();
    let progress = idle(&service);
    assert_eq!(progress["skipped"], 1, "{progress}");
    assert_eq!(kept(&service.get("/api/v1/products/p0")), "hit");
    service.process.terminate();

    let file = home.data_dir().join("popular-pages.bin");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    let mut service = home.serve();
    service.process.said("the file of popular pages is damaged");
    assert_eq!(kept(&service.get("/api/v1/products/p0")), "miss");
    service.get("/api/v1/products/p0");
    service.process.terminate();
    let service = home.serve();
    assert_eq!(kept(&service.get("/api/v1/products/p0")), "hit", "it was written anew");
}

#[test]
fn an_empty_shop_is_ready_with_nothing_to_warm() {
    let service = quiet().set("cache.warm_pages_per_second=1").serve();
    let progress = idle(&service);
    assert_eq!(progress["total"], 0, "{progress}");
}

#[test]
fn ready_waits_until_the_cache_is_warm() {
    let home = quiet().set("cache.warm_pages_per_second=1").set("cache.warm_start_seconds=3600");
    let mut service = home.serve();
    publish(&service, &catalogue(50));
    service.process.terminate();

    let service = home.serve_not_ready(&[]);
    let expected = format!("of {} pages", usual(50));
    eventually("it says what it waits for", || {
        let answer = service.get("/readyz");
        assert_eq!(answer.status, 503, "{answer:?}");
        answer.body["detail"].as_str().unwrap().contains(&expected).then_some(())
    });
    // Pages are answered all the same.
    assert_eq!(service.get("/api/v1/products/p0").status, 200);
    assert_eq!(service.get("/readyz").status, 503);
    assert_eq!(progress(&service)["state"], "running");
}

#[test]
fn ready_does_not_wait_for_longer_than_it_may() {
    let home = quiet().set("cache.warm_pages_per_second=1");
    let mut service = home.serve();
    publish(&service, &catalogue(50));
    service.process.terminate();
    for seconds in ["0", "1"] {
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env("VITRINE_CACHE__WARM_START_SECONDS", seconds);
        let mut service = Service::of(Process::spawn(command));
        service.wait_ready();
        // It goes on beside requests.
        eventually("a run is under way", || {
            (progress(&service)["state"] == "running").then_some(())
        });
        service.process.terminate();
    }
}

fn warm(home: &Home, service: &Service, args: &[&str]) -> Done {
    home.run(&[&["warm", "--url", &service.url], args].concat())
}

#[test]
fn the_command_warms_a_running_service() {
    let home = quiet();
    let service = home.serve();
    publish(&service, &catalogue(2));
    let run: Value = warm(&home, &service, &["--json"]).good().json();
    assert_eq!((&run["state"], &run["failed"]), (&"idle".into(), &0.into()), "{run}");
    assert_eq!((&run["total"], &run["done"]), (&usual(2).into(), &usual(2).into()), "{run}");
    // In all codings: nothing is compressed when it is asked for.
    let bytes = metric(&service, "vitrine_cache_bytes");
    let page = "/api/v1/categories/c1/products";
    for coding in ["identity", "gzip", "br", "zstd"] {
        let answer = service.get_with(page, &[("accept-encoding", coding)]);
        assert_eq!((answer.status, kept(&answer)), (200, "hit"), "{coding}");
        assert_eq!(metric(&service, "vitrine_cache_bytes"), bytes, "{coding}");
    }
    let said = warm(&home, &service, &[]).good().stdout;
    assert!(said.contains(&format!("{} pages are warm: 0 loaded", usual(2))), "{said}");

    home.run(&["warm", "--url", "http://127.0.0.1:1"]).refused(&["does the service run there"]);
    home.run(&["warm", "--url", "https://shop.example"]).refused(&["http://"]);
    let home = Home::new().set("http.listen=127.0.0.1:0");
    home.run(&["warm"]).refused(&["--url"]);
}

#[test]
fn the_command_fails_where_pages_cannot_be_read() {
    let home = quiet().set("cache.stale_if_error_seconds=1");
    let service = home.serve();
    publish(&service, &catalogue(2));
    sql(&home, "ALTER TABLE change RENAME TO change_that_is_gone");
    let answers = |status: u16| {
        eventually("the index is followed, or too old", || {
            (service.get("/api/v1/listings/all?limit=7").status == status).then_some(())
        });
    };
    answers(503);
    warm(&home, &service, &[]).refused(&["the read store cannot be read", "try again"]);
    assert_eq!(progress(&service)["error"], "the read store cannot be read");
    sql(&home, "ALTER TABLE change_that_is_gone RENAME TO change");
    answers(200);
    warm(&home, &service, &[]).good();
}

#[test]
fn warming_needs_the_token() {
    let home = quiet();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("VITRINE_HTTP__ADMIN_TOKEN", "secret");
    let service = Service::of(Process::spawn(command));
    service.wait_ready();
    assert_eq!(service.get(WARM).status, 401);
    let authorized = [("authorization", "Bearer secret")];
    assert_eq!(service.get_with(WARM, &authorized).page()["state"], "idle");
    assert_eq!(service.get_with(&format!("{WARM}?x=1"), &authorized).status, 400);
    let warm = |token| {
        let mut command = home.command(&["warm", "--url", &service.url]);
        command.env("VITRINE_HTTP__ADMIN_TOKEN", token);
        finish(command, b"")
    };
    warm("secret").good();
    warm("other").refused(&["token"]);
    warm("").refused(&["token"]);
}

#[test]
fn without_a_cache_there_is_nothing_to_warm() {
    let home = quiet().set("cache.max_bytes=0");
    let service = home.serve();
    assert_eq!(service.get(WARM).status, 404);
    warm(&home, &service, &[]).refused(&["no page cache"]);
}

#[test]
fn the_clock_warms_this_process_and_others() {
    let home = quiet();
    let api = home.serve_with(&["--roles", "api,projector"]);
    publish(&api, &catalogue(1));
    let every_second = "schedule.warm=* * * * * *";
    let urls = format!("schedule.warm_urls=[{:?}]", api.url);
    let own_home = Home::new().set(every_second).set("schedule.audit=");
    let own = own_home.serve();
    publish(&own, &catalogue(1));
    let home = home.set(every_second).set(urls);
    let _scheduler = home.spawn(&["serve", "--roles", "scheduler"]);
    for service in [&api, &own] {
        let before = progress(service)["run"].as_u64().unwrap();
        eventually("a later run has ended", || {
            let progress = progress(service);
            let later = progress["run"].as_u64().unwrap() > before + 1;
            (later && progress["state"] == "idle").then_some(())
        });
        assert_eq!(kept(&service.get("/api/v1/brands/b0/products")), "hit");
    }
}

#[test]
fn what_was_asked_for_once_is_not_warmed_after_a_promotion() {
    let home = quiet()
        .set("cache.warm_pages_per_second=20")
        .set("cache.warm_start_seconds=0")
        .set("rebuild.promote_wait_seconds=0");
    let mut service = home.serve();
    publish(&service, &catalogue(50));
    for (path, times) in [("/api/v1/products/p0", 1), ("/api/v1/products/p1", 2)] {
        (0..times).for_each(|_| assert_eq!(service.get(path).status, 200));
    }
    // How often they were asked for is saved.
    service.process.terminate();
    let service = home.serve();
    idle(&service);
    for asked_for in [false, true] {
        let new = home.json(&["rebuild", "--promote"])["generation"].to_string();
        eventually("pages are of that generation", || {
            let generation = &service.get("/api/v1/home").headers["vitrine-generation"];
            (generation.to_str().unwrap() == new).then_some(())
        });
        eventually("a run is under way", || {
            (progress(&service)["state"] == "running").then_some(())
        });
        let run = match asked_for {
            true => warm(&home, &service, &["--json"]).good().json(),
            false => idle(&service),
        };
        let total: Value = (usual(50) + 1).into();
        assert_eq!([&run["total"], &run["done"]], [&total; 2], "{run}");
    }
}

/// Changes the store with no projector: nobody is told.
fn sql(home: &Home, statement: &str) {
    let file = home.data_dir().join("generation-1.db");
    let run = async {
        let address = format!("sqlite:{}", file.display());
        let mut connection = SqliteConnection::connect(&address).await?;
        sqlx::raw_sql("PRAGMA busy_timeout = 10000").execute(&mut connection).await?;
        sqlx::raw_sql(statement).execute(&mut connection).await?;
        connection.close().await
    };
    tokio::runtime::Runtime::new().unwrap().block_on(run).unwrap();
}

fn metric(service: &Service, name: &str) -> f64 {
    service.metric(name).unwrap()
}

fn audited(service: &Service, result: &str) -> f64 {
    metric(service, &format!("vitrine_cache_audit_pages_total{{result=\"{result}\"}}"))
}

#[test]
fn an_audit_finds_a_page_that_is_wrong() {
    let home = Home::new().set("schedule.warm=").set("schedule.audit=* * * * * *");
    let mut service = home.serve();
    publish(&service, &catalogue(2));
    let wrong = "/api/v1/products/p0";
    eventually("the page is kept", || (kept(&service.get(wrong)) == "hit").then_some(()));
    let right = service.get("/api/v1/products/p1");
    eventually("pages are audited", || (audited(&service, "same") >= 2.0).then_some(()));
    assert_eq!(audited(&service, "different"), 0.0);

    sql(&home, "UPDATE stock SET available = 2 WHERE product_id = 'p0'");
    let said = service.process.said("a cached page was not what the store says");
    assert!(said.contains("id=\"p0\"") && said.contains("kind=Product"), "{said}");
    eventually("it is counted", || (audited(&service, "different") >= 1.0).then_some(()));
    assert_eq!(service.get(wrong).body["stock"]["available"], 2);
    let same = service.get("/api/v1/products/p1");
    assert_eq!((kept(&same), &same.headers["etag"]), ("hit", &right.headers["etag"]));
    assert!(metric(&service, "vitrine_cache_audit_timestamp_seconds") > 1.7e9);
}

#[test]
fn an_audit_finds_nothing_wrong_with_pages_that_change() {
    let home = Home::new().set("schedule.warm=").set("schedule.audit=* * * * * *");
    let service = home.serve();
    publish(&service, &catalogue(2));
    let paths = ["/api/v1/products/p0", "/api/v1/listings/all?in_stock=true", "/api/v1/home"];
    let mut version = 2;
    eventually("pages are audited", || {
        // Mostly pages are there when the audit looks; at times they change just then.
        let change = || service.publish(&[stock("p0", version, (version % 7) as i64)]);
        if !version.is_multiple_of(4) {
            change();
        }
        for path in paths {
            assert_eq!(service.get(path).status, 200);
        }
        if version.is_multiple_of(4) {
            change();
        }
        version += 1;
        let compared = audited(&service, "same") + audited(&service, "changed");
        (compared >= 12.0).then_some(())
    });
    assert_eq!(audited(&service, "different"), 0.0);
}
