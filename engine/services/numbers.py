"""Numbers of demands: `YYMM-serial` per district and month, the month of filing in local time."""

from collections.abc import Sequence
from datetime import datetime

from engine.core.clock.working_calendar import WorkingCalendar
from engine.store.unit_of_work import Transaction


def take_numbers(tx: Transaction, filed: Sequence[datetime], *, calendar: WorkingCalendar) -> list[str]:
    """Return a number for each instant of *filed*, in order; the serial grows past four digits, gaps may stay."""
    months = [f"{calendar.local(at):%y%m}" for at in filed]
    serials = {month: iter(tx.demands.take_serials(month, months.count(month))) for month in sorted(set(months))}
    return [f"{month}-{next(serials[month]):04d}" for month in months]
