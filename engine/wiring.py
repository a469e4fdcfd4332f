"""Where the parts meet. This module owns the clock, makes the ids and draws the salts."""

import os
import secrets
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from engine.errors import BadInput, NotFound
from engine.services.advance import Door
from engine.services.demo_clock import AheadClock, read_ahead
from engine.services.look_up import Shelf
from engine.services.organise import open_log
from engine.services.passwords import Hasher
from engine.services.sign_in import Keys
from engine.settings import Settings, read_settings
from engine.store.database import Database, is_missing, open_database
from engine.store.migrate import migrate, newest_revision, stored_revision
from engine.store.unit_of_work import UnitOfWork

SALT_BYTES = 32


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """Return this instant, aware."""


class Wall:
    """The wall clock, in UTC."""

    def now(self) -> datetime:
        """Return this instant."""
        return datetime.now(UTC)


class IdMaker:
    """Makes UUIDv7: unique without asking anybody, in order of making within this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._last = 0

    def __call__(self) -> str:
        """Return a fresh id."""
        with self._guard:
            # 12 bits below the millisecond keep the order of ids made within it (RFC 9562, method 3).
            stamp = max((time.time_ns() << 12) // 1_000_000, self._last + 1)
            self._last = stamp
        millis, fraction = stamp >> 12, stamp & 0xFFF
        tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
        number = (millis & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | tail
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def draw_salt() -> bytes:
    """Return fresh randomness for one commitment."""
    return secrets.token_bytes(SALT_BYTES)


@dataclass(frozen=True, slots=True)
class Sanlian:
    """A running deployment: what the command line, the pages and the scheduler are given."""

    settings: Settings
    database: Database
    uow: UnitOfWork
    clock: Clock
    door: Door
    hasher: Hasher

    @property
    def keys(self) -> Keys:
        """What signing in needs."""
        return Keys(hasher=self.hasher, ids=self.door.ids, salts=self.door.salts)

    def prepare(self) -> None:
        """Bring the schema up to date and open the log."""
        migrate(self.database)
        open_log(self.uow, log=self.door.ids())

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def wire(settings: Settings | None = None, *, clock: Clock | None = None, hasher: Hasher | None = None) -> Sanlian:
    """
    Put a deployment together; nothing is read or written yet.

    Raises:
        BadInput: a setting cannot be used.
        Unavailable: the place of the database cannot be reached.
    """
    chosen = settings or read_settings()
    database = open_database(chosen.database_url)
    return Sanlian(
        settings=chosen,
        database=database,
        uow=UnitOfWork(database, district=chosen.district),
        clock=clock or Wall(),
        door=Door(shelf=Shelf(), ids=IdMaker(), salts=draw_salt),
        hasher=hasher or Hasher(),
    )


def wire_existing() -> Sanlian:
    """
    Put a deployment together that must be there already: for commands that only look, which must not make one.

    Raises:
        NotFound: there is no such database file.
        BadInput: its tables are those of another version.
        Unavailable: as for `wire`.
    """
    sanlian = wire()
    if is_missing(sanlian.settings.database_url):
        raise NotFound(what="数据库", found=sanlian.settings.database_url)
    stored, newest = stored_revision(sanlian.database), newest_revision()
    if stored not in (None, newest):
        expected = f"第 {newest} 版；先用 sanlian serve 打开一次，会自己换成新的，再来"
        raise BadInput(where="数据库的表", found=f"第 {stored} 版", expected=expected)
    return by_its_own_clock(sanlian) if stored is not None else sanlian


def by_its_own_clock(sanlian: Sanlian) -> Sanlian:
    """Return *sanlian* with the clock that its history goes by: a demo's may have been put ahead."""
    ahead = read_ahead(sanlian.uow)
    return replace(sanlian, clock=AheadClock(sanlian.clock, ahead)) if ahead else sanlian
