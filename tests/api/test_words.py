"""Moments and stretches of time as pages say them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.words import brief, moment, natural_stretch, past, quiet_for, standing, stretch
from engine.services.time_state import TimeState

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 6, 20, tzinfo=UTC)
DAY = 27_000


@pytest.mark.parametrize(
    ("instant", "said"),
    [
        (datetime(2026, 11, 20, 9, 30, tzinfo=UTC), "今天 17:30"),
        (datetime(2026, 11, 24, 9, 30, tzinfo=UTC), "11月24日 周二 17:30"),
        (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), "11月22日 周日 24:00"),
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), "今天 24:00"),
        (datetime(2027, 1, 5, 9, 30, tzinfo=UTC), "2027年1月5日 周二 17:30"),
    ],
)
def test_moment_names_day_weekday_and_clock(instant: datetime, said: str) -> None:
    """A coming moment is «today» or a date with its weekday; midnight ends the day before it."""
    assert moment(instant, now=NOW, zone=ZONE) == said


def test_brief_leaves_the_weekday_out() -> None:
    """A narrow column has date and clock only."""
    assert brief(datetime(2026, 11, 24, 9, 30, tzinfo=UTC), now=NOW, zone=ZONE) == "11月24日 17:30"


def test_past_moment_keeps_midnight_as_it_was() -> None:
    """What happened at 00:00 happened on the new day."""
    assert past(datetime(2026, 11, 16, 16, 0, tzinfo=UTC), now=NOW, zone=ZONE) == "11月17日 00:00"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (2 * DAY + 3 * 3600, "2 天 3 时"),
        (DAY, "1 天"),
        (2 * 3600 + 600, "2 时 10 分"),
        (50 * 60, "50 分"),
        (30, "不到 1 分"),
    ],
)
def test_stretch_has_at_most_two_parts(seconds: int, said: str) -> None:
    """A day of the count is a working day."""
    assert stretch(seconds, day_seconds=DAY) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(27 * 3600, "27 小时"), (5 * 86_400, "5 个自然日"), (9 * 3600 + 540, "9 小时 9 分"), (40, "1 分钟")],
)
def test_natural_stretch_says_that_it_is_no_working_time(seconds: int, said: str) -> None:
    """Hours of the wall clock and calendar days carry other words than working time."""
    assert natural_stretch(seconds) == said


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (TimeState("over", left_seconds=-3000, working=True), "超时 50 分"),
        (TimeState("over", left_seconds=0, working=True), "到点了"),
        (TimeState("soon", left_seconds=DAY + 3 * 3600, working=True), "剩 1 天 3 时"),
        (TimeState("hold", paused=True), "计时暂停"),
        (TimeState("hold", due=NOW), "定期说进展"),
        (TimeState("hold"), "不计时"),
        (TimeState("done"), "已结束"),
    ],
)
def test_standing_has_words_in_every_state(state: TimeState, said: str) -> None:
    """Colour is never alone."""
    assert standing(state) == said


def test_quiet_for_counts_local_days() -> None:
    """An act late yesterday evening was one day ago."""
    assert quiet_for(datetime(2026, 11, 19, 15, 0, tzinfo=UTC), now=NOW, zone=ZONE) == "1 天"
    assert quiet_for(NOW - timedelta(hours=2), now=NOW, zone=ZONE) == "今天"
