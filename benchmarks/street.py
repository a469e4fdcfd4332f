"""The demo's street with as many demands as asked: open ones filed through the door, closed ones copied."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from engine.channels.in_app import NAME, InApp
from engine.core.command import File
from engine.core.matter import Actor
from engine.core.scope import Organisation
from engine.services.advance import Done, Entry, advance
from engine.services.demo_people import make_demo_people
from engine.services.demo_setup import set_up_demo
from engine.services.housekeep import deliver_all, housekeep
from engine.services.save import DemandGiven
from engine.services.sweep import sweep
from engine.settings import Settings
from engine.store.matters import MATTER
from engine.store.tables.schema import METADATA
from engine.wiring import Sanlian, wire
from tests.support.clock import FixedClock
from tests.support.demo import CHEAP, FLOWS, NOW, play_demo, wired

DISTRICT = "demo"
BATCH = 250
DAYS = 4
TEMPLATES = 5
ROUND = 200_000
DEMAND = METADATA.tables["demand"]
_SHIFTED = "strftime('%Y-%m-%d %H:%M:%S.000000', {}, '-' || (n % 1500000) || ' minutes')"
_TOLD = ("楼道灯不亮", "井盖松了，车一压就响", "垃圾桶满了两天没人清", "下水道返味", "树枝挡住了路灯", "消防通道停着车")


def build(file: Path, *, opened: int, closed: int) -> None:
    """Make the street in *file*: the played demo, *opened* demands filed in the last days, *closed* copied ones."""
    making = file.with_suffix(".making")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{making}{suffix}").unlink(missing_ok=True)
    play_demo(making, NOW)
    sanlian = wired(making)
    file_many(sanlian, opened)
    for _ in range(1000):
        if not sweep(sanlian.uow, now=NOW, services=sanlian.door).fired:
            break
    for first in range(0, closed, ROUND):
        _copy_closed(sanlian, first, min(first + ROUND, closed))
    # Else whoever serves it begins with the notices and digests of the days before, beside everything that is measured.
    while deliver_all(sanlian.uow, sanlian.door.shelf, channels={NAME: InApp(sanlian.uow)}, now=NOW):
        pass
    housekeep(sanlian.uow, sanlian.door.shelf, now=NOW)
    sanlian.close()
    making.rename(file)


def make_street(url: str, *, opened: int) -> Sanlian:
    """Return a deployment in the empty database at *url*: the played demo and *opened* demands."""
    sanlian = wire(Settings(database_url=url, district=DISTRICT), clock=FixedClock(NOW), hasher=CHEAP)
    sanlian.prepare()
    set_up_demo(sanlian.uow, services=sanlian.door, folder=FLOWS, now=NOW)
    make_demo_people(sanlian.uow, hasher=CHEAP, now=NOW)
    file_many(sanlian, opened)
    return sanlian


def file_many(sanlian: Sanlian, number: int) -> None:
    """File *number* demands over the last days, spread over all grids."""
    with sanlian.uow.read() as tx:
        organisation = tx.organisation.load()
    for first in range(0, number, BATCH):
        at = NOW - timedelta(days=DAYS) * (1 - first / number)
        _file(sanlian, range(first, min(first + BATCH, number)), organisation, at)


def _file(sanlian: Sanlian, numbers: range, organisation: Organisation, at: datetime) -> None:
    residents = [post for post in organisation.posts.values() if post.role == "resident"]
    entries = []
    for number in numbers:
        post = residents[number % len(residents)]
        actor = Actor(post=post.id, role=post.role, unit=post.unit, person=post.person)
        command = File(
            matter=f"f{number:08d}", district=sanlian.uow.district, workflow="three_tier", start="resident",
            actor=actor, place=post.unit or "", reporter=actor,
            values={"detail": f"{_TOLD[number % len(_TOLD)]}，{number} 号楼", "kind": "small", "category": "A1"},
        )  # fmt: skip
        entries.append(Entry(command, demand=DemandGiven(channel="resident")))
    outcomes = advance(sanlian.uow, entries, now=at, services=sanlian.door)
    refused = [outcome for outcome in outcomes if not isinstance(outcome, Done)]
    assert not refused, refused[0]


def _copy_closed(sanlian: Sanlian, first: int, until: int) -> None:
    """Copy the smallest ended demands of the demo, spread over the three years before."""
    district = sanlian.uow.district
    smallest = (
        "SELECT id FROM matter WHERE district_id = :district AND kind = 'demand' AND outcome IS NOT NULL "
        "ORDER BY length(snapshot), id LIMIT :templates"
    )
    shifted = {name: _SHIFTED.format(name) for name in ("filed_at", "entered_at", "at", "ended_at")}
    changed = {"id": "'c' || n", "matter_id": "'c' || n", "root": "'c' || n", "number": "'c' || n",
               "external_number": "NULL", "receipt_code_hash": "NULL", **shifted}  # fmt: skip
    with sanlian.database.writing() as connection:
        given = {"district": district, "templates": TEMPLATES}
        templates = list(connection.execute(text(smallest), given).scalars())
        for turn, template in enumerate(templates):
            for table, key in ((MATTER, "id"), (DEMAND, "matter_id")):
                columns = [column.name for column in table.columns]
                chosen = ", ".join(changed.get(name, f'"{name}"') for name in columns)
                named = ", ".join(f'"{name}"' for name in columns)
                connection.execute(
                    text(
                        f"INSERT INTO {table.name} ({named}) WITH RECURSIVE numbers(n) AS (SELECT :first "
                        f"UNION ALL SELECT n + :step FROM numbers WHERE n + :step < :until) SELECT {chosen} "
                        f"FROM {table.name}, numbers WHERE district_id = :district AND {key} = :template"
                    ),
                    {"first": first + turn, "step": len(templates), "until": until, "district": district,
                     "template": template},
                )  # fmt: skip
