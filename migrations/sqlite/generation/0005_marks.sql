-- The last event that was projected from the partition: where it is, and a fingerprint of it. Offsets alone do not tell a
-- log from another one.
ALTER TABLE position ADD COLUMN last_offset INTEGER;
ALTER TABLE position ADD COLUMN fingerprint INTEGER;
-- Why nothing more of it is projected; null where it is.
ALTER TABLE position ADD COLUMN stopped TEXT;
