-- What is known of drills and executions, from their folders.
CREATE TABLE drills (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,                 -- drill, execution, series
    folder TEXT NOT NULL,
    host TEXT NOT NULL,
    service TEXT NOT NULL,
    scenario TEXT NOT NULL,
    environment TEXT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    state TEXT NOT NULL,                -- running, over, interrupted
    verdict TEXT,                       -- met, missed, inconclusive
    exit_code BIGINT,
    cutover_low BIGINT,                 -- nanoseconds
    cutover_high BIGINT,
    objective BIGINT,
    plan TEXT NOT NULL,                 -- the plan's hash
    modes TEXT NOT NULL,                -- failure modes, JSON
    findings BIGINT NOT NULL,           -- those that are open
    told TEXT NOT NULL,                 -- who began it
    reason TEXT NOT NULL,
    record TEXT NOT NULL                -- everything else that lists show, JSON
);
CREATE INDEX drills_started ON drills (started);
CREATE INDEX drills_scenario ON drills (scenario, environment, started);
CREATE INDEX drills_service ON drills (service, started);
