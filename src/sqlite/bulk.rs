//! Many rows in few statements. One row a statement costs ten times as much.

use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments, Encode, Sqlite, Type};

/// Row counts of the statements that a batch is cut into. Few sizes, so that each statement is
/// prepared once and then found in the connection's cache.
const ROWS_A_STATEMENT: [usize; 4] = [1024, 128, 16, 1];
/// SQLite's own limit on parameters of one statement.
const MAX_PARAMETERS: usize = 32_766;

/// The parameters of one statement.
#[derive(Default)]
pub struct Parameters<'q>(SqliteArguments<'q>, Option<sqlx::error::BoxDynError>);

impl<'q> Parameters<'q> {
    /// Binds the next parameter.
    pub fn bind<T: Encode<'q, Sqlite> + Type<Sqlite> + 'q>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.0.add(value) {
            self.1 = Some(error);
        }
        self
    }

    pub fn finish(self) -> Result<SqliteArguments<'q>, sqlx::Error> {
        match self.1 {
            None => Ok(self.0),
            Some(error) => Err(sqlx::Error::Encode(error)),
        }
    }
}

/// Runs `{before} VALUES (?, ...), ... {after}` over all rows; `bind` binds one row's columns.
pub async fn for_rows<'q, T>(
    conn: &mut SqliteConnection,
    before: &str,
    columns: usize,
    after: &str,
    rows: &'q [T],
    bind: impl Fn(&mut Parameters<'q>, &'q T),
) -> Result<(), sqlx::Error> {
    let mut rest = rows;
    // The next statement's parameters are bound while SQLite's own thread runs the one before.
    let mut bind_next = || -> Result<Option<(String, SqliteArguments<'q>)>, sqlx::Error> {
        let count = rows_that_fit(rest.len(), columns);
        let Some((chunk, tail)) = rest.split_at_checked(count).filter(|_| count > 0) else {
            return Ok(None);
        };
        rest = tail;
        let mut parameters = Parameters::default();
        for row in chunk {
            bind(&mut parameters, row);
        }
        Ok(Some((statement(before, columns, after, count), parameters.finish()?)))
    };
    let mut bound = bind_next()?;
    while let Some((sql, parameters)) = bound {
        let query = sqlx::query_with(&sql, parameters);
        let (done, next) = tokio::join!(query.execute(&mut *conn), async { bind_next() });
        done?;
        bound = next?;
    }
    Ok(())
}

/// The largest of the few sizes that the rows that are left can fill.
fn rows_that_fit(left: usize, columns: usize) -> usize {
    let fits = |n: &usize| *n <= left && n * columns <= MAX_PARAMETERS;
    ROWS_A_STATEMENT.into_iter().find(fits).unwrap_or(left.min(1))
}

pub fn statement(before: &str, columns: usize, after: &str, rows: usize) -> String {
    let mut row = String::with_capacity(columns * 2 + 2);
    row.push('(');
    row.push_str(&vec!["?"; columns].join(","));
    row.push(')');
    let mut sql = String::with_capacity(before.len() + after.len() + rows * (row.len() + 1) + 16);
    sql.push_str(before);
    sql.push_str(" VALUES ");
    for i in 0..rows {
        if i > 0 {
            sql.push(',');
        }
        sql.push_str(&row);
    }
    sql.push(' ');
    sql.push_str(after);
    sql
}

/// A list of ids as one JSON parameter, for `IN (SELECT value FROM json_each(?))`.
pub fn json_list<S: AsRef<str>>(ids: impl IntoIterator<Item = S>) -> String {
    let ids: Vec<serde_json::Value> =
        ids.into_iter().map(|id| serde_json::Value::from(id.as_ref())).collect();
    serde_json::Value::Array(ids).to_string()
}
