"""
Names for what a reading transaction sees: two of one name saw the very same data, whoever wrote in between or did not.

SQLite counts per connection: what others have committed, and what it has changed itself. So a name is good for one
connection, and another one finds its own. PostgreSQL names its snapshots; it forgets them when it starts anew.
"""

import itertools
from collections.abc import Hashable
from typing import Any

from sqlalchemy import Connection, text

from engine.store.bulk import is_sqlite

_SEEN = "sanlian_seen"
_OPENED = "sanlian_opened"
_NAMES = itertools.count(1)
_POSTGRES = text("SELECT pg_current_snapshot()::text, pg_postmaster_start_time()::text, current_database()")


def name_of_snapshot(connection: Connection) -> Hashable:
    """Return the name of what *connection*, inside a reading transaction with one steady picture, sees."""
    return _of_sqlite(connection) if is_sqlite(connection) else _of_postgres(connection)


def _of_sqlite(connection: Connection) -> Hashable:
    raw: Any = connection.connection.driver_connection
    (others,) = raw.execute("PRAGMA data_version").fetchone()
    stands_at = (others, raw.total_changes)
    known: tuple[tuple[int, int], int] | None = connection.info.get(_SEEN)
    if known is not None and known[0] == stands_at:
        return known[1]
    name = next(_NAMES)
    connection.info[_SEEN] = (stands_at, name)
    return name


def _of_postgres(connection: Connection) -> Hashable:
    # Servers can be alike in everything they say of themselves, as a copy is like what it was copied from.
    opened = connection.info.setdefault(_OPENED, str(connection.engine.url))
    return (opened, *connection.execute(_POSTGRES).one())
