"""Bytes of a statement file to statements, by profile. No services, no clock, no environment."""

from pdfme_dagster.parsing.profile import Profile
from pdfme_dagster.parsing.profiles import HEAD_BYTES, Profiles, load_profiles, read_profile
from pdfme_dagster.parsing.ranges import cut_ranges
from pdfme_dagster.parsing.reader import StatementReader, describe_rejected, parse, require_acceptable
from pdfme_dagster.parsing.source import ByteRange
from pdfme_dagster.parsing.survey import FileSurvey, PartSurvey, join_surveys, survey_part

__all__ = [
    "HEAD_BYTES",
    "ByteRange",
    "FileSurvey",
    "PartSurvey",
    "Profile",
    "Profiles",
    "StatementReader",
    "cut_ranges",
    "describe_rejected",
    "join_surveys",
    "load_profiles",
    "parse",
    "read_profile",
    "require_acceptable",
    "survey_part",
]
