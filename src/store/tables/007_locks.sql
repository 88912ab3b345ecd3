-- Locks that drills of several hosts share. Nobody changes what another has written: whoever takes a lock over puts the next generation.
CREATE TABLE locks (
    name TEXT NOT NULL,
    generation BIGINT NOT NULL,
    record TEXT NOT NULL,               -- JSON
    PRIMARY KEY (name, generation)
);
