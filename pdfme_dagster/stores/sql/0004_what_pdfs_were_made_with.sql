-- What a completed job's PDFs were made with, so that making them again is either the same bytes or known to be
-- another version. Set by complete and kept when a job starts again: its PDFs stay until they are replaced.

ALTER TABLE processing_jobs
    ADD COLUMN template        varchar,   -- the template's name; of several, all names
    ADD COLUMN template_digest char(64);  -- SHA-256 of all that a PDF depends on beside its statement; of
                                          -- several templates, that of their digests, sorted
