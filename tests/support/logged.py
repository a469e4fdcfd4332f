"""A small town with a history worth checking: several matters, rules that fired, private values, a file, a digest."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.core.matter import Matter
from engine.core.scope import SYSTEM
from engine.core.workflow.catalogue import Source
from engine.services.digest import make_digests
from engine.services.publish import publish
from engine.services.sweep import sweep
from tests.support.town import MONDAY, Counted, Town, actor, opened, settle

SHIPPED = Path("workflows")
NAMES = ("task", "topic", "three_tier")
AFTER = MONDAY + timedelta(days=9)  # when the history below is over
DIGESTED = "2026-03-05"  # a day whose digest is made, in the middle of it


def source(name: str) -> Source:
    """Return a shipped file."""
    return Source(name, (SHIPPED / name).read_bytes())


def settle_shipped(url: str) -> None:
    """Bring an empty database to the town with the shipped flows."""
    settle(url)
    catalogue = Source("categories.yaml", (SHIPPED / "catalogues" / "categories.yaml").read_bytes())
    since = MONDAY - timedelta(days=365)
    with opened(url) as town:
        for name in NAMES:
            limits = source(f"{name}.limits.yaml") if (SHIPPED / f"{name}.limits.yaml").exists() else None
            publish(
                town.uow, source(f"{name}.yaml"), limits=limits, catalogues=(catalogue,), by=SYSTEM, now=since,
                flows=[source(f"{other}.yaml") for other in NAMES if other != name],
            )  # fmt: skip


def settle_with_history(url: str) -> None:
    """Do the same, and let the town live for a week."""
    settle_shipped(url)
    with opened(url) as town:
        live(town)


def live(town: Town) -> None:
    """One demand solved, one that nobody touches (late, supervised, moved up), one withdrawn; digests of each day."""
    resident, worker = actor("resident", "zhu-1"), actor("grid_worker", "zhu-1")
    with town.uow.write() as tx:
        photo = tx.files.add("photo", b"\x89PNG a picture", media_type="image/png", name_ref=None, at=MONDAY)
    solved = file(town, "楼道灯不亮", at=MONDAY)
    file(town, "井盖响了一夜", at=MONDAY + timedelta(minutes=1))
    withdrawn = file(town, "晾衣绳断了", at=MONDAY + timedelta(minutes=2))
    town.act(withdrawn, "withdraw", by=resident, at=MONDAY + timedelta(minutes=5))
    town.act(solved, "accept", by=worker, at=MONDAY + timedelta(minutes=30), category="A1")
    town.act(
        solved, "solve", by=worker, at=MONDAY + timedelta(hours=3), note="换了灯泡", photo_after=[photo]
    )  # fmt: skip
    town.act(solved, "pass", by=actor("grid_leader", "zhu-1"), at=MONDAY + timedelta(hours=5))
    pass_time(town, AFTER - timedelta(days=3))
    make_digests(town.uow, town.door.shelf, now=AFTER - timedelta(days=3))
    pass_time(town, AFTER)


def file(town: Town, detail: str, *, at: datetime) -> Matter:
    """File a demand by a resident of the first grid."""
    resident = actor("resident", "zhu-1")
    return town.file("three_tier", "resident", by=resident, reporter=resident, at=at, detail=detail, kind="small")


def pass_time(town: Town, until: datetime) -> None:
    """Sweep at every instant at which a timer rings, up to *until*."""
    while True:
        with town.uow.read() as tx:
            ringing = tx.timers.next_fire()
        if ringing is None or ringing > until:
            return
        sweep(town.uow, now=ringing, services=town.door)


@contextmanager
def living(url: str) -> Iterator[Town]:
    """Open a town with history, at the end of it."""
    with opened(url) as town:
        town.now = AFTER
        town.matters = Counted("n")
        town.door = replace(town.door, ids=Counted("j"))
        yield town


def utc(text: str) -> datetime:
    """Return an instant written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
