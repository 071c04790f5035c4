-- What exactly-once needs beyond the claim: a number for each claim, a time before which a retry waits, and
-- which job's PDFs stand for all uploads with the same bytes.

-- Jobs changed by hand may hold more; what we write never does.
UPDATE processing_jobs SET retry_count = max_retries WHERE retry_count > max_retries;

ALTER TABLE processing_jobs
    ADD COLUMN retry_at timestamptz,  -- a pending job waits until then; NULL: it waits for nothing
    ADD COLUMN fence    bigint,       -- of its last claim; greater than that of any claim before, for ever
    ADD CONSTRAINT retries_are_counted CHECK (retry_count <= max_retries);

-- serves count_renamed: has a name been uploaded before?
CREATE INDEX processing_jobs_filename ON processing_jobs (filename);
-- serves retired and forget: does another job depend on this one?
CREATE INDEX processing_jobs_duplicate_of ON processing_jobs (duplicate_of) WHERE duplicate_of IS NOT NULL;

CREATE TABLE originals (
    content_sha256 char(64) PRIMARY KEY,
    file_hash      varchar(64) NOT NULL REFERENCES processing_jobs (file_hash) ON DELETE CASCADE
);
COMMENT ON TABLE originals IS
    'Which job''s PDFs stand for all uploads with these bytes: an ETag names a version, not a content.';

-- serves the cascade
CREATE INDEX originals_file_hash ON originals (file_hash);

INSERT INTO originals (content_sha256, file_hash)
SELECT DISTINCT ON (content_sha256) content_sha256, file_hash
FROM processing_jobs
WHERE status = 'completed' AND content_sha256 IS NOT NULL AND duplicate_of IS NULL
ORDER BY content_sha256, completed_at, position;

CREATE OR REPLACE FUNCTION mark_job_for_retry(job uuid) RETURNS boolean
LANGUAGE sql AS $$
    -- A run that still holds the claim loses it here: whatever it writes later is refused.
    WITH retried AS (
        UPDATE processing_jobs
        SET status = 'pending', run_id = NULL, dispatch_id = NULL, processing_started_at = NULL,
            completed_at = NULL, error_code = NULL, error_message = NULL, retry_at = NULL,
            profile = NULL, warnings = NULL, rejected = NULL, rejected_reason = NULL
        WHERE id = job AND status IN ('failed', 'processing', 'pending')
        RETURNING id
    )
    SELECT count(*) = 1 FROM retried
$$;
