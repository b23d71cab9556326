-- One generation of the read store: facts, views, listings, positions, dead letters.
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
    partition   integer NOT NULL,
    topic       text COLLATE "C" NOT NULL,
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

---- Views and listings, computed from the facts.

-- Whoever computes a product's view holds its row here, which is there before any view.
CREATE TABLE product_lock (
    product_id text COLLATE "C" PRIMARY KEY
);

CREATE TABLE view (
    product_id text COLLATE "C" PRIMARY KEY,
    doc        bytea NOT NULL
) WITH (fillfactor = 80, toast_tuple_target = 4080);
ALTER TABLE view ALTER COLUMN doc SET STORAGE EXTERNAL;

-- Numbers for listings and audiences keep the rows below narrow. They are given once and for ever;
-- one that nothing uses does no harm.
CREATE TABLE listing (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind   text COLLATE "C" NOT NULL,
    id     text COLLATE "C" NOT NULL,
    UNIQUE (kind, id)
);

-- A market, with a customer group or ('') everyone. Below 2^27, so that `ranking` holds.
CREATE TABLE audience (
    number         integer GENERATED ALWAYS AS IDENTITY (MAXVALUE 134217727) PRIMARY KEY,
    market         text COLLATE "C" NOT NULL,
    customer_group text COLLATE "C" NOT NULL,
    UNIQUE (market, customer_group)
);

-- Which products are in a category or of a brand, and what a product itself calls it.
CREATE TABLE member (
    named_at   bigint,
    listing    integer NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    name       bytea,
    PRIMARY KEY (listing, product_id)
);
CREATE INDEX member_name ON member (listing, named_at DESC, product_id) WHERE named_at IS NOT NULL;

CREATE TABLE variant (
    sku        text COLLATE "C" NOT NULL,
    product_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (sku, product_id)
);

-- Every order of every listing, ready to be read in order from the index alone: a product stands at
-- `key` from `valid_from` until `valid_until`. `ordering` is listing * 2^32 + audience * 16 + sort, in one
-- integer that is compared at once; sort 15 marks instants at which the listing changes by itself. These
-- are most rows by far; highest price first is lowest price first read backwards: the index does not have to find out that each is the only one of its kind.
CREATE TABLE entry (
    key         bigint  NOT NULL,
    valid_from  bigint  NOT NULL,
    valid_until bigint  NOT NULL,
    ordering    bigint  NOT NULL,
    product_id  text COLLATE "C" NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.2,
        autovacuum_analyze_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 1);
CREATE INDEX entry_in_order ON entry (ordering, key, product_id) INCLUDE (valid_from, valid_until);

-- What filters look at. A product that has offers for a group is not read from everyone's entries, in
-- orders that do not go by price only if it stands apart.
CREATE TABLE offer (
    valid_from   bigint   NOT NULL,
    valid_until  bigint   NOT NULL,
    final_amount bigint   NOT NULL,
    audience     integer  NOT NULL,
    brand        integer  NOT NULL,
    rating       smallint NOT NULL,
    on_sale      boolean  NOT NULL,
    in_stock     boolean  NOT NULL,
    apart        boolean  NOT NULL,
    product_id   text COLLATE "C" NOT NULL,
    PRIMARY KEY (audience, product_id, valid_from)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);

-- Products whose stored steps do not cover all of time: which part they cover, and when they are to
-- be computed again. A product without a row covers everything.
CREATE TABLE coverage (
    covers_from  bigint NOT NULL,
    covers_until bigint NOT NULL,
    refresh_at   bigint,
    product_id   text COLLATE "C" PRIMARY KEY
);
CREATE INDEX coverage_from    ON coverage (covers_from);
CREATE INDEX coverage_until   ON coverage (covers_until);
CREATE INDEX coverage_refresh ON coverage (refresh_at) WHERE refresh_at IS NOT NULL;

---- Work that a transaction leaves behind.

-- Discounts whose products are marked stale in chunks, and deferred batches.
CREATE TABLE fanout (
    task          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "offset"      bigint  NOT NULL,
    created_at    bigint  NOT NULL,
    -- How far marking has come: which part of the scope, after which product.
    part          bigint  NOT NULL,
    partition     integer NOT NULL,
    marked        boolean NOT NULL,
    -- Of a batch whose products' views are left to be computed: nothing is left to be marked.
    deferred      boolean NOT NULL,
    topic         text COLLATE "C" NOT NULL,
    discount_id   text COLLATE "C" NOT NULL,
    after_product text COLLATE "C" NOT NULL,
    scope         bytea   NOT NULL
);
CREATE INDEX fanout_unmarked ON fanout (task) WHERE NOT marked;
CREATE INDEX fanout_of_partition ON fanout (topic, partition, "offset");

-- Products whose view is to be computed again: `task` is the oldest of the discounts' that marked them,
-- `deferred` the oldest of those that deferred batches left. All rows come and go at the same pace, so
-- that dead ones have to go soon.
CREATE TABLE stale (
    task       bigint,
    deferred   bigint,
    product_id text COLLATE "C" PRIMARY KEY
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX stale_of_task  ON stale (task, product_id);
CREATE INDEX stale_deferred ON stale (deferred, product_id) WHERE deferred IS NOT NULL;

CREATE TABLE dead_letter (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "offset"       bigint  NOT NULL,
    received_at    bigint  NOT NULL,
    entity_version bigint,
    state_since    bigint  NOT NULL,
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
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX dead_letter_open ON dead_letter (kind, entity_key) WHERE state = 'open';
CREATE INDEX dead_letter_unforwarded ON dead_letter (id) WHERE NOT forwarded;
