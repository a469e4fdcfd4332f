"""The engine is down over several due instants: what was due happens once at its return, and says when it was due."""

from engine.core.history import read_event
from tests.stories.conftest import RESIDENT, Street


def test_everything_due_happens_once_when_the_engine_comes_back(street: Street) -> None:
    """Late, supervised and moved in one go; the new holder's time counts from the return, not from the outage."""
    street.at("03-02 09:00")
    lamp = street.file("resident", by=RESIDENT, detail="楼道灯不亮", kind="small")
    due = lamp.clocks["state"].due
    assert due is not None

    street.down_until("03-07 10:00")

    moved = street.see(lamp)
    assert moved.state == "community_intake"
    assert moved.entered == street.town.now
    assert moved.clocks["state"].due is not None
    assert moved.clocks["state"].due > street.town.now
    assert [street.history(lamp).count(what) for what in ("supervise", "escalate")] == [1, 1]
    with street.town.uow.read() as tx:
        fired = [e for e in (read_event(one.body) for one in tx.events.of(lamp.id)) if e.type == "fired"]
    assert all(one.fired_at == street.town.now for one in fired)
    assert [one.due_at for one in fired if one.action == "late" and "/state/late/" in str(one.cause)] == [due]
    # The grid worker gets one message about the whole stretch, not one for each rule.
    assert len(street.letters(lamp, "grid_worker")) == 1
    street.books_agree()


def test_nothing_happens_twice_when_the_engine_comes_back_twice(street: Street) -> None:
    """A second start at the same moment finds nothing left to do."""
    street.at("03-02 09:00")
    lamp = street.file("resident", by=RESIDENT, detail="楼道灯不亮", kind="small")
    street.down_until("03-07 10:00")
    once = street.see(lamp)

    street.down_until("03-07 10:00")

    assert street.see(lamp) == once
    street.books_agree()
