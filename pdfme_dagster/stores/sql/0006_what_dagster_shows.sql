-- Until when Dagster's partitions are known to repeat this table: a job that has ended is shown as it ended once
-- mirrored_at is its completed_at. Whatever ends it again sets another completed_at, so no other statement needs to
-- know of this one. Jobs from before this migration are compared like new ones.

ALTER TABLE processing_jobs
    ADD COLUMN mirrored_at timestamptz;  -- the completed_at that its partition shows

-- serves unmirrored
CREATE INDEX processing_jobs_unmirrored ON processing_jobs (completed_at)
    WHERE status IN ('completed', 'failed') AND mirrored_at IS DISTINCT FROM completed_at;
