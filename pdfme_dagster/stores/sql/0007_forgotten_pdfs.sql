-- A cleanup forgets jobs and leaves their PDFs. Where those are is kept, so that the month-end close can tell
-- them from PDFs that never were any job's.

CREATE TABLE forgotten_pdfs (
    pdf_location text PRIMARY KEY,                     -- s3:// of the PDF, or of the folder of several
    customers    integer NOT NULL CHECK (customers > 0),  -- the last number in that folder
    forgotten_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE forgotten_pdfs IS 'Where the PDFs of jobs are that a cleanup has forgotten.';

CREATE FUNCTION remember_forgotten_pdfs() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO forgotten_pdfs (pdf_location, customers)
    SELECT pdf_location, max(statements + coalesce(rejected, 0))
    FROM forgotten
    WHERE status = 'completed' AND duplicate_of IS NULL AND statements > 0
    GROUP BY pdf_location
    ON CONFLICT (pdf_location) DO UPDATE
    SET customers = greatest(forgotten_pdfs.customers, excluded.customers), forgotten_at = now();
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION remember_forgotten_pdfs() IS 'Keeps where the PDFs of deleted jobs are.';

-- Whoever deletes: the command, cleanup_old_jobs, or an operator's own SQL.
CREATE TRIGGER remember_forgotten_pdfs
    AFTER DELETE ON processing_jobs REFERENCING OLD TABLE AS forgotten
    FOR EACH STATEMENT EXECUTE FUNCTION remember_forgotten_pdfs();
