//! Which errors of databases pass by themselves.

use vitrine::sqlite::errors::Meaning;
use vitrine::store::postgres::errors::{is_full, is_transient};

#[test]
fn codes_of_postgresql() {
    for (code, what) in [
        ("08006", "connection_failure"),
        ("08P01", "protocol_violation"),
        ("25006", "read_only_sql_transaction"),
        ("25P03", "idle_in_transaction_session_timeout"),
        ("28000", "invalid_authorization_specification"),
        ("28P01", "invalid_password"),
        ("3D000", "invalid_catalog_name"),
        ("53000", "insufficient_resources"),
        ("53100", "disk_full"),
        ("53200", "out_of_memory"),
        ("53300", "too_many_connections"),
        ("55P03", "lock_not_available"),
        ("57014", "query_canceled"),
        ("57P01", "admin_shutdown"),
        ("57P02", "crash_shutdown"),
        ("57P03", "cannot_connect_now"),
        ("57P04", "database_dropped"),
        ("58030", "io_error"),
    ] {
        assert!(is_transient(code), "{code} {what}");
        assert_eq!(is_full(code), code == "53100");
    }
    for (code, what) in [
        ("0A000", "feature_not_supported: only where a transaction begins"),
        ("22P02", "invalid_text_representation"),
        ("23505", "unique_violation"),
        ("42501", "insufficient_privilege"),
        ("42601", "syntax_error"),
        ("42P01", "undefined_table"),
        ("3F000", "invalid_schema_name"),
        ("XX001", "data_corrupted"),
        ("", "none"),
    ] {
        assert!(!is_transient(code), "{code} {what}");
    }
}

#[test]
fn codes_of_sqlite() {
    for (code, meaning) in [
        // ERROR, PERM, READONLY, CONSTRAINT, MISUSE.
        (1, Meaning::Final),
        (3, Meaning::ReadOnly),
        (8, Meaning::ReadOnly),
        (8 | 4 << 8, Meaning::ReadOnly),
        (19, Meaning::Final),
        (21, Meaning::Final),
        // BUSY, BUSY_SNAPSHOT, LOCKED.
        (5, Meaning::Locked),
        (5 | 2 << 8, Meaning::Locked),
        (6, Meaning::Locked),
        // NOMEM, IOERR, IOERR_WRITE, CANTOPEN.
        (7, Meaning::Transient),
        (10, Meaning::Transient),
        (10 | 3 << 8, Meaning::Transient),
        (14, Meaning::Transient),
        (13, Meaning::Full),
        // CORRUPT, NOTADB.
        (11, Meaning::Damaged),
        (26, Meaning::Damaged),
    ] {
        assert_eq!(Meaning::of_code(code), meaning, "{code}");
    }
}
