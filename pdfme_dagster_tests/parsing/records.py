"""Writes single records of the card-statement format, field by field, for tests.

Not here: whole random files (pdfme_dagster/local/statement_samples.py).
"""

from typing import Any

from pdfme_dagster.domain.statement import ParsedFile, Statement, Transaction
from pdfme_dagster.parsing import Profile, load_profiles, parse, require_acceptable
from pdfme_dagster.parsing.profile import RecordsProfile

CARD = "00-5000000000000015"
OTHER_CARD = "00-5000000000000023"
NAME = "NOORA SAMPLEH"
PROFILES = load_profiles()
PROFILE = PROFILES["afs"]


def change_profile(row_fields: dict[str, Any] | None = None, **changes: Any) -> RecordsProfile:
    """Return the shipped profile with some keys set otherwise, and some fields of its rows."""
    said = PROFILE.model_dump()
    said["records"]["4"]["fields"] |= row_fields or {}
    return RecordsProfile.model_validate({**said, **changes})


def write_record(kind: str, fields: dict[int, str], *, card: str = CARD, org: str = "900") -> str:
    """Write a record with the given fields, empty ones between them and none behind."""
    last = max(fields, default=3)
    texts = {0: org, 1: "001", 2: card, 3: kind, **fields}
    return "|".join(texts.get(number, "") for number in range(last + 1))


def account(fields: dict[int, str] | None = None, *, card: str = CARD, org: str = "900") -> str:
    """Write a type 1 record of a customer without rows, with some fields set otherwise."""
    zero = {12: "0.000", 14: "21092025", 27: "000500000", 41: "0.000", 43: "0.000", 45: "0.000"}
    return write_record("1", zero | (fields or {}), card=card, org=org)


def customer(name: str = NAME, *, card: str = CARD) -> str:
    """Write a type 2 record."""
    return write_record("2", {5: name, 6: "Flat 1", 7: "Building 2", 8: "Road 3", 82: "Riffa"}, card=card)


def row(amount: str, description: str = "SHOP", *, card: str = CARD, **at: str) -> str:
    """Write a type 4 record; ``made``, ``posted``, ``currency`` and ``original`` set the other fields."""
    fields = {
        4: at.get("made", "01092025"),
        7: amount,
        10: at.get("posted", "02092025"),
        22: description,
        56: at.get("currency", ""),
        57: at.get("original", ""),
    }
    return write_record("4", fields, card=card)


def message(text: str = "", *, card: str = CARD) -> str:
    """Write a type 6 record."""
    return write_record("6", {5: text}, card=card)


def parse_lines(*lines: str, profile: Profile = PROFILE, end: str = "\n") -> ParsedFile:
    """Parse a file of these lines; ParseError when a customer of it is rejected."""
    parsed = parse_leniently(*lines, profile=profile, end=end)
    require_acceptable(parsed, profile)
    return parsed


def parse_leniently(*lines: str, profile: Profile = PROFILE, end: str = "\n") -> ParsedFile:
    """Parse a file of these lines, whoever is rejected."""
    return parse("".join(line + end for line in lines).encode(), profile=profile)


def parse_rows(*rows: str, profile: Profile = PROFILE) -> tuple[Transaction, ...]:
    """Parse a customer with these rows, whatever their sum, to transactions."""
    return parse_statement(*rows, profile=profile).transactions


def parse_statement(*rows: str, profile: Profile = PROFILE) -> Statement:
    """Parse a customer with these rows, whatever their sum."""
    return parse_lines(account(), customer(), *rows, message(), profile=profile).statements[0]


def list_messages(parsed: ParsedFile) -> list[str]:
    """Return the warnings as ``line N: text``."""
    return [f"line {warning.line}: {warning.message}" for warning in parsed.warnings]
