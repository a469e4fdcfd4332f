"""
Databases for the tests: SQLite files, and databases of one PostgreSQL server shared by all workers of a run.

The server is SANLIAN_TEST_DATABASE_URL if set (its user may create databases), else one that pg_cluster starts.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from tests.support.pg_cluster import NoPostgres, start_cluster

Prepare = Callable[[str], None]


class PgServer:
    """Makes and drops databases of the server at *admin_url*."""

    def __init__(self, admin_url: str) -> None:
        self._url = make_url(admin_url)
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._admin = psycopg.connect(plain, autocommit=True)
        self._templates: dict[Prepare, str] = {}

    @property
    def is_superuser(self) -> bool:
        """Whether its user may do anything, or only what makes and fills databases."""
        return self._admin.info.parameter_status("is_superuser") == "on"

    def url_of(self, name: str) -> str:
        """Return the URL of the database *name*."""
        return self._url.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)

    def create(self, *, template: str = "template0") -> str:
        """Make a database like *template* and return its name."""
        name = f"sanlian_test_{uuid.uuid4().hex}"
        self._run("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'", name, template)
        return name

    def create_prepared(self, prepare: Prepare) -> str:
        """Make a database as *prepare* leaves it (it runs once, then its result is copied) and return its name."""
        if prepare not in self._templates:
            template = self.create()
            prepare(self.url_of(template))
            self._templates[prepare] = template
        return self.create(template=self._templates[prepare])

    def drop(self, name: str) -> None:
        """Remove the database *name*, closing whatever is still connected to it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def close(self) -> None:
        """Remove the templates and disconnect."""
        for template in self._templates.values():
            self.drop(template)
        self._admin.close()

    def _run(self, statement: LiteralString, *names: str) -> None:
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file *path* against the other workers."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def pg_admin_url(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> str:
    """Return the URL of the maintenance database of this run's server; the first worker to ask starts it."""
    given = os.environ.get("SANLIAN_TEST_DATABASE_URL")
    if given:
        return given
    own = tmp_path_factory.getbasetemp()
    in_worker = hasattr(request.config, "workerinput")
    shared, owner = (own.parent, os.getppid()) if in_worker else (own, os.getpid())
    note = shared / f"postgres-of-{owner}.url"
    with locked(shared / f"postgres-of-{owner}.lock"):
        if not note.exists():
            try:
                note.write_text(start_cluster(owner=owner).admin_url)
            except NoPostgres as missing:
                pytest.skip(str(missing))
        return note.read_text()


@pytest.fixture(scope="session")
def pg_server(pg_admin_url: str) -> Iterator[PgServer]:
    """The PostgreSQL server of this run."""
    server = PgServer(pg_admin_url)
    yield server
    server.close()


@pytest.fixture
def pg_url(pg_server: PgServer) -> Iterator[str]:
    """URL of a fresh, empty PostgreSQL database."""
    name = pg_server.create()
    yield pg_server.url_of(name)
    pg_server.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a fresh, empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sanlian.db'}"
    url: str = request.getfixturevalue("pg_url")
    return url


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Prepare], Path]:
    """Return the SQLite file that a preparation makes; each preparation runs once."""
    made: dict[Prepare, Path] = {}

    def template(prepare: Prepare) -> Path:
        if prepare not in made:
            path = tmp_path_factory.mktemp("template") / "sanlian.db"
            prepare(f"sqlite:///{path}")
            made[prepare] = path
        return made[prepare]

    return template


@pytest.fixture
def prepare_database() -> Prepare:
    """Fill an empty database; a folder's conftest.py overrides this, for example with its migrations."""
    return _leave_empty


@pytest.fixture
def prepared_pg_url(pg_server: PgServer, prepare_database: Prepare) -> Iterator[str]:
    """URL of a PostgreSQL database as `prepare_database` leaves it, copied from a template in some 30 ms."""
    name = pg_server.create_prepared(prepare_database)
    yield pg_server.url_of(name)
    pg_server.drop(name)


@pytest.fixture
def prepared_sqlite_url(sqlite_templates: Callable[[Prepare], Path], prepare_database: Prepare, tmp_path: Path) -> str:
    """URL of a SQLite file as `prepare_database` leaves it, copied from a template."""
    template, path = sqlite_templates(prepare_database), tmp_path / "sanlian.db"
    if template.exists():
        shutil.copyfile(template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgres"])
def prepared_database_url(request: pytest.FixtureRequest) -> str:
    """URL of a prepared database: the test runs once on SQLite and once on PostgreSQL."""
    fixture = "prepared_sqlite_url" if request.param == "sqlite" else "prepared_pg_url"
    url: str = request.getfixturevalue(fixture)
    return url


def _leave_empty(_url: str) -> None:
    return
