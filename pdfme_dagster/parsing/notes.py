"""The warnings of one file while it is being read.

Not here: what deserves one. Messages carry no names and no full card numbers; whoever writes them sees to it.
"""

from pdfme_dagster.domain.statement import ParseWarning


class Notes:
    """Gathers warnings; what may repeat on every line is counted instead of repeated."""

    def __init__(self) -> None:
        self._warnings: list[ParseWarning] = []
        self._repeated: dict[str, list[int]] = {}

    def warn(self, line: int, message: str) -> None:
        """Add a warning."""
        self._warnings.append(ParseWarning(line=line, message=message))

    def count(self, line: int, message: str) -> None:
        """Add a warning that is given once, at its first line, with the number of lines it is true for."""
        self._repeated.setdefault(message, []).append(line)

    def list_warnings(self) -> tuple[ParseWarning, ...]:
        """Return all warnings in the order of their lines."""
        counted = (ParseWarning(line=at[0], message=_tell_count(m, at)) for m, at in self._repeated.items())
        return tuple(sorted((*self._warnings, *counted), key=lambda warning: warning.line))


def _tell_count(message: str, lines: list[int]) -> str:
    return message if len(lines) == 1 else f"{message} ({len(lines)} such lines, the last is {lines[-1]})"
