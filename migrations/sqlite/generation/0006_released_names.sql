-- When the product that names a listing is released: until then its name is not shown. Null in rows of older builds.
ALTER TABLE member ADD COLUMN released_at INTEGER;
-- When a name will come that is not shown yet.
CREATE INDEX member_release ON member (listing, released_at) WHERE released_at > named_at;
