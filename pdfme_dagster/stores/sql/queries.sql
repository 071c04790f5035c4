-- Every statement the job store sends, by name. Set-based, and the guard is in the statement.
--
-- What changes several jobs locks them by file_hash first: two statements that meet over the same jobs wait for
-- each other instead of deadlocking. NO KEY, since the foreign key of originals shares the key's lock.

-- name: admit
-- New uploads become pending jobs; known ETags are left alone. Sorted, so that two watchers that insert the same
-- files wait for each other instead of deadlocking. Those that could not be read under the name they had, and are
-- listed now, are read under the name they have now. Where that is the same name it counts as a retry, so that a
-- listing that is wrong for ever does not try for ever.
WITH listed AS (
    SELECT DISTINCT ON (file_hash COLLATE "C") file_hash, filename, size_bytes
    FROM unnest(%(etags)s::text[], %(keys)s::text[], %(sizes)s::bigint[])
         WITH ORDINALITY AS u (file_hash, filename, size_bytes, place)
    ORDER BY file_hash COLLATE "C", place
), held AS (
    SELECT j.id, u.filename
    FROM processing_jobs AS j JOIN listed AS u ON u.file_hash = j.file_hash
    WHERE j.status = 'failed' AND j.error_code IN ('missing', 'superseded')
      AND (j.filename <> u.filename OR j.retry_count < j.max_retries)
    ORDER BY j.file_hash COLLATE "C" FOR NO KEY UPDATE OF j
), found_again AS (
    UPDATE processing_jobs AS j
    SET status = 'pending', filename = held.filename, run_id = NULL, dispatch_id = NULL,
        processing_started_at = NULL, completed_at = NULL, error_code = NULL, error_message = NULL,
        retry_at = NULL, retry_count = j.retry_count + (j.filename = held.filename)::integer
    FROM held WHERE j.id = held.id
    RETURNING j.file_hash, j.position
), added AS (
    INSERT INTO processing_jobs (file_hash, filename, size_bytes, max_retries)
    SELECT file_hash, filename, size_bytes, %(max_retries)s FROM listed
    ORDER BY file_hash COLLATE "C"
    ON CONFLICT (file_hash) DO NOTHING
    RETURNING file_hash, position
)
SELECT file_hash, position FROM found_again UNION ALL SELECT file_hash, position FROM added;

-- name: states
SELECT file_hash, status FROM processing_jobs WHERE file_hash = ANY(%(etags)s::text[]);

-- name: recall
-- What became of known uploads; put_again: since they failed.
SELECT j.file_hash AS etag, j.status AS state,
       j.status = 'failed' AND coalesce(u.put_at > j.completed_at, false) AS put_again
FROM unnest(%(etags)s::text[], %(put_at)s::timestamptz[]) AS u (file_hash, put_at)
JOIN processing_jobs AS j ON j.file_hash = u.file_hash;

-- name: count_renamed
-- How many of these uploads have the name of an older one: same name, another ETag.
SELECT count(*) FROM unnest(%(etags)s::text[], %(keys)s::text[]) AS u (file_hash, filename)
WHERE EXISTS (SELECT FROM processing_jobs AS j WHERE j.filename = u.filename AND j.file_hash <> u.file_hash);

-- name: count_states
SELECT status, count(*) FROM processing_jobs WHERE file_hash = ANY(%(etags)s::text[]) GROUP BY status;

-- name: describe
-- Rows from before migration 3 know no first PDF.
SELECT file_hash AS etag, filename AS key, status AS state, created_at, completed_at, pdf_location,
       coalesce(first_pdf, pdf_location) AS first_pdf, error_code, error_message,
       coalesce(statements, 0) AS statements, coalesce(pages, 0) AS pages, coalesce(rejected, 0) AS rejected
FROM processing_jobs WHERE file_hash = ANY(%(etags)s::text[]) ORDER BY position;

-- name: take_pending
SELECT file_hash FROM processing_jobs
WHERE status = 'pending' AND dispatch_id IS NULL AND (retry_at IS NULL OR retry_at <= now())
ORDER BY position LIMIT %(limit)s;

-- name: count_pending
SELECT count(*) FROM processing_jobs
WHERE status = 'pending' AND dispatch_id IS NULL AND (retry_at IS NULL OR retry_at <= now());

-- name: count_recent
SELECT count(*) FROM processing_jobs WHERE dispatched_at > now() - make_interval(secs => %(seconds)s);

-- name: dispatch
-- Hand pending jobs to a run request, each to one only.
WITH held AS (
    SELECT id FROM processing_jobs
    WHERE file_hash = ANY(%(etags)s::text[]) AND status = 'pending' AND dispatch_id IS NULL
    ORDER BY file_hash COLLATE "C" FOR NO KEY UPDATE
)
UPDATE processing_jobs AS j SET dispatch_id = %(dispatch_id)s, dispatched_at = now()
FROM held WHERE j.id = held.id
RETURNING j.file_hash;

-- name: open_dispatches
SELECT dispatch_id, count(*) AS jobs, extract(epoch FROM now() - min(dispatched_at))::float8 AS age_seconds
FROM processing_jobs
WHERE status = 'pending' AND dispatch_id IS NOT NULL
GROUP BY dispatch_id;

-- name: withdraw
-- The run asked for never claimed these jobs and never will: let another be asked for.
WITH held AS (
    SELECT id FROM processing_jobs
    WHERE dispatch_id = ANY(%(dispatch_ids)s::uuid[]) AND status = 'pending'
    ORDER BY file_hash COLLATE "C" FOR NO KEY UPDATE
)
UPDATE processing_jobs AS j SET dispatch_id = NULL
FROM held WHERE j.id = held.id
RETURNING j.file_hash;

-- name: start
-- A run claims jobs. Pending ones always; failed ones when a user asked for this run; completed ones only
-- to be made again. What another run is processing is never touched. The fence follows the clock, so that it
-- grows even for a job that was forgotten and found again, and never falls, whatever the clock does.
WITH held AS (
    SELECT id FROM processing_jobs
    WHERE file_hash = ANY(%(etags)s::text[])
      AND (status = 'pending'
           OR (status = 'failed' AND %(retry_failed)s)
           OR (status = 'completed' AND %(reprocess)s))
    ORDER BY file_hash COLLATE "C" FOR NO KEY UPDATE
), started AS (
UPDATE processing_jobs AS j
SET status = 'processing', run_id = %(run_id)s, processing_started_at = now(), retry_at = NULL,
    fence = greatest(coalesce(fence, 0) + 1, (extract(epoch FROM now()) * 1000000)::bigint),
    completed_at = NULL, error_code = NULL, error_message = NULL,
    profile = CASE WHEN j.pdfs_stand THEN j.profile END, warnings = CASE WHEN j.pdfs_stand THEN j.warnings END,
    rejected = CASE WHEN j.pdfs_stand THEN j.rejected END,
    rejected_reason = CASE WHEN j.pdfs_stand THEN j.rejected_reason END
FROM held WHERE j.id = held.id
RETURNING j.file_hash AS etag, j.filename AS key, j.size_bytes, j.fence, j.template_digest, j.position
)
SELECT etag, key, size_bytes, fence, template_digest FROM started ORDER BY position;

-- name: remake
-- PDFs made before are written over from now on: these jobs no longer have what they had.
WITH held AS (
    SELECT id FROM processing_jobs
    WHERE file_hash = ANY(%(etags)s::text[]) AND status = 'processing' AND run_id = %(run_id)s
    ORDER BY file_hash COLLATE "C" FOR NO KEY UPDATE
)
UPDATE processing_jobs AS j
SET pdf_sha256 = NULL, profile = NULL, warnings = NULL, rejected = NULL, rejected_reason = NULL
FROM held WHERE j.id = held.id
RETURNING j.file_hash;

-- name: completed_among
-- The first PDF as in describe.
SELECT file_hash AS etag, filename AS key, pdf_location, coalesce(first_pdf, pdf_location) AS first_pdf,
       coalesce(statements, 0) AS statements, coalesce(pages, 0) AS pages, coalesce(pdf_bytes, 0) AS pdf_bytes,
       profile, coalesce(warnings, 0) AS warnings, coalesce(rejected, 0) AS rejected, rejected_reason, duplicate_of,
       template, template_digest
FROM processing_jobs
WHERE file_hash = ANY(%(etags)s::text[]) AND status = 'completed' ORDER BY position;

-- name: complete
WITH held AS (
    SELECT j.id, c.*
    FROM unnest(%(etags)s::text[], %(pdf_location)s::text[], %(first_pdf)s::text[], %(statements)s::int[],
                %(pages)s::int[], %(pdf_bytes)s::bigint[], %(content_sha256)s::text[], %(pdf_sha256)s::text[],
                %(profile)s::text[], %(warnings)s::int[], %(rejected)s::int[], %(rejected_reason)s::text[],
                %(duplicate_of)s::text[], %(template)s::text[], %(template_digest)s::text[])
         AS c (file_hash, pdf_location, first_pdf, statements, pages, pdf_bytes, content_sha256, pdf_sha256,
               profile, warnings, rejected, rejected_reason, duplicate_of, template, template_digest)
    JOIN processing_jobs AS j ON j.file_hash = c.file_hash AND j.status = 'processing' AND j.run_id = %(run_id)s
    ORDER BY j.file_hash COLLATE "C" FOR NO KEY UPDATE OF j
)
UPDATE processing_jobs AS j
SET status = 'completed', completed_at = now(), pdf_location = c.pdf_location, first_pdf = c.first_pdf,
    statements = c.statements, pages = c.pages, pdf_bytes = c.pdf_bytes, content_sha256 = c.content_sha256,
    pdf_sha256 = c.pdf_sha256, profile = c.profile, warnings = c.warnings, rejected = c.rejected,
    rejected_reason = c.rejected_reason, duplicate_of = c.duplicate_of, template = c.template,
    template_digest = c.template_digest, dispatch_id = NULL
FROM held AS c WHERE j.id = c.id
RETURNING j.file_hash;

-- name: fail
-- One that was made before stays completed while its PDFs stand; code and message say what was wrong now.
WITH held AS (
    SELECT j.id, f.code, f.message
    FROM unnest(%(etags)s::text[], %(codes)s::text[], %(messages)s::text[]) AS f (file_hash, code, message)
    JOIN processing_jobs AS j ON j.file_hash = f.file_hash AND j.status = 'processing' AND j.run_id = %(run_id)s
    ORDER BY j.file_hash COLLATE "C" FOR NO KEY UPDATE OF j
)
UPDATE processing_jobs AS j
SET status = CASE WHEN j.pdfs_stand THEN 'completed' ELSE 'failed' END, completed_at = now(), error_code = f.code, error_message = f.message,
    dispatch_id = NULL
FROM held AS f WHERE j.id = f.id
RETURNING j.file_hash;

-- name: requeue
-- A passing trouble: back to pending, or failed once the automatic retries are used up. Each retry waits four
-- times as long as the one before, an hour at most.
WITH held AS (
    SELECT j.id, f.code, f.message
    FROM unnest(%(etags)s::text[], %(codes)s::text[], %(messages)s::text[]) AS f (file_hash, code, message)
    JOIN processing_jobs AS j ON j.file_hash = f.file_hash AND j.status = 'processing' AND j.run_id = %(run_id)s
    ORDER BY j.file_hash COLLATE "C" FOR NO KEY UPDATE OF j
)
UPDATE processing_jobs AS j
SET status = CASE WHEN j.retry_count < j.max_retries THEN 'pending' WHEN j.pdfs_stand THEN 'completed' ELSE 'failed' END,
    completed_at = CASE WHEN j.retry_count < j.max_retries THEN NULL ELSE now() END,
    retry_count = least(j.retry_count + 1, j.max_retries),
    retry_at = now() + least(%(retry_seconds)s::float8 * 4 ^ j.retry_count, 3600) * interval '1 second',
    processing_started_at = NULL, run_id = NULL, dispatch_id = NULL,
    error_code = f.code, error_message = f.message
FROM held AS f WHERE j.id = f.id
RETURNING j.file_hash AS etag, j.status AS state;

-- name: postpone
-- Nothing is wrong: another job is being made from the same bytes, and this one waits for its PDFs.
WITH held AS (
    SELECT id FROM processing_jobs
    WHERE file_hash = ANY(%(etags)s::text[]) AND status = 'processing' AND run_id = %(run_id)s
    ORDER BY file_hash COLLATE "C" FOR NO KEY UPDATE
)
UPDATE processing_jobs AS j
SET status = 'pending', processing_started_at = NULL, run_id = NULL, dispatch_id = NULL,
    retry_at = now() + make_interval(secs => %(seconds)s)
FROM held WHERE j.id = held.id
RETURNING j.file_hash;

-- name: claim_originals
-- The first job with some bytes is their original, unless the one before it ended without PDFs of its own.
INSERT INTO originals AS o (content_sha256, file_hash)
SELECT DISTINCT ON (u.content_sha256) u.content_sha256, j.file_hash
FROM unnest(%(etags)s::text[], %(contents)s::text[]) AS u (file_hash, content_sha256)
JOIN processing_jobs AS j ON j.file_hash = u.file_hash AND j.status = 'processing' AND j.run_id = %(run_id)s
ORDER BY u.content_sha256, j.position
ON CONFLICT (content_sha256) DO UPDATE SET file_hash = excluded.file_hash
WHERE EXISTS (
    SELECT FROM processing_jobs AS k
    WHERE k.file_hash = o.file_hash
      AND (k.status = 'failed' OR (k.status = 'completed' AND k.duplicate_of IS NOT NULL))
);

-- name: twins
-- Those whose bytes are another job's.
SELECT u.file_hash, o.file_hash
FROM unnest(%(etags)s::text[], %(contents)s::text[]) AS u (file_hash, content_sha256)
JOIN originals AS o USING (content_sha256)
WHERE o.file_hash <> u.file_hash;

-- name: claiming_runs
SELECT DISTINCT run_id FROM processing_jobs WHERE status = 'processing';

-- name: release
-- The claims of runs that ended without ending their jobs.
WITH held AS (
    SELECT id FROM processing_jobs
    WHERE status = 'processing' AND run_id = ANY(%(run_ids)s::text[])
    ORDER BY file_hash COLLATE "C" FOR NO KEY UPDATE
)
UPDATE processing_jobs AS j
SET status = CASE WHEN retry_count < max_retries THEN 'pending' WHEN pdfs_stand THEN 'completed' ELSE 'failed' END,
    completed_at = CASE WHEN retry_count < max_retries THEN NULL ELSE now() END,
    retry_count = least(retry_count + 1, max_retries),
    retry_at = now() + least(%(retry_seconds)s::float8 * 4 ^ retry_count, 3600) * interval '1 second',
    error_code = 'run_died',
    error_message = 'run ' || run_id || ' ended before this job did',
    processing_started_at = NULL, run_id = NULL, dispatch_id = NULL
FROM held WHERE j.id = held.id
RETURNING j.file_hash AS etag, j.status AS state;

-- name: stuck_runs
SELECT DISTINCT run_id FROM processing_jobs
WHERE status = 'processing' AND processing_started_at < now() - make_interval(secs => %(seconds)s);

-- name: release_stuck
-- The last resort, by the clock: a run whose claims are taken here can no longer end these jobs.
WITH held AS (
    SELECT id FROM processing_jobs
    WHERE status = 'processing' AND run_id = ANY(%(run_ids)s::text[])
      AND processing_started_at < now() - make_interval(secs => %(seconds)s)
    ORDER BY file_hash COLLATE "C" FOR NO KEY UPDATE
)
UPDATE processing_jobs AS j
SET status = CASE WHEN retry_count < max_retries THEN 'pending' WHEN pdfs_stand THEN 'completed' ELSE 'failed' END,
    completed_at = CASE WHEN retry_count < max_retries THEN NULL ELSE now() END,
    retry_count = least(retry_count + 1, max_retries),
    retry_at = now() + least(%(retry_seconds)s::float8 * 4 ^ retry_count, 3600) * interval '1 second',
    error_code = 'stuck',
    error_message = 'run ' || run_id || ' held this job since ' || processing_started_at,
    processing_started_at = NULL, run_id = NULL, dispatch_id = NULL
FROM held WHERE j.id = held.id
RETURNING j.file_hash AS etag, j.status AS state;
