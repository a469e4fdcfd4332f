"""The demo's clock: time is let pass, every rule acts at its own instant, nothing looks like an outage."""

from datetime import timedelta

import pytest

from engine.core.guard import Reading
from engine.core.history import read_event
from engine.core.terms import EventType
from engine.scheduler import ahead_of
from engine.services.demo_clock import AheadClock, FastForward, read_ahead
from engine.services.tick import Ticker
from engine.wiring import Sanlian
from tests.support.demo import NOW

WEEK = timedelta(days=7)


@pytest.fixture
def clock(demo: Sanlian) -> AheadClock:
    """The demo's clock, which may be put ahead."""
    return AheadClock(demo.clock, read_ahead(demo.uow))


@pytest.fixture
def fast_forward(demo: Sanlian, clock: AheadClock) -> FastForward:
    """Lets time pass in the demo, with the ticks that the scheduler would make."""
    read = ahead_of(lambda: Reading(clock.now(), 1000.0, "boot"), clock)
    ticker = Ticker(demo.uow, demo.door, read_clocks=read)
    return FastForward(demo.uow, clock, tick=ticker.tick, keep_house=lambda: None)


def test_rules_act_at_their_own_instants_when_a_week_is_let_pass(
    demo: Sanlian, clock: AheadClock, fast_forward: FastForward
) -> None:
    """Every firing of the week is recorded at the instant it was due, none is held back, none is left."""
    passed = fast_forward.to(NOW + WEEK)

    with demo.uow.read() as tx:
        events = [read_event(record.body) for record in tx.events.all()]
        held = list(tx.timers.apart())
        left = tx.timers.count_due(NOW + WEEK)
    fired = [one for one in events if one.type == EventType.FIRED.value and one.recorded_at > NOW]
    assert (len(fired), left, held) == (passed.fired, 0, [])
    assert passed.fired > 20
    assert all(one.fired_at == one.recorded_at <= NOW + WEEK for one in fired)
    assert all(one.due_at is not None and one.due_at <= one.recorded_at for one in fired)
    assert clock.now() == passed.until == NOW + WEEK


def test_next_due_leads_to_the_first_rule_when_asked_again_and_again(fast_forward: FastForward) -> None:
    """Each step goes to a later instant, and something acts at each."""
    steps = []
    for _ in range(3):
        following = fast_forward.next_due()
        assert following is not None
        steps.append(following)
        assert fast_forward.to(following).fired > 0

    assert steps == sorted(set(steps))


def test_clock_stays_ahead_when_the_demo_is_opened_again(demo: Sanlian, fast_forward: FastForward) -> None:
    """What has happened never lies in the future of a demo that was stopped and started."""
    fast_forward.to(NOW + WEEK)

    again = AheadClock(demo.clock, read_ahead(demo.uow))

    with demo.uow.read() as tx:
        newest = tx.events.newest_recorded_at()
    assert newest is not None
    assert again.now() >= newest


def test_time_does_not_go_back_when_an_earlier_instant_is_asked_for(
    clock: AheadClock, fast_forward: FastForward
) -> None:
    """An instant that has passed changes nothing."""
    fast_forward.to(NOW - WEEK)

    assert clock.now() == NOW
