-- What the mirror of ended jobs in Dagster's partitions sends, by name.

-- name: unmirrored
-- Ended jobs that nobody has compared with their partitions, the oldest first. A run that is still live records
-- its own when it is through.
SELECT file_hash AS etag, filename AS key, status AS state, run_id, completed_at AS ended_at, error_code,
       coalesce(error_message, '') AS error_message
FROM processing_jobs
WHERE status IN ('completed', 'failed') AND mirrored_at IS DISTINCT FROM completed_at
  AND (run_id IS NULL OR run_id <> ALL(%(live_runs)s::text[]))
ORDER BY completed_at LIMIT %(limit)s;

-- name: mirrored
-- Their partitions show them, unless they have ended in another way since.
UPDATE processing_jobs AS j SET mirrored_at = m.ended_at
FROM unnest(%(etags)s::text[], %(ended_at)s::timestamptz[]) AS m (file_hash, ended_at)
WHERE j.file_hash = m.file_hash AND j.completed_at = m.ended_at AND j.status IN ('completed', 'failed')
RETURNING j.file_hash;
