-- Who may call, as hashes alone, and what they did.
CREATE TABLE tokens (
    name TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,          -- SHA-256 of the token, in hexadecimal
    shown TEXT NOT NULL,                -- its first letters, by which its owner knows it again
    roles TEXT NOT NULL,                -- JSON
    made BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    expires BIGINT,
    revoked BIGINT,
    used BIGINT                         -- the last time, to the minute
);
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,              -- SHA-256 of the cookie's value
    name TEXT NOT NULL,
    roles TEXT NOT NULL,                -- JSON
    token TEXT,                         -- the hash of the token by which they signed in: revoked with it
    began BIGINT NOT NULL,
    seen BIGINT NOT NULL,               -- to the minute
    expires BIGINT NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);
CREATE TABLE sign_ins (
    hash TEXT PRIMARY KEY,              -- SHA-256 of the state that was sent to the provider
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,             -- of PKCE
    back TEXT NOT NULL,                 -- the page that was asked for
    expires BIGINT NOT NULL
);
CREATE TABLE audit (
    id TEXT PRIMARY KEY,                -- in the order of time
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    via TEXT NOT NULL,                  -- token, session, loopback, command, nobody
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL
);
