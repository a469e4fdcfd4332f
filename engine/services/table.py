"""A table as it was read: cells as text, with the places they stood at, and the faults that name those places."""

import msgspec

from engine.errors import BadFile

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 64
MAX_CELL = 4_000
_LETTERS = 26


class Row(msgspec.Struct, frozen=True):
    """A row that has something in it: its number as a person sees it, from 1, and its cells as text."""

    number: int
    cells: tuple[str, ...]

    def cell(self, column: int) -> str:
        """Return the cell in *column* (from 0), empty where the row is shorter."""
        return self.cells[column] if column < len(self.cells) else ""


class Sheet(msgspec.Struct, frozen=True):
    """A sheet and its rows that are not empty; a CSV file is one sheet without a name."""

    name: str
    rows: tuple[Row, ...]


class Fault(msgspec.Struct, frozen=True):
    """What is wrong where; *sheet* empty, *row* 0 or *column* -1 where it is about more than one cell."""

    found: str
    expected: str
    sheet: str = ""
    row: int = 0
    column: int = -1

    def error(self, where: str) -> BadFile:
        """Return the fault of the file called *where* as an error."""
        return BadFile(
            where=place_of(where, self.sheet, row=self.row, column=self.column),
            found=self.found,
            expected=self.expected,
        )


def letters_of(column: int) -> str:
    """Return the letters of *column* (from 0): A … Z, AA …"""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return letters


def place_of(where: str, sheet: str, *, row: int = 0, column: int = -1) -> str:
    """Return where a cell stands, in words."""
    parts = [where[:60], f"「{sheet}」" if sheet else "", f"第 {row} 行" if row else ""]
    if column >= 0:
        parts[-1] = f"{parts[-1]} {letters_of(column)} 列".strip()
    return "，".join(part for part in parts if part)
