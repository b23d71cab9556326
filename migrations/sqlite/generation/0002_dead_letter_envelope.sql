-- What a message has beside its value (key, headers, timestamp); null where it has none of that.
ALTER TABLE dead_letter ADD COLUMN envelope BLOB;
-- Whether it is in the topic of dead letters, where there is one.
ALTER TABLE dead_letter ADD COLUMN forwarded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX dead_letter_unforwarded ON dead_letter (id) WHERE forwarded = 0;
