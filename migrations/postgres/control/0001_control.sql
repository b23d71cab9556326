-- Which generations of the read store there are, and which one is read and written.

CREATE TABLE generation (
    number             bigint PRIMARY KEY,
    schema_name        text   NOT NULL UNIQUE,
    projection_version bigint NOT NULL,
    created_at         bigint NOT NULL
);

CREATE TABLE current_generation (
    the_only_row boolean PRIMARY KEY DEFAULT true CHECK (the_only_row),
    number       bigint  NOT NULL REFERENCES generation (number)
);
