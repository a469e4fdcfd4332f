"""Units and people, for the security administrator: the tree, one unit, posts given and ended, leave, what is open."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Query
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from api.days import day_of
from api.dependencies import Asked, AskedNow, Posted
from api.pages.forms import key_in
from api.pages.posted import text_of
from api.rendering import draw
from engine.core.scope import Leave, Post
from engine.core.terms import Ability, LeaveReason
from engine.errors import BadInput, NotFound
from engine.services.organise import end_post, record_leave
from engine.services.seat_people import Seating, give_post
from engine.services.street_cells import end_of, start_of
from engine.services.view_people import coverage, substitutes_of, unit_page, unit_tree

router = APIRouter()

PATH = "/people"
SECTION = "people"
_DONE = {
    "given": "岗位给好了",
    "ended": "记下了这个岗位做到哪天",
    "leave": "请假记下了，这段时间由代的人办",
    "back": "记下了，人已经回来",
}
_MOST_TEXT = 60
_NO_DAY = "填一个日期，例如 2026-11-23"


@dataclass(frozen=True, slots=True)
class Faulty:
    """A form that was not taken: which field of it, why, and what was typed."""

    target: str = ""
    text: str = ""
    typed: Mapping[str, str] = field(default_factory=lambda: defaultdict(str))


class _Refused(Exception):
    """A field of a form that cannot be taken."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text)
        self.name, self.text = name, text


@router.get(PATH)
def show_people(asked: AskedNow, q: Annotated[str, Query(max_length=60)] = "") -> Response:
    """Show the units as a tree, with their posts and who holds them."""
    asked.require(Ability.PEOPLE)
    units = unit_tree(asked.world.organisation, asked.flows, text=q, now=asked.now)
    return draw("people/tree.html", {**asked.frame(SECTION), "q": q, "units": units})


@router.get(f"{PATH}/coverage")
def show_coverage(asked: AskedNow) -> Response:
    """Show which grids have no venue, which seats nobody fills, and when nobody is on duty."""
    asked.require(Ability.PEOPLE)
    with asked.sanlian.uow.read() as tx:
        found = coverage(tx, organisation=asked.world.organisation, flows=asked.flows, now=asked.now)
    return draw("people/coverage.html", {**asked.frame(SECTION), "found": found})


@router.get(f"{PATH}/units/{{unit}}")
def show_unit(asked: AskedNow, unit: str, done: Annotated[str, Query(max_length=10)] = "") -> Response:
    """Show one unit: its posts, and the forms that change them."""
    asked.require(Ability.PEOPLE)
    return _unit(asked, unit, done=_DONE.get(done, ""))


@router.post(f"{PATH}/units/{{unit}}/posts")
def press_give(asked: AskedNow, unit: str, posted: Posted) -> Response:
    """Give somebody a post of the unit."""
    by = asked.require(Ability.PEOPLE).actor
    asked.require_fresh()
    try:
        until = _day(posted, "until", optional=True)
        since = _day(posted, "since")
        given = Seating(
            person=_text(posted, "person", needed="填工号"), name=_text(posted, "name"),
            role=_text(posted, "role", needed="选一个岗位"), unit=unit, since=_from(asked, since),
            until=end_of(until, asked.zone) if until is not None else None,
        )  # fmt: skip
        give_post(asked.sanlian.uow, given, flows=asked.flows, by=by, now=asked.now)
    except (_Refused, BadInput) as error:
        return _unit(asked, unit, faulty=_faulty(error, posted, form="give"))
    return _back(unit, "given")


@router.post(f"{PATH}/posts/end")
def press_end(asked: AskedNow, posted: Posted) -> Response:
    """Let a post end with a day."""
    by = asked.require(Ability.PEOPLE).actor
    asked.require_fresh()
    post = _post(asked, posted)
    try:
        last = _day(posted, "last")
        if last is not None:
            # With an earlier day it ends now: what was done until now stays in order.
            until = end_of(last, asked.zone) if last >= _today(asked) else asked.now
            end_post(asked.sanlian.uow, post.id, until=max(until, post.since), by=by, now=asked.now)
    except (_Refused, BadInput) as error:
        return _unit(asked, post.unit or "", faulty=_faulty(error, posted, form=f"end-{post.id}"))
    return _back(post.unit or "", "ended")


@router.post(f"{PATH}/leave")
def press_leave(asked: AskedNow, posted: Posted) -> Response:
    """Note that somebody is away from a day to a day, and who acts meanwhile."""
    by = asked.require(Ability.PEOPLE).actor
    asked.require_fresh()
    post = _post(asked, posted)
    try:
        key = key_in(posted)
        if not key:
            raise _Refused("key", "这一页太旧了，请重新打开")
        since, last = _day(posted, "from"), _day(posted, "to")
        if since is None or last is None or last < since:
            raise _Refused("to", "最后一天不能早于第一天")
        _check_substitute(asked, post, _text(posted, "substitute"))
        leave = Leave(
            id=key, post=post.id, since=start_of(since, asked.zone),
            until=end_of(last, asked.zone), substitute=_text(posted, "substitute") or None,
            reason=_text(posted, "reason") or LeaveReason.OTHER.value,
        )  # fmt: skip
        record_leave(asked.sanlian.uow, leave, by=by, now=asked.now)
    except (_Refused, BadInput) as error:
        return _unit(asked, post.unit or "", faulty=_faulty(error, posted, form=f"leave-{post.id}"))
    return _back(post.unit or "", "leave")


@router.post(f"{PATH}/leave/end")
def press_back(asked: AskedNow, posted: Posted) -> Response:
    """Note that somebody is back: the leave ends now, or never begins."""
    by = asked.require(Ability.PEOPLE).actor
    asked.require_fresh()
    wanted = _text(posted, "leave")
    leave = next((one for one in asked.world.organisation.leaves if one.id == wanted), None)
    if leave is None:
        raise NotFound(what="请假", found=wanted[:40])
    if leave.until is None or leave.until > asked.now:
        until = max(leave.since, asked.now)
        record_leave(asked.sanlian.uow, msgspec.structs.replace(leave, until=until), by=by, now=asked.now)
    return _back(asked.world.organisation.posts[leave.post].unit or "", "back")


def _unit(asked: Asked, unit: str, *, done: str = "", faulty: Faulty | None = None) -> Response:
    organisation, now = asked.world.organisation, asked.now
    with asked.sanlian.uow.read() as tx:
        page = unit_page(tx, unit, organisation=organisation, flows=asked.flows, now=now)
    if page is None:
        raise NotFound(what="单位", found=unit[:40])
    context: dict[str, Any] = {
        **asked.frame(SECTION), "unit": page, "done": done, "faulty": faulty or Faulty(),
        "substitutes": {
            one.post.id: substitutes_of(one.post, organisation, asked.flows, now=now) for one in page.posts
        },
        "reasons": [(one.value, one.label) for one in LeaveReason], "today": _today(asked).isoformat(),
        "key": asked.sanlian.door.ids(),
    }  # fmt: skip
    return draw("people/unit.html", context, status=422 if faulty is not None else 200)


def _back(unit: str, done: str) -> Response:
    return RedirectResponse(f"{PATH}/units/{quote(unit, safe='')}?done={done}", status_code=303)


def _post(asked: Asked, posted: FormData) -> Post:
    wanted = _text(posted, "post")
    post = asked.world.organisation.posts.get(wanted)
    if post is None:
        raise NotFound(what="岗位", found=wanted[:40])
    return post


def _check_substitute(asked: Asked, post: Post, wanted: str) -> None:
    groups = substitutes_of(post, asked.world.organisation, asked.flows, now=asked.now)
    if wanted and wanted not in {one.post.id for _, posts in groups for one in posts}:
        raise _Refused("substitute", "从列出来的人里选一个来代")


def _today(asked: Asked) -> date:
    return asked.now.astimezone(asked.zone).date()


def _from(asked: Asked, day: date | None) -> datetime:
    """A post that begins today begins now: nothing that was done before is done by it."""
    return asked.now if day is None or day == _today(asked) else start_of(day, asked.zone)


def _text(posted: FormData, name: str, *, needed: str = "") -> str:
    text = text_of(posted, name).strip()[:_MOST_TEXT]
    if needed and not text:
        raise _Refused(name, needed)
    return text


def _day(posted: FormData, name: str, *, optional: bool = False) -> date | None:
    text = _text(posted, name)
    if not text and optional:
        return None
    day = day_of(text)
    if day is None:
        raise _Refused(name, _NO_DAY)
    return day


_FIELD_OF = {
    "岗位": "role", "工号": "person", "姓名": "name", "结束日期": "until", "leaves.substitute": "substitute",
}  # fmt: skip


def _faulty(error: _Refused | BadInput, posted: FormData, *, form: str) -> Faulty:
    if isinstance(error, _Refused):
        name, text = error.name, error.text
    else:
        name = _FIELD_OF.get(str(error.fields.get("where")), "")
        text = f"收到「{error.fields.get('found')}」，应当是{error.fields.get('expected')}"
    typed = defaultdict(str, {key: value for key, value in posted.multi_items() if isinstance(value, str)})
    return Faulty(target=f"{form}-{name}" if name else form, text=text, typed=typed)
