//! All that two generations in files must have in common, as sorted lines. Numbers of listings and audiences, ids of dead
//! letters and times of writing may differ.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

/// The rows of each table.
pub type Dump = BTreeMap<&'static str, Vec<String>>;

const STAMP: [&str; 5] = ["version", "digest", "time", "partition", "\"offset\""];
const LISTING: &str = "(SELECT kind || ':' || id FROM listing WHERE number = ";
const AUDIENCE: &str =
    "(SELECT market || '/' || customer_group FROM audience WHERE number = t.audience)";

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
    let listing = |column: &str| format!("{LISTING}t.{column})");
    let stamped = |columns: &[&'static str]| [columns, &STAMP].concat();
    let (of_listing, of_brand) = (listing("listing"), listing("brand"));
    let window = ["t.product_id", "valid_from", "valid_until"];
    let entry = [&[of_listing.as_str(), AUDIENCE, "sort", "key"], &window[..]].concat();
    let offered = ["final_amount", "on_sale", "in_stock", "rating", of_brand.as_str(), "apart"];
    let offer = [&[AUDIENCE], &window[..], &offered].concat();
    let member = [of_listing.as_str(), "product_id", "named_at", "released_at", "name"];
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
        ("view", vec!["product_id", "doc"], ""),
        ("member", member.to_vec(), ""),
        ("variant", vec!["sku", "product_id"], ""),
        ("entry", entry, ""),
        ("offer", offer, ""),
        ("coverage", vec!["product_id", "covers_from", "covers_until", "refresh_at"], ""),
        ("stale", vec!["product_id"], ""),
        ("fanout", vec!["task"], ""),
        (LETTERS, letter.to_vec(), ""),
        ("meta", vec!["key", "value"], "WHERE key IN ('markets', 'projection_version', 'rebuild')"),
    ] {
        dump.insert(table, rows(&mut db, table, &columns, condition).await);
    }
    db.close().await.unwrap();
    dump
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
