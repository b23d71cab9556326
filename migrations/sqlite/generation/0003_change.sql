-- What each transaction changed, for whoever keeps pages; pruned after a while.
CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at  INTEGER NOT NULL,
    doc BLOB    NOT NULL
);

-- One row: up to where changes were pruned.
CREATE TABLE change_floor (seq INTEGER NOT NULL);
INSERT INTO change_floor (seq) VALUES (0);
