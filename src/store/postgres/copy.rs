//! `COPY` in PostgreSQL's binary format.

use sqlx::postgres::PgConnection;

use super::bulk::Column;
use super::errors::database;
use crate::store::Result;

/// Bytes that are gathered before they are sent.
const SEND_FROM_BYTES: usize = 256 * 1024;
/// Signature, flags, length of the header's extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: i16 = -1;
const NULL: i32 = -1;

/// Copies rows, given by column, with this `COPY ... FROM STDIN (FORMAT binary)`.
pub async fn columns(
    conn: &mut PgConnection,
    statement: &str,
    columns: &[&Column<'_>],
    len: usize,
) -> Result<()> {
    rows(conn, statement, 0..len, |buffer, row| put_row(buffer, columns, row)).await
}

/// Copies rows, each put by itself: what are many does not have to be gathered by column first.
pub async fn rows<T>(
    conn: &mut PgConnection,
    statement: &str,
    rows: impl Iterator<Item = T>,
    put_row: impl Fn(&mut Vec<u8>, T),
) -> Result<()> {
    let mut copy = conn.copy_in_raw(statement).await.map_err(database)?;
    let mut buffer = Vec::with_capacity(SEND_FROM_BYTES + SEND_FROM_BYTES / 4);
    buffer.extend_from_slice(HEADER);
    for row in rows {
        put_row(&mut buffer, row);
        if buffer.len() >= SEND_FROM_BYTES {
            copy.send(buffer.as_slice()).await.map_err(database)?;
            buffer.clear();
        }
    }
    buffer.extend_from_slice(&TRAILER.to_be_bytes());
    copy.send(buffer.as_slice()).await.map_err(database)?;
    copy.finish().await.map_err(database).map(|_| ())
}

fn put_row(buffer: &mut Vec<u8>, columns: &[&Column<'_>], row: usize) {
    buffer.extend_from_slice(&(columns.len() as i16).to_be_bytes());
    for column in columns {
        match column {
            Column::Text(v) => put(buffer, v.get(row).map(|text| text.as_bytes())),
            Column::MaybeText(v) => put(buffer, v.get(row).and_then(|t| t.map(str::as_bytes))),
            Column::Int8(v) => put(buffer, v.get(row).map(|n| n.to_be_bytes())),
            Column::MaybeInt8(v) => put(buffer, v.get(row).and_then(|n| n.map(i64::to_be_bytes))),
            Column::Int4(v) => put(buffer, v.get(row).map(|n| n.to_be_bytes())),
            Column::Int2(v) => put(buffer, v.get(row).map(|n| n.to_be_bytes())),
            Column::Bytes(v) => put(buffer, v.get(row).and_then(Option::as_ref)),
        }
    }
}

fn put(buffer: &mut Vec<u8>, value: Option<impl AsRef<[u8]>>) {
    match value {
        None => buffer.extend_from_slice(&NULL.to_be_bytes()),
        Some(value) => {
            let bytes = value.as_ref();
            buffer.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
            buffer.extend_from_slice(bytes);
        }
    }
}
