"""Bytes of a statement file to statements, by profile. No services, no clock, no environment."""

from pdfme_dagster.parsing.afs import parse
from pdfme_dagster.parsing.profile import AfsProfile

__all__ = ["AfsProfile", "parse"]
