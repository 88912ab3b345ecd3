-- What is known of drills, executions and series, from their folders. Columns are what is looked for; what is shown stands in `record`.
CREATE TABLE drills (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,                 -- drill, execution, series
    series TEXT,                        -- the series of which it is a trial
    folder TEXT NOT NULL,
    service TEXT NOT NULL,              -- that of the workload that leads
    services TEXT NOT NULL,             -- those of all of them, JSON
    scenario TEXT NOT NULL,
    environment TEXT NOT NULL,
    started BIGINT NOT NULL,
    state TEXT NOT NULL,                -- running, over, interrupted
    verdict TEXT,                       -- met, missed, inconclusive, void
    record TEXT NOT NULL                -- the whole entry, JSON
);
CREATE INDEX drills_started ON drills (started, id);
CREATE INDEX drills_folder ON drills (folder);
CREATE INDEX drills_scenario ON drills (scenario, environment, started);

-- The folders that were looked at, each by the host that did: what has not changed since is not read again.
CREATE TABLE places (
    host TEXT NOT NULL,
    folder TEXT NOT NULL,
    stamp TEXT NOT NULL,                -- when it and its file of findings were changed last
    drill TEXT NOT NULL,                -- what it holds; empty where that is nothing
    PRIMARY KEY (host, folder)
);
CREATE INDEX places_drill ON places (drill);
