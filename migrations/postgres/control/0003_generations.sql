-- Generations have a life: one is built, followed by projectors, perhaps promoted, and dropped at last. What is left
-- of a dropped one is its row, so that its number is not given again.
ALTER TABLE generation
    ADD COLUMN state text NOT NULL DEFAULT 'following'
        CHECK (state IN ('building', 'following', 'dropped')),
    -- When it was promoted last.
    ADD COLUMN promoted_at bigint;
UPDATE generation SET promoted_at = created_at;

-- A promotion that is being prepared: the instances that answer pages hear of it, make ready for the generation, and
-- say so. One that is not prolonged is over.
CREATE TABLE promotion (
    the_only_row boolean PRIMARY KEY DEFAULT true CHECK (the_only_row),
    number       bigint  NOT NULL REFERENCES generation (number),
    expires_at   bigint  NOT NULL,
    id           text    NOT NULL
);

CREATE TABLE promotion_answer (
    ready    boolean NOT NULL,
    id       text    NOT NULL,
    instance text    NOT NULL,
    PRIMARY KEY (id, instance)
);
