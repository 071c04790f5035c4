"""The embedded Postgres, Valkey and S3 endpoint and their supervisor. Nothing is imported or done here."""
