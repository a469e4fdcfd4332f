"""Everything in which SQLite and PostgreSQL differ: how to open them, how sessions begin, what their errors mean."""

import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from engine.errors import BadInput, Unavailable

SQLITE_BUSY_SECONDS = 5
POSTGRES_OPTIONS = "-c timezone=UTC -c statement_timeout=30000 -c idle_in_transaction_session_timeout=30000"
RETRY_AFTER_SECONDS = 5
_URL_EXPECTED = "sqlite:///文件 或 postgresql+psycopg://用户@主机/库"
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={SQLITE_BUSY_SECONDS * 1000}",
    "secure_delete=ON",
)
# 40001 serialization_failure, 40P01 deadlock_detected, 23505 unique_violation.
_PASSING_STATES = frozenset({"40001", "40P01", "23505"})
_FILE = "file"
_CANNOT_SERVE = (OperationalError, InterfaceError)
_PLAIN_WORDS = (
    ("disk is full", "磁盘已满"),
    ("database or disk is full", "磁盘已满"),
    ("no space left", "磁盘已满"),
    ("readonly database", "数据文件只能读、不能写"),
    ("read-only", "数据库只能读、不能写"),
    ("database is locked", "另一个程序正占用数据文件"),
    ("unable to open database file", "打不开数据文件"),
    ("disk i/o error", "读写磁盘出错"),
    ("malformed", "数据文件已损坏"),
    ("not a database", "数据文件已损坏"),
    ("statement timeout", "数据库太忙"),
    ("lock timeout", "数据库太忙"),
    ("too many clients", "数据库连接已满"),
)
_UNSTORABLE = "NUL (0x00)"  # as psycopg says it


class TryAgain(Exception):
    """Somebody else came in between and nothing was written: the same transaction again may pass."""


class Turnstile:
    """A fair lock: whoever came first goes first, so no writer waits behind a queue that forms after it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        with self._guard:
            return len(self._waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the lock, in the order of arrival."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()

    def _leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


class Database:
    """An opened database: begins reading and writing sessions the way its dialect needs them."""

    def __init__(self, engine: Engine, *, writers: Turnstile | None) -> None:
        self.engine = engine
        self._writers = writers

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One writing transaction: committed at the end, rolled back by any exception."""
        with plain_errors():
            if self._writers is None:
                with self.engine.begin() as connection:
                    yield connection
                return
            with self._writers.turn(), self.engine.connect() as connection, connection.begin():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One reading transaction: a steady picture, nothing can be written."""
        with plain_errors(), self.engine.connect() as connection:
            if self.is_sqlite:
                with _reading_sqlite(connection):
                    yield connection
                return
            steady = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with steady.begin():
                yield connection

    def empty_journal(self) -> bool:
        """
        Take out of SQLite's journal what it still holds of values that were overwritten in the file.

        Returns:
            Whether nothing is left of them: False while others read or write, and the next call may do it. PostgreSQL
            keeps what was overwritten as long as its vacuum and its own journal do, which is not ours to say.
        """
        if not self.is_sqlite:
            return False
        with plain_errors(), self.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


_TURNSTILES: dict[str, Turnstile] = {}
_TURNSTILES_GUARD = threading.Lock()


def open_database(url: str, *, is_forgiving: bool = False) -> Database:
    """
    Open the database at *url* (`sqlite:///file` or `postgresql+psycopg://…`).

    Args:
        is_forgiving: texts of SQLite that are no UTF-8 are read with marks for what they hold, for those who check it.

    Raises:
        BadInput: no such address, or another kind of database.
        Unavailable: the folder of the file cannot be made.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadInput(where="SANLIAN_DATABASE_URL", found=url, expected=_URL_EXPECTED) from error
    if parsed.get_backend_name() == "sqlite":
        database = _open_sqlite(parsed)
        if is_forgiving:
            event.listen(database.engine, "connect", _read_any_text)
        return database
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            connect_args={"options": POSTGRES_OPTIONS},
            pool_pre_ping=True,
            pool_use_lifo=True,
            pool_size=10,
            max_overflow=10,
            isolation_level="READ COMMITTED",
        )
        return Database(engine, writers=None)
    raise BadInput(where="SANLIAN_DATABASE_URL", found=parsed.drivername, expected=_URL_EXPECTED)


def is_missing(url: str) -> bool:
    """Return whether *url* names a SQLite file that is not there; opening it for writing would make it."""
    parsed = make_url(url)
    named = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")
    return named and not Path(str(parsed.database)).exists()


def _open_sqlite(url: URL) -> Database:
    if not url.database or url.database == ":memory:":
        raise BadInput(
            where="SANLIAN_DATABASE_URL", found=str(url), expected="一个 SQLite 文件，例如 sqlite:///var/sanlian.db"
        )
    path = Path(url.database).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(what=f"建不了文件夹 {path.parent}", retry_after_seconds=RETRY_AFTER_SECONDS) from error
    engine = create_engine(
        url.set(database=str(path)),
        poolclass=QueuePool,
        # The one used last has its pages and what was remembered of them at hand.
        pool_use_lifo=True,
        pool_size=10,
        max_overflow=20,
        connect_args={"timeout": SQLITE_BUSY_SECONDS, "isolation_level": None, "check_same_thread": False},
    )
    file = _DataFile(path)
    event.listen(engine, "do_connect", file.must_still_be_there)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "connect", file.was_opened)
    event.listen(engine, "checkout", file.must_be_the_same)
    with _TURNSTILES_GUARD:
        writers = _TURNSTILES.setdefault(str(path.resolve()), Turnstile())
    return Database(engine, writers=writers)


class _DataFile:
    """
    The file that connections were opened on.

    One that is taken away or replaced while they are open would get what they write, and nobody would ever find it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._was_there = False

    def must_still_be_there(self, *_: object) -> None:
        """Refuse to make a new, empty file in the place of one that is gone."""
        if self._was_there and self._identity() is None:
            raise self._gone()

    def was_opened(self, _raw: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        """Remember the file that a new connection has open."""
        self._was_there = True
        record.info[_FILE] = self._identity()

    def must_be_the_same(self, _raw: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
        """Refuse a connection whose file is gone; open one anew whose file was replaced."""
        found = self._identity()
        if found is None:
            raise self._gone()
        if found != record.info[_FILE]:
            raise DisconnectionError("the data file was replaced")

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @staticmethod
    def _gone() -> Unavailable:
        return Unavailable(what="数据文件不见了", retry_after_seconds=RETRY_AFTER_SECONDS)


def _set_pragmas(raw: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    for pragma in _PRAGMAS:
        raw.execute(f"PRAGMA {pragma}")


def _read_any_text(raw: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    raw.text_factory = lambda text: text.decode("utf-8", "replace")


@contextmanager
def _reading_sqlite(connection: Connection) -> Iterator[None]:
    """A steady picture in which nothing can be written; SQLAlchemy's own way to begin takes five times as long."""
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA query_only=ON")
    try:
        raw.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            raw.rollback()
    finally:
        raw.execute("PRAGMA query_only=OFF")


@contextmanager
def plain_errors() -> Iterator[None]:
    """
    Say in our words what the drivers say about a store that cannot serve; other errors pass as they are.

    Raises:
        TryAgain: a deadlock, a failed serialization, or a key somebody else wrote first.
        Unavailable: the store is busy, full, read only, broken or gone.
        BadInput: a text holds a sign that PostgreSQL does not store.
    """
    try:
        yield
    except DBAPIError as error:
        if isinstance(error, DataError) and _UNSTORABLE in str(error.orig):
            raise BadInput(where="填的内容", found="看不见的空字符", expected="看得见的文字") from error
        if _is_passing(error):
            raise TryAgain from error
        words = _known_words(error)
        if words is None and not error.connection_invalidated and not isinstance(error, _CANNOT_SERVE):
            raise
        raise Unavailable(what=words or "数据库连不上", retry_after_seconds=RETRY_AFTER_SECONDS) from error


def cannot_serve(error: BaseException) -> bool:
    """Whether *error* says that the store cannot serve just now, and nothing about what was to be written."""
    if isinstance(error, DBAPIError):
        return not isinstance(error, IntegrityError | DataError | ProgrammingError)
    return isinstance(error, TryAgain | Unavailable)


def is_undecodable(error: Unavailable) -> bool:
    """Whether the store could not be read because a text of SQLite is no UTF-8, as a hand may leave it."""
    return "Could not decode to UTF-8" in str(error.__cause__)


def _is_passing(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _PASSING_STATES:
        return True
    return "UNIQUE constraint failed" in str(error.orig)


def _known_words(error: DBAPIError) -> str | None:
    said = str(error.orig).lower()
    return next((words for sign, words in _PLAIN_WORDS if sign in said), None)
