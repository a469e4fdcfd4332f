"""The daily digest: computed as defined, once a day, the same later, and read back from its copy."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.core.clock.instants import day_end
from engine.core.history import framed
from engine.errors import BadFile, NotFound
from engine.services.digest import (
    SETTLE,
    days_to_digest,
    digest_of_day,
    digests_at,
    make_digests,
    read_copy,
    write_copy,
)
from engine.store.digests import Digest
from engine.store.log import Log
from tests.support.logged import AFTER, DIGESTED, file, living, settle_with_history
from tests.support.town import DISTRICT, Town

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date.fromisoformat(DIGESTED)


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with a town that has a history."""
    return settle_with_history


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town."""
    with living(prepared_database_url) as opened:
        yield opened


def digest_by_hand(town: Town, cut: datetime) -> str:
    """Compute a digest the plain way: last head of each chain before the cut, in id order, framed, hashed."""
    heads: dict[str, bytes] = {}
    with town.uow.read() as tx:
        for event in tx.events.all():
            if event.recorded_at < cut:
                heads[event.chain] = event.head
    pairs = [part for chain in sorted(heads) for part in (chain.encode(), heads[chain])]
    return hashlib.sha256(framed(*pairs)).hexdigest()


def test_digest_is_the_hash_over_all_heads_at_midnight(town: Town) -> None:
    """What is stored equals the definition, computed another way, for every day in one pass too."""
    digest, _ = digest_of_day(town.uow, town.door.shelf, day=DAY, now=AFTER)
    days = {DAY + timedelta(days=n): day_end(DAY + timedelta(days=n), SHANGHAI) for n in range(-4, 3)}
    with town.uow.read() as tx:
        together = digests_at(Log(tx.connection, DISTRICT), days)

    assert digest.hash.hex() == digest_by_hand(town, datetime(2026, 3, 5, 16, tzinfo=UTC))
    assert {day: value.hex() for day, (value, _) in together.items()} == {
        day: digest_by_hand(town, cut) for day, cut in days.items()
    }
    assert digest.count == 6


def test_digest_of_a_day_stays_the_same_when_the_town_lives_on(town: Town) -> None:
    """Later events belong to later days."""
    before, _ = digest_of_day(town.uow, town.door.shelf, day=DAY, now=AFTER)
    file(town, "新的一件事", at=AFTER)

    with town.uow.read() as tx:
        made = digests_at(Log(tx.connection, DISTRICT), {DAY: day_end(DAY, SHANGHAI)})

    assert made[DAY] == (before.hash, before.count)


def test_digest_of_a_day_stays_the_same_when_the_clock_is_set_back_into_it(town: Town) -> None:
    """What is filed by a clock that is behind is recorded after the last day that has a digest."""
    before, _ = digest_of_day(town.uow, town.door.shelf, day=DAY, now=AFTER)

    late = file(town, "钟慢了的那天报的", at=datetime(2026, 3, 5, 2, tzinfo=UTC))

    with town.uow.read() as tx:
        made = digests_at(Log(tx.connection, DISTRICT), {DAY: day_end(DAY, SHANGHAI)})
    assert late.filed >= day_end(DAY, SHANGHAI)
    assert made[DAY] == (before.hash, before.count)


def test_digests_are_made_once_a_day_and_noted(town: Town) -> None:
    """A second call makes nothing; each digest has its event."""
    first = make_digests(town.uow, town.door.shelf, now=AFTER)
    again = make_digests(town.uow, town.door.shelf, now=AFTER)

    with town.uow.read() as tx:
        noted = sum(1 for _ in tx.events.of("system/digest"))
        stored = [digest.day for digest in tx.digests.all()]
    assert [digest.day for digest in first][-1] == "2026-03-10"
    assert again == []
    assert noted == len(stored)
    assert stored == sorted(set(stored))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-06T15:59:59+00:00", []),
        ("2026-03-06T16:00:00+00:00", []),
        ("2026-03-06T16:05:00+00:00", ["2026-03-06"]),
        ("2026-03-08T16:05:00+00:00", ["2026-03-06", "2026-03-07", "2026-03-08"]),
    ],
    ids=["before midnight", "not settled", "settled", "after days off"],
)
def test_days_to_digest_are_those_that_have_settled(now: str, expected: list[str]) -> None:
    """A transaction that began before midnight has its time to commit; an outage is caught up."""
    days = days_to_digest(
        datetime.fromisoformat(now), zone=SHANGHAI, last=date(2026, 3, 5), first_event=None
    )  # fmt: skip

    assert [str(day) for day in days] == expected
    assert timedelta(minutes=5) == SETTLE


def test_days_to_digest_begin_with_the_first_event_or_nowhere() -> None:
    """An empty log has no days."""
    now = datetime(2026, 3, 8, tzinfo=UTC)

    assert days_to_digest(now, zone=SHANGHAI, last=None, first_event=None) == []
    assert days_to_digest(now, zone=SHANGHAI, last=None, first_event=now - timedelta(days=1)) == [date(2026, 3, 7)]


def test_digest_is_refused_when_the_day_is_not_over(town: Town) -> None:
    """Nobody gets a digest that tomorrow contradicts."""
    with pytest.raises(NotFound):
        digest_of_day(town.uow, town.door.shelf, day=AFTER.date(), now=AFTER)


def test_copy_reads_back_what_was_written() -> None:
    """The text for outside is read by `verify --digest`."""
    digest = Digest("2026-11-19", bytes(range(32)), 12, AFTER)

    copy = read_copy(write_copy(digest, log="log-7"), where="copy")

    assert (copy.day, copy.hash, copy.log) == (date(2026, 11, 19), bytes(range(32)).hex(), "log-7")


def test_copy_may_be_typed_by_hand() -> None:
    """A day and a hash are enough."""
    copy = read_copy(f"2026-11-19 {'AB' * 32}\n", where="copy")

    assert (copy.day, copy.hash, copy.log) == (date(2026, 11, 19), "ab" * 32, None)


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-19", "ab" * 32, f"2026-11-19 2026-11-20 {'ab' * 32}", f"2026-13-45 {'ab' * 32}", "\x00\x01"],
    ids=["empty", "no hash", "no day", "two days", "no such day", "garbage"],
)
def test_copy_is_refused_when_it_holds_no_day_and_hash(text: str) -> None:
    """What is no copy is said to be none."""
    with pytest.raises(BadFile):
        read_copy(text, where="copy")
