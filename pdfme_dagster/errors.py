"""Every error this package raises on purpose, in one small tree.

    PdfmeError
    ├── ConfigurationError   a setting is missing or nonsensical
    │   └── TemplateError    … because a template cannot be rendered as it is
    ├── PermanentError       this file can never succeed as it is
    │   └── ParseError       … because of what is written in it
    ├── TransientError       a service did not answer; the same call may succeed later
    └── ServiceError         an embedded service or process did not start, or is running already

Not here: driver exceptions. Stores translate those once, with ``raise … from exc``. Messages carry the
value, the place and the fix, and never a customer's name or more than the last four of a card.
"""

from collections.abc import Sequence


class PdfmeError(Exception):
    """Base of all errors of this package."""


class ConfigurationError(PdfmeError):
    """Raised when a setting is missing or nonsensical; the message is one line naming the variable."""


class TemplateError(ConfigurationError):
    """Raised when a template is refused; ``problems`` are all of them, each with template, field and fix."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class PermanentError(PdfmeError):
    """Raised when a file can never become a PDF as it is; ``code`` groups failures by cause."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ParseError(PermanentError):
    """Raised when a statement file cannot be read right.

    ``line`` counts from 1, None for the whole file; ``reason`` is the message without it.
    """

    def __init__(self, code: str, message: str, *, line: int | None = None) -> None:
        super().__init__(code, message if line is None else f"line {line}: {message}")
        self.line = line
        self.reason = message


class TransientError(PdfmeError):
    """Raised when a service did not answer; retrying later may succeed."""


class ServiceError(PdfmeError):
    """Raised when an embedded service or process does not start, or already runs elsewhere."""
