//! All that two generations in files must have in common, as sorted lines. Ids of dead letters and times of writing may
//! differ.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

/// The rows of each table.
pub type Dump = BTreeMap<&'static str, Vec<String>>;

const STAMP: [&str; 5] = ["version", "digest", "time", "partition", "\"offset\""];
pub const OUTCOMES: &str = "outcome_count";
pub const LETTERS: &str = "dead_letter";

async fn rows(
    db: &mut SqliteConnection,
    table: &str,
    columns: &[&str],
    condition: &str,
) -> Vec<String> {
    let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
    let sql =
        format!("SELECT {} FROM {table} t {condition} ORDER BY 1", quoted.join(" || ' ' || "));
    sqlx::query_scalar(&sql).fetch_all(db).await.unwrap()
}

/// The store in this file, which nobody else has open.
pub async fn dump(path: &Path) -> Dump {
    let options = SqliteConnectOptions::new().filename(path);
    let mut db = options.connect().await.unwrap();
    let mut dump = Dump::new();
    let stamped = |columns: &[&'static str]| [columns, &STAMP].concat();
    let letter = [
        "topic",
        "partition",
        "\"offset\"",
        "code",
        "detail",
        "kind",
        "entity_key",
        "entity_version",
        "payload",
        "state",
        "envelope",
        "forwarded",
    ];
    let ratings = ["product_id", "ones", "twos", "threes", "fours", "fives"];
    let review = ["review_id", "product_id", "state", "rating", "helpful", "created_at", "doc"];
    for (table, columns, condition) in [
        ("position", vec!["topic", "partition", "next_offset"], ""),
        (OUTCOMES, vec!["outcome", "events"], ""),
        ("product", stamped(&["product_id", "doc"]), ""),
        ("price", stamped(&["price_id", "product_id", "doc"]), ""),
        ("stock", stamped(&["sku", "location", "product_id", "available"]), ""),
        ("discount", stamped(&["discount_id", "terms", "scope"]), ""),
        ("discount_scope", vec!["kind", "target", "discount_id"], ""),
        ("review", stamped(&review), ""),
        // A product that has lost its reviews may have a row of zeros.
        ("review_count", ratings.to_vec(), "WHERE ones + twos + threes + fours + fives <> 0"),
        (LETTERS, letter.to_vec(), ""),
        ("meta", vec!["key", "value"], "WHERE key IN ('projection_version', 'rebuild')"),
    ] {
        dump.insert(table, rows(&mut db, table, &columns, condition).await);
    }
    db.close().await.unwrap();
    dump
}

/// Products that are live.
pub fn live(dump: &Dump) -> u64 {
    dump["product"].iter().filter(|line| !line.split(' ').nth(1).unwrap().eq("NULL")).count() as u64
}

/// How many events are counted. Warnings of them are counted beside that.
pub fn counted(dump: &Dump) -> u64 {
    let count = |line: &String| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap();
    dump[OUTCOMES].iter().filter(|line| !line.starts_with("'warning ")).map(count).sum()
}

/// Every table but these has the same rows.
#[track_caller]
pub fn assert_same(left: &Dump, right: &Dump, but: &[&str]) {
    for (table, rows) in left.iter().filter(|(table, _)| !but.contains(table)) {
        let other = &right[table];
        let first = rows.iter().zip(other).find(|(a, b)| a != b);
        assert!(
            rows == other,
            "{table} has {} rows and {}; the first that differ: {first:#?}",
            rows.len(),
            other.len()
        );
    }
}
