"""The report at the end of the chaos tests: what was broken, and what became of the files.

Not here: breaking anything (chaos.py), or what counts as lost (invariants.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """One crash or outage and how it ended; ``seconds`` from its begin until every invariant held again."""

    what: str
    crashes: int
    files: int
    lost: int
    duplicated: int
    seconds: float


def write_report(recoveries: Sequence[Recovery]) -> Iterator[str]:
    """Yield the lines of a table, sums last."""
    yield f"{'what':<44} {'crashes':>7} {'files':>6} {'lost':>5} {'duplicated':>10} {'seconds':>8}"
    for each in recoveries:
        yield _line(each, f"{each.seconds:8.1f}")
    yield _line(_sum(recoveries), f"{max(each.seconds for each in recoveries):8.1f} at most")


def _sum(recoveries: Sequence[Recovery]) -> Recovery:
    return Recovery(
        what="all",
        crashes=sum(each.crashes for each in recoveries),
        files=sum(each.files for each in recoveries),
        lost=sum(each.lost for each in recoveries),
        duplicated=sum(each.duplicated for each in recoveries),
        seconds=sum(each.seconds for each in recoveries),
    )


def _line(each: Recovery, seconds: str) -> str:
    return f"{each.what:<44} {each.crashes:>7} {each.files:>6} {each.lost:>5} {each.duplicated:>10} {seconds}"
