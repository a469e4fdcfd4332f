"""What an auditor reads: the history searched, one chain verified, as it stood, exported. Nothing is changed here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from api.days import day_of
from api.dependencies import Asked, AskedNow, Posted
from api.rendering import draw
from engine.core.clock.instants import is_in_reach, midnight
from engine.core.terms import Ability, EventType, Office, UnitKind
from engine.errors import BadFile, NotFound, SanlianError
from engine.services.case_file import find
from engine.services.digest import read_copy
from engine.services.export_chain import ExportPurpose, export_chain
from engine.services.hold_copies import Compared
from engine.services.review_chain import Review, review_chain
from engine.services.search_trail import Around, Hits, Search, search_trail
from engine.services.system_words import TOPICS, topic_words
from engine.services.verify_one import ChainReport, compare_outside, note_verified, verify_one, verify_topic

router = APIRouter()

SECTION = "audit"
MAX_COPY_BYTES = 16 * 1024
MAX_TEXT = 80
_ROLES = {"system": "规则", "supervisor": "主管", **{office.value: office.label for office in Office}}
Text = Annotated[str, Query(max_length=MAX_TEXT)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome in honest words; `good` is for the mark beside it."""

    good: bool
    title: str
    text: str = ""


@router.get("/audit")
def search(
    asked: AskedNow,
    number: Text = "",
    since: Text = "",
    until: Text = "",
    unit: Text = "",
    post: Text = "",
    kind: Text = "",
    rule: Text = "",
    category: Text = "",
    digests: Text = "",
    after: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Look something up in the whole history."""
    asked.require(Ability.AUDIT)
    typed = {
        "number": number.strip(), "since": since, "until": until, "unit": unit, "post": post.strip(), "kind": kind,
        "rule": rule.strip(), "category": category, "digests": "1" if digests else "",
    }  # fmt: skip
    first, last = _day(asked, since), _day(asked, until)
    wanted = Search(
        number=typed["number"], since=first, until=last + timedelta(days=1) if last else None, unit=unit,
        post=typed["post"], kind=kind, rule=typed["rule"], category=category, digests=bool(digests),
    )  # fmt: skip
    hits = _hits(asked, wanted, cursor=after)
    query = {name: value for name, value in typed.items() if value}
    context: dict[str, Any] = {
        **asked.frame(SECTION), "hits": hits, "typed": typed, "is_searched": bool(query),
        "next_url": f"/audit?{urlencode({**query, 'after': hits.cursor})}" if hits.cursor else "",
        "first_url": f"/audit?{urlencode(query)}" if after else "",
        "units": _units(asked), "kinds": tuple((one.value, one.label) for one in EventType),
        "categories": _categories(asked), "topics": tuple(TOPICS.items()),
    }  # fmt: skip
    return draw("audit/search.html", context)


@router.get("/audit/topics/{topic}")
def system_topic(topic: str, asked: AskedNow, after: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show what was done to rights, rules, calendars, settings: one chain of the system."""
    asked.require(Ability.AUDIT)
    if topic not in TOPICS:
        raise NotFound(what="系统事项", found=topic[:40])
    with asked.sanlian.uow.read() as tx:
        around = _around(asked, tx)
        hits = search_trail(tx, Search(topic=topic), cursor=after, around=around)
        report = verify_topic(tx, topic) if hits.found or after else None
    context: dict[str, Any] = {
        **asked.frame(SECTION), "topic": topic, "name": topic_words(topic), "hits": hits, "report": report,
        "verdict": _verdict(asked, report) if report is not None else None, "topics": tuple(TOPICS.items()),
        "next_url": f"/audit/topics/{topic}?{urlencode({'after': hits.cursor})}" if hits.cursor else "",
    }  # fmt: skip
    return draw("audit/topic.html", context)


@router.get("/audit/verify")
def verify_page(asked: AskedNow) -> Response:
    """Show how the whole log is verified, and take a digest kept outside."""
    asked.require(Ability.AUDIT)
    return _verify_page(asked)


@router.post("/audit/verify")
def verify_outside(asked: AskedNow, posted: Posted) -> Response:
    """Hold a digest kept outside against the log, and record that it was done."""
    viewer = asked.require(Ability.AUDIT)
    purpose = _purpose(posted.get("purpose"))
    if purpose is None:
        return _verify_page(asked, error="请选为什么核对。", target="purpose", status=422)
    try:
        copy = read_copy(_copy_text(posted), where="存样")
        found = compare_outside(
            asked.sanlian.uow, asked.sanlian.door.shelf, [copy], purpose=purpose, by=viewer.actor, now=asked.now
        )
    except BadFile as error:
        return _verify_page(asked, error=str(error), target="copy", status=422)
    except SanlianError as error:
        return _verify_page(asked, error=str(error), status=409)
    return _verify_page(asked, compared=found)


@router.get("/audit/{ref}")
def chain(ref: str, asked: AskedNow, at: Text = "", seq: Annotated[int, Query(ge=0, le=10**9)] = 0) -> Response:
    """Show one matter's chain, verified, and the matter as it stood."""
    asked.require(Ability.AUDIT)
    instant = _instant(asked, at)
    with asked.sanlian.uow.read() as tx:
        found = review_chain(tx, ref, at=instant, seq=seq or None, around=_around(asked, tx), now=asked.now)
    return _chain_page(asked, found, typed=at, bad_at=bool(at) and instant is None)


@router.post("/audit/{ref}/verify")
def verify_chain(ref: str, asked: AskedNow, posted: Posted) -> Response:
    """Verify one chain and record who did it and what for."""
    viewer = asked.require(Ability.AUDIT)
    with asked.sanlian.uow.read() as tx:
        matter = find(tx, ref)
        report = verify_one(tx, matter.id)
    purpose = _purpose(posted.get("purpose")) or ExportPurpose.CHECK.value
    note_verified(asked.sanlian.uow, matter.id, report, purpose=purpose, by=viewer.actor, now=asked.now)
    return RedirectResponse(f"/audit/{quote(ref)}", status_code=303)


@router.post("/audit/{ref}/export")
def export(ref: str, asked: AskedNow, posted: Posted) -> Response:
    """Hand out one matter's whole record as a file, and record who took it and what for."""
    viewer = asked.require(Ability.AUDIT)
    asked.require_fresh()
    purpose = _purpose(posted.get("purpose"))
    if purpose is None:
        with asked.sanlian.uow.read() as tx:
            found = review_chain(tx, ref, at=None, seq=None, around=_around(asked, tx), now=asked.now)
        return _chain_page(asked, found, error="请选为什么导出。", status=422)
    name, body = export_chain(asked.sanlian.uow, ref, purpose=purpose, by=viewer.actor, now=asked.now)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type="application/json", headers=headers)


def _hits(asked: Asked, wanted: Search, *, cursor: str) -> Hits:
    with asked.sanlian.uow.read() as tx:
        return search_trail(tx, wanted, cursor=cursor, around=_around(asked, tx))


def _around(asked: Asked, tx: Any) -> Around:
    roles = {role.id: role.label.zh for flow in asked.flows for role in flow.roles.values()}
    return Around(
        world=asked.world, flow_of=asked.flows_in(tx), catalogue=dict(_categories(asked)),
        roles={**roles, **_ROLES},
    )  # fmt: skip


def _units(asked: Asked) -> tuple[tuple[str, str], ...]:
    kinds = (UnitKind.STREET, UnitKind.COMMUNITY, UnitKind.GRID, UnitKind.DEPARTMENT)
    units = asked.world.organisation.units.values()
    return tuple((unit.id, unit.name) for kind in kinds for unit in units if unit.kind == kind)


def _categories(asked: Asked) -> tuple[tuple[str, str], ...]:
    rules = (flow.fields["category"] for flow in asked.flows if "category" in flow.fields)
    found: Mapping[str, str] = {
        choice: rule.choice_labels[choice].zh if choice in rule.choice_labels else choice
        for rule in rules
        for choice in rule.choices or ()
    }
    return tuple(found.items())


def _day(asked: Asked, typed: str) -> datetime | None:
    day = day_of(typed)
    return midnight(day, asked.zone) if day is not None else None


def _instant(asked: Asked, typed: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(typed.strip().replace(" ", "T")) if typed.strip() else None
    except ValueError:
        return None
    if read is None or not is_in_reach(read):
        return None
    return read.replace(tzinfo=asked.zone) if read.tzinfo is None else read


def _purpose(given: object) -> str | None:
    return next((one.value for one in ExportPurpose if one.value == given), None)


def _copy_text(posted: Any) -> str:
    given = posted.get("copy")
    if isinstance(given, UploadFile) and given.filename:
        return given.file.read(MAX_COPY_BYTES).decode("utf-8", errors="replace")
    return str(posted.get("text") or "")[:MAX_COPY_BYTES]


def _verdict(asked: Asked, report: ChainReport) -> Verdict:
    """What a chain proves, and what it does not."""
    if report.findings:
        return Verdict(False, f"有 {len(report.findings)} 处对不上，记录被改动过或已损坏")
    outside = report.outside
    if outside is None:
        return Verdict(True, f"{report.events} 条前后连得上；没有外部存样，只能证明前后相连")
    when, day = asked.words.past(outside.at), f"{outside.day:%m-%d}"
    if not outside.agrees:
        return Verdict(False, f"{report.events} 条前后连得上；与 {day} 存在外面的摘要不一致", f"{when} 核对")
    return Verdict(True, f"{report.events} 条前后连得上；与 {day} 存在外面的摘要一致", f"{when} 核对")


def _chain_page(
    asked: Asked, found: Review, *, typed: str = "", bad_at: bool = False, error: str = "", status: int = 200
) -> Response:
    then = found.then
    context: dict[str, Any] = {
        **asked.frame(SECTION), "review": found, "then": then, "verdict": _verdict(asked, found.report),
        "local_at": then.at.astimezone(asked.zone).strftime("%Y-%m-%d %H:%M"), "typed": typed, "bad_at": bad_at,
        "error": error, "purposes": tuple((one.value, one.label) for one in ExportPurpose),
        "bad": frozenset(one.seq for one in found.report.findings),
    }  # fmt: skip
    return draw("audit/chain.html", context, status=status)


def _verify_page(
    asked: Asked, *, compared: tuple[Compared, ...] = (), error: str = "", target: str = "", status: int = 200
) -> Response:
    context: dict[str, Any] = {
        **asked.frame(SECTION), "compared": compared, "error": error, "target": target,
        "purposes": tuple((one.value, one.label) for one in ExportPurpose),
    }  # fmt: skip
    return draw("audit/verify.html", context, status=status)
