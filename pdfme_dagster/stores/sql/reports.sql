-- What an operator asks of the job table and does to it, by name. {organisation} and {chosen} stand for the
-- first two texts.

-- name: organisation
-- Whose file j is: the folder of its PDFs says it, else the file's name (parsing/reader.organisation_of).
coalesce(substring(j.pdf_location FROM '^s3://[^/]+/([^/]+)/'),
         substring(j.filename FROM '(?:^|/)([A-Za-z0-9-]{1,32})_[^/]*(?:/\.?)*$'))

-- name: chosen
-- What is not asked for is NULL. A job without a code has the one that failures are shown under.
(%(states)s::text[] IS NULL OR j.status = ANY(%(states)s::text[]))
AND (%(organisation)s::text IS NULL OR {organisation} = %(organisation)s::text)
AND (%(code)s::text IS NULL OR coalesce(j.error_code, 'unknown') = %(code)s::text)
AND (%(etags)s::text[] IS NULL OR j.file_hash = ANY(%(etags)s::text[]))
AND (%(seconds)s::float8 IS NULL
     OR greatest(j.created_at, j.dispatched_at, j.processing_started_at, j.completed_at)
        > now() - make_interval(secs => %(seconds)s::float8))

-- name: counts
-- One look at the whole table.
SELECT count(*) FILTER (WHERE status = 'pending' AND dispatch_id IS NULL) AS waiting,
       count(*) FILTER (WHERE status = 'pending' AND dispatch_id IS NULL AND retry_at > now()) AS due_later,
       count(*) FILTER (WHERE status = 'pending' AND dispatch_id IS NOT NULL) AS handed,
       count(*) FILTER (WHERE status = 'processing') AS processing,
       count(*) FILTER (WHERE status = 'completed') AS completed,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       count(*) FILTER (WHERE status = 'completed' AND rejected > 0) AS incomplete,
       count(*) FILTER (WHERE status = 'completed' AND completed_at > now() - interval '1 minute')
           AS last_minute,
       count(*) FILTER (WHERE status = 'completed' AND completed_at > now() - interval '10 minutes')
           AS last_10_minutes,
       count(*) FILTER (WHERE status = 'completed' AND completed_at > now() - interval '60 minutes')
           AS last_60_minutes
FROM processing_jobs;

-- name: oldest_waiting
SELECT file_hash AS etag, filename AS key, extract(epoch FROM now() - created_at)::float8 AS age_seconds
FROM processing_jobs
WHERE status = 'pending' AND dispatch_id IS NULL
ORDER BY position LIMIT 1;

-- name: runs
-- A job has a run id from its claim on; before that only the request that it was handed to.
SELECT run_id AS id, 'processing' AS state, count(*) AS files,
       extract(epoch FROM now() - min(processing_started_at))::float8 AS age_seconds
FROM processing_jobs WHERE status = 'processing' GROUP BY run_id
UNION ALL
SELECT dispatch_id::text, 'handed', count(*), extract(epoch FROM now() - min(dispatched_at))::float8
FROM processing_jobs WHERE status = 'pending' AND dispatch_id IS NOT NULL GROUP BY dispatch_id
ORDER BY state DESC, age_seconds DESC, id;

-- name: failures
-- Causes, the commonest first, each with its newest failure.
SELECT cause.code, cause.files, cause.oldest, cause.newest, example.etag, example.key, example.message
FROM (
    SELECT coalesce(j.error_code, 'unknown') AS code, count(*) AS files,
           min(j.completed_at) AS oldest, max(j.completed_at) AS newest
    FROM processing_jobs AS j
    WHERE j.status = 'failed'
    GROUP BY 1
) AS cause
CROSS JOIN LATERAL (
    SELECT j.file_hash AS etag, j.filename AS key, j.error_message AS message
    FROM processing_jobs AS j
    WHERE j.status = 'failed' AND coalesce(j.error_code, 'unknown') = cause.code
    ORDER BY j.completed_at DESC, j.position DESC LIMIT 1
) AS example
ORDER BY cause.files DESC, cause.code;

-- name: incomplete
SELECT file_hash AS etag, filename AS key, completed_at, statements, rejected, rejected_reason AS reason
FROM processing_jobs
WHERE status = 'completed' AND rejected > 0
ORDER BY completed_at DESC, position DESC LIMIT %(limit)s;

-- name: list
SELECT j.file_hash AS etag, j.filename AS key, {organisation} AS organisation, j.status AS state,
       j.created_at, j.dispatched_at, j.processing_started_at, j.completed_at, j.retry_count, j.max_retries,
       j.error_code, j.error_message, j.run_id, j.size_bytes, j.profile, j.template, j.statements, j.pages,
       j.rejected, j.rejected_reason, j.pdf_location, j.duplicate_of
FROM processing_jobs AS j
WHERE {chosen}
ORDER BY j.created_at DESC, j.position DESC LIMIT %(limit)s;

-- name: states
SELECT file_hash, status FROM processing_jobs WHERE file_hash = ANY(%(etags)s::text[]);

-- name: retry
-- mark_job_for_retry for a set, and for failed jobs only. What another statement is moving right now is
-- left to it.
WITH failed AS (
    SELECT j.id, coalesce(j.error_code, 'unknown') AS code
    FROM processing_jobs AS j
    WHERE j.status = 'failed' AND {chosen}
    FOR UPDATE SKIP LOCKED
)
UPDATE processing_jobs AS j
SET status = 'pending', run_id = NULL, dispatch_id = NULL, processing_started_at = NULL,
    completed_at = NULL, error_code = NULL, error_message = NULL, retry_at = NULL,
    profile = NULL, warnings = NULL, rejected = NULL, rejected_reason = NULL
FROM failed
WHERE j.id = failed.id AND j.status = 'failed'
RETURNING j.file_hash, failed.code;

-- name: needed
-- Those of these jobs whose partitions Dagster must keep: all but such as were completed long ago.
SELECT file_hash FROM processing_jobs
WHERE file_hash = ANY(%(etags)s::text[])
  AND NOT (status = 'completed' AND completed_at < now() - make_interval(days => %(days)s));

-- name: explaining_runs
-- The log of such a run says why a job failed, or what is becoming of it.
SELECT DISTINCT run_id FROM processing_jobs WHERE status IN ('processing', 'failed') AND run_id IS NOT NULL;

-- name: retired
-- Old completed jobs that a listing under this prefix would show if their uploads were still there. One
-- whose PDFs stand for another job's stays as long as that one.
SELECT j.file_hash FROM processing_jobs AS j
WHERE j.status = 'completed' AND j.completed_at < now() - make_interval(days => %(days)s)
  AND starts_with(j.filename, %(prefix)s)
  AND NOT EXISTS (SELECT FROM processing_jobs AS d WHERE d.duplicate_of = j.file_hash);

-- name: forget
-- Guarded once more: a job may have been made again since it was chosen.
WITH retired AS (
    SELECT j.id FROM processing_jobs AS j
    WHERE j.file_hash = ANY(%(etags)s::text[])
      AND j.status = 'completed' AND j.completed_at < now() - make_interval(days => %(days)s)
      AND NOT EXISTS (SELECT FROM processing_jobs AS d WHERE d.duplicate_of = j.file_hash)
    FOR UPDATE SKIP LOCKED
)
DELETE FROM processing_jobs AS j USING retired
WHERE j.id = retired.id
RETURNING j.file_hash;
