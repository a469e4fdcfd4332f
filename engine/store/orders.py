"""Work orders of an upper platform: those that are here, and how far each was given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, func, select

from engine.store.bulk import BulkInsert
from engine.store.repository import Repository, table

DEMAND = table("demand")
MATTER = table("matter")
ORDER_OUT = table("order_out")

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_INSERT = BulkInsert(ORDER_OUT, ("district_id", "export", "matter_id", "seq", "at"))


@dataclass(frozen=True, slots=True)
class OrderHere:
    """A work order that was taken in: the sender's number and due instant, and its matter as far as lists need it."""

    matter: str
    number: str
    external_number: str
    external_due: datetime | None
    seq: int
    at: datetime
    ended_at: datetime | None
    told_seq: int


@dataclass(frozen=True, slots=True)
class OrderTold:
    """An order in an export: its matter as it stood after event `seq`."""

    matter: str
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ExportHere:
    """An export: its id, when it was made, how many orders it has."""

    id: str
    at: datetime
    count: int


class Orders(Repository):
    """The work orders of a district."""

    def changed(self, *, since: datetime | None) -> list[OrderHere]:
        """Return the orders with an event after the last one told, or with one at or after *since*, by number."""
        told = self._told()
        moved = MATTER.c.seq > func.coalesce(told.c.seq, 0) if since is None else MATTER.c.at >= since
        return self._found(told, moved, DEMAND.c.external_number)

    def outstanding(self, *, limit: int) -> list[OrderHere]:
        """Return the orders that have not ended, the sender's nearest due instant first."""
        # A number typed by hand may come without a due instant: those last, on both databases.
        nearest = func.coalesce(DEMAND.c.external_due, _NEVER)
        return self._found(self._told(), MATTER.c.outcome.is_(None), nearest, limit=limit)

    def add_export(self, export: str, told: Sequence[tuple[str, int]], *, at: datetime) -> None:
        """Note that the orders of *told* (matter, seq) are told by *export*."""
        _INSERT.run(self.connection, [(self.district, export, matter, seq, at) for matter, seq in told])

    def export(self, export: str) -> list[OrderTold]:
        """Return what *export* has, in id order."""
        query = select(ORDER_OUT.c.matter_id, ORDER_OUT.c.seq, ORDER_OUT.c.at).where(
            ORDER_OUT.c.district_id == self.district, ORDER_OUT.c.export == export
        )
        return [OrderTold(*row) for row in self.connection.execute(query.order_by(ORDER_OUT.c.matter_id))]

    def exports(self, *, limit: int) -> list[ExportHere]:
        """Return the newest exports."""
        at = func.min(ORDER_OUT.c.at)
        query = select(ORDER_OUT.c.export, at, func.count()).where(ORDER_OUT.c.district_id == self.district)
        query = query.group_by(ORDER_OUT.c.export).order_by(at.desc(), ORDER_OUT.c.export.desc()).limit(limit)
        return [ExportHere(*row) for row in self.connection.execute(query)]

    def _told(self) -> Subquery:
        told = select(ORDER_OUT.c.matter_id, func.max(ORDER_OUT.c.seq).label("seq"))
        told = told.where(ORDER_OUT.c.district_id == self.district)
        return told.group_by(ORDER_OUT.c.matter_id).subquery()

    def _joined(self) -> ColumnElement[bool]:
        return and_(MATTER.c.district_id == DEMAND.c.district_id, MATTER.c.id == DEMAND.c.matter_id)

    def _found(
        self, told: Subquery, wanted: ColumnElement[bool], order: ColumnElement[Any], *, limit: int | None = None
    ) -> list[OrderHere]:
        query = (
            select(
                DEMAND.c.matter_id, DEMAND.c.number, DEMAND.c.external_number, DEMAND.c.external_due, MATTER.c.seq,
                MATTER.c.at, MATTER.c.ended_at, func.coalesce(told.c.seq, 0),
            )
            .select_from(DEMAND)
            .join(MATTER, self._joined())
            .join(told, told.c.matter_id == DEMAND.c.matter_id, isouter=True)
            .where(DEMAND.c.district_id == self.district, DEMAND.c.external_number.is_not(None), wanted)
            .order_by(order, DEMAND.c.matter_id)
        )  # fmt: skip
        return [OrderHere(*row) for row in self.connection.execute(query.limit(limit) if limit else query)]
