//! The command line: what each command does, and what it says where it cannot.

use std::io::Write;
use std::process::Stdio;

use crate::harness::compare::{Readers, compare};
use crate::harness::events::{Catalogue, event, market, price, product};
use crate::harness::now;
use crate::harness::process::{Home, bare, finish};
use crate::harness::stream::{generated, nasty};
use serde_json::{Value, json};
use vitrine::log::record::Record;
use vitrine::sqlite::SqliteOptions;
use vitrine::store::ReadStore;
use vitrine::store::dead_letter::{DeadLetterFilter, NewDeadLetter};
use vitrine::store::sqlite::SqliteStore;

/// A price that is a CloudEvent of a known type, and no good.
fn bad_price(id: &str, version: u64) -> String {
    let data = json!({
        "price_id": id, "product_id": "mug", "version": version, "market": "default",
        "currency": "USD", "amount": -5,
    });
    event("price.set.v1", 0, &data)
}

#[test]
fn lines_that_are_no_events_are_counted_and_shown() {
    let home = Home::new();
    let lines = [
        product("mug", json!({})),
        "{".to_owned(),
        String::new(),
        event("order.placed.v1", 0, &json!({})),
        "[1, 2]".to_owned(),
        r#"{"specversion": "1.0", "id": "1"}"#.to_owned(),
        price("mug-usd", "mug", 500, json!({})),
        bad_price("dead", 1),
    ];
    let file = home.write("events.ndjson", lines.join("\r\n"));
    let done =
        home.run(&["publish", &file]).refused(&["4 lines were passed over", "--skip-unusable"]);
    assert!(done.stdout.contains("published 3 events"), "{done:#?}");
    assert!(done.stdout.contains("passed over 4 lines"), "{done:#?}");
    for line in ["line 2: ", "line 4: type.unknown", "line 5: ", "line 6: "] {
        assert!(done.stderr.contains(line), "{line}: {done:#?}");
    }
    let summary = home.json(&["publish", &file, "--skip-unusable"]);
    assert_eq!((&summary["published"], &summary["passed_over"]), (&json!(3), &json!(4)));
    assert_eq!(summary["examples"][1]["code"], "type.unknown");
    assert_eq!(summary["position"], "catalog.price:0:6,catalog.product:0:4");
    assert_eq!(summary["reflected"], false);
    let nothing = home.run_with_input(&["publish", "-", "--wait", "--json"], b"").good().json();
    assert_eq!((&nothing["published"], &nothing["position"]), (&json!(0), &Value::Null));
    home.run(&["publish", "nowhere.ndjson"]).refused(&["cannot read nowhere.ndjson"]);
}

/// Each with its number and what it is about, one line a batch, at the default level.
#[test]
fn what_cannot_be_used_is_in_the_log() {
    let home = Home::new();
    let mut service = home.serve();
    let said = |version: u64, name: &str| product("mug", json!({"version": version, "name": name}));
    let lines = [said(3, "Mug"), bad_price("a", 1), bad_price("b", 1), said(3, "Cup")];
    home.publish(&lines);
    let letters = service.process.said("dead letters: `vitrine dead-letters list` shows them");
    assert!(letters.contains("letters=2") && letters.contains("data.amount"), "{letters}");
    let conflicts = service.process.said("conflicts: a version came again with another content");
    assert!(conflicts.contains("events=1"), "{conflicts}");
    let warned = |line: &&String| line.contains(" WARN ");
    assert_eq!(service.process.stderr().iter().filter(warned).count(), 2);
}

#[test]
fn a_byte_order_mark_is_taken_off_and_utf_16_refused() {
    let home = Home::new();
    let line = product("mug", json!({}));
    let marked = [b"\xef\xbb\xbf", line.as_bytes()].concat();
    let done = home.run_with_input(&["publish", "-"], &marked).good();
    assert!(done.stdout.contains("published 1 events"), "{done:#?}");
    let little: Vec<u8> = line.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = line.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let with_mark = [b"\xff\xfe", little.as_slice()].concat();
    for input in [little, big, with_mark] {
        home.run_with_input(&["publish", "-"], &input).refused(&["UTF-16", "UTF-8"]);
    }
}

#[test]
fn standard_input_is_published_and_waited_for() {
    let home = Home::new();
    let service = home.serve();
    let lines = [product("mug", json!({})), price("mug-usd", "mug", 500, json!({}))].join("\n");
    let done = home.run_with_input(&["publish", "-", "--wait"], lines.as_bytes()).good();
    assert!(done.stdout.contains("the view reflects them"), "{done:#?}");
    assert_eq!(service.get("/api/v1/products/mug").page()["price"]["final"], 500);
}

#[test]
fn waiting_without_a_projector_fails_and_says_so() {
    let home = Home::new().set("wait.publish_stall_seconds=1");
    let file = home.write("events.ndjson", product("mug", json!({})));
    let args = ["publish", &file, "--wait"];
    home.run(&args).refused(&["the events are published", "vitrine serve"]);
    let done = home.run(&["publish", &file, "--wait", "--json"]).refused(&[]);
    let error: Value = serde_json::from_str(done.stderr.trim()).unwrap();
    assert!(error["error"].as_str().unwrap().contains("no projector"), "{error}");
    assert_eq!(home.json(&["status"])["lag_events"], 2, "they are published all the same");
}

#[test]
fn a_generated_stream_is_the_same_every_time() {
    let home = Home::new();
    let run = |args: &[&str]| {
        let args = [&["generate", "--products", "20", "--events", "300"], args].concat();
        home.run(&args).good().stdout
    };
    let stream = run(&["--seed", "4"]);
    assert_eq!(stream.lines().count(), 300);
    assert_eq!(stream, run(&["--seed", "4"]));
    assert_ne!(stream, run(&["--seed", "5"]));
    let times = |stream: &str| -> Vec<String> {
        let time = |line: &str| serde_json::from_str::<Value>(line).unwrap()["time"].to_string();
        stream.lines().map(time).collect()
    };
    assert!(times(&stream)[0].starts_with("\"2026-01-01T00:00:00"), "{}", times(&stream)[0]);
    let moved = run(&["--seed", "4", "--start", "2024-02-29"]);
    assert!(times(&moved)[0].starts_with("\"2024-02-29T00:00:00"), "{}", times(&moved)[0]);
    home.run(&["generate", "--products", "0", "--events", "1"]).refused(&["--products"]);
    home.run(&["generate", "--products", "1", "--events", "1", "--start", "soon"])
        .refused(&["--start", "RFC 3339"]);
    let most = u64::MAX.to_string();
    home.run(&["generate", "--products", &most, "--events", "1"]).refused(&["--products"]);
    home.run(&["generate", "--products", "1", "--events", &most]).refused(&["--events"]);
    home.run(&["generate", "--products", "1", "--events", "1", "--json"]).refused(&["--shape"]);
    // A reader that has seen enough.
    let mut many = home.command(&["generate", "--products", "9999", "--events", "999999"]);
    let mut many = many.stdout(Stdio::piped()).spawn().unwrap();
    drop(many.stdout.take());
    assert!(many.wait().unwrap().success());
}

#[test]
fn status_shows_how_far_the_view_is() {
    let home = Home::new();
    home.run_with_input(&["publish", "-"], b"").good();
    let fresh = home.json(&["status"]);
    assert_eq!((&fresh["lag_events"], &fresh["products"]), (&json!(0), &json!(0)));
    let lines = [product("mug", json!({})), bad_price("dead", 1), product("mug", json!({}))];
    let file = home.write("events.ndjson", lines.join("\n"));
    home.run(&["publish", &file]).good();
    assert_eq!(home.json(&["status"])["lag_events"], 3);
    let _service = home.serve();
    let status = home.settled();
    for (key, value) in [
        ("log", json!("embedded:")),
        ("generation", json!(1)),
        ("products", json!(1)),
        ("lag_events", json!(0)),
        ("dead_letters_open", json!(1)),
        ("outcomes", json!({"applied": 1, "repeated": 1, "dead_letter": 1})),
    ] {
        assert_eq!(status[key], value, "{key}: {status:#}");
    }
    let positions = status["positions"].as_array().unwrap();
    assert_eq!(positions.len(), 5);
    for position in positions {
        assert_eq!((&position["next_offset"], &position["head"]), (&json!(4), &json!(4)));
    }
    let text = home.run(&["status"]).good().stdout;
    assert!(text.contains("dead letters  1 open"), "{text}");
    assert!(!text.contains('\u{1b}'), "no escapes where no terminal is");
}

/// As an earlier version would have left it; answers its id.
fn put_readable_dead_letter(home: &Home, position: &str, record: Record) -> String {
    let letter = NewDeadLetter {
        position: position.parse().unwrap(),
        code: "data.from_the_future".to_owned(),
        detail: "not known yet".to_owned(),
        subject: None,
        record,
    };
    let file = home.data_dir().join("generation-1.db");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = SqliteStore::open(&file, 1, SqliteOptions::default()).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        tx.put_dead_letters(&[letter]).await.unwrap();
        tx.commit().await.unwrap();
        let letters = store.dead_letters(DeadLetterFilter::Open, 0, 100).await.unwrap();
        store.close().await;
        letters.last().unwrap().id.to_string()
    })
}

#[test]
fn dead_letters_are_listed_shown_retried_discarded_and_settled() {
    let home = Home::new();
    let service = home.serve();
    let odd = bad_price("odd \u{1f}".trim(), 1);
    let lines = [
        product("mug", json!({})),
        bad_price("first", 1),
        bad_price("second", 7),
        bad_price("third", 2),
        odd.clone(),
    ];
    home.publish(&lines);
    let list = home.json(&["dead-letters", "list"]);
    let letters = list.as_array().unwrap();
    assert_eq!(letters.len(), 4, "{list:#}");
    assert_eq!(letters[0]["code"], "data.amount.negative");
    assert_eq!(letters[0]["position"], "catalog.price:0:2");
    assert_eq!(
        (&letters[0]["kind"], &letters[0]["entity_key"]),
        (&json!("price"), &json!("first"))
    );
    let ids: Vec<String> = letters.iter().map(|letter| letter["id"].to_string()).collect();

    let shown = home.json(&["dead-letters", "show", &ids[3]]);
    assert_eq!(shown["payload"], odd.as_str(), "kept whole");
    let text = home.run(&["dead-letters", "show", &ids[0]]).good().stdout;
    assert!(text.contains(&lines[1]), "{text}");
    home.run(&["dead-letters", "show", "999"]).refused(&["no dead letter 999", "list --all"]);

    // Nothing has changed: it stays, and is not lost.
    home.run(&["dead-letters", "retry", &ids[0]]).refused(&["stay as they are"]);
    home.run(&["dead-letters", "retry", "--all"]).refused(&["4 dead letters stay"]);
    home.run(&["dead-letters", "retry"]).refused(&["<IDS>"]);
    assert_eq!(home.json(&["status"])["dead_letters_open"], 4);

    // Of two, one is not there: none is discarded.
    home.run(&["dead-letters", "discard", &ids[0], "999"]).refused(&["nothing was discarded"]);
    assert_eq!(home.json(&["status"])["dead_letters_open"], 4);
    home.run(&["dead-letters", "discard", &ids[0]]).good();

    // A newer good version settles what was dead of it; an older one does not.
    home.publish(&[
        price("second", "mug", 400, json!({"version": 8})),
        price("third", "mug", 300, json!({"version": 1})),
    ]);
    assert_eq!(service.get("/api/v1/products/mug").page()["price"]["final"], 400);
    let all = home.json(&["dead-letters", "list", "--all"]);
    let states: Vec<&str> =
        all.as_array().unwrap().iter().map(|letter| letter["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["discarded", "settled", "open", "open"]);
    let open = home.json(&["dead-letters", "list", "--limit", "1", "--after", &ids[2]]);
    assert_eq!(open.as_array().unwrap().len(), 1);
    let text = home.run(&["dead-letters", "list"]).good().stdout;
    assert_eq!(text.lines().count(), 2, "{text}");

    // What an earlier version could not read, and this one can.
    let third = Record::plain(price("third", "mug", 200, json!({"version": 3})).into());
    let id = put_readable_dead_letter(&home, "catalog.price:0:1000", third);
    home.run(&["dead-letters", "retry", &id]).good();
    // It is version 3 of the one that was dead with version 2: that is settled with it.
    assert_eq!(home.json(&["status"])["dead_letters_open"], 1);
    let again = home.run(&["dead-letters", "retry", &id]).refused(&["stay as they are"]);
    assert!(again.stdout.contains("it is retried, not open"), "{again:#?}");
    home.publish(&[price("second", "mug", 400, json!({"version": 9, "market": "eu"}))]);
    assert_eq!(service.get("/api/v1/products/mug").page()["price"]["final"], 200);
}

#[test]
fn dead_letters_of_kafka_are_shown_whole_and_retried() {
    let home = Home::new();
    let service = home.serve();
    home.publish(&[product("mug", json!({})), price("mug-usd", "mug", 300, json!({}))]);
    let data = json!({"sku": "mug", "product_id": "mug", "version": 1, "available": 7});
    let binary = Record {
        key: Some("mug@\u{1f}".into()),
        headers: vec![
            ("id".into(), "1".into()),
            ("eventType".into(), "stock.set.v1".into()),
            ("odd".into(), vec![0xff].into()),
            ("odd".into(), "twice".into()),
        ],
        value: Some(data.to_string().into()),
        timestamp: projections::instant::Instant::parse("2026-01-31T08:00:00Z"),
    };
    let id = put_readable_dead_letter(&home, "catalog.stock:2:1000", binary);
    let shown = home.json(&["dead-letters", "show", &id]);
    for (member, value) in [
        ("key", json!("mug@\u{1f}")),
        (
            "headers",
            json!([
                ["id", "1"],
                ["eventType", "stock.set.v1"],
                ["odd", "\u{fffd}"],
                ["odd", "twice"]
            ]),
        ),
        ("timestamp", json!("2026-01-31T08:00:00.000Z")),
        ("payload", json!(data.to_string())),
    ] {
        assert_eq!(shown[member], value, "{member}: {shown:#}");
    }
    let text = home.run(&["dead-letters", "show", &id]).good().stdout;
    for part in ["key mug@", "header eventType: stock.set.v1", "2026-01-31T08:00:00.000Z"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    home.run(&["dead-letters", "retry", &id]).good();

    let tombstone = Record { key: Some("mug-usd".into()), ..Record::default() };
    let id = put_readable_dead_letter(&home, "catalog.price:0:1001", tombstone.clone());
    let shown = home.json(&["dead-letters", "show", &id]);
    assert_eq!((&shown["key"], &shown["payload"]), (&json!("mug-usd"), &Value::Null));
    let text = home.run(&["dead-letters", "show", &id]).good().stdout;
    assert!(text.contains("no value: a tombstone"), "{text}");
    home.run(&["dead-letters", "retry", &id]).good();
    let page = service.get("/api/v1/products/mug").page();
    assert_eq!((&page["stock"]["available"], &page["price"]), (&json!(7), &Value::Null));

    let id = put_readable_dead_letter(&home, "elsewhere:0:1", tombstone);
    let refused = home.run(&["dead-letters", "retry", &id]).refused(&["stay as they are"]);
    assert!(refused.stdout.contains("elsewhere is not configured"), "{refused:#?}");
}

#[test]
fn configuration_is_checked_and_shown() {
    let home = Home::new();
    home.run(&["migrate"]).good();
    assert!(home.path("data").is_dir());
    assert_eq!(home.json(&["migrate"])["migrated"], "data");
    assert_eq!(home.json(&["config", "check"])["ok"], true);
    let shown = home.json(&["config", "show", "--set", "http.admin_token=hush-hush"]);
    assert_eq!(shown["market"][1]["currency"], "EUR");
    assert!(!shown.to_string().contains("hush-hush"), "{shown}");

    let bad = home.write("bad.toml", "[projector]\nbatch_max_evnts = 3\n");
    finish(
        {
            let mut command = bare(&home.path(""));
            command.args(["config", "check", "--config", &bad]);
            command
        },
        b"",
    )
    .refused(&["projector.batch_max_evnts", "line 2", "batch_max_events"]);
    home.run(&["--set", "no.such_key=1", "config", "check"]).refused(&["no.such_key"]);
    let mut command = home.command(&["config", "check"]);
    command.env("VITRINE_HTTP__LISTN", "127.0.0.1:1");
    finish(command, b"").refused(&["VITRINE_HTTP__LISTN"]);
    let reference = home.run(&["config", "show", "--reference"]).good().stdout;
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let committed = std::fs::read_to_string(committed).unwrap();
    assert_eq!(reference, committed, "`vitrine config show --reference` makes it");
}

#[test]
fn what_cannot_be_done_is_refused_with_what_to_do() {
    let home = Home::new();
    home.run(&["serve", "--listen", "0.0.0.0:0"]).refused(&["admin_token"]);
    let kafka = ["--set", "log.url=kafka://127.0.0.1:1", "--set", "log.properties.no.such=1"];
    for command in [&["serve"][..], &["publish", "-"]] {
        home.run(&[command, &kafka].concat()).refused(&["log.properties", "no.such"]);
    }
    // Nobody listens on port 1.
    home.run(&["migrate", "--set", "store.url=postgres://u:secret@127.0.0.1:1/shop"])
        .refused(&["read store cannot be reached"]);
    home.run(&["serve", "--listen", "nowhere"]).refused(&["http.listen"]);
    home.run(&["sreve"]).refused(&["sreve", "serve"]);
    home.run(&[]).refused(&["Usage"]);
    home.run(&["serve", "--roles", "api,cook"]).refused(&["cook", "projector"]);
    home.run(&["--config", "nowhere.toml", "status"]).refused(&["--config"]);

    let service = home.serve();
    let taken = service.url.strip_prefix("http://").unwrap();
    home.run(&["serve", "--listen", taken]).refused(&[taken, "in use", "--listen"]);

    let home = Home::new();
    home.write("data", "a file, and no folder");
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["status"], &["publish", "-"]] {
        home.run(args).refused(&["data_dir"]);
    }
}

#[test]
fn beyond_loopback_a_token_is_asked_for() {
    let home = Home::new().set("http.admin_token=hush-hush");
    let mut process = home.spawn(&["serve", "--listen", "0.0.0.0:0"]);
    let address = process.said("listening on http://");
    let port = address.rsplit(':').next().unwrap();
    let url = format!("http://127.0.0.1:{port}/api/v1/events");
    let client = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let post = |token: Option<&str>| {
        let request = client.post(&url).header("content-type", "application/cloudevents+json");
        let request = token.iter().fold(request, |request, token| request.bearer_auth(token));
        request.body(product("mug", json!({}))).send().unwrap().status().as_u16()
    };
    assert_eq!((post(None), post(Some("other")), post(Some("hush-hush"))), (401, 401, 202));
    assert!(process.terminate().success(), "SIGTERM is a good end");
}

#[test]
fn a_publisher_that_ends_early_has_published_what_it_said() {
    let home = Home::new();
    let mut child = home.command(&["publish", "-", "--json"]);
    child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = child.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // No line end: the last line counts all the same.
    stdin.write_all(product("mug", json!({})).as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&summary["published"], &summary["position"]),
        (&json!(1), &json!("catalog.product:0:1"))
    );
}

/// Other markets, one of them with another currency; and another default locale.
const OTHER_MARKETS: &str = r#"
low_stock_threshold = 40
[[market]]
id = "eu"
currency = "USD"
locale = "fr"
[[market]]
id = "default"
currency = "EUR"
locale = "de"
[[market]]
id = "elsewhere"
currency = "USD"
locale = "ko"
"#;

#[test]
fn a_change_of_markets_takes_effect_on_all_pages() {
    let now = now();
    let mut lines = nasty(71, 400, now);
    lines.extend(generated(90, 500, 3, now - 20 * 24 * 3_600_000));
    let home = Home::new();
    {
        let _service = home.serve();
        home.publish(&lines);
    }
    home.write("vitrine.toml", OTHER_MARKETS);
    let catalogue = {
        let markets = [("eu", "USD", "fr"), ("default", "EUR", "de"), ("elsewhere", "USD", "ko")];
        Catalogue::configured(lines, markets.map(market).into(), 40)
    };

    // Nothing that is stored depends on them: an API alone answers all pages for them at once.
    let service = home.serve_with(&["--roles", "api"]);
    let readers = Readers {
        instants: &[now, now - 3 * 24 * 3_600_000, now + 1_000 * 24 * 3_600_000],
        markets: &["default", "eu", "elsewhere"],
        groups: &[None, Some("vip")],
        locales: &[None, Some("en")],
    };
    println!("{} answers compared", compare(&service, &catalogue, readers));
    // And back again.
    home.write("vitrine.toml", crate::harness::process::MARKETS);
    drop(service);
    let service = home.serve();
    let catalogue = Catalogue::new(catalogue.lines);
    let readers = Readers { markets: &["default", "eu"], ..readers };
    println!("{} answers compared", compare(&service, &catalogue, readers));
}
