-- Generations have a life: one is built, followed by projectors, perhaps promoted, and dropped at last. What is left
-- of a dropped one is its row, so that its number is not given again.
ALTER TABLE generation ADD COLUMN state TEXT NOT NULL DEFAULT 'following'
    CHECK (state IN ('building', 'following', 'dropped'));
-- When it was promoted last.
ALTER TABLE generation ADD COLUMN promoted_at INTEGER;
UPDATE generation SET promoted_at = created_at;

-- A promotion that is being prepared: the instances that answer pages hear of it, make ready for the generation, and
-- say so. One that is not prolonged is over.
CREATE TABLE promotion (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    number     INTEGER NOT NULL REFERENCES generation (number),
    expires_at INTEGER NOT NULL,
    id         TEXT    NOT NULL
);

CREATE TABLE promotion_answer (
    ready    INTEGER NOT NULL,
    id       TEXT    NOT NULL,
    instance TEXT    NOT NULL,
    PRIMARY KEY (id, instance)
);
