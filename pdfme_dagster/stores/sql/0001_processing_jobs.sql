-- The job table: one row per ETag, and the truth about it. Job state only, never a statement's content.
--
--                 start                complete
--     pending ───────────▶ processing ──────────▶ completed
--        ▲                  │      │
--        └──────────────────┘      └────fail────▶ failed
--          requeue, release                         │
--        ▲                                          │
--        └──────── mark_job_for_retry ──────────────┘
--
-- Every arrow is one guarded statement in queries.sql; a run can only move the jobs it claimed.

CREATE TABLE processing_jobs (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    file_hash             varchar(64) NOT NULL UNIQUE,  -- the ETag without quotes; also the partition key
    filename              text NOT NULL,                -- the object's key in the uploads bucket
    status                varchar(20) NOT NULL DEFAULT 'pending'
                          CHECK (status IN (
                              'pending',     -- waiting for a run, or handed to one that has not started it
                              'processing',  -- claimed by run_id, which alone may end it
                              'completed',   -- its PDFs are stored at pdf_location
                              'failed'       -- will not be tried again by itself; error_message says why
                          )),
    created_at            timestamptz NOT NULL DEFAULT now(),
    processing_started_at timestamptz,
    completed_at          timestamptz,                  -- when it became completed or failed
    pdf_location          text,                         -- s3:// of the PDF, or of the folder of several
    error_message         text,
    retry_count           integer NOT NULL DEFAULT 0 CHECK (retry_count >= 0),  -- automatic retries so far
    max_retries           integer NOT NULL DEFAULT 3 CHECK (max_retries >= 0),

    position              bigint GENERATED ALWAYS AS IDENTITY,  -- order of discovery: oldest goes first
    run_id                text,                         -- the Dagster run that holds, or ended, this job
    dispatch_id           uuid,                         -- the run request it is handed to, before a run id
    dispatched_at         timestamptz,                  -- when it was last handed to one
    error_code            varchar(40),                  -- groups failures by cause
    size_bytes            bigint NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),
    content_sha256        char(64),
    statements            integer CHECK (statements >= 0),
    pages                 integer CHECK (pages >= 0),
    pdf_bytes             bigint CHECK (pdf_bytes >= 0),
    pdf_sha256            char(64),                     -- of its PDF; of several, of their SHA-256s in order
    duplicate_of          varchar(64),                  -- the file_hash whose PDFs stand for this one

    CONSTRAINT processing_belongs_to_a_run
        CHECK (status <> 'processing' OR (run_id IS NOT NULL AND processing_started_at IS NOT NULL)),
    CONSTRAINT completed_says_where
        CHECK (status <> 'completed' OR (pdf_location IS NOT NULL AND completed_at IS NOT NULL)),
    CONSTRAINT failed_says_why
        CHECK (status <> 'failed' OR error_message IS NOT NULL),
    CONSTRAINT dispatched_at_some_time
        CHECK (dispatch_id IS NULL OR dispatched_at IS NOT NULL)
);

-- serves take_pending: the oldest jobs that no run has been asked for
CREATE INDEX processing_jobs_waiting ON processing_jobs (position)
    WHERE status = 'pending' AND dispatch_id IS NULL;
-- serves open_dispatches and withdraw
CREATE INDEX processing_jobs_dispatched ON processing_jobs (dispatch_id)
    WHERE status = 'pending' AND dispatch_id IS NOT NULL;
-- serves claiming_runs, release and release_stuck
CREATE INDEX processing_jobs_claimed ON processing_jobs (run_id) WHERE status = 'processing';
-- serves count_recent, the rate limit
CREATE INDEX processing_jobs_dispatched_at ON processing_jobs (dispatched_at) WHERE dispatched_at IS NOT NULL;
-- serves failed_jobs
CREATE INDEX processing_jobs_failed ON processing_jobs (completed_at) WHERE status = 'failed';
-- serves job_statistics
CREATE INDEX processing_jobs_created_at ON processing_jobs (created_at);
