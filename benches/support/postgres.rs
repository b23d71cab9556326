//! A database of one's own on the server of the tests, and rows that are copied into its tables.

use std::fmt::Write;
use std::str::FromStr;

use anyhow::Context;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use super::production::{server, sql};

/// It is there until it is dropped.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    pub async fn new() -> anyhow::Result<Database> {
        let server = server("TEST_POSTGRES_URL")?;
        let name = format!("bench{}_{}", vitrine::clock::now().millis(), std::process::id());
        sql(&server, &format!("CREATE DATABASE {name}")).await?;
        Ok(Database { server, name })
    }

    /// With settings of the connection's own.
    pub async fn connect(&self, settings: &[(&str, &str)]) -> anyhow::Result<PgConnection> {
        let options = PgConnectOptions::from_str(&self.server)?.database(&self.name);
        let options = options.options(settings.iter().copied());
        PgConnection::connect_with(&options).await.context("connecting to PostgreSQL")
    }

    pub async fn drop(self) -> anyhow::Result<()> {
        sql(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }
}

/// A column of a row.
pub enum Field<'a> {
    Null,
    Flag(bool),
    Number(i64),
    Numbers(&'a [i32]),
    Text(&'a str),
}

impl Field<'_> {
    pub fn maybe(number: Option<i32>) -> Field<'static> {
        number.map_or(Field::Null, |number| Field::Number(number.into()))
    }
}

/// Rows that are to come into a table, as `COPY` takes them.
pub struct Rows {
    table: &'static str,
    lines: String,
}

impl Rows {
    pub fn new(table: &'static str) -> Rows {
        Rows { table, lines: String::new() }
    }

    pub fn push(&mut self, fields: &[Field<'_>]) {
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                self.lines.push('\t');
            }
            self.write(field);
        }
        self.lines.push('\n');
    }

    fn write(&mut self, field: &Field<'_>) {
        let to = &mut self.lines;
        match field {
            Field::Null => to.push_str("\\N"),
            Field::Flag(flag) => to.push(if *flag { 't' } else { 'f' }),
            Field::Number(number) => {
                let _ = write!(to, "{number}");
            }
            Field::Numbers(numbers) => {
                to.push('{');
                for (at, number) in numbers.iter().enumerate() {
                    let _ = write!(to, "{}{number}", if at > 0 { "," } else { "" });
                }
                to.push('}');
            }
            Field::Text(text) => {
                for character in text.chars() {
                    match character {
                        '\\' => to.push_str("\\\\"),
                        '\t' => to.push_str("\\t"),
                        '\n' => to.push_str("\\n"),
                        '\r' => to.push_str("\\r"),
                        other => to.push(other),
                    }
                }
            }
        }
    }

    /// Writes them into their table; none are left.
    pub async fn copy(&mut self, connection: &mut PgConnection) -> anyhow::Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let mut copy = connection.copy_in_raw(&format!("COPY {} FROM STDIN", self.table)).await?;
        copy.send(self.lines.as_bytes()).await?;
        copy.finish().await.with_context(|| format!("copying into {}", self.table))?;
        self.lines.clear();
        Ok(())
    }
}
