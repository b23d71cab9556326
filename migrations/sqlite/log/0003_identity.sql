-- Which log this is: one that is made anew in its place has another id.
CREATE TABLE identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id  TEXT    NOT NULL
);
INSERT INTO identity (one, id) VALUES (1, lower(hex(randomblob(16))));
