-- What drills were made from, for coverage and the control ledger: the hash of a drill's manifest and the files that it names. Drills with the same
-- `made_of` show the same of the same service: of those that ended alike the newest is enough.
ALTER TABLE drills ADD COLUMN made_of TEXT NOT NULL DEFAULT '';
ALTER TABLE drills ADD COLUMN sources TEXT NOT NULL DEFAULT '{}';
CREATE INDEX drills_newest ON drills (kind, scenario, environment, made_of, verdict, state, series, started);

-- All folders are to be read again.
UPDATE places SET stamp = '';
