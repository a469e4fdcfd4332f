"""
The bare application that pages are measured against: FastAPI, SQLModel and Jinja as their tutorials put them together.

It reads the same database and shows the same rows with the same facts, each kind of fact by one SELECT of SQLModel for
the whole page: the matter with its number and the name of its place, the words, the names of units, when the last
entry of the history was made, when the next timer rings; one demand with its history and its timers. Roles and steps
are said in words that it is given at the start. What it does not have: sign-in, rights, choosing what somebody may do,
forecasts, what each entry says, and the board's table of counts beside the rows.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import Engine, create_engine, event, func
from sqlmodel import Field, Session, SQLModel, col, select
from starlette.middleware.gzip import GZipMiddleware

FOLDER = Path(__file__).parent
ROWS = 25
SMALLEST_ZIPPED_BYTES = 700


class Matter(SQLModel, table=True):
    """A matter; its columns only."""

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    workflow: str
    state: str
    level: str | None
    outcome: str | None
    holder_role: str | None
    holder_unit: str | None
    place: str
    filed_at: datetime
    at: datetime
    due_at: datetime | None
    late: bool
    supervised: bool


class Unit(SQLModel, table=True):
    """The name of a unit."""

    district_id: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str


class Timer(SQLModel, table=True):
    """What happens next to a matter."""

    district_id: str = Field(primary_key=True)
    matter_id: str = Field(primary_key=True)
    clock: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    visit: int = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    fire_at: datetime


class Demand(SQLModel, table=True):
    """The number of a demand."""

    district_id: str = Field(primary_key=True)
    matter_id: str = Field(primary_key=True)
    number: str


class Vault(SQLModel, table=True):
    """Words of a matter."""

    district_id: str = Field(primary_key=True)
    ref: str = Field(primary_key=True)
    matter_id: str
    field: str
    value: bytes | None


class Event(SQLModel, table=True):
    """An entry of a history."""

    district_id: str = Field(primary_key=True)
    matter_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    type: str
    at: datetime


class Thing(SQLModel, table=True):
    """What a press changes."""

    id: int = Field(primary_key=True)
    pressed: int = 0
    note: str = ""


class Press(SQLModel, table=True):
    """What a press adds."""

    id: int | None = Field(default=None, primary_key=True)
    thing: int
    at: datetime
    note: str


class Lists:
    """Draws rows as the pages do."""

    def __init__(self, district: str, frame: tuple[str, str], words: Mapping[str, str]) -> None:
        self.district = district
        self.frame = frame
        self.words = words
        self.templates = Jinja2Templates(FOLDER)

    def page(self, request: Request, opened: Session, *narrowed: object) -> HTMLResponse:
        """Draw the first rows of the open demands, narrowed to some."""
        here = Matter.district_id == self.district
        is_open = (here, col(Matter.outcome).is_(None), Matter.kind == "demand", *narrowed)
        query = select(Matter, Demand).join(
            Demand,
            (Demand.district_id == Matter.district_id) & (Demand.matter_id == Matter.id),  # type: ignore[arg-type]  # SQLModel types comparisons as bool
        )
        rows = opened.exec(query.where(*is_open).order_by(col(Matter.due_at)).limit(ROWS)).all()  # type: ignore[arg-type]  # as above
        ids = [matter.id for matter, _ in rows]
        context = {
            "rows": [(matter, demand.number) for matter, demand in rows],
            "told": self.told(opened, ids), "moved": self.moved(opened, ids), "next": self.next(opened, ids),
            "units": self.units(opened, [matter for matter, _ in rows]),
            "total": opened.exec(select(func.count()).select_from(Matter).where(*is_open)).one(),  # type: ignore[arg-type]  # as above
            "frame": self.frame, "now": datetime.now(UTC), "words": self.words,
        }  # fmt: skip
        return self.templates.TemplateResponse(request, "rows.html", context)

    def units(self, opened: Session, matters: list[Matter]) -> dict[str, str]:
        """Return the names of the units that are named in the rows."""
        ids = {one for matter in matters for one in (matter.place, matter.holder_unit) if one is not None}
        query = select(Unit.id, Unit.name).where(Unit.district_id == self.district, col(Unit.id).in_(ids))
        return dict(opened.exec(query).all())

    def moved(self, opened: Session, ids: list[str]) -> dict[str, datetime]:
        """Return when the last entry of each history was made."""
        here = (Event.district_id == self.district, col(Event.matter_id).in_(ids))
        query = select(Event.matter_id, func.max(Event.at)).where(*here).group_by(Event.matter_id)
        return dict(opened.exec(query).all())

    def next(self, opened: Session, ids: list[str]) -> dict[str, datetime]:
        """Return when the next timer of each matter rings."""
        here = (Timer.district_id == self.district, col(Timer.matter_id).in_(ids))
        query = select(Timer.matter_id, func.min(Timer.fire_at)).where(*here).group_by(Timer.matter_id)
        return dict(opened.exec(query).all())

    def told(self, opened: Session, ids: list[str]) -> dict[str, str]:
        """Return what was told of each matter."""
        query = select(Vault).where(
            Vault.district_id == self.district, col(Vault.matter_id).in_(ids), Vault.field == "detail"
        )
        return {one.matter_id: json.loads(one.value) for one in opened.exec(query) if one.value is not None}


def create_bare(engine: Engine, *, district: str, frame: tuple[str, str], words: Mapping[str, str]) -> FastAPI:
    """
    Return the application.

    Args:
        frame: what stands before and after the rows, as in the page it is held against.
        words: what levels, roles, steps and entries of a history are called.
    """
    app = FastAPI()
    app.add_middleware(GZipMiddleware, minimum_size=SMALLEST_ZIPPED_BYTES)
    lists = Lists(district, frame, words)

    def session() -> Iterator[Session]:
        with Session(engine) as opened:
            yield opened

    Opened = Annotated[Session, Depends(session)]  # noqa: N806 (a type)

    @app.get("/matters")
    def matters(request: Request, opened: Opened) -> HTMLResponse:
        return lists.page(request, opened)

    @app.get("/board")
    def board(request: Request, opened: Opened) -> HTMLResponse:
        return lists.page(request, opened)

    @app.get("/work")
    def work(request: Request, opened: Opened, unit: str, role: str) -> HTMLResponse:
        return lists.page(request, opened, Matter.holder_unit == unit, Matter.holder_role == role)

    @app.get("/matters/{number}")
    def matter(request: Request, opened: Opened, number: str) -> HTMLResponse:
        demand = opened.exec(select(Demand).where(Demand.district_id == district, Demand.number == number)).first()
        found = opened.get(Matter, (district, demand.matter_id)) if demand is not None else None
        if found is None:
            raise HTTPException(404)
        history = opened.exec(
            select(Event).where(Event.district_id == district, Event.matter_id == found.id).order_by(col(Event.seq))
        ).all()
        timers = opened.exec(
            select(Timer).where(Timer.district_id == district, Timer.matter_id == found.id).order_by(col(Timer.fire_at))
        ).all()
        context = {
            "matter": found, "number": number, "told": lists.told(opened, [found.id]), "events": history,
            "timers": timers, "units": lists.units(opened, [found]), "frame": frame, "words": words,
        }  # fmt: skip
        return lists.templates.TemplateResponse(request, "one.html", context)

    @app.post("/things/{number}/press")
    def press(number: int, opened: Opened, note: Annotated[str, Form()]) -> RedirectResponse:
        opened.add(Press(thing=number, at=datetime.now(UTC), note=note))
        opened.flush()  # takes the write lock at once, else SQLite refuses most of fifty people
        thing = opened.get_one(Thing, number)
        thing.pressed, thing.note = thing.pressed + 1, note
        opened.commit()
        return RedirectResponse(f"/things/{number}", status_code=303)

    return app


def open_bare(url: str) -> Engine:
    """Open the database of the bare application, as durable as the product's."""
    engine = create_engine(url, **({"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {}))
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def durable(raw: sqlite3.Connection, _record: object) -> None:
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("PRAGMA synchronous=FULL")

    return engine


def make_things(engine: Engine, number: int) -> None:
    """Make what can be pressed."""
    SQLModel.metadata.create_all(engine, tables=[Thing.__table__, Press.__table__])  # type: ignore[attr-defined]  # made by SQLModel
    with Session(engine) as opened:
        opened.add_all(Thing(id=n) for n in range(number))
        opened.commit()
