-- How a completed job's file was read, and what it left out: a file may be completed without a broken
-- customer's statement where ON_BAD_STATEMENT is skip. Set by complete, cleared when a job starts again.

ALTER TABLE processing_jobs
    ADD COLUMN profile         varchar(255),                    -- the name of the profile that read it
    ADD COLUMN warnings        integer CHECK (warnings >= 0),   -- how many warnings it gave
    ADD COLUMN rejected        integer CHECK (rejected >= 0),   -- customers of the file who got no PDF
    ADD COLUMN rejected_reason text,                            -- whom it concerns and why; accounts masked
    ADD COLUMN first_pdf       text,                            -- s3:// of the first PDF at pdf_location
    ADD CONSTRAINT rejected_says_why CHECK (rejected = 0 OR rejected_reason IS NOT NULL);

-- serves incomplete_jobs
CREATE INDEX processing_jobs_incomplete ON processing_jobs (completed_at)
    WHERE status = 'completed' AND rejected > 0;

CREATE VIEW incomplete_jobs AS
    SELECT id, file_hash, filename, completed_at, statements, rejected, rejected_reason AS reason, profile, run_id
    FROM processing_jobs
    WHERE status = 'completed' AND rejected > 0
    ORDER BY completed_at DESC;
COMMENT ON VIEW incomplete_jobs IS 'Every completed job that left customers out, with the reason, newest first.';

CREATE OR REPLACE FUNCTION mark_job_for_retry(job uuid) RETURNS boolean
LANGUAGE sql AS $$
    -- A run that still holds the claim loses it here: whatever it writes later is refused.
    WITH retried AS (
        UPDATE processing_jobs
        SET status = 'pending', run_id = NULL, dispatch_id = NULL, processing_started_at = NULL,
            completed_at = NULL, error_code = NULL, error_message = NULL,
            profile = NULL, warnings = NULL, rejected = NULL, rejected_reason = NULL
        WHERE id = job AND status IN ('failed', 'processing', 'pending')
        RETURNING id
    )
    SELECT count(*) = 1 FROM retried
$$;
