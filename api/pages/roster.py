"""The duty roster of a week, desk by desk: who is on duty when, what nobody covers, add and take off stretches."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from api.days import day_of
from api.dependencies import Asked, AskedNow, Posted
from api.pages.posted import text_of
from api.rendering import draw
from engine.core.scope import Duty
from engine.core.terms import Ability
from engine.errors import BadInput
from engine.services.organise import add_duty, remove_duty
from engine.services.street_cells import start_of
from engine.services.view_people import roster_week

router = APIRouter()

PATH = "/roster"
SECTION = "people"
_WEEK = 7
_WEEKDAYS = "一二三四五六日"
_DONE = {"added": "排好了", "removed": "从值班表上拿掉了"}
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Faulty:
    """The form that was not taken: of which desk, which field, why, and what was typed."""

    desk: str = ""
    target: str = ""
    text: str = ""
    typed: Mapping[str, str] = field(default_factory=lambda: defaultdict(str))


@router.get(PATH)
def show_roster(
    asked: AskedNow, week: Annotated[str, Query(max_length=10)] = "", done: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """Show the roster of the week that holds a day."""
    asked.require(Ability.PEOPLE)
    return _page(asked, _monday(asked, week), done=_DONE.get(done, ""))


@router.post(PATH)
def press_add(asked: AskedNow, posted: Posted) -> Response:
    """Put somebody on duty from an instant to an instant."""
    by = asked.require(Ability.PEOPLE).actor
    asked.require_fresh()
    post = asked.world.organisation.posts.get(_text(posted, "post"))
    since, until = _instant(asked, posted, "since"), _instant(asked, posted, "until")
    problem = _problem(asked, found=post is not None, since=since, until=until)
    if problem is None and post is not None and post.unit is not None and since is not None and until is not None:
        duty = Duty(role=post.role, unit=post.unit, post=post.id, since=since, until=until)
        try:
            add_duty(asked.sanlian.uow, duty, by=by, now=asked.now)
        except BadInput as error:
            problem = ("until", str(error))
    if problem is not None:
        typed = defaultdict(str, {key: value for key, value in posted.multi_items() if isinstance(value, str)})
        desk = _text(posted, "desk")
        faulty = Faulty(desk=desk, target=f"{desk}-{problem[0]}", text=problem[1], typed=typed)
        return _page(asked, _monday(asked, _text(posted, "week")), faulty=faulty)
    return RedirectResponse(f"{PATH}?week={_monday(asked, _text(posted, 'week')).isoformat()}&done=added", 303)


@router.post(f"{PATH}/remove")
def press_remove(asked: AskedNow, posted: Posted) -> Response:
    """Take a stretch off the roster; what has begun ends now instead, so that what was done stays in order."""
    by = asked.require(Ability.PEOPLE).actor
    asked.require_fresh()
    wanted = (_text(posted, "post"), _text(posted, "since"))
    for duty in asked.world.organisation.duties:
        if (duty.post, duty.since.isoformat()) == wanted and duty.until > asked.now:
            if duty.since < asked.now:
                ended = Duty(role=duty.role, unit=duty.unit, post=duty.post, since=duty.since, until=asked.now)
                add_duty(asked.sanlian.uow, ended, by=by, now=asked.now)
            else:
                remove_duty(asked.sanlian.uow, duty, by=by, now=asked.now)
    week = _monday(asked, _text(posted, "week")).isoformat()
    return RedirectResponse(f"{PATH}?week={week}&done=removed", status_code=303)


def _problem(asked: Asked, *, found: bool, since: datetime | None, until: datetime | None) -> tuple[str, str] | None:
    if not found:
        return ("post", "选一个值班的人")
    if since is None:
        return ("since", "填开始的时刻")
    if until is None or until <= since:
        return ("until", "结束要晚于开始")
    if until - since > _LONGEST:
        return ("until", "一段最多一年")
    return ("until", "这一段已经过去了，排今后的班") if until <= asked.now else None


def _page(asked: Asked, monday: date, *, done: str = "", faulty: Faulty | None = None) -> Response:
    days = [monday + timedelta(days=number) for number in range(_WEEK)]
    edges = [start_of(day, asked.zone) for day in (*days, days[-1] + timedelta(days=1))]
    desks = roster_week(asked.world.organisation, asked.flows, days=edges, now=asked.now)
    today = asked.now.astimezone(asked.zone).date()
    context: dict[str, Any] = {
        **asked.frame(SECTION), "desks": desks, "week": monday.isoformat(), "done": done,
        "faulty": faulty or Faulty(), "edges": edges,
        "days": [(f"周{_WEEKDAYS[day.weekday()]}", f"{day.month}月{day.day}日", day == today) for day in days],
        "before": (monday - timedelta(days=_WEEK)).isoformat(), "after": (monday + timedelta(days=_WEEK)).isoformat(),
        "first": f"{monday.year}年{monday.month}月{monday.day}日",
        "span": lambda duty, number: _span(asked, duty, edges[number], edges[number + 1]),
    }  # fmt: skip
    return draw("people/roster.html", context, status=422 if faulty is not None else 200)


def _span(asked: Asked, duty: Duty, start: datetime, end: datetime) -> str:
    """Say which part of a day a stretch covers: 「全天」, 「08:30 到 17:30」."""
    if duty.since <= start and duty.until >= end:
        return "全天"
    first = max(duty.since, start).astimezone(asked.zone)
    last = min(duty.until, end).astimezone(asked.zone)
    return f"{first:%H:%M} 到 {'24:00' if duty.until >= end else f'{last:%H:%M}'}"


def _monday(asked: Asked, text: str) -> date:
    day = day_of(text) or asked.now.astimezone(asked.zone).date()
    return day - timedelta(days=day.weekday())


def _instant(asked: Asked, posted: FormData, name: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(_text(posted, name))
    except ValueError:
        return None
    return (
        read.replace(tzinfo=asked.zone).astimezone(UTC) if date(2000, 1, 1) <= read.date() < date(2100, 1, 1) else None
    )


def _text(posted: FormData, name: str) -> str:
    return text_of(posted, name).strip()[:200]
