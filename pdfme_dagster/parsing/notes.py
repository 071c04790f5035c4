"""The warnings of one file while it is being read.

Not here: what deserves one. Messages carry no names and no full card numbers; whoever writes them sees to it.
"""

from collections import Counter

from pdfme_dagster.domain.statement import ParseWarning

# Nobody reads more; a file that is odd on every line must not fill the memory with saying so.
_MAX_WARNINGS = 1000


class Notes:
    """Gathers warnings; what may repeat on every line is counted instead of repeated."""

    def __init__(self) -> None:
        self._warnings: list[ParseWarning] = []
        self._unlisted = 0
        self._first: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._times: Counter[str] = Counter()

    def warn(self, line: int, message: str) -> None:
        """Add a warning; after the first thousand they are only counted."""
        if len(self._warnings) < _MAX_WARNINGS:
            self._warnings.append(ParseWarning(line=line, message=message))
        else:
            self._unlisted += 1

    def count(self, line: int, message: str) -> None:
        """Add a warning that is given once, at its first line, with the number of lines it is true for."""
        self._first.setdefault(message, line)
        self._last[message] = line
        self._times[message] += 1

    def append(self, later: "Notes") -> None:
        """Add the warnings of a later part of the file, as if all had been given here."""
        room = _MAX_WARNINGS - len(self._warnings)
        self._warnings += later._warnings[:room]
        self._unlisted += later._unlisted + len(later._warnings[room:])
        for message, line in later._first.items():
            self._first.setdefault(message, line)
        self._last |= later._last
        self._times += later._times

    def list_warnings(self) -> tuple[ParseWarning, ...]:
        """Return all warnings in the order of their lines."""
        counted = [
            ParseWarning(line=self._first[each], message=self._tell_count(each)) for each in self._first
        ]
        listed = sorted([*self._warnings, *counted], key=lambda warning: warning.line)
        if self._unlisted:
            listed.append(ParseWarning(line=listed[-1].line, message=f"and {self._unlisted} more warnings"))
        return tuple(listed)

    def _tell_count(self, message: str) -> str:
        times = self._times[message]
        return message if times == 1 else f"{message} ({times} such lines, the last is {self._last[message]})"
