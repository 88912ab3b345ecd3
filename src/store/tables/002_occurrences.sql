-- Each time that a schedule was due, and who sees to it. A claim is a lease with a fence: whoever takes it, or takes it over, raises the fence, and
-- what somebody with an older one writes has no effect.
CREATE TABLE occurrences (
    schedule TEXT NOT NULL,
    due BIGINT NOT NULL,
    state TEXT NOT NULL,                -- due, asked, running, over
    ended_as TEXT,                      -- started, late, kept, missed
    reason TEXT,                        -- why it was missed, or what stands in its way
    told TEXT NOT NULL,
    drills TEXT NOT NULL,               -- identifiers, JSON
    interrupted BIGINT NOT NULL,
    began BIGINT,
    ended BIGINT,
    holder TEXT,                        -- the replica that runs it or ran it
    fence BIGINT NOT NULL,
    lease_until BIGINT,                 -- by this database's clock
    PRIMARY KEY (schedule, due)
);
CREATE INDEX occurrences_due ON occurrences (due);
CREATE INDEX occurrences_state ON occurrences (state);

-- The schedules that were seen: as they were last read, since when, and until when somebody looked whether they are due.
CREATE TABLE schedules (
    schedule TEXT PRIMARY KEY,
    definition TEXT NOT NULL,           -- JSON
    since BIGINT NOT NULL,
    looked BIGINT,
    claims BIGINT NOT NULL              -- raised by each claim: two claims of one schedule come one after the other
);

-- The processes of `lifeboat serve` that look at the schedules.
CREATE TABLE replicas (
    name TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    process BIGINT NOT NULL,
    since BIGINT NOT NULL,
    seen BIGINT NOT NULL
);
