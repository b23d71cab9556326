-- One generation of the read store: facts, views, listings, positions, dead letters.
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

---- Views and listings, computed from the facts.

CREATE TABLE view (
    product_id TEXT PRIMARY KEY,
    doc        BLOB NOT NULL
);

-- Numbers for listings and audiences keep the rows below narrow.
CREATE TABLE listing (
    number INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL,
    id     TEXT NOT NULL,
    UNIQUE (kind, id)
);

-- A market, with a customer group or ('') everyone.
CREATE TABLE audience (
    number   INTEGER PRIMARY KEY,
    market   TEXT NOT NULL,
    customer_group TEXT NOT NULL,
    UNIQUE (market, customer_group)
);

-- Which products are in a category or of a brand, and what a product itself calls it.
CREATE TABLE member (
    listing    INTEGER NOT NULL,
    product_id TEXT    NOT NULL,
    named_at   INTEGER,
    name       BLOB,
    PRIMARY KEY (listing, product_id)
) WITHOUT ROWID;
CREATE INDEX member_name ON member (listing, named_at DESC, product_id) WHERE named_at IS NOT NULL;

CREATE TABLE variant (
    sku        TEXT NOT NULL,
    product_id TEXT NOT NULL,
    PRIMARY KEY (sku, product_id)
) WITHOUT ROWID;

-- Every order of every listing, ready to be read in order: a product stands at `key` from
-- `valid_from` until `valid_until`. Highest price first is lowest price first read backwards. sort 15
-- marks instants at which the listing changes by itself.
CREATE TABLE entry (
    listing     INTEGER NOT NULL,
    audience    INTEGER NOT NULL,
    sort        INTEGER NOT NULL,
    key         INTEGER NOT NULL,
    product_id  TEXT    NOT NULL,
    valid_from  INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    PRIMARY KEY (listing, audience, sort, key, product_id, valid_from)
) WITHOUT ROWID;

-- What filters look at. A product that has offers for a group is not read from everyone's entries, in
-- orders that do not go by price only if it stands apart.
CREATE TABLE offer (
    audience     INTEGER NOT NULL,
    product_id   TEXT    NOT NULL,
    valid_from   INTEGER NOT NULL,
    valid_until  INTEGER NOT NULL,
    final_amount INTEGER NOT NULL,
    on_sale      INTEGER NOT NULL,
    in_stock     INTEGER NOT NULL,
    rating       INTEGER NOT NULL,
    brand        INTEGER NOT NULL,
    apart        INTEGER NOT NULL,
    PRIMARY KEY (audience, product_id, valid_from)
) WITHOUT ROWID;

-- Products whose stored steps do not cover all of time: which part they cover, and when they are to
-- be computed again. A product without a row covers everything.
CREATE TABLE coverage (
    product_id    TEXT PRIMARY KEY,
    covers_from   INTEGER NOT NULL,
    covers_until  INTEGER NOT NULL,
    refresh_at    INTEGER
) WITHOUT ROWID;
CREATE INDEX coverage_from    ON coverage (covers_from);
CREATE INDEX coverage_until   ON coverage (covers_until);
CREATE INDEX coverage_refresh ON coverage (refresh_at) WHERE refresh_at IS NOT NULL;

---- Work that a transaction leaves behind.

-- Discounts whose products are marked stale in chunks, and deferred batches.
CREATE TABLE fanout (
    task          INTEGER PRIMARY KEY AUTOINCREMENT,
    discount_id   TEXT    NOT NULL,
    topic         TEXT    NOT NULL,
    partition     INTEGER NOT NULL,
    "offset"      INTEGER NOT NULL,
    scope         BLOB    NOT NULL,
    -- How far marking has come: which part of the scope, after which product.
    part          INTEGER NOT NULL,
    after_product TEXT    NOT NULL,
    marked        INTEGER NOT NULL,
    -- Of a batch whose products' views are left to be computed: nothing is left to be marked.
    deferred      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
);

-- Products whose view is to be computed again: `task` is the oldest of the discounts' that marked them,
-- `deferred` the oldest of those that deferred batches left.
CREATE TABLE stale (
    product_id TEXT PRIMARY KEY,
    task       INTEGER,
    deferred   INTEGER
) WITHOUT ROWID;
CREATE INDEX stale_of_task  ON stale (task, product_id);
CREATE INDEX stale_deferred ON stale (deferred, product_id) WHERE deferred IS NOT NULL;

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
    -- open, settled (a newer good version came), retried, discarded
    state          TEXT    NOT NULL,
    state_since    INTEGER NOT NULL,
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX dead_letter_open ON dead_letter (kind, entity_key) WHERE state = 'open';
