-- What the month-end close asks of the job table, by name: the table laid against two listings.

-- name: this_moment
-- The first statement of a transaction decides which moment all of it sees.
SELECT FROM processing_jobs LIMIT 0;

-- name: listed_uploads
-- One row for each object of the uploads bucket with a usable ETag, folder markers apart.
CREATE TEMPORARY TABLE listed_uploads (etag text NOT NULL) ON COMMIT DROP;

-- name: listed_pdfs
-- One row for each object of the PDFs bucket: where it is as a job says it, and its number in a folder.
CREATE TEMPORARY TABLE listed_pdfs (location text NOT NULL, number integer) ON COMMIT DROP;

-- name: note_upload
COPY listed_uploads (etag) FROM STDIN;

-- name: note_pdf
COPY listed_pdfs (location, number) FROM STDIN;

-- name: uploads
-- One row for each listed ETag and each job under the prefix, of which every one belongs to one count. The
-- conditions name what they count instead of taking the rest: a job that is in no state that we know (changed
-- by hand, or pointing to PDFs that are none) is in none of the counts, and the equation says so.
WITH names AS (SELECT etag, count(*) AS names FROM listed_uploads GROUP BY etag),
mine AS (SELECT * FROM processing_jobs WHERE starts_with(filename, %(prefix)s)),
known AS (
    SELECT n.names, j.status, coalesce(j.error_code, '') AS code, j.content_sha256, j.statements,
           j.duplicate_of IS NOT NULL AS points,
           coalesce(other.status <> 'failed', false) AS stands,  -- is what it points to still to be had?
           elsewhere.file_hash IS NOT NULL AS elsewhere          -- the job has a name outside of the prefix
    FROM names AS n
    FULL JOIN mine AS j ON j.file_hash = n.etag
    LEFT JOIN processing_jobs AS other ON other.file_hash = j.duplicate_of
    LEFT JOIN processing_jobs AS elsewhere ON elsewhere.file_hash = n.etag AND j.file_hash IS NULL
)
SELECT count(*) FILTER (WHERE names IS NULL) AS gone,
       coalesce(sum(names - 1), 0)::bigint
           + count(*) FILTER (WHERE elsewhere)
           + count(*) FILTER (WHERE status = 'completed' AND points AND stands AND content_sha256 IS NOT NULL)
           AS duplicates,
       count(*) FILTER (WHERE status = 'failed' AND code = 'superseded')
           + count(*) FILTER (WHERE status = 'completed' AND points AND stands AND content_sha256 IS NULL)
           AS superseded,
       count(*) FILTER (WHERE status = 'failed' AND code = 'missing') AS missing,
       count(*) FILTER (WHERE status = 'completed' AND NOT points AND statements > 0) AS completed,
       count(*) FILTER (WHERE status = 'failed' AND code NOT IN ('superseded', 'missing')) AS failed,
       count(*) FILTER (WHERE status IN ('pending', 'processing') OR (status IS NULL AND NOT elsewhere)) AS open
FROM known;

-- name: pdfs
-- Every listed PDF with the completed job whose it is, by the job's pdf_location: the key itself, or the folder
-- that has a number for each customer. Which customers of a folder were left out the table does not say, so a
-- folder has as many PDFs as its job has statements, whichever they are. ``asked`` are jobs under the prefix.
WITH owners AS (
    SELECT pdf_location AS location, sum(statements)::bigint AS statements,
           max(statements + coalesce(rejected, 0)) AS customers, bool_or(starts_with(filename, %(prefix)s)) AS asked
    FROM processing_jobs
    WHERE status = 'completed' AND duplicate_of IS NULL AND statements > 0
    GROUP BY pdf_location
), places AS (
    SELECT p.location, owners.asked, forgotten.pdf_location IS NOT NULL AS forgotten, count(*) AS pdfs
    FROM listed_pdfs AS p
    LEFT JOIN owners
           ON owners.location = p.location AND (number IS NULL OR number BETWEEN 1 AND owners.customers)
    LEFT JOIN forgotten_pdfs AS forgotten
           ON forgotten.pdf_location = p.location AND (number IS NULL OR number BETWEEN 1 AND forgotten.customers)
    GROUP BY 1, 2, 3
), stored AS (
    SELECT coalesce(sum(pdfs) FILTER (WHERE asked OR asked IS NULL), 0)::bigint AS stored,
           coalesce(sum(pdfs) FILTER (WHERE asked IS NULL AND NOT forgotten), 0)::bigint AS nobodys,
           coalesce(sum(pdfs) FILTER (WHERE asked IS NULL AND forgotten), 0)::bigint AS forgotten
    FROM places
), found AS (
    SELECT location, sum(pdfs) AS pdfs FROM places WHERE asked GROUP BY location
), compared AS (
    SELECT coalesce(sum(statements), 0)::bigint AS expected,
           coalesce(sum(greatest(statements - coalesce(pdfs, 0), 0)), 0)::bigint AS absent,
           coalesce(sum(greatest(coalesce(pdfs, 0) - statements, 0)), 0)::bigint AS surplus
    FROM owners LEFT JOIN found USING (location)
    WHERE asked
)
SELECT expected, stored, nobodys + surplus AS orphans, absent, forgotten FROM compared, stored;
