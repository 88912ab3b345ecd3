-- What drills showed, from the findings.yaml of each. Columns are what is looked for; what is shown stands in `record`.
CREATE TABLE findings (
    drill TEXT NOT NULL,
    place BIGINT NOT NULL,              -- in its file, from 0
    finding TEXT NOT NULL,
    scenario TEXT NOT NULL,
    environment TEXT NOT NULL,
    started BIGINT NOT NULL,            -- when the drill began
    state TEXT NOT NULL,                -- new, still-there, gone, accepted
    owner TEXT,
    due TEXT,                           -- a day, 2026-12-01, where people wrote one
    record TEXT NOT NULL,               -- the whole finding, JSON
    PRIMARY KEY (drill, place)
);
CREATE INDEX findings_scenario ON findings (scenario, environment, started);

-- Drills that have a file of findings; the newest of a scenario in an environment tells what is open.
CREATE TABLE reviews (
    drill TEXT PRIMARY KEY,
    scenario TEXT NOT NULL,
    environment TEXT NOT NULL,
    started BIGINT NOT NULL
);
CREATE INDEX reviews_scenario ON reviews (scenario, environment, started);
