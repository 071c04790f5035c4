"""The stores remember: jobs in Postgres (the truth), hints in Redis, files in S3. No Dagster, no settings."""
