"""Matters: loaded many at once under their locks, saved many at once by compare-and-set."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import bindparam, select

from engine.core.matter import STATE_CLOCK, Matter, decode, encode
from engine.store.bulk import CHUNK, BulkInsert, BulkUpdate, Cells, is_sqlite, sqlite_instant
from engine.store.database import TryAgain
from engine.store.prepared import Prepared
from engine.store.repository import Repository, table

MATTER = table("matter")

_CHANGING = (
    "workflow",
    "version",
    "digest",
    "state",
    "level",
    "outcome",
    "holder_role",
    "holder_unit",
    "assignee",
    "place",
    "klass",
    "entered_at",
    "at",
    "due_at",
    "ended_at",
    "late",
    "supervised",
    "seq",
    "head",
    "snapshot",
)
_FIXED = ("kind", "root", "parent", "department", "filed_at")
# The columns that say again what the snapshot says, for those who check the store.
REPEATING = (*_CHANGING[:-3], *_FIXED)
_INSERT = BulkInsert(MATTER, (*_CHANGING, *_FIXED, "district_id", "id"))
_UPDATE = BulkUpdate(MATTER, _CHANGING, key=("district_id", "id"), expect="seq")
_LOAD = (
    select(MATTER.c.snapshot, MATTER.c.head)
    .where(MATTER.c.district_id == bindparam("district"), MATTER.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(MATTER.c.id)
)
_READ = Prepared(_LOAD)
# Without the snapshots: a thousand matters are read so for a line of the board.
_STANDING = Prepared(
    select(*(MATTER.c[name] for name in ("id", "kind", "digest", "state", "level", "klass", "place"))).where(
        MATTER.c.district_id == bindparam("district"), MATTER.c.id.in_(bindparam("ids", expanding=True))
    )
)
_LOCK = Prepared(_LOAD.with_for_update())
_LOCK_FREE = Prepared(_LOAD.with_for_update(skip_locked=True))


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A matter as it is stored: what it is, and the head of its chain."""

    matter: Matter
    head: bytes


class Stand(NamedTuple):
    """Where a matter stands: all that tells which rules it is under, and where it lies."""

    kind: str
    digest: str
    state: str
    level: str | None
    klass: str
    place: str


class Matters(Repository):
    """The matters of a district."""

    @property
    def have_locks(self) -> bool:
        """Whether rows are locked one by one; SQLite has one lock for all."""
        return not is_sqlite(self.connection)

    def get(self, matter_id: str) -> Stored | None:
        """Return one matter, without locking it."""
        return self.read_many((matter_id,)).get(matter_id)

    def read_many(self, ids: Collection[str]) -> dict[str, Stored]:
        """Return those of *ids* that exist, without locking them."""
        return self._load(_READ, ids)

    def standing_of(self, ids: Collection[str]) -> dict[str, Stand]:
        """Return where those of *ids* that exist stand."""
        found: dict[str, Stand] = {}
        for some in batched_ids(ids):
            for id_, *cells in _STANDING.rows(self.connection, district=self.district, ids=some):
                found[id_] = Stand(*cells)
        return found

    def load_many(self, ids: Collection[str]) -> dict[str, Stored]:
        """Return those of *ids* that exist and lock them, in id order, for the rest of the transaction."""
        return self._load(_LOCK if self.have_locks else _READ, ids)

    def load_free(self, ids: Collection[str]) -> dict[str, Stored]:
        """Do the same, but leave out what somebody else has locked instead of waiting for it."""
        return self._load(_LOCK_FREE if self.have_locks else _READ, ids)

    def _load(self, statement: Prepared, ids: Collection[str]) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        for some in batched_ids(ids):
            for snapshot, head in statement.rows(self.connection, district=self.district, ids=some):
                matter = decode(snapshot)
                found[matter.id] = Stored(matter, head)
        return found

    def insert_many(self, fresh: Sequence[Stored]) -> None:
        """Insert new matters."""
        _INSERT.run(self.connection, [(*_changing(one), *self._fixed(one.matter)) for one in fresh])

    def save_many(self, changed: Sequence[tuple[Stored, int]]) -> None:
        """
        Replace matters that must still stand at the seq given with each.

        Raises:
            TryAgain: one of them does not; nothing of this transaction may be kept.
        """
        rows: list[Cells] = [(*_changing(one), self.district, one.matter.id, seq) for one, seq in changed]
        if _UPDATE.run(self.connection, rows) != len(rows):
            raise TryAgain

    def _fixed(self, matter: Matter) -> Cells:
        return (*_fixed_of(matter), self.district, matter.id)

    def heads(self) -> Iterator[tuple[str, int, bytes]]:
        """Yield (id, seq, head) of every matter, in id order."""
        query = select(MATTER.c.id, MATTER.c.seq, MATTER.c.head).where(MATTER.c.district_id == self.district)
        rows = self.connection.execute(query.order_by(MATTER.c.id), execution_options={"yield_per": CHUNK})
        for row in rows:
            yield row.id, row.seq, row.head

    def of_root(self, root: str) -> list[str]:
        """Return the ids of a matter and of all that was opened for it, in order."""
        query = select(MATTER.c.id).where(MATTER.c.district_id == self.district, MATTER.c.root == root)
        return list(self.connection.execute(query.order_by(MATTER.c.id)).scalars())

    def filed_since(self, workflow: str, since: datetime, *, limit: int) -> list[str]:
        """Return the ids of the newest *limit* matters of a flow that were filed since then."""
        query = (
            select(MATTER.c.id)
            .where(MATTER.c.district_id == self.district, MATTER.c.filed_at >= since, MATTER.c.workflow == workflow)
            .order_by(MATTER.c.filed_at.desc(), MATTER.c.id.desc())
            .limit(limit)
        )
        return list(self.connection.execute(query).scalars())

    def all(self, *, only_open: bool = False) -> Iterator[Stored]:
        """Yield every matter (or every open one), in id order."""
        query = select(MATTER.c.snapshot, MATTER.c.head).where(MATTER.c.district_id == self.district)
        if only_open:
            query = query.where(MATTER.c.outcome.is_(None))
        rows = self.connection.execute(query.order_by(MATTER.c.id), execution_options={"yield_per": CHUNK})
        for row in rows:
            yield Stored(decode(row.snapshot), row.head)


def batched_ids(ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """Cut *ids*, sorted and without repeats, into pieces a statement can take."""
    ordered = sorted(set(ids))
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def _changing(stored: Stored) -> Cells:
    matter = stored.matter
    return (*_repeated(matter), matter.seq, stored.head, encode(matter))


def _repeated(matter: Matter) -> Cells:
    holder = matter.stands_in or matter.holder
    state_clock = matter.clocks.get(STATE_CLOCK)
    return (
        matter.workflow,
        matter.version,
        matter.digest,
        matter.state,
        matter.level,
        matter.outcome,
        holder.role if holder else None,
        holder.unit if holder else None,
        matter.assignee,
        matter.place,
        matter.klass,
        matter.entered,
        matter.at,
        state_clock.due if state_clock else None,
        None if matter.is_open else matter.at,
        any(clock.late_at for clock in matter.clocks.values()),
        matter.answers is not None,
    )


def repeated_by(matter: Matter, *, texts_instants: bool) -> Cells:
    """Return the cells of `REPEATING` that a stored *matter* must have, instants in the form of the database."""
    cells = (*_repeated(matter), *_fixed_of(matter))
    if not texts_instants:
        return cells
    return tuple([sqlite_instant(cell) if isinstance(cell, datetime) else cell for cell in cells])


def _fixed_of(matter: Matter) -> Cells:
    return (matter.kind, matter.root, matter.parent, matter.department, matter.filed)
