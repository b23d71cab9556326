-- One generation of the read store: facts, positions, dead letters, and the feed of changes.
-- Text compares by its UTF-8 bytes (BINARY), as ids must. Instants are milliseconds since 1970; the
-- ends of time are the smallest and largest 64-bit integers.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- The offset that comes next, for each partition of each topic.
CREATE TABLE position (
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    -- The last event that was projected, and a fingerprint of it. Offsets alone do not tell a log from another one.
    last_offset INTEGER,
    fingerprint INTEGER,
    -- Why no more events of it are projected; null where they are.
    stopped     TEXT,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;

-- What was done with events, by outcome.
CREATE TABLE outcome_count (
    outcome TEXT PRIMARY KEY,
    events  INTEGER NOT NULL
) WITHOUT ROWID;

---- Facts: the latest version of each entity. `doc` is null where it was removed.

CREATE TABLE product (
    product_id TEXT PRIMARY KEY,
    version    INTEGER NOT NULL,
    digest     INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    partition  INTEGER NOT NULL,
    "offset"   INTEGER NOT NULL,
    doc        BLOB
);

CREATE TABLE price (
    price_id   TEXT PRIMARY KEY,
    product_id TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    digest     INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    partition  INTEGER NOT NULL,
    "offset"   INTEGER NOT NULL,
    doc        BLOB
) WITHOUT ROWID;
CREATE INDEX price_of_product ON price (product_id);

CREATE TABLE stock (
    sku        TEXT    NOT NULL,
    location   TEXT    NOT NULL,
    product_id TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    digest     INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    partition  INTEGER NOT NULL,
    "offset"   INTEGER NOT NULL,
    available  INTEGER,
    PRIMARY KEY (sku, location)
) WITHOUT ROWID;
CREATE INDEX stock_of_product ON stock (product_id);

CREATE TABLE discount (
    discount_id TEXT PRIMARY KEY,
    version     INTEGER NOT NULL,
    digest      INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    partition   INTEGER NOT NULL,
    "offset"    INTEGER NOT NULL,
    terms       BLOB,
    scope       BLOB
) WITHOUT ROWID;

-- Which discounts reach something, by what they name: 0 all, 1 product, 2 sku, 3 category, 4 brand.
CREATE TABLE discount_scope (
    kind        INTEGER NOT NULL,
    target      TEXT    NOT NULL,
    discount_id TEXT    NOT NULL,
    PRIMARY KEY (kind, target, discount_id)
) WITHOUT ROWID;

CREATE TABLE review (
    review_id  TEXT PRIMARY KEY,
    product_id TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    digest     INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    partition  INTEGER NOT NULL,
    "offset"   INTEGER NOT NULL,
    -- 0 removed, 1 hidden, 2 published
    state      INTEGER NOT NULL,
    rating     INTEGER NOT NULL,
    helpful    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    doc        BLOB
);
CREATE INDEX review_time    ON review (product_id, time DESC) WHERE state > 0;
CREATE INDEX review_newest  ON review (product_id, created_at DESC, review_id) WHERE state = 2;
CREATE INDEX review_helpful ON review (product_id, helpful DESC, created_at DESC, review_id) WHERE state = 2;
CREATE INDEX review_rating  ON review (product_id, rating, created_at DESC, review_id) WHERE state = 2;

-- Published reviews by rating.
CREATE TABLE review_count (
    product_id TEXT PRIMARY KEY,
    ones       INTEGER NOT NULL,
    twos       INTEGER NOT NULL,
    threes     INTEGER NOT NULL,
    fours      INTEGER NOT NULL,
    fives      INTEGER NOT NULL
) WITHOUT ROWID;

---- What events came to.

CREATE TABLE dead_letter (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    topic          TEXT    NOT NULL,
    partition      INTEGER NOT NULL,
    "offset"       INTEGER NOT NULL,
    received_at    INTEGER NOT NULL,
    code           TEXT    NOT NULL,
    detail         TEXT    NOT NULL,
    -- Which entity and version it was about, as far as that could be read.
    kind           TEXT,
    entity_key     TEXT,
    entity_version INTEGER,
    payload        BLOB    NOT NULL,
    -- What a message has beside its value (key, headers, timestamp); null where it has none of that.
    envelope       BLOB,
    -- open, settled (a newer good version came), retried, discarded
    state          TEXT    NOT NULL,
    state_since    INTEGER NOT NULL,
    -- Whether it is in the topic of dead letters, where there is one.
    forwarded      INTEGER NOT NULL DEFAULT 0,
    -- Until when the instance that forwards it has it to itself, in milliseconds since 1970.
    claimed_until  INTEGER NOT NULL DEFAULT 0,
    -- Why the topic of dead letters does not take it; then it counts as forwarded.
    forward_error  TEXT,
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX dead_letter_open ON dead_letter (kind, entity_key) WHERE state = 'open';
CREATE INDEX dead_letter_unforwarded ON dead_letter (id) WHERE forwarded = 0;

-- What each transaction changed, for the index and the caches that follow the store; pruned after a while.
CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at  INTEGER NOT NULL,
    doc BLOB    NOT NULL
);

-- One row: up to where changes were pruned.
CREATE TABLE change_floor (seq INTEGER NOT NULL);
INSERT INTO change_floor (seq) VALUES (0);
