"""Remembering what was read. Not here: what is read."""

import pytest

from pdfme_dagster.domain import memo
from pdfme_dagster.domain.memo import Memo


def test_the_same_text_is_read_once() -> None:
    read: list[str] = []

    def measure(text: str) -> int:
        read.append(text)
        return len(text)

    lengths = Memo[str, int](measure)
    assert [lengths["ab"], lengths["abc"], lengths["ab"]] == [2, 3, 2]
    assert read == ["ab", "abc"]


def test_what_cannot_be_read_is_refused_every_time() -> None:
    numbers = Memo[str, int](int)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            numbers["x"]
    assert len(numbers) == 0


def test_it_forgets_rather_than_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "_MAX_ENTRIES", 10)
    numbers = Memo[str, int](int)
    assert [numbers[str(each)] for each in range(95)] == list(range(95))
    assert len(numbers) <= 10
