"""What messages say, when they may go, and how missed ones become one."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.notice import MAX_TEXT, Waiting, Words, bundles, may_go_at, text_beside, text_of, text_of_missed
from engine.core.terms import Do
from engine.core.workflow.declaration import Quiet

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
NIGHT = Quiet(start=time(21), end=time(7, 30), except_classes=frozenset({"quick"}))
NOON_REST = Quiet(start=time(12), end=time(13, 30), except_classes=frozenset())
WORDS = Words(subject="诉求 2611-0042", state="等网格接", due="11 月 20 日 17:30")


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """Return the UTC instant at which *zone* shows *text*."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize("kind", [*Do, "review", "moved", "filed", "ended", "seat_empty", "something_else"])
def test_text_names_the_matter_when_of_any_kind(kind: str) -> None:
    """Every kind has a whole sentence, without holes, braces or shouting."""
    text = text_of(kind, WORDS)

    assert text.startswith("诉求 2611-0042")
    assert text.endswith("。")
    assert not set("{}！!亲") & set(text)


def test_text_says_when_it_is_due_only_when_it_is() -> None:
    """A matter without a due instant gets no empty phrase about one."""
    assert text_of("remind", WORDS) == "诉求 2611-0042还在「等网格接」，11 月 20 日 17:30 到期。请尽快办理。"
    assert "到期" not in text_of("remind", Words(subject="诉求 2611-0042", state="等网格接"))


@pytest.mark.parametrize("kind", ["late", "supervise", "reassign"])
def test_text_asks_for_nothing_when_somebody_else_has_to_act(kind: str) -> None:
    """Who is told beside does not read that it is for them to answer or to go on."""
    text = text_beside(kind, WORDS)

    assert text.startswith("诉求 2611-0042")
    assert text.endswith("。")
    assert not any(asked in text for asked in ("由您", "请尽快", "请接着"))
    assert text_of(kind, WORDS) != text


def test_text_beside_is_the_same_when_it_asks_nobody_in_particular() -> None:
    """What only tells is told to everybody in the same words."""
    assert text_beside("escalate", WORDS) == text_of("escalate", WORDS)


def test_text_is_cut_when_longer_than_a_message_may_be() -> None:
    """A label of any length makes a message of bounded length."""
    assert len(text_of("late", Words(subject="诉" * 5000, state="在办"))) == MAX_TEXT


def test_text_of_missed_tells_each_kind_once_and_how_it_stands() -> None:
    """Three messages of which two are alike become one that tells both and the present step."""
    text = text_of_missed(["remind", "remind", "late"], WORDS)

    assert text == "诉求 2611-0042这段时间有 3 条消息：提醒、超时。现在在「等网格接」。11 月 20 日 17:30 到期。"


def test_text_of_missed_tells_the_end_when_the_matter_has_ended() -> None:
    """Whoever missed everything learns that it is over, not when it would have been due."""
    text = text_of_missed(["late", "ended"], Words(subject="诉求 2611-0042", state="已评价", outcome="满意", due="x"))

    assert text.endswith("已经结束：满意。")


@pytest.mark.parametrize(
    ("now", "goes"),
    [
        ("2026-11-20 20:59:59", "2026-11-20 20:59:59"),
        ("2026-11-20 21:00", "2026-11-21 07:30"),
        ("2026-11-20 23:59", "2026-11-21 07:30"),
        ("2026-11-21 00:00", "2026-11-21 07:30"),
        ("2026-11-21 07:29:59", "2026-11-21 07:30"),
        ("2026-11-21 07:30", "2026-11-21 07:30"),
    ],
)
def test_message_waits_when_the_hours_are_quiet(now: str, goes: str) -> None:
    """Quiet from 21:00 to 07:30 local: the first minute waits, the last does not."""
    at = may_go_at(local(now), quiet=NIGHT, klass="small", urgent=False, zone=SHANGHAI)

    assert at == local(goes)


@pytest.mark.parametrize(("klass", "urgent"), [("quick", False), ("small", True)], ids=["class", "urgent"])
def test_message_goes_at_once_when_excepted(klass: str, urgent: bool) -> None:
    """An emergency wakes people up."""
    now = local("2026-11-20 23:00")

    assert may_go_at(now, quiet=NIGHT, klass=klass, urgent=urgent, zone=SHANGHAI) == now


def test_message_goes_at_once_when_there_are_no_quiet_hours() -> None:
    """None declared, or a start that is the end."""
    now = local("2026-11-20 23:00")
    nothing = Quiet(start=time(8), end=time(8), except_classes=frozenset())

    assert may_go_at(now, quiet=None, klass="small", urgent=False, zone=SHANGHAI) == now
    assert may_go_at(now, quiet=nothing, klass="small", urgent=False, zone=SHANGHAI) == now


def test_message_waits_till_the_same_day_when_quiet_hours_are_at_noon() -> None:
    """Hours that do not cross midnight end on their own day."""
    at = may_go_at(local("2026-11-20 12:10"), quiet=NOON_REST, klass="small", urgent=False, zone=SHANGHAI)

    assert at == local("2026-11-20 13:30")


@given(
    now=st.datetimes(
        min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without a zone
        max_value=datetime(2026, 12, 31),  # noqa: DTZ001 - hypothesis wants bounds without a zone
        timezones=st.just(UTC),
    ),
    start=st.times(),
    end=st.times(),
)
def test_message_goes_outside_quiet_hours_within_a_day(now: datetime, start: time, end: time) -> None:
    """Through summer time too: never earlier than now, never more than a day and an hour later, and then at once."""
    quiet = Quiet(start=start.replace(fold=0), end=end.replace(fold=0), except_classes=frozenset())

    at = may_go_at(now, quiet=quiet, klass="small", urgent=False, zone=NEW_YORK)

    assert now <= at <= now + timedelta(hours=25)
    assert at == now or at.astimezone(NEW_YORK).time() >= min(quiet.end, time(3))


def message(name: str, *, matter: str = "m1", to: str = "g1", minute: int = 0, attempts: int = 0) -> Waiting:
    """Return a waiting message."""
    made = local("2026-11-20 08:00") + timedelta(minutes=minute)
    return Waiting(id=name, matter=matter, recipient=(None, None, to), kind="remind", made_at=made, attempts=attempts)


def test_bundles_join_only_one_matter_and_one_recipient() -> None:
    """What was missed about one matter by one person is one message; another's and another matter's stay apart."""
    made = bundles(
        [message("c", minute=3), message("a"), message("x", to="g2", minute=1), message("y", matter="m2", minute=2)]
    )

    assert [[one.id for one in group] for group in made] == [["x"], ["y"], ["a", "c"]]


def test_bundles_leave_a_message_alone_when_it_was_tried_before() -> None:
    """It may have arrived under its own key, so it goes again by itself."""
    made = bundles([message("a", attempts=1), message("b", minute=1), message("c", minute=2)])

    assert [[one.id for one in group] for group in made] == [["a"], ["b", "c"]]
