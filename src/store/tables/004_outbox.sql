-- What is told to whoever does not watch, and what became of it.
CREATE TABLE notices (
    id TEXT PRIMARY KEY,                -- the webhook-id
    kind TEXT NOT NULL,
    key TEXT NOT NULL,                  -- what it is about: one of a kind
    happened BIGINT NOT NULL,
    addressed BIGINT NOT NULL,          -- 1 once it is known whom it goes to
    notice TEXT NOT NULL,               -- JSON
    UNIQUE (kind, key)
);
CREATE INDEX notices_addressed ON notices (addressed, happened);
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,                -- the notice and the target
    notice TEXT NOT NULL,
    target TEXT NOT NULL,               -- webhook:NAME, contact:NAME
    state TEXT NOT NULL,                -- waiting, sent, failed
    tries BIGINT NOT NULL,
    due BIGINT NOT NULL,                -- when it is tried next
    holder TEXT NOT NULL,               -- who tries it, or tried it last
    lease BIGINT NOT NULL,              -- until when that one has it; 0 where nobody does
    tried BIGINT,
    told TEXT NOT NULL                  -- what became of the last try
);
CREATE INDEX deliveries_due ON deliveries (state, due);
CREATE INDEX deliveries_notice ON deliveries (notice);
