"""Copies of one prepared database, a fresh one for every fault."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from tests.support.pg import PgServer, Prepare

Copies = Callable[[Prepare], AbstractContextManager[str]]


@pytest.fixture(params=["sqlite", "postgres"])
def copies(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Copies]:
    """Return what makes a database as a preparation leaves it, once for each call."""
    if request.param == "sqlite":
        yield _files(request.getfixturevalue("sqlite_templates"), tmp_path)
        return
    server: PgServer = request.getfixturevalue("pg_server")
    made: dict[Prepare, str] = {}
    yield _databases(server, made)
    for name in made.values():
        server.drop(name)


def _files(template: Callable[[Prepare], Path], folder: Path) -> Copies:
    numbers = count(1)

    @contextmanager
    def copy(prepare: Prepare) -> Iterator[str]:
        place = folder / f"copy-{next(numbers)}"
        place.mkdir()
        shutil.copyfile(template(prepare), place / "sanlian.db")
        yield f"sqlite:///{place / 'sanlian.db'}"
        shutil.rmtree(place)

    return copy


def _databases(server: PgServer, made: dict[Prepare, str]) -> Copies:
    """One database per preparation, put back before each use: dropping one costs a checkpoint."""

    @contextmanager
    def copy(prepare: Prepare) -> Iterator[str]:
        if not server.is_superuser:  # a server of one's own: its user may not put rows back past the triggers
            name = server.create_prepared(prepare)
            yield server.url_of(name)
            server.drop(name)
            return
        if prepare not in made:
            made[prepare] = server.create_prepared(prepare)
            _keep_rows(server.url_of(made[prepare]))
        else:
            _put_back(server.url_of(made[prepare]))
        yield server.url_of(made[prepare])

    return copy


def _keep_rows(url: str) -> None:
    with _connected(url) as admin:
        admin.execute("CREATE SCHEMA kept")
        for name in _tables(admin):
            admin.execute(SQL("CREATE TABLE kept.{0} AS SELECT * FROM public.{0}").format(Identifier(name)))


def _put_back(url: str) -> None:
    with _connected(url) as admin:
        # Without its triggers: they keep people from changing the history.
        admin.execute("SET LOCAL session_replication_role = replica")
        names = [Identifier("public", name) for name in _tables(admin)]
        admin.execute(SQL("TRUNCATE {}").format(SQL(", ").join(names)))
        for name in _tables(admin):
            admin.execute(SQL("INSERT INTO public.{0} SELECT * FROM kept.{0}").format(Identifier(name)))


def _tables(admin: psycopg.Connection) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    return [name for (name,) in admin.execute(query)]


def _connected(url: str) -> psycopg.Connection:
    return psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
