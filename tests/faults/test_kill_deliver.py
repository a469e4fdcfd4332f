"""kill -9 while notices go out: every notice reaches its receiver, a repeat carries the key and text it had before."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from engine.channels.in_app import NAME, InApp
from engine.services.deliver import LEASE, Channel, Sending, deliver
from engine.services.sweep import sweep
from engine.store.repository import table
from tests.faults.conftest import Copies
from tests.faults.market import RUSH, SHELF, settle_market
from tests.support.crash import chosen, kill_at, points_of
from tests.support.invariants import assert_invariants
from tests.support.town import Town, opened

LATER = RUSH + LEASE + timedelta(seconds=1)
Letters = list[tuple[object, ...]]


def settle_rush(url: str) -> None:
    """Bring an empty database to the moment after the rush: a dozen notices wait to go out."""
    settle_market(url)
    with opened(url) as town:
        sweep(town.uow, now=RUSH, services=town.door)


class Elsewhere:
    """Somebody else's letter box: what it was sent is in a file, whatever becomes of our transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send_many(self, messages: Sequence[Sending], *, now: datetime) -> Mapping[str, str]:
        """Write each message down at once."""
        with self._path.open("a", encoding="utf-8") as file:
            for message in messages:
                file.write(f"{message.key}\t{message.text}\n")
                file.flush()
        return {}


def send(town: Town, channel: Channel, *, at: datetime) -> None:
    """Let what may go go."""
    deliver(town.uow, SHELF, channels={NAME: channel}, now=at)


def letters(town: Town) -> Letters:
    """What lies in the letter boxes."""
    rows = table("message")
    with town.uow.read() as tx:
        found = tx.connection.execute(select(rows.c.key, rows.c.role, rows.c.unit, rows.c.post, rows.c.text))
        return sorted((tuple(row) for row in found), key=repr)


def waiting(town: Town) -> int:
    """How many notices have not gone out."""
    with town.uow.read() as tx:
        return tx.outbox.count_waiting()


class Work:
    """What a process does with a database: it delivers once, into our own boxes or to *path*."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    def channel(self, town: Town) -> Channel:
        """Where its messages go."""
        return InApp(town.uow) if self._path is None else Elsewhere(self._path)

    def __call__(self, url: str) -> None:
        with opened(url) as town:
            send(town, self.channel(town), at=RUSH)


def killed(copies: Copies, *, do: Work) -> Iterator[tuple[str, str]]:
    """Yield the database as each chosen point of *do* leaves it, and the point's name."""
    with copies(settle_rush) as url:
        points = points_of(lambda: do(url))
    assert len(points) > 6
    for point in chosen(points, every=8):
        with copies(settle_rush) as url:
            kill_at(lambda url=url: do(url), point)  # type: ignore[misc]  # bound now, not later
            yield url, f"killed at point {point}, {points[point - 1]}"


def test_letter_boxes_hold_everything_once_when_delivery_was_killed(copies: Copies) -> None:
    """Whatever the point, the next round after the lease leaves what one round leaves, and nothing waits."""
    with copies(settle_rush) as url, opened(url) as town:
        assert waiting(town) > 5
        send(town, InApp(town.uow), at=RUSH)
        wanted = letters(town)
        assert (waiting(town), bool(wanted)) == (0, True)
    seen = set()

    for url, where in killed(copies, do=Work()):
        with opened(url) as town:
            found = letters(town)
            seen.add(len(found))
            assert_invariants(town.uow, SHELF)
            send(town, InApp(town.uow), at=LATER)

            assert (letters(town), waiting(town)) == (wanted, 0), where
            assert_invariants(town.uow, SHELF)

    assert seen == {0, len(wanted)}


def test_receiver_elsewhere_can_tell_every_repeat_when_delivery_was_killed(copies: Copies, tmp_path: Path) -> None:
    """A message that went out before the crash goes out again under the same key with the same text, none is missed."""
    path, again = tmp_path / "sent", 0
    with copies(settle_rush) as url:
        Work(path)(url)
    wanted = dict(line.split("\t", 1) for line in path.read_text("utf-8").splitlines())
    path.unlink()

    for url, where in killed(copies, do=Work(path)):
        with opened(url) as town:
            send(town, Elsewhere(path), at=LATER)
            assert waiting(town) == 0, where
        texts = defaultdict(list)
        for line in path.read_text("utf-8").splitlines():
            key, text = line.split("\t", 1)
            texts[key].append(text)
        path.unlink()
        again += any(len(sent) > 1 for sent in texts.values())

        assert {key: set(sent) for key, sent in texts.items()} == {key: {text} for key, text in wanted.items()}, where

    assert again, "no point lies between sending and ticking off"
