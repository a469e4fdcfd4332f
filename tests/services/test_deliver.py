"""The outbox empties: at the right hour, joined, tried again, given up, and nobody gets anything twice."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from engine.channels.in_app import NAME, InApp
from engine.services.deliver import (
    DEAD,
    FIRST_WAIT,
    LEASE,
    LONGEST_WAIT,
    MOST_TRIES,
    Channel,
    Delivered,
    Sending,
    deliver,
    wait_after,
)
from engine.services.housekeep import deliver_all
from engine.store.messages import Message
from tests.support.logged import file, living, pass_time, settle_shipped
from tests.support.town import MONDAY, Town, actor

NIGHT = MONDAY + timedelta(hours=13)  # 22:00 in Shanghai
MORNING = MONDAY + timedelta(hours=22, minutes=30)  # 07:30


class Flaky:
    """A channel that fails as often as told, and remembers what it was given."""

    def __init__(self, *, fails: int = 0, raises: bool = False) -> None:
        self.fails = fails
        self.raises = raises
        self.got: list[Sending] = []

    def send_many(self, messages: Sequence[Sending], *, now: datetime) -> Mapping[str, str]:
        """Take messages, or refuse them."""
        assert now
        if self.fails:
            self.fails -= 1
            if self.raises:
                raise ConnectionError("no line")
            return {message.key: "no line" for message in messages}
        self.got.extend(messages)
        return {}


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with the town and its flows, and no matter."""
    return settle_shipped


@pytest.fixture
def town(prepared_database_url: str) -> Iterator[Town]:
    """The town on Monday morning, with one demand just filed."""
    with living(prepared_database_url) as opened:
        opened.now = MONDAY
        file(opened, "楼道灯不亮", at=MONDAY)
        yield opened


def send(town: Town, channel: Channel, *, at: datetime) -> Delivered:
    """Deliver one round through *channel*."""
    return deliver(town.uow, town.door.shelf, channels={NAME: channel}, now=at)


def letters(town: Town, role: str, unit: str) -> list[Message]:
    """Return the messages a post sees, newest first."""
    post = actor(role, unit).post
    with town.uow.read() as tx:
        return tx.messages.for_post(post, role=role, unit=unit, limit=50)


def waiting(town: Town) -> int:
    """How many notices wait."""
    with town.uow.read() as tx:
        return tx.outbox.count_waiting()


def test_deliver_puts_a_message_into_the_holders_letter_box(town: Town) -> None:
    """Whoever holds the grid's post reads which demand waits where, and till when; nothing private is in it."""
    done = send(town, InApp(town.uow), at=MONDAY)

    (letter,) = letters(town, "grid_worker", "zhu-1")
    assert done == Delivered(sent=1)
    assert letter.text == "诉求 2603-0001 已收到，现在在「等网格接」。3月2日 14:30 到期。"
    assert waiting(town) == 0
    assert letters(town, "grid_worker", "zhu-2") == []


def test_deliver_sends_nothing_twice_when_done_again(town: Town) -> None:
    """A second round finds nothing, and the same key changes nothing in the letter box."""
    channel = InApp(town.uow)
    send(town, channel, at=MONDAY)

    assert send(town, channel, at=MONDAY) == Delivered()
    (letter,) = letters(town, "grid_worker", "zhu-1")
    channel.send_many([Sending(letter.key, None, "grid_worker", "zhu-1", "x", "late", False, "again")], now=MONDAY)
    assert [one.text for one in letters(town, "grid_worker", "zhu-1")] == [letter.text]


def test_deliver_keeps_others_off_while_a_message_is_on_its_way(town: Town) -> None:
    """Two workers: what one has claimed the other leaves alone until the lease is over."""
    with town.uow.write() as tx:
        tx.outbox.claim_due(MONDAY, limit=10, lease_until=MONDAY + LEASE)

    assert send(town, Flaky(), at=MONDAY + timedelta(seconds=1)) == Delivered()
    assert send(town, Flaky(), at=MONDAY + LEASE).sent == 1


def test_deliver_waits_for_the_morning_when_the_hours_are_quiet(town: Town) -> None:
    """At 22:00 nothing goes; at 07:30 it does."""
    channel = Flaky()

    assert send(town, channel, at=NIGHT) == Delivered(put_off=1)
    assert send(town, channel, at=MORNING - timedelta(seconds=1)) == Delivered()
    assert send(town, channel, at=MORNING).sent == 1
    assert len(channel.got) == 1


def test_deliver_wakes_people_when_it_is_an_emergency(town: Town) -> None:
    """Class quick breaks quiet hours."""
    resident = actor("resident", "zhu-1")
    town.file(
        "three_tier", "resident", by=resident, reporter=resident, at=NIGHT, detail="燃气味", kind="quick",
        category="B1",
    )  # fmt: skip
    channel = Flaky()

    done = send(town, channel, at=NIGHT)

    assert done.put_off == 1
    assert channel.got
    assert all(message.urgent for message in channel.got)


def test_deliver_joins_what_was_missed_about_one_matter(town: Town) -> None:
    """Late for the step and for the promise, missed over hours: one message, that tells how it stands."""
    pass_time(town, MONDAY + timedelta(hours=6))
    channel = Flaky()

    done = send(town, channel, at=MONDAY + timedelta(hours=6))

    to_worker = [message for message in channel.got if message.role == "grid_worker"]
    assert len(to_worker) == 1
    assert to_worker[0].text.startswith("诉求 2603-0001 这段时间有 ")
    assert "立案、超时。现在在「等网格接」。" in to_worker[0].text
    assert done.sent > len(channel.got)
    assert waiting(town) == 0


def test_deliver_asks_the_superior_to_answer_and_the_holder_to_go_on_when_supervised(town: Town) -> None:
    """Two people are told of one supervision, each what it means to them."""
    told: dict[str | None, str] = {}
    now = MONDAY
    while not {"grid_worker", "grid_leader"} <= told.keys() and now < MONDAY + timedelta(days=5):
        channel = Flaky()
        pass_time(town, now)
        deliver_all(town.uow, town.door.shelf, channels={NAME: channel}, now=now)
        told |= {one.role: one.text for one in channel.got if one.kind == "supervise" and "条消息" not in one.text}
        now += timedelta(minutes=30)

    assert told["grid_leader"].endswith("已转入督办，由您答复；原承办人继续办理。")
    assert told["grid_worker"].endswith("已转入督办，由上级答复；承办人继续办理。")


@pytest.mark.parametrize("raises", [False, True], ids=["refused", "raises"])
def test_deliver_tries_again_later_when_a_channel_fails(town: Town, raises: bool) -> None:
    """The first wait is half a minute, under the same key."""
    channel = Flaky(fails=1, raises=raises)

    assert send(town, channel, at=MONDAY) == Delivered(failed=1)
    assert send(town, channel, at=MONDAY + FIRST_WAIT - timedelta(seconds=1)) == Delivered()
    assert send(town, channel, at=MONDAY + FIRST_WAIT).sent == 1
    assert len({message.key for message in channel.got}) == 1


def test_deliver_gives_up_with_an_alarm_when_a_channel_stays_down(town: Town) -> None:
    """After so many tries a person must look; nothing is tried for ever."""
    channel, at, rounds = Flaky(fails=100), MONDAY, 0

    while waiting(town):
        rounds += 1
        done = send(town, channel, at=at)
        with town.uow.read() as tx:
            at = tx.outbox.next_attempt() or at

    with town.uow.read() as tx:
        alarms = [alarm.kind for alarm in tx.alarms.standing()]
    assert done.given_up == 1
    assert rounds == MOST_TRIES
    assert alarms == [DEAD]


def test_deliver_fails_softly_when_there_is_no_such_channel(town: Town) -> None:
    """A channel that was taken away puts its messages off instead of losing them."""
    done = deliver(town.uow, town.door.shelf, channels={}, now=MONDAY)

    assert done == Delivered(failed=1)
    assert waiting(town) == 1


def test_deliver_all_goes_on_until_nothing_may_go(town: Town) -> None:
    """One call empties the box."""
    for n in range(5):
        file(town, f"事情 {n}", at=MONDAY)

    assert deliver_all(town.uow, town.door.shelf, channels={NAME: InApp(town.uow)}, now=MONDAY) == 6
    assert waiting(town) == 0


def test_wait_doubles_up_to_an_hour() -> None:
    """Half a minute, a minute, two … an hour at most."""
    waits = [wait_after(tries) for tries in range(1, 12)]

    assert waits[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert max(waits) == LONGEST_WAIT
    assert waits == sorted(waits)
