-- Whether the PDFs of a job's last completion are still what is stored: those of a job that is made again stand
-- until the first of them is written over (query remake). If it cannot be made again, it stays completed with them.

ALTER TABLE processing_jobs
    ADD COLUMN pdfs_stand boolean NOT NULL GENERATED ALWAYS AS (pdf_location IS NOT NULL AND pdf_sha256 IS NOT NULL) STORED;
