-- Decisions that what was due in a quarter is done later. None is ever changed: a later one of the same quarter counts in its place.
CREATE TABLE deferrals (
    subject TEXT NOT NULL,              -- schedule, service
    name TEXT NOT NULL,
    quarter TEXT NOT NULL,              -- 2026-Q4
    made BIGINT NOT NULL,               -- when it was decided
    decided_by TEXT NOT NULL,
    why TEXT NOT NULL,
    until_day TEXT NOT NULL,            -- 2027-01-15
    PRIMARY KEY (subject, name, quarter, made)
);
