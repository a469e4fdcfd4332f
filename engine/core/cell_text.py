"""
Texts of people in cells of CSV files that a spreadsheet opens: none of them becomes a formula there.

A quote mark goes before a text that begins like a formula, and before one that begins with such quote marks, so that
taking one mark off gives back exactly what was there.
"""

import re

# What spreadsheets take for a formula, in half and full width. Source: OWASP, CSV injection.
_ARMED = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def disarmed(text: str) -> str:
    """Return *text* as it may stand in a cell."""
    return f"'{text}" if _ARMED.match(text) else text


def rearmed(cell: str) -> str:
    """Return the text that was disarmed into *cell*."""
    return cell[1:] if cell.startswith("'") and _ARMED.match(cell) else cell
