from datetime import UTC, datetime, timedelta

import pytest

from tests.support.clock import FixedClock

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def test_fixed_clock_stands_still_when_nobody_moves_it() -> None:
    """It shows the same instant until it is advanced or set."""
    clock = FixedClock(NOON)

    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(minutes=5)) == clock.now() == NOON + timedelta(minutes=5)
    assert clock.set(NOON) == clock.now() == NOON


def test_fixed_clock_refuses_an_instant_when_it_has_no_zone() -> None:
    """A naive instant would compare with none of the product's."""
    with pytest.raises(ValueError):
        FixedClock(NOON.replace(tzinfo=None))
