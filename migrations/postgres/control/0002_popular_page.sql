-- Which pages are asked for most, by all instances: what a page cache that starts empty is filled with first.
-- `page` is the page's key as the service writes it, and may be long; `hash` is its XXH3, of 128 bits. Ranks
-- compare at all times: see src/warm/popularity.rs.

CREATE TABLE popular_page (
    rank double precision NOT NULL,
    hash bytea            PRIMARY KEY,
    page bytea            NOT NULL
);
