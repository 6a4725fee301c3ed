-- When the server's clock was last believed, and since when it is doubted: nothing is removed by a clock that has leapt.
ALTER TABLE readiness ADD COLUMN settled_at INTEGER;
ALTER TABLE readiness ADD COLUMN unsettled_since INTEGER;
