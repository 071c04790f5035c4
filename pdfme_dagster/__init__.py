"""Statement files in, PDFs out, each exactly once. Nothing is imported or done here."""
