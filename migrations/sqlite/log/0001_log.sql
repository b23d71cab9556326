-- The embedded event log, and which generation of the read store is the current one.

-- Append-only. One sequence runs through all topics: an event's offset is its sequence number, so
-- offsets rise within a topic without being dense, as in a compacted Kafka topic.
CREATE TABLE event (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 0 product, 1 price, 2 stock, 3 discount, 4 review
    kind        INTEGER NOT NULL,
    appended_at INTEGER NOT NULL,
    payload     BLOB    NOT NULL
);

CREATE TABLE generation (
    number             INTEGER PRIMARY KEY,
    -- Relative to the data directory.
    file               TEXT    NOT NULL UNIQUE,
    projection_version INTEGER NOT NULL,
    created_at         INTEGER NOT NULL
);

-- One row.
CREATE TABLE current_generation (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL REFERENCES generation (number)
);
