-- One generation of the read store: facts, positions, dead letters, and the feed of changes.
-- Ids compare by their UTF-8 bytes (collation "C"). Instants are milliseconds since 1970; the ends of
-- time are the smallest and largest 64-bit integers. Documents come compressed, so that storage
-- EXTERNAL keeps them as they are. Columns stand widest first: nothing is lost to alignment.
-- Tables whose rows are updated in place leave room on their pages for the next version of a row.

CREATE TABLE meta (
    key   text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);

-- The offset that comes next, for each partition of each topic.
CREATE TABLE position (
    next_offset bigint  NOT NULL,
    -- The last event that was projected, and a fingerprint of it. Offsets alone do not tell a log from another one.
    last_offset bigint,
    fingerprint bigint,
    partition   integer NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    -- Why no more events of it are projected; null where they are.
    stopped     text,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- What was done with events, by outcome. Each is spread over several rows, so that projectors seldom
-- wait for one another.
CREATE TABLE outcome_count (
    events  bigint   NOT NULL,
    shard   smallint NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    PRIMARY KEY (outcome, shard)
) WITH (fillfactor = 50);

---- Facts: the latest version of each entity. `doc` is null where it was removed.

CREATE TABLE product (
    version    bigint  NOT NULL,
    digest     bigint  NOT NULL,
    time       bigint  NOT NULL,
    "offset"   bigint  NOT NULL,
    partition  integer NOT NULL,
    product_id text COLLATE "C" PRIMARY KEY,
    doc        bytea
) WITH (fillfactor = 85, toast_tuple_target = 4080);
ALTER TABLE product ALTER COLUMN doc SET STORAGE EXTERNAL;

CREATE TABLE price (
    version    bigint  NOT NULL,
    digest     bigint  NOT NULL,
    time       bigint  NOT NULL,
    "offset"   bigint  NOT NULL,
    partition  integer NOT NULL,
    price_id   text COLLATE "C" PRIMARY KEY,
    product_id text COLLATE "C" NOT NULL,
    doc        bytea
) WITH (fillfactor = 85);
ALTER TABLE price ALTER COLUMN doc SET STORAGE EXTERNAL;
CREATE INDEX price_of_product ON price (product_id);

CREATE TABLE stock (
    version    bigint  NOT NULL,
    digest     bigint  NOT NULL,
    time       bigint  NOT NULL,
    "offset"   bigint  NOT NULL,
    available  bigint,
    partition  integer NOT NULL,
    sku        text COLLATE "C" NOT NULL,
    location   text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (sku, location)
) WITH (fillfactor = 70);
CREATE INDEX stock_of_product ON stock (product_id);

CREATE TABLE discount (
    version     bigint  NOT NULL,
    digest      bigint  NOT NULL,
    time        bigint  NOT NULL,
    "offset"    bigint  NOT NULL,
    partition   integer NOT NULL,
    discount_id text COLLATE "C" PRIMARY KEY,
    terms       bytea,
    scope       bytea
) WITH (fillfactor = 85);
ALTER TABLE discount ALTER COLUMN terms SET STORAGE EXTERNAL;
ALTER TABLE discount ALTER COLUMN scope SET STORAGE EXTERNAL;

-- Which discounts reach something, by what they name: 0 all, 1 product, 2 sku, 3 category, 4 brand.
CREATE TABLE discount_scope (
    kind        smallint NOT NULL,
    target      text COLLATE "C" NOT NULL,
    discount_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, target, discount_id)
);

CREATE TABLE review (
    version    bigint   NOT NULL,
    digest     bigint   NOT NULL,
    time       bigint   NOT NULL,
    "offset"   bigint   NOT NULL,
    helpful    bigint   NOT NULL,
    created_at bigint   NOT NULL,
    partition  integer  NOT NULL,
    -- 0 removed, 1 hidden, 2 published
    state      smallint NOT NULL,
    rating     smallint NOT NULL,
    review_id  text COLLATE "C" PRIMARY KEY,
    product_id text COLLATE "C" NOT NULL,
    doc        bytea
) WITH (fillfactor = 90);
ALTER TABLE review ALTER COLUMN doc SET STORAGE EXTERNAL;
CREATE INDEX review_time    ON review (product_id, time DESC) WHERE state > 0;
CREATE INDEX review_newest  ON review (product_id, created_at DESC, review_id) WHERE state = 2;
CREATE INDEX review_helpful ON review (product_id, helpful DESC, created_at DESC, review_id) WHERE state = 2;
CREATE INDEX review_rating  ON review (product_id, rating, created_at DESC, review_id) WHERE state = 2;

-- Published reviews by rating.
CREATE TABLE review_count (
    ones       bigint NOT NULL,
    twos       bigint NOT NULL,
    threes     bigint NOT NULL,
    fours      bigint NOT NULL,
    fives      bigint NOT NULL,
    product_id text COLLATE "C" PRIMARY KEY
) WITH (fillfactor = 80);

---- What events came to.

CREATE TABLE dead_letter (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "offset"       bigint  NOT NULL,
    received_at    bigint  NOT NULL,
    entity_version bigint,
    state_since    bigint  NOT NULL,
    -- Until when the instance that forwards it has it to itself, in milliseconds since 1970.
    claimed_until  bigint  NOT NULL DEFAULT 0,
    partition      integer NOT NULL,
    -- Whether it is in the topic of dead letters, where there is one.
    forwarded      boolean NOT NULL DEFAULT false,
    topic          text COLLATE "C" NOT NULL,
    code           text    NOT NULL,
    detail         text    NOT NULL,
    -- Which entity and version it was about, as far as that could be read.
    kind           text COLLATE "C",
    entity_key     text COLLATE "C",
    -- open, settled (a newer good version came), retried, discarded
    state          text    NOT NULL,
    payload        bytea   NOT NULL,
    -- What a message has beside its value (key, headers, timestamp); null where it has none of that.
    envelope       bytea,
    -- Why the topic of dead letters does not take it; then it counts as forwarded.
    forward_error  text,
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX dead_letter_open ON dead_letter (kind, entity_key) WHERE state = 'open';
CREATE INDEX dead_letter_unforwarded ON dead_letter (id) WHERE NOT forwarded;

-- What each transaction changed, for the index and the caches that follow the store; pruned after a while.
-- Transactions commit in another order than they begin: no number says what a reader has seen, a snapshot does.
CREATE TABLE change (
    xid xid8   NOT NULL DEFAULT pg_current_xact_id(),
    at  bigint NOT NULL,
    doc bytea  NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 1);
ALTER TABLE change ALTER COLUMN doc SET STORAGE EXTERNAL;
CREATE INDEX change_of_transaction ON change (xid);

-- What could be seen at some instants. `pruned`: what could be seen then may be gone by now.
CREATE TABLE change_mark (
    at       bigint      NOT NULL,
    pruned   boolean     NOT NULL DEFAULT false,
    snapshot pg_snapshot NOT NULL
);
CREATE INDEX change_mark_at ON change_mark (at);
