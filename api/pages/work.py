"""Today's list: what is in one's hands, what is due next, and the first action of every row."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse

from api.dependencies import Asked, AskedNow, as_viewer
from api.pages.done import done_word
from api.pages.found import may_find
from api.pages.matters import Notice, case_of
from api.rendering import draw
from engine.core.terms import Ability
from engine.errors import NotFound
from engine.services.today import Around, Group, Today, TodayRow, today

router = APIRouter()

WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one group as they are drawn."""

    id: str
    label: str
    count: int
    rows: tuple[TodayRow, ...]


@dataclass(frozen=True, slots=True)
class WorkView:
    """What the page shows; `waits` tells whether it is the half that waits for others."""

    today: Today
    sections: tuple[Section, ...]
    waits: bool
    next_url: str
    first_url: str
    notices: tuple[Notice, ...]
    leaves: tuple[str, ...]


@router.get("/work")
def work(
    asked: AskedNow,
    show: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(max_length=300)] = "",
    done: Annotated[str, Query(max_length=60)] = "",
    ref: Annotated[str, Query(max_length=60)] = "",
) -> HTMLResponse:
    """Show one page of what is in one's hands; *done* and *ref* say what has just been recorded."""
    viewer = asked.require(Ability.WORK)
    waits = show == WAITING
    with asked.sanlian.uow.read() as tx:
        around = Around(world=asked.world, flow_of=asked.flows_in(tx), flows=asked.flows, now=asked.now)
        page = today(tx, viewer.actor, waits=waits, cursor=after, around=around)
        if not (waits or after or page.total) and page.waiting:
            waits = True
            page = today(tx, viewer.actor, waits=True, cursor="", around=around)
    view = WorkView(
        today=page,
        sections=_sections(asked, page, waits=waits),
        waits=waits,
        next_url=_url(waits, page.next_cursor) if page.next_cursor else "",
        first_url=_url(waits, "") if after else "",
        notices=_notices(asked, done_word(asked, done), ref),
        leaves=tuple(_leaves(asked, viewer.id)),
    )
    return draw("work/today.html", {**asked.frame("work"), "view": view, "may_find": may_find(asked)})


def _url(waits: bool, cursor: str) -> str:
    query = urlencode({name: value for name, value in (("show", WAITING if waits else ""), ("after", cursor)) if value})
    return f"/work?{query}" if query else "/work"


def _sections(asked: Asked, page: Today, *, waits: bool) -> tuple[Section, ...]:
    if waits:
        return (Section("hold", "在等别人，不用你操作", page.waiting, page.rows),) if page.rows else ()
    sections = []
    for group in page.groups:
        rows = tuple(row for row in page.rows if row.group == group.id)
        if rows:
            sections.append(Section(group.id, _label(group), group.count, rows))
    return tuple(sections)


def _label(group: Group) -> str:
    if group.id != "next" or group.day is None:
        return group.label
    return f"{group.label} {group.day.month}月{group.day.day}日 周{'一二三四五六日'[group.day.weekday()]}"


def _leaves(asked: Asked, own: str) -> Iterator[str]:
    """Who is away: oneself, and those whose work one does meanwhile, which stands on this list too."""
    organisation, now = asked.world.organisation, asked.now
    away = {one.post: one.until for one in organisation.leaves if one.holds(now)}

    def until(post: str) -> str:
        end = away.get(post)
        return f"，到 {asked.words.last_day(end)}为止" if end is not None else ""

    def label(post: str) -> str:
        return as_viewer(organisation.posts[post], organisation=organisation, flows=asked.flows).label

    if own in away:
        acting = organisation.acting_for(own, now)
        by = f"由{label(acting)}代" if acting is not None and acting != own else "由上一级办"
        yield f"你在请假{until(own)}。这些事{by}。"
    for post in organisation.absent_behind(own, now):
        yield f"你在代{label(post.id)}{until(post.id)}。那边的事也列在这里。"


def _notices(asked: Asked, done: str, ref: str) -> tuple[Notice, ...]:
    """What has just been recorded, and what comes next of it."""
    if not done or not ref:
        return ()
    try:
        case = case_of(asked, ref)
    except NotFound:  # its last action gave it to another grid
        return (Notice(kind="", title="记下了", text="这件事转到了别处，不在你这里显示了。", done=f"{ref} {done}"),)
    if not case.history:
        return ()
    latest = case.history[0]
    if case.is_open and case.time.due is not None:
        comes = f"接下来轮到{case.turn}，{asked.words.moment(case.time.due)} 前。"
    elif case.is_open:
        comes = f"接下来轮到{case.turn}。"
    else:
        comes = "这件事到此结束。"
    return (
        Notice(
            kind="",
            title=f"记下了：{case.number} {case.title}",
            text=f"{latest.what}。{comes}",
            done="/work/found:found" if done == "found" else f"{case.ref} {done}",
            link=f"/matters/{case.ref}",
        ),
    )
