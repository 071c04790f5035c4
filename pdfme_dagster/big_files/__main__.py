"""Starts a process that works on parts of a file; see process.py."""

from pdfme_dagster.big_files.process import main

main()
