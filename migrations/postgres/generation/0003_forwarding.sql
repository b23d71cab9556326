-- Until when an instance that sends it has it to itself, in milliseconds since 1970.
ALTER TABLE dead_letter ADD COLUMN claimed_until bigint NOT NULL DEFAULT 0;
-- Why the topic of dead letters does not take it; then it counts as forwarded.
ALTER TABLE dead_letter ADD COLUMN forward_error text;
