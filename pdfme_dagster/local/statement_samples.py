"""Invented statement files for the demo and the load tests, good ones and broken ones, from a seed.

Not here: uploading them, nor anything real: names, shops and amounts are made up, and all card numbers lie
in 5000 0000 0000 00xx.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from pdfme_dagster.domain.money import format_amount, to_decimal_text

_ORGS = ("900", "900", "900", "901", "901", "266")
_CURRENCY = "BHD"
_FIRST_NAMES = (
    "NOORA",
    "YOUSIF",
    "HALA",
    "SALMAN",
    "MARYAM",
    "OMAR",
    "LINA",
    "TARIQ",
    "DANA",
    "ADAM",
    "RITA",
)
_MIDDLE_NAMES = ("", "", "ALI", "JASSIM", "EBRAHIM", "M.", "K.", "AHMED")
_LAST_NAMES = ("SAMPLEH", "TESTMAN", "MOCKERY", "AL-DEMO", "FIXTURE", "O'STUB", "PLACEHOLDER", "AL-EXAMPLE")
_ARABIC_FIRST_NAMES = ("محمد", "فاطمة", "علي", "نورة", "يوسف", "مريم", "خالد", "ليلى")
_ARABIC_LAST_NAMES = ("الاختبار", "التجربة", "المثال", "النموذج", "العينة")
_ARABIC_FLATS = ("شقة", "فيلا", "مكتب")
_TOWNS = ("Manama", "Riffa", "Muharraq", "Isa Town", "Sitra", "Hamad Town", "")
_SHOPS = (
    "EXAMPLE HYPERMARKET MANAMA BHR",
    "SAMPLE PETROL STATION RIFFA BHR",
    "IMAGINARY CAFE SEEF BHR",
    "DEMO PHARMACY MUHARRAQ BHR",
    "PRETEND TELECOM BILL PAYMENT",
    "MADE-UP SCHOOL FEES (2ND TERM)",
    "INVENTED FURNITURE & HOME, BRANCH 12, A LONG WAY DOWN THE OLD COAST ROAD, SITRA BHR",
)
# Fils to one unit of each currency, and the smallest thousandth the host may write for it.
_FOREIGN = {"GBP": (493, 10), "USD": (377, 10), "EUR": (436, 10), "JPY": (3, 1000)}
_FOREIGN_SHOPS = ("FICTIONAL AIR", "NOWHERE HOTEL", "FABLE BOOKS ONLINE", "TALE RAILWAYS")
_MESSAGES = (
    "Thank you for banking with us.",
    "Please check your statement and tell us within 30 days of anything you do not recognise.",
    "Your reward points are worth double until the end of the month.",
)
_MARKER = "00000000|||000000000|||00000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFile:
    """One invented file; ``broken`` says for people why it cannot be read, None when it can."""

    name: str
    content: bytes
    statements: int
    broken: str | None


def make_files(count: int, *, broken: int, seed: int) -> Iterator[SampleFile]:
    """Make ``count`` different files, ``broken`` of them evenly spread among the rest; the seed decides all.

    ValueError when more files are to be broken than there are.
    """
    if not 0 <= broken <= count:
        raise ValueError(f"broken is {broken}; it must be from 0 to count, {count}")
    rng = Random(seed)  # noqa: S311 - invented data, no secret
    period = f"{rng.randint(2024, 2026)}{rng.randint(1, 12):02d}"
    for index in range(count):
        spoilt = index * broken // count
        if spoilt < (index + 1) * broken // count:
            yield _make_broken(rng, index + 1, period, spoilt)
        else:
            yield _make_good(rng, index + 1, period)


def _make_good(rng: Random, number: int, period: str) -> SampleFile:
    org = rng.choice(_ORGS)
    customers = rng.randint(2, 5) if rng.random() < 0.1 else 1
    lines = _write_lines(rng, org, number, period, customers)
    return SampleFile(
        name=_name_file(org, period, number),
        content=_encode(rng, lines),
        statements=customers,
        broken=None,
    )


def _make_broken(rng: Random, number: int, period: str, spoilt: int) -> SampleFile:
    cycle, kind = divmod(spoilt, len(_BREAKAGES))
    reason, spoil = _BREAKAGES[kind]
    org = rng.choice(_ORGS)
    lines = _write_lines(rng, org, number, period, 1)
    return SampleFile(
        name=_name_file(org, period, number),
        content=spoil(_Draft(rng=rng, lines=lines, cycle=cycle)),
        statements=0,
        broken=reason,
    )


def _name_file(org: str, period: str, number: int) -> str:
    return f"{org}_{period}_{number:06d}.txt"


def _encode(rng: Random, lines: list[str]) -> bytes:
    end = "\r\n" if rng.random() < 0.15 else "\n"
    text = end.join(lines) + end
    old_host = not text.isascii() and rng.random() < 0.4
    return text.encode("cp1256" if old_host else "utf-8")


# --- The lines of a file ---


def _write_lines(rng: Random, org: str, number: int, period: str, customers: int) -> list[str]:
    """Write the records of all customers of one file; ``number`` stands in field 1, so no two are alike."""
    lines: list[str] = []
    for card in rng.sample(range(100), customers):
        start = f"{org}|{number:06d}|00-50000000000000{card:02d}|"
        lines += [start + record for record in _write_customer(rng, period)]
    return lines


def _write_customer(rng: Random, period: str) -> list[str]:
    rows = [_write_row(rng, period) for _ in range(_draw_row_count(rng))]
    rows.sort(key=lambda row: row[1][: len("4|dd")])  # as they happened
    debits = sum(amount for amount, _ in rows if amount > 0)
    credits_ = -sum(amount for amount, _ in rows if amount < 0)
    records = [_write_account(rng, period, debits, credits_), _write_person(rng)]
    records.append(f"3||REWARD|{rng.randrange(9999)}||||||")
    if rows:
        records.append(_write_marker("Account transactions"))
    for position, (_, record) in enumerate(rows, start=1):
        records.append(record)
        if position % 12 == 0:
            records.append(_write_marker("NEWL"))
    records.append("5||INSTALMENT|0||||||")
    messages = rng.sample(_MESSAGES, rng.choice((0, 1, 1, 2)))
    return records + [f"6||{message}||||||" for message in messages or ("",)]


def _draw_row_count(rng: Random) -> int:
    few, many = rng.choices(((0, 0), (1, 4), (5, 30), (31, 90)), weights=(4, 10, 76, 10))[0]
    return rng.randint(few, many)


def _write_account(rng: Random, period: str, debits: int, credits_: int) -> str:
    opening = rng.choice((0, rng.randrange(2_000_000)))
    closing = opening + debits - credits_
    limit = 1_000_000 * rng.randint(3, 12)
    totals = "||".join(to_decimal_text(minor, _CURRENCY) for minor in (credits_, debits, opening))
    closing_text = format_amount(abs(closing), _CURRENCY) + ("-" if closing < 0 else "")
    day = f"21{period[4:]}{period[:4]}"
    available = f"{max(limit - closing, 0):09d}"
    return f"1{_skip(9)}{closing_text}||{day}{_skip(13)}{available}{_skip(14)}{totals}{_skip(14)}"


def _write_person(rng: Random) -> str:
    if rng.random() < 1 / 8:
        name = f"{rng.choice(_ARABIC_FIRST_NAMES)} {rng.choice(_ARABIC_LAST_NAMES)}"
        home = f"{rng.choice(_ARABIC_FLATS)} {rng.randint(1, 99)}"
    else:
        parts = (rng.choice(stock) for stock in (_FIRST_NAMES, _MIDDLE_NAMES, _LAST_NAMES))
        name = " ".join(filter(None, parts))
        home = f"{rng.choice(('Flat', 'Villa', 'House'))} {rng.randint(1, 99)}"
    street = f"Building {rng.randint(1, 2999)}|Road {rng.randint(1, 9999)}"
    return f"2||{name}|{home}|{street}{_skip(74)}{rng.choice(_TOWNS)}{_skip(7)}"


def _write_row(rng: Random, period: str) -> tuple[int, str]:
    """Return a row's amount in fils, negative for a credit, and its record."""
    day = rng.randint(1, 20)
    month = period[4:] + period[:4]
    made, posted = f"{day:02d}{month}", f"{day + rng.randint(0, 1):02d}{month}"
    amount, written, shop, origin = _draw_purchase(rng)
    record = f"4|{made}|||{written}|||{posted}{_skip(12)}{shop}{_skip(34)}{origin}{_skip(12)}"
    return amount, record


def _draw_purchase(rng: Random) -> tuple[int, str, str, str]:
    """Return the amount in fils, the amount as written, the description and fields 56 and 57."""
    kind = rng.random()
    amount = rng.randint(100, 90_000)
    if kind < 0.08:
        return -10 * amount, f"{10 * amount:09d}", "Payment Received", "|000000000"
    if kind < 0.12:
        shop = f"REFUND {rng.choice(_SHOPS)}"
        return -amount, f"{amount:09d}{rng.choice(('-', 'CR', ' CR'))}", shop, "|000000000"
    if kind < 0.30:
        return _draw_foreign_purchase(rng)
    written = rng.choice((f"{amount:09d}", f"{amount:09d}", format_amount(amount, _CURRENCY)))
    return amount, written, rng.choice(_SHOPS), "|000000000"


def _draw_foreign_purchase(rng: Random) -> tuple[int, str, str, str]:
    currency = rng.choice(tuple(_FOREIGN))
    fils, step = _FOREIGN[currency]
    thousandths = step * rng.randint(200, 40_000)
    amount = thousandths * fils // 1000 + 1
    return (
        amount,
        f"{amount:09d}",
        f"{rng.choice(_FOREIGN_SHOPS)} {currency}",
        f"{currency}|{thousandths:09d}",
    )


def _write_marker(text: str) -> str:
    return f"4|{_MARKER}{_skip(12)}{text}{_skip(35)}000000000{_skip(12)}"


def _skip(fields: int) -> str:
    return "|" * fields


# --- Ways to break a file ---


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """The lines of a good file with one customer, and how often each way to break one has been used."""

    rng: Random
    lines: list[str]
    cycle: int


def _empty(draft: _Draft) -> bytes:
    # All empty files have one ETag, so only the first is empty.
    return b"\n" * draft.cycle


def _turn_binary(draft: _Draft) -> bytes:
    return draft.lines[0].encode() + b"\0" + draft.rng.randbytes(draft.rng.randint(200, 2000))


def _drop_account_record(draft: _Draft) -> bytes:
    return _join(draft.lines[1:])


def _spoil_amount(draft: _Draft) -> bytes:
    amount = f"{draft.rng.randint(1, 999)}.{draft.rng.randint(0, 99):02d}x"
    return _join(_set_account_field(draft.lines, 12, amount))


def _spoil_statement_date(draft: _Draft) -> bytes:
    date = draft.rng.choice(("31022025", "00132025", "2025-09-21", "32012025"))
    return _join(_set_account_field(draft.lines, 14, date))


def _change_account(draft: _Draft) -> bytes:
    lines = draft.lines
    key = lines[0].split("|")[2]
    other = f"{key[:-2]}{(int(key[-2:]) + draft.rng.randint(1, 99)) % 100:02d}"
    middle = draft.rng.randrange(2, len(lines))
    return _join(lines[:middle] + [line.replace(key, other, 1) for line in lines[middle:]])


def _cut_off(draft: _Draft) -> bytes:
    # Not before field 2, since field 1 is what makes the file like no other.
    return draft.lines[0][: draft.rng.randint(12, 44)].encode()


def _set_account_field(lines: list[str], field: int, text: str) -> list[str]:
    fields = lines[0].split("|")
    return ["|".join([*fields[:field], text, *fields[field + 1 :]]), *lines[1:]]


def _join(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


_BREAKAGES: tuple[tuple[str, Callable[[_Draft], bytes]], ...] = (
    ("empty, or blank lines only", _empty),
    ("binary, not text", _turn_binary),
    ("no type 1 record", _drop_account_record),
    ("closing balance is not a number", _spoil_amount),
    ("account changes without a type 1 record", _change_account),
    ("statement date is in no calendar", _spoil_statement_date),
    ("cut off in the first record", _cut_off),
)
