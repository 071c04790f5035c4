-- The operator's functions and views, under the names that scripts and runbooks already use.

CREATE FUNCTION find_stuck_jobs(older_than interval DEFAULT '1 hour')
RETURNS TABLE (
    id uuid, file_hash varchar, filename text, run_id text, processing_started_at timestamptz,
    processing_for interval, retry_count integer, max_retries integer
)
LANGUAGE sql STABLE AS $$
    SELECT j.id, j.file_hash, j.filename, j.run_id, j.processing_started_at,
           now() - j.processing_started_at, j.retry_count, j.max_retries
    FROM processing_jobs AS j
    WHERE j.status = 'processing' AND j.processing_started_at < now() - older_than
    ORDER BY j.processing_started_at
$$;
COMMENT ON FUNCTION find_stuck_jobs(interval) IS 'Jobs claimed longer ago than this and not ended.';

CREATE FUNCTION find_stuck_pending_jobs(older_than interval DEFAULT '10 minutes')
RETURNS TABLE (
    id uuid, file_hash varchar, filename text, created_at timestamptz, dispatched_at timestamptz,
    pending_for interval, retry_count integer, max_retries integer
)
LANGUAGE sql STABLE AS $$
    SELECT j.id, j.file_hash, j.filename, j.created_at, j.dispatched_at,
           now() - coalesce(j.dispatched_at, j.created_at), j.retry_count, j.max_retries
    FROM processing_jobs AS j
    WHERE j.status = 'pending' AND coalesce(j.dispatched_at, j.created_at) < now() - older_than
    ORDER BY coalesce(j.dispatched_at, j.created_at)
$$;
COMMENT ON FUNCTION find_stuck_pending_jobs(interval) IS 'Jobs that have waited longer than this for a run.';

CREATE FUNCTION mark_job_for_retry(job uuid) RETURNS boolean
LANGUAGE sql AS $$
    -- A run that still holds the claim loses it here: whatever it writes later is refused.
    WITH retried AS (
        UPDATE processing_jobs
        SET status = 'pending', run_id = NULL, dispatch_id = NULL, processing_started_at = NULL,
            completed_at = NULL, error_code = NULL, error_message = NULL
        WHERE id = job AND status IN ('failed', 'processing', 'pending')
        RETURNING id
    )
    SELECT count(*) = 1 FROM retried
$$;
COMMENT ON FUNCTION mark_job_for_retry(uuid) IS
    'Send a job that is not completed back to pending; the sensor takes it at its next tick. '
    'True when it did. Does not count as an automatic retry.';

CREATE FUNCTION cleanup_old_jobs(days integer DEFAULT 90) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    removed integer;
BEGIN
    IF days < 1 THEN
        RAISE EXCEPTION 'cleanup_old_jobs(%): days must be at least 1', days;
    END IF;
    DELETE FROM processing_jobs
    WHERE status = 'completed' AND completed_at < now() - make_interval(days => days);
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION cleanup_old_jobs(integer) IS
    'Forget completed jobs older than this many days and return how many. Remove their uploads first: '
    'an upload that is still in the bucket would be found again as new.';

CREATE VIEW job_statistics AS
    SELECT status,
           count(*) AS jobs,
           sum(statements) AS statements,
           sum(pages) AS pages,
           min(created_at) AS oldest,
           max(created_at) AS newest,
           round(avg(extract(epoch FROM completed_at - processing_started_at))::numeric, 3)
               AS average_processing_seconds,
           sum(retry_count) AS retries
    FROM processing_jobs
    WHERE created_at > now() - interval '24 hours'
    GROUP BY status;
COMMENT ON VIEW job_statistics IS 'Jobs of the last 24 hours by state.';

CREATE VIEW failed_jobs AS
    SELECT id, file_hash, filename, error_code, error_message, retry_count, max_retries,
           created_at, completed_at AS failed_at, run_id
    FROM processing_jobs
    WHERE status = 'failed'
    ORDER BY completed_at DESC;
COMMENT ON VIEW failed_jobs IS 'Every failed job with its reason, newest first.';
