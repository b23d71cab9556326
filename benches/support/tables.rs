//! A catalogue in tables of PostgreSQL as a shop without Vitrine would have it, filled from the store that a service
//! answers from: plain tables, in which a listing's prices are looked up in each query, and tables of what is listed,
//! prepared for the queries.

use std::time::Instant;

use anyhow::Context;
use projections::index::part::IndexPart;
use projections::index::writer::Writer;
use sqlx::PgConnection;
use vitrine::config::Config;
use vitrine::stack::{self, Stack};
use vitrine::store::Snapshot;

use super::filling::Filling;

const AT_ONCE: u32 = 2_000;

/// They are read only, and need no log of writes, which makes filling them quicker.
/// `listed` and `listed_category` hold all products; those with `_in_stock` what is left of them with the variants that
/// are in stock. A row for each category repeats what listings of it filter by and count.
const TABLES: &str = r#"
CREATE UNLOGGED TABLE brand (number int PRIMARY KEY, id text COLLATE "C", name text);
CREATE UNLOGGED TABLE category (number int PRIMARY KEY, id text COLLATE "C", name text, parent int);
CREATE UNLOGGED TABLE attribute (number int PRIMARY KEY, name text COLLATE "C");
CREATE UNLOGGED TABLE value (number int PRIMARY KEY, attribute int, value text COLLATE "C");
CREATE UNLOGGED TABLE product (number int, id text, card jsonb, brand int, time bigint, rating int, reviews int);
CREATE UNLOGGED TABLE product_category (category int, product int);
CREATE UNLOGGED TABLE variant (product int, position int, sku text, final bigint, regular bigint, units bigint);
CREATE UNLOGGED TABLE product_value (product int, value int);
CREATE UNLOGGED TABLE variant_value (product int, position int, value int);
CREATE UNLOGGED TABLE listed (product int, categories int[], values int[], final bigint, regular bigint, in_stock bool,
    on_sale bool, rating int, reviews int, time bigint, brand int, card text);
CREATE UNLOGGED TABLE listed_category (category int, final bigint, product int, brand int, highest bigint, in_stock bool,
    on_sale bool, rating int, values int[]);
CREATE UNLOGGED TABLE listed_in_stock (LIKE listed);
CREATE UNLOGGED TABLE listed_category_in_stock (LIKE listed_category);
"#;

const INDEXES: &str = "
ALTER TABLE product ADD PRIMARY KEY (number);
CREATE INDEX ON product (brand, number);
ALTER TABLE product_category ADD PRIMARY KEY (category, product);
CREATE INDEX ON product_category (product);
ALTER TABLE variant ADD PRIMARY KEY (product, position) INCLUDE (final, regular, units);
CREATE INDEX ON variant (final, product);
ALTER TABLE product_value ADD PRIMARY KEY (value, product);
CREATE INDEX ON product_value (product, value);
ALTER TABLE variant_value ADD PRIMARY KEY (value, product, position);
CREATE INDEX ON variant_value (product, position, value);
CREATE INDEX ON category (parent);
CREATE UNIQUE INDEX ON brand (id);
CREATE UNIQUE INDEX ON category (id);
CREATE INDEX ON value (attribute, value);
CREATE UNIQUE INDEX ON attribute (name);
";

/// Of the prepared tables of one kind; `$` is the end of their names.
const PREPARED_INDEXES: &str = "
ALTER TABLE listed$ ADD PRIMARY KEY (product);
CREATE INDEX ON listed$ USING gin (categories, values) WITH (fastupdate = off);
CREATE INDEX listed_category_order$ ON listed_category$ (category, final, product)
    INCLUDE (brand, highest, in_stock, on_sale, rating);
CREATE INDEX ON listed_category$ (category, brand, final, product);
CLUSTER listed_category$ USING listed_category_order$;
";

/// Fills the tables of a database with the products that are listed now.
pub async fn fill(config: &Config, connection: &mut PgConnection) -> anyhow::Result<()> {
    let began = Instant::now();
    sqlx::raw_sql(TABLES).execute(&mut *connection).await?;
    let ours = Stack::open(config).await?;
    let mut snapshot = ours.store.snapshot().await?;
    let markets = stack::markets(config);
    let mut writer = Writer::new(markets.clone());
    snapshot.discounts().await?.into_iter().for_each(|discount| writer.put_discount(discount));
    let mut after = String::new();
    while let Some(parts) = next(snapshot.as_mut(), &mut after).await? {
        parts.iter().for_each(|part| writer.put(part));
    }
    let index = writer.publish(vitrine::clock::now());
    let market = markets.first().context("no markets")?;
    let mut filling = Filling::new(&index, market, config);
    let seconds = || began.elapsed().as_secs_f64();
    eprintln!("{} products evaluated after {:.1} s", index.len(), seconds());
    let mut read = next(snapshot.as_mut(), &mut after).await?;
    while let Some(parts) = read {
        parts.iter().try_for_each(|part| filling.take(part))?;
        let (next, copied) =
            tokio::join!(next(snapshot.as_mut(), &mut after), filling.copy(connection));
        copied?;
        read = next?;
    }
    filling.names();
    filling.copy(connection).await?;
    let products = filling.products;
    drop(snapshot);
    ours.close().await;
    eprintln!("{products} of them in tables after {:.1} s", seconds());
    settle(connection).await?;
    eprintln!("indexes made after {:.1} s", seconds());
    Ok(())
}

/// The products after those before; none at the end, from where it begins anew.
async fn next(
    snapshot: &mut dyn Snapshot,
    after: &mut String,
) -> anyhow::Result<Option<Vec<IndexPart>>> {
    let parts = snapshot.next_index_parts(after, AT_ONCE).await?;
    after.clear();
    Ok(parts.last().map(|last| after.push_str(&last.product_id)).map(|()| parts))
}

/// Indexes, and what a database that has run for a while has done.
async fn settle(connection: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::raw_sql("SET maintenance_work_mem = '512MB'").execute(&mut *connection).await?;
    sqlx::raw_sql(INDEXES).execute(&mut *connection).await?;
    for end in ["", "_in_stock"] {
        let indexes = PREPARED_INDEXES.replace('$', end);
        sqlx::raw_sql(&indexes).execute(&mut *connection).await?;
    }
    sqlx::raw_sql("VACUUM (ANALYZE)").execute(&mut *connection).await?;
    sqlx::raw_sql("CHECKPOINT").execute(&mut *connection).await?;
    Ok(())
}
