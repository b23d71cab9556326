//! Many rows in one round trip: as arrays that a statement unnests, or by `COPY`.

use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;

use super::copy;
use super::errors::database;
use crate::store::Result;

/// From this many rows on, `COPY` is quicker, although it takes a round trip more.
pub const COPY_FROM_ROWS: usize = 1_000;

/// The values of one column.
pub enum Column<'a> {
    Text(Vec<&'a str>),
    MaybeText(Vec<Option<&'a str>>),
    Int8(Vec<i64>),
    MaybeInt8(Vec<Option<i64>>),
    Int4(Vec<i32>),
    Int2(Vec<i16>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column<'_> {
    fn array_type(&self) -> &'static str {
        match self {
            Column::Text(_) | Column::MaybeText(_) => "text[]",
            Column::Int8(_) | Column::MaybeInt8(_) => "int8[]",
            Column::Int4(_) => "int4[]",
            Column::Int2(_) => "int2[]",
            Column::Bytes(_) => "bytea[]",
        }
    }

    fn bind<'q>(
        &'q self,
        query: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments> {
        match self {
            Column::Text(values) => query.bind(values),
            Column::MaybeText(values) => query.bind(values),
            Column::Int8(values) => query.bind(values),
            Column::MaybeInt8(values) => query.bind(values),
            Column::Int4(values) => query.bind(values),
            Column::Int2(values) => query.bind(values),
            Column::Bytes(values) => query.bind(values),
        }
    }
}

/// Rows by column, on their way into a table.
pub struct Rows<'a> {
    len: usize,
    columns: Vec<(&'static str, Column<'a>)>,
}

impl<'a> Rows<'a> {
    /// So many rows; every column that is added has to have as many values.
    pub fn new(len: usize) -> Rows<'a> {
        Rows { len, columns: Vec::new() }
    }

    pub fn with(mut self, name: &'static str, column: Column<'a>) -> Rows<'a> {
        self.columns.push((name, column));
        self
    }

    pub fn text(self, name: &'static str, values: impl Iterator<Item = &'a str>) -> Rows<'a> {
        self.with(name, Column::Text(values.collect()))
    }

    pub fn int8(self, name: &'static str, values: impl Iterator<Item = i64>) -> Rows<'a> {
        self.with(name, Column::Int8(values.collect()))
    }

    pub fn int4(self, name: &'static str, values: impl Iterator<Item = i32>) -> Rows<'a> {
        self.with(name, Column::Int4(values.collect()))
    }

    pub fn int2(self, name: &'static str, values: impl Iterator<Item = i16>) -> Rows<'a> {
        self.with(name, Column::Int2(values.collect()))
    }

    pub fn bytes(
        self,
        name: &'static str,
        values: impl Iterator<Item = Option<Vec<u8>>>,
    ) -> Rows<'a> {
        self.with(name, Column::Bytes(values.collect()))
    }

    fn names(&self) -> String {
        let names: Vec<String> =
            self.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        names.join(", ")
    }

    /// The rows as a table `r` with the columns' names.
    fn unnested(&self) -> String {
        let arrays: Vec<String> = (1..)
            .zip(&self.columns)
            .map(|(i, (_, column))| format!("${i}::{}", column.array_type()))
            .collect();
        format!("unnest({}) AS r({})", arrays.join(", "), self.names())
    }

    /// Runs a statement in which `{rows}` stands for these rows as a table `r`; answers how many
    /// rows it met. Nothing is sent where there are no rows.
    pub async fn execute(&self, conn: &mut PgConnection, statement: &str) -> Result<u64> {
        if self.len == 0 {
            return Ok(0);
        }
        let statement = statement.replace("{rows}", &self.unnested());
        let mut query = sqlx::query(&statement);
        for (_, column) in &self.columns {
            query = column.bind(query);
        }
        let done = query.execute(conn).await.map_err(database)?;
        Ok(done.rows_affected())
    }

    /// `INSERT INTO table (columns) SELECT * FROM rows`, and what comes after it.
    pub async fn insert(&self, conn: &mut PgConnection, table: &str, after: &str) -> Result<u64> {
        let names = self.names();
        let statement = format!("INSERT INTO {table} ({names}) SELECT * FROM {{rows}} {after}");
        self.execute(conn, &statement).await
    }

    /// Inserts rows that were not there before, as far as another transaction has not done so
    /// meanwhile: fewer are inserted then, or it fails as a conflict.
    pub async fn add_if_missing(&self, conn: &mut PgConnection, table: &str) -> Result<u64> {
        if self.len < COPY_FROM_ROWS {
            return self.insert(conn, table, "ON CONFLICT DO NOTHING").await;
        }
        self.add(conn, table).await.map(|()| self.len as u64)
    }

    /// Inserts rows none of which is there yet.
    pub async fn add(&self, conn: &mut PgConnection, table: &str) -> Result<()> {
        if self.len < COPY_FROM_ROWS {
            return self.insert(conn, table, "").await.map(|_| ());
        }
        let columns: Vec<&Column<'_>> = self.columns.iter().map(|(_, column)| column).collect();
        let statement = format!("COPY {table} ({}) FROM STDIN (FORMAT binary)", self.names());
        copy::columns(conn, &statement, &columns, self.len).await
    }
}
