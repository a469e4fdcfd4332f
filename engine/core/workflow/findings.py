"""What reading and checking a file finds: one place, one code, one sentence."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or warning at a place of a file; `line` and `column` are 1-based."""

    file: str
    line: int
    column: int
    code: str
    severity: Severity
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}"

    def __lt__(self, other: "Finding") -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[str, int, int, str, str]:
        return (self.file, self.line, self.column, self.code, self.message)


def severity_of(code: str) -> Severity:
    """Return how heavily a *code* weighs: a leading W warns, everything else is an error."""
    return "warning" if code.startswith("W") else "error"


def finding(code: str, message: str, *, file: str, line: int, column: int) -> Finding:
    """Make a finding whose severity follows from its *code*."""
    return Finding(file, line, column, code, severity_of(code), message)
