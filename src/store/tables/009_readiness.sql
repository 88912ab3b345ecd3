-- Rounds in which every hop was asked whether it is there, and what each found.
CREATE TABLE readiness_rounds (
    environment TEXT NOT NULL,
    at BIGINT NOT NULL,                 -- when it began
    requests BIGINT NOT NULL,
    tokens BIGINT NOT NULL,
    most BIGINT NOT NULL,               -- the most that it can have cost, in billionths of a dollar
    PRIMARY KEY (environment, at)
);
-- A hop in a round: of those that changed nothing only the newest ones are kept.
CREATE TABLE hop_readiness (
    environment TEXT NOT NULL,
    hop TEXT NOT NULL,                  -- a provider, or gateway:SERVICE
    at BIGINT NOT NULL,
    state TEXT NOT NULL,                -- alive, warning, dead, unknown, left-out
    reason TEXT,                        -- key-refused, ...
    told TEXT NOT NULL,
    services TEXT NOT NULL,             -- ["chat"]
    since BIGINT NOT NULL,              -- when state and reason came to be so
    changed BIGINT NOT NULL,            -- 1 where that was in this round
    PRIMARY KEY (environment, hop, at)
);
CREATE INDEX hop_readiness_changes ON hop_readiness (changed, at);
-- Whose turn it is to begin the next round by itself.
CREATE TABLE readiness_turns (
    environment TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until BIGINT NOT NULL
);
