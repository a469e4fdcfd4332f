"""The demo: a believable town whose past was played through the real door."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.core.forecast import forecast
from engine.core.matter import Matter
from engine.core.scope import unit_of_role
from engine.core.terms import Covers, MatterKind
from engine.services.demo_lives import LIVES
from engine.services.demo_texts import TOLD
from engine.services.doctor import examine
from engine.wiring import Sanlian
from tests.support.demo import NOW, play_demo

NIGHT, SUNDAY, SPRING = (
    datetime(2026, 11, 18, 18, 30, tzinfo=UTC),
    datetime(2026, 11, 22, 1, 0, tzinfo=UTC),
    datetime(2026, 3, 9, 3, 0, tzinfo=UTC),
)


def matters_of(demo: Sanlian) -> list[Matter]:
    """Every matter of the demo."""
    with demo.uow.read() as tx:
        return [one.matter for one in tx.matters.all()]


@pytest.mark.parametrize("now", [NIGHT, SUNDAY, SPRING], ids=["at night", "on a Sunday", "after the Spring Festival"])
def test_demo_plays_without_a_refusal_whenever_it_is_started(tmp_path: Path, now: datetime) -> None:
    """Every press is one the engine takes, unless a long holiday let the clock be faster; then few are lost."""
    played = play_demo(tmp_path / "demo.db", now)

    assert played.refused == ()
    assert played.filed == len(TOLD)
    assert len(played.missed) < 20


def test_demo_shows_every_way_a_matter_can_stand(demo: Sanlian) -> None:
    """Three levels, late, supervised, on the books, in a topic, with lead and assist tasks, ended in several ways."""
    demands = [one for one in matters_of(demo) if one.kind == MatterKind.DEMAND]

    assert 60 <= len(demands) <= 120
    assert {"grid", "community", "joint"} <= {one.level for one in demands if one.is_open}
    assert any(one.answers for one in demands)
    assert any(clock.late_at for one in demands for clock in one.clocks.values())
    assert {"listed", "in_topic", "departments", "wait_resident", "confirm", "check", "quick"} <= {
        d.state for d in demands
    }
    assert {"solved", "unrated", "answered", "refused", "withdrawn"} <= {one.outcome for one in demands}
    assert any(len(one.seats) >= 3 for one in demands)
    assert len([one for one in demands if one.kept]) >= 3
    units = [[seat.unit for seat in one.seats.values() if not seat.void] for one in demands]
    assert [one for one in units if len(set(one)) < len(one)] == []  # nobody has the lead and assists


def test_two_demands_wait_for_the_topic_of_a_third(demo: Sanlian) -> None:
    """A shared topic is one matter."""
    topics = [one for one in matters_of(demo) if one.kind == MatterKind.TOPIC]

    assert max(len(one.waiting) for one in topics) == 3


def test_every_role_of_every_flow_is_filled(demo: Sanlian) -> None:
    """Whoever's turn it becomes, somebody is there to act as."""
    with demo.uow.read() as tx:
        world = demo.door.shelf.world(tx)
        flows = [demo.door.shelf.workflow(tx, digest) for digest in tx.workflows.current_digests().values()]
    roles = [role for flow in flows for role in flow.roles.values() if role.covers is not Covers.OWN]

    for role in roles:
        unit = unit_of_role(role, place="jingyi-4", chosen="housing", organisation=world.organisation)
        assert unit is not None, role.id
        assert world.organisation.posts_of(role.id, unit, NOW), role.id


def test_every_open_matter_has_a_forecast_or_waits_for_people(demo: Sanlian) -> None:
    """The sentence of the clock card has something to say."""
    with demo.uow.read() as tx:
        world = demo.door.shelf.world(tx)
        for matter in matters_of(demo):
            flow = demo.door.shelf.workflow(tx, matter.digest)
            if matter.is_open:
                assert forecast(matter, now=NOW, workflow=flow, world=world), matter.state


def test_demo_is_healthy(demo: Sanlian) -> None:
    """The self-check finds the empty seat that belongs to the story and, no scheduler running, messages to send."""
    found = examine(demo.uow, demo.door.shelf, now=NOW)

    assert {one.kind for one in found.problems} <= {
        "alarm_seat_empty",
        "outbox_stuck",
        "never_ticked",
    }


def test_every_life_is_lived_and_every_text_is_its_own() -> None:
    """No life is written in vain, no demand told twice."""
    assert {told.life for told in TOLD} == set(LIVES)
    assert len({told.text for told in TOLD}) == len(TOLD)
