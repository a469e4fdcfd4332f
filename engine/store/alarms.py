"""Alarms: what a person must look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from engine.store.bulk import BulkInsert
from engine.store.repository import Repository, table

ALARM = table("alarm")
_INSERT_ALARMS = BulkInsert(ALARM, ("district_id", "id", "kind", "matter_id", "text", "at"))


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must look at."""

    id: str
    kind: str
    matter: str | None
    text: str
    at: datetime


class Alarms(Repository):
    """The alarms of a district."""

    def raise_many(self, alarms: Sequence[Alarm]) -> None:
        """Raise *alarms*."""
        rows = [(self.district, a.id, a.kind, a.matter, a.text, a.at) for a in alarms]
        _INSERT_ALARMS.run(self.connection, rows)

    def standing(self) -> list[Alarm]:
        """Return the alarms that stand, oldest first."""
        query = select(ALARM.c.id, ALARM.c.kind, ALARM.c.matter_id, ALARM.c.text, ALARM.c.at)
        query = query.where(ALARM.c.district_id == self.district, ALARM.c.cleared_at.is_(None))
        return [Alarm(*row) for row in self.connection.execute(query.order_by(ALARM.c.at, ALARM.c.id))]

    def matters_of(self, kind: str) -> set[str]:
        """Return the matters that an alarm of *kind* was ever raised for."""
        query = select(ALARM.c.matter_id).where(ALARM.c.district_id == self.district, ALARM.c.kind == kind)
        return set(self.connection.execute(query.where(ALARM.c.matter_id.is_not(None))).scalars())

    def clear(self, *, kind: str, at: datetime, matter: str | None = None) -> int:
        """Clear the standing alarms of *kind* (of a matter) and return how many."""
        these = [ALARM.c.district_id == self.district, ALARM.c.kind == kind, ALARM.c.cleared_at.is_(None)]
        if matter is not None:
            these.append(ALARM.c.matter_id == matter)
        return int(self.connection.execute(update(ALARM).where(*these).values(cleared_at=at)).rowcount)
