-- What each transaction changed, for whoever keeps pages; pruned after a while. Transactions commit in
-- another order than they begin, so that no number says what a reader has seen: a snapshot does.
CREATE TABLE change (
    xid xid8   NOT NULL DEFAULT pg_current_xact_id(),
    at  bigint NOT NULL,
    doc bytea  NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_vacuum_cost_delay = 1);
ALTER TABLE change ALTER COLUMN doc SET STORAGE EXTERNAL;
CREATE INDEX change_of_transaction ON change (xid);

-- What could be seen at some instants. `pruned`: what could be seen then may be gone by now.
CREATE TABLE change_mark (
    at       bigint      NOT NULL,
    pruned   boolean     NOT NULL DEFAULT false,
    snapshot pg_snapshot NOT NULL
);
CREATE INDEX change_mark_at ON change_mark (at);
