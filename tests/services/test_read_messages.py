"""What rules told a post: its own box, its role's, and those of the colleagues it acts for; nothing of others."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from engine.core.scope import SYSTEM, Leave
from engine.services.organise import record_leave
from engine.services.read_messages import PAGE, MessagePage, read_messages
from engine.services.sight import EVERYTHING_MASKED, NOTHING, Sight
from engine.store.messages import Message
from tests.support.logged import file, living, settle_shipped
from tests.support.town import MONDAY, Town, actor


@pytest.fixture
def prepare_database() -> Callable[[str], None]:
    """Every test begins with the town and its flows, and no matter."""
    return settle_shipped


@pytest.fixture
def town(prepared_sqlite_url: str) -> Iterator[Town]:
    """The town on Monday morning, with one demand just filed."""
    with living(prepared_sqlite_url) as opened:
        opened.now = MONDAY
        file(opened, "楼道灯不亮", at=MONDAY)
        yield opened


def told(town: Town, role: str, unit: str, *, sight: Sight = EVERYTHING_MASKED, cursor: str = "") -> MessagePage:
    """Return what the post of that role at that unit reads."""
    with town.uow.read() as tx:
        organisation = tx.organisation.load()
        own = organisation.posts[actor(role, unit).post]
        posts = (own, *organisation.absent_behind(own.id, town.now))
        return read_messages(tx, posts, sight=sight, cursor=cursor)


def tell(town: Town, *texts: str, post: str | None = None, role: str | None = None, unit: str | None = None) -> None:
    """Put messages about the one demand into a box, a minute apart."""
    with town.uow.write() as tx:
        (stored,) = tx.matters.all()
        tx.messages.add_many(
            [
                Message(f"{post}{n:03}", f"{post}{n:03}", post, role, unit, stored.matter.id, "late", n == 0, text,
                        MONDAY + timedelta(minutes=n))
                for n, text in enumerate(texts)
            ]
        )  # fmt: skip


def test_post_reads_its_own_box_and_its_roles_when_both_hold_something(town: Town) -> None:
    """Newest first; what was told another unit is not there."""
    tell(town, "一", "二", post=actor("grid_worker", "zhu-1").post)
    tell(town, "三", role="grid_worker", unit="zhu-1")
    tell(town, "四", role="grid_leader", unit="zhu-2")

    page = told(town, "grid_worker", "zhu-1")

    assert [one.text for one in page.messages if one.at > MONDAY] == ["二"]
    assert {one.text for one in page.messages} == {"一", "二", "三"}
    assert [one.urgent for one in page.messages] == [False, True, True]
    assert {one.ref for one in page.messages} == {"2603-0001"}
    assert told(town, "grid_worker", "zhu-2").messages == ()


def test_substitute_reads_what_was_told_the_colleague_when_away(town: Town) -> None:
    """Who acts for somebody is told what they are told, while they are away and not after."""
    away = actor("community_clerk", "zhu").post
    tell(town, "一", post=away)
    before = told(town, "community_head", "zhu").messages
    leave = Leave(id="1", post=away, since=MONDAY, substitute=actor("community_head", "zhu").post)
    record_leave(town.uow, leave, by=SYSTEM, now=MONDAY)

    during = told(town, "community_head", "zhu").messages

    assert (before, [one.text for one in during]) == ((), ["一"])


def test_message_leads_nowhere_when_its_matter_is_out_of_sight(town: Town) -> None:
    """What was told stays told; the way to the matter is closed with the sight of it."""
    tell(town, "一", role="grid_worker", unit="zhu-1")

    (one,) = told(town, "grid_worker", "zhu-1", sight=NOTHING).messages

    assert (one.text, one.ref) == ("一", "")


def test_pages_hold_every_message_once_when_turned(town: Town) -> None:
    """Turning pages loses nothing and shows nothing twice, also where two boxes interleave; a mangled place is none."""
    texts = [str(n) for n in range(PAGE + 5)]
    tell(town, *texts, role="grid_worker", unit="zhu-1")
    tell(town, *texts, post=actor("grid_worker", "zhu-1").post)

    read: list[str] = []
    cursor = ""
    while True:
        page = told(town, "grid_worker", "zhu-1", cursor=cursor)
        read += [one.text for one in page.messages]
        cursor = page.next_cursor
        if not cursor:
            break

    assert read == [text for text in reversed(texts) for _ in range(2)]
    assert told(town, "grid_worker", "zhu-1", cursor="nonsense") == told(town, "grid_worker", "zhu-1")
