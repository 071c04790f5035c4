"""Reads spoilt statement files of every format, as many as a time allows, and says what must never happen.

Not here: how files are spoilt (spoil.py). Whether amounts are right needs a right file to compare with:
pdfme_dagster_tests/parsing/test_mutations.py has one. The seed decides everything but how many inputs fit.
"""

import argparse
import io
import json
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

from benchmarks.spoil import spoil
from pdfme_dagster.domain.statement import Statement
from pdfme_dagster.errors import ParseError
from pdfme_dagster.parsing import HEAD_BYTES, Profile, Profiles, StatementReader, cut_ranges, load_profiles

SAMPLES = Path(__file__).parents[1] / "pdfme_dagster_tests" / "parsing" / "samples"
PROFILES = Path(__file__).parent / "profiles"
LIMIT_SECONDS = 5.0
_NO_STATEMENTS = {"expected.json"}
_NAMES = (
    "",
    "900_2025-09.txt",
    "900_5000000000000015.txt",
    "NOORA SAMPLEH_1.csv",
    "in/266_x.json",
    "_",
    "9" * 300,
)
# What the samples' customers are called.
_CUSTOMER = re.compile(r"NOORA|SAMPLEH|YOUSIF|MOCKERY|HALA|AL-DEMO|TESTMAN|الاختبار|المثال")
# Where names of columns, keys and tags stand: what is moved there is taken for one, and told.
_PLACES_OF_NAMES = (
    re.compile(r"\A\s*[^\r\n]*"),
    re.compile(r'"[^"]*"\s*:'),
    re.compile(r"<[^>]*>"),
)
_NAME_TOLD = "a message has a customer's name"
_CARD = re.compile(r"\d{12}|\d{4}[ -]\d{4}[ -]\d{4}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_CURRENCY = re.compile(r"[A-Z]{3}")
_ORG_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_MOST_WARNINGS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A good file, and the profile that reads it."""

    name: str
    content: bytes
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A spoilt file. ``profile`` is None when it is chosen by the looks."""

    number: int
    sample: str
    content: bytes
    profile: Profile | None
    name: str
    parts: int


@dataclass(slots=True, kw_only=True)
class Report:
    """What came out; ``failures`` has the first input of each kind, and how many there were of it."""

    seed: int
    profile: str
    inputs: int = 0
    cpu_seconds: float = 0.0
    slowest_seconds: float = 0.0
    slowest_input: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)


class _FaultError(Exception):
    """Raised when what was read breaks the promise ``kind``."""

    def __init__(self, kind: str, detail: object) -> None:
        super().__init__(f"{kind}: {detail!r}" if detail else kind)
        self.kind = kind


class _TooSlowError(BaseException):
    """Raised in the middle of an input that takes too long; nothing may swallow it."""


# --- Inputs ---


def read_samples(profiles: Profiles, wanted: str) -> list[Sample]:
    """Return all samples, or those of one profile; SystemExit when there are none."""
    samples = [
        Sample(name=path.name, content=content, profile=profiles.choose(path.name, content[:HEAD_BYTES]).name)
        for path in sorted(SAMPLES.iterdir())
        if path.name not in _NO_STATEMENTS
        for content in [path.read_bytes()]
    ]
    chosen = [each for each in samples if wanted in {"all", each.profile}]
    if not chosen:
        known = ", ".join(sorted({each.profile for each in samples}))
        sys.exit(f'no sample is read by profile "{wanted}"; use all, {known}')
    return chosen


def make_input(seed: int, number: int, samples: Sequence[Sample], profiles: Profiles) -> Input:
    """Make an input that depends on its seed and number only, and on the samples."""
    rng = Random(f"{seed}/{number}")
    form = rng.choice(sorted({each.profile for each in samples}))
    sample = rng.choice([each for each in samples if each.profile == form])
    content = spoil(rng, sample.content, [each.content for each in samples])
    drawn = rng.random()
    profile: Profile | None = profiles[sample.profile]
    if drawn < 0.1:
        profile = None
    elif drawn < 0.15:
        profile = rng.choice(list(profiles))
    elif drawn < 0.35:
        profile = _vary(rng, profiles[sample.profile])
    return Input(
        number=number,
        sample=sample.name,
        content=content,
        profile=profile,
        name=sample.name if rng.random() < 0.7 else rng.choice(_NAMES),
        parts=rng.choice((1, 1, 2, 3)),
    )


def _vary(rng: Random, profile: Profile) -> Profile:
    """Return the profile with some of what it says said otherwise."""
    other: dict[str, Sequence[Any]] = {
        "encodings": [("utf-8",), ("cp1256",), ("iso-8859-6",), ("utf-8", "iso-8859-1")],
        "currency": ["KWD", "USD", "JPY"],
        "organisation": ["900", None],
        "control_totals": [(), ("balance",)],
        "on_unbalanced": ["fail"],
        "decimals": [0, 2, 3, "currency"],
        "decimal_point": [","],
        "negative": ["credit", "debit"],
        "date_format": ["yyyyMMdd", "dd/MM/yy", "MM-dd-yyyy"],
        "delimiter": [";", "\t", "|", ","],
    }
    own = [key for key in other if key in type(profile).model_fields and getattr(profile, key) is not None]
    keys = rng.sample(own, min(2, len(own)))
    return profile.model_copy(update={key: rng.choice(other[key]) for key in keys})


# --- One input ---


def read_input(each: Input, profiles: Profiles) -> str:
    """Read it and return what came of it; whatever but ParseError is raised is a failure."""
    try:
        return _read(each, profiles)
    except _FaultError as exc:
        if exc.kind == _NAME_TOLD and _has_name_for_column(each.content):
            return "told a name that stands for a column's"
        raise


def _has_name_for_column(content: bytes) -> bool:
    for encoding in ("utf-8", "utf-16", "cp1256", "iso-8859-6"):
        text = content.decode(encoding, "replace")
        for pattern in _PLACES_OF_NAMES:
            if any(_CUSTOMER.search(match[0]) for match in pattern.finditer(text)):
                return True
    return False


def _read(each: Input, profiles: Profiles) -> str:
    try:
        profile = each.profile or profiles.choose(each.name, each.content[:HEAD_BYTES])
        reader = StatementReader(io.BytesIO(each.content), profile, name=each.name)
        statements = list(reader)
        _check_reader(reader, statements)
        if each.parts > 1:
            _check_parts(each, profile, reader, statements)
    except ParseError as exc:
        _check_message(str(exc))
        _require(exc.line is None or exc.line >= 1, "an error's line is no line")
        _require(bool(re.fullmatch(r"[a-z0-9_]+", exc.code)), "an error's code is no word")
        return f"refused: {exc.code}"
    if reader.rejected:
        return "some rejected" if statements else "all rejected"
    return "read with warnings" if reader.warnings else "read without warnings"


def _check_parts(
    each: Input, profile: Profile, whole: StatementReader, statements: Sequence[Statement]
) -> None:
    """Read it in parts, which must say the same as the whole when nobody was rejected."""
    stream = io.BytesIO(each.content)
    found: list[Statement] = []
    for part in cut_ranges(stream, profile, each.parts):
        reader = StatementReader(stream, profile, name=each.name, part=part)
        some = list(reader)
        _check_reader(reader, some)
        found += some
    _require(bool(whole.rejected) or found == list(statements), "the parts say something else than the whole")


def _check_reader(reader: StatementReader, statements: Sequence[Statement]) -> None:
    _require(bool(statements or reader.rejected), "a file without statements was read")
    _require(reader.bytes_done <= reader.size_bytes, "more bytes are done than there are")
    warnings = reader.warnings
    for warning in warnings:
        _check_message(warning.message)
        _require(warning.line >= 1, "a warning's line is no line")
    for rejected in reader.rejected:
        _check_message(f"{rejected.account} {rejected.message}")
        _require(rejected.line is None or rejected.line >= 1, "a rejected customer's line is no line")
    for statement in statements:
        _check_statement(statement)
    if len(warnings) < _MOST_WARNINGS and len(reader.profile.control_totals) == 3:
        told = sum("control total" in warning.message for warning in warnings)
        off = sum(map(_is_off, statements))
        _require(off <= told, "control totals that do not hold are not told")


def _check_message(message: str) -> None:
    _require(not _CARD.search(message), "a message has a card number", message)
    _require(not _CUSTOMER.search(message), _NAME_TOLD, message)
    _require(not _CONTROL.search(message), "a message has a control character", message)


def _check_statement(statement: Statement) -> None:
    _require(bool(_ORG_ID.fullmatch(statement.org_id)), "an organisation is none", statement.org_id)
    _require(bool(statement.account), "an account is empty")
    _require(bool(_CURRENCY.fullmatch(statement.currency)), "a currency is none", statement.currency)
    texts = [statement.account, statement.name, *statement.address, *statement.messages]
    balances = (
        statement.opening,
        statement.debits,
        statement.credits,
        statement.closing,
        statement.available,
    )
    _require(all(each is None or type(each) is int for each in balances), "a balance is no integer")
    for row in statement.transactions:
        _require(type(row.amount) is int and row.amount >= 0, "a row's amount is no amount")
        _require(type(row.credit) is bool, "a row is neither credit nor debit")
        foreign = row.original_currency is not None
        _require(
            foreign == (row.original_amount is not None), "an original has no currency or no amount", row
        )
        _require(row.original_amount is None or row.original_amount >= 0, "an original is negative")
        texts += [row.description, row.original_currency or ""]
    for text in texts:
        _require(not _CONTROL.search(text), "a text has a control character", text)
        text.encode()


def _is_off(statement: Statement) -> bool:
    sums = [0, 0]
    for row in statement.transactions:
        sums[row.credit] += row.amount
    opening, debits, credited, closing = (
        statement.opening,
        statement.debits,
        statement.credits,
        statement.closing,
    )
    if debits not in {None, sums[0]} or credited not in {None, sums[1]}:
        return True
    if opening is None or closing is None:
        return False
    return opening + sums[0] - sums[1] != closing


def _require(holds: bool, fault: str, detail: object = "") -> None:
    if not holds:
        raise _FaultError(fault, detail)


# --- The run ---


def run(report: Report, cpu_seconds: float, samples: Sequence[Sample], profiles: Profiles) -> None:
    """Read inputs for so many CPU seconds; print each new kind of failure with how to see it again."""
    start = time.process_time()
    while (began := time.process_time()) - start < cpu_seconds:
        each = make_input(report.seed, report.inputs, samples, profiles)
        made = time.process_time()
        try:
            with _limit(2 * LIMIT_SECONDS):
                report.outcomes[read_input(each, profiles)] += 1
        # Any exception is what this looks for.
        except (Exception, _TooSlowError) as exc:
            _note_failure(report, each, exc)
        seconds = time.process_time() - made
        if seconds > LIMIT_SECONDS:
            _note_failure(report, each, TimeoutError(f"takes {seconds:.1f} s"))
        if seconds > report.slowest_seconds:
            report.slowest_seconds, report.slowest_input = seconds, each.number
        report.inputs += 1
        report.samples[each.sample] += 1
        report.cpu_seconds = began - start


@contextmanager
def _limit(cpu_seconds: float) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TooSlowError(f"does not end in {cpu_seconds:.0f} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _note_failure(report: Report, each: Input, error: BaseException) -> None:
    profile = each.profile.name if each.profile else "chosen profile"
    kind = f"{profile}: {_describe_kind(error)}"
    known = report.failures.setdefault(kind, {"input": each.number, "message": str(error)[:500], "times": 0})
    known["times"] += 1
    report.outcomes["failed"] += 1
    if known["times"] == 1:
        print(f"FAILED {kind}, sample {each.sample}: {str(error)[:500]}")
        again = f"--seed {report.seed} --profile {report.profile} --input {each.number}"
        print(f"  again: python -m benchmarks.fuzz_parse {again}", flush=True)


def _describe_kind(error: BaseException) -> str:
    if isinstance(error, _FaultError):
        return error.kind
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" at {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    return type(error).__name__ + place


def _print_report(report: Report) -> None:
    rate = report.inputs / max(report.cpu_seconds, 1e-9)
    print(
        f"{report.inputs:,} inputs in {report.cpu_seconds:.0f} CPU seconds, {rate:.0f}/s, seed {report.seed}"
    )
    for counted in (report.outcomes, report.samples):
        print("; ".join(f"{name} {times:,}" for name, times in counted.most_common()))
    print(f"slowest: input {report.slowest_input} with {report.slowest_seconds:.2f} s")
    print(f"{len(report.failures)} kinds of failure")


def _show_input(each: Input, profiles: Profiles) -> None:
    """Write a single input to the screen and let its exception through."""
    print(f"sample {each.sample}, name {each.name!r}, {each.parts} parts")
    print(f"profile {each.profile!r}")
    print(each.content[:20_000])
    print(read_input(each, profiles))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, print, and write JSON where it is wanted; exit code 1 after any failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_parse", description=__doc__)
    parser.add_argument("--cpu-seconds", type=float, default=600, help="how long, without waiting")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", default="all", help="read samples of this profile only")
    parser.add_argument("--input", type=int, help="show and read only this input")
    parser.add_argument("--json", type=Path, help="where to write the counts")
    options = parser.parse_args(arguments)
    profiles = load_profiles(PROFILES)
    samples = read_samples(profiles, options.profile)
    if options.input is not None:
        _show_input(make_input(options.seed, options.input, samples, profiles), profiles)
        return
    report = Report(seed=options.seed, profile=options.profile)
    run(report, options.cpu_seconds, samples, profiles)
    _print_report(report)
    if options.json:
        options.json.write_text(json.dumps(_as_json(report), indent=2) + "\n", encoding="utf-8")
    sys.exit(1 if report.failures else 0)


def _as_json(report: Report) -> Mapping[str, Any]:
    return {**asdict(report), "outcomes": dict(report.outcomes), "samples": dict(report.samples)}


if __name__ == "__main__":
    main()
