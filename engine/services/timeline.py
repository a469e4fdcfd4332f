"""The history of a matter in words, and the stages it went through."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.clock.duration import parse_duration
from engine.core.history import PRESSED_AT, Event
from engine.core.matter import STATE_CLOCK, Actor, Holder, Matter
from engine.core.scope import World
from engine.core.terms import SYSTEM_ROLE, BuiltIn, Covers, Do, EventType, FieldType, MatterKind, Seat
from engine.core.workflow.declaration import FieldRule, State, Workflow
from engine.services.clock_card import duration_words
from engine.services.naming import LevelMark, field_value, holder_name, level_mark, post_name, role_name, unit_name
from engine.services.personal import GONE
from engine.services.say_erased import HIDDEN, erased_in, grounds_of, is_erasure, said_of
from engine.services.time_state import clock_state, day_seconds

_KINDS_BY_RULE = frozenset({EventType.FIRED.value, EventType.RECOMPUTED.value, EventType.MIGRATED.value})
_GONE = f"（{GONE}）"
_ENGINE_WORDS = {
    EventType.CHILD_ENDED.value: "派出的任务有了结果",
    EventType.CANCELLED.value: "随上级事项取消",
    EventType.LINKED.value: "又有一件诉求等这个议题",
    EventType.RECOMPUTED.value: "工作日历有变，重算时限",
    EventType.MIGRATED.value: "换成新的时限表",
}
_START_WORDS = {"resident": "提出", "patrol": "巡查发现", "council": "议事会提出", "hotline": "热线转来"}
_CHANNELS = {"resident": "居民自己提出", "patrol": "网格巡查", "council": "议事会", "hotline": "热线"}


@dataclass(frozen=True, slots=True)
class Said:
    """Something written with an event."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history: who did what when; a rule speaks like a person does."""

    at: datetime
    who: str
    what: str
    is_rule: bool
    level: LevelMark | None
    said: tuple[Said, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """
    A stage of the way: past, now or still to come.

    `used_seconds` are working seconds spent in it, `day_seconds` those of an ordinary day.
    """

    label: str
    state: str
    level: LevelMark | None = None
    since: datetime | None = None
    until: datetime | None = None
    used_seconds: int | None = None
    day_seconds: int = 27_000
    limit: str = ""
    percent: int = 0
    note: str = ""


def entries(
    events: Iterable[Event],
    *,
    workflow: Workflow,
    world: World,
    private: Mapping[str, object],
    catalogue: Mapping[str, str],
) -> tuple[Entry, ...]:
    """Return the history in words, newest first; *private* has the values of the vault by ref."""
    units: dict[str, str] = {}
    lines = []
    listed = tuple(events)
    private = {**private, **dict.fromkeys(erased_in(listed), _GONE)}
    for event, version in zip(listed, _limits_versions(listed, workflow), strict=True):
        entry = _entry(
            event, workflow=workflow, world=world, private=private, catalogue=catalogue, limits_version=version
        )
        lines.append(replace(entry, notes=(*_seats(event, units, world=world), *entry.notes)))
    return tuple(reversed(lines))


def _limits_versions(events: Sequence[Event], workflow: Workflow) -> list[int]:
    """The version of the limits table at each event: a matter may have gone over to another on its way."""
    version = workflow.limits.version if workflow.limits is not None else 0
    changes = [event.data["migrated"]["limits"] for event in events if "migrated" in event.data]
    version = changes[0][0] if changes else version
    versions = []
    for event in events:
        version = event.data["migrated"]["limits"][1] if "migrated" in event.data else version
        versions.append(version)
    return versions


def _seats(event: Event, units: dict[str, str], *, world: World) -> list[str]:
    """What an event says about the tasks of units; *units* remembers who got which task."""
    notes = []
    patch: Mapping[str, Any] = event.data.get("patch", {})
    for child, seat in (patch.get("seats") or {}).items():
        if "unit" in seat:
            word = next((one.label for one in Seat if one.value == seat["seat"]), seat["seat"])
            units[child] = f"{unit_name(seat['unit'], world.organisation)}（{word}）"
            notes.append(f"派给 {units[child]}")
        elif "outcome" in seat:
            notes.append(f"{units.get(child, '一家单位')}{'退了单，座位空着' if seat.get('void') else '交了结果'}")
    return notes


def _entry(
    event: Event,
    *,
    workflow: Workflow,
    world: World,
    private: Mapping[str, object],
    catalogue: Mapping[str, str],
    limits_version: int,
) -> Entry:
    patch: Mapping[str, Any] = event.data.get("patch", {})
    is_rule = event.type in _KINDS_BY_RULE
    said, files = _said(event, workflow=workflow, private=private)
    notes = [*_choices(patch.get("fields") or {}, workflow, catalogue), *files]
    if is_rule:
        notes += _rule_notes(event.data, workflow=workflow, limits_version=limits_version)
    if is_erasure(event):
        notes += grounds_of(event.data)
    elif event.type == EventType.IMPORTED.value or event.recorded_at != event.at:
        notes.append("补记")
    notes += _pressed_on_a_device(event, zone=world.calendar(None).zone)
    return Entry(
        at=event.recorded_at if is_erasure(event) else event.at,
        who=_who(event, workflow=workflow, world=world), is_rule=is_rule,
        what=_what(event, patch, workflow=workflow, world=world), level=level_mark(workflow, patch.get("level")),
        said=said, notes=tuple(notes),
    )  # fmt: skip


def _pressed_on_a_device(event: Event, *, zone: ZoneInfo) -> list[str]:
    if PRESSED_AT not in event.data:
        return []
    pressed = datetime.fromisoformat(event.data[PRESSED_AT]).astimezone(zone)
    taken = event.recorded_at.astimezone(zone)
    day = "" if taken.date() == pressed.date() else f"{taken.month}月{taken.day}日 "
    return [f"手机上 {pressed.month}月{pressed.day}日 {pressed:%H:%M} 按的，{day}{taken:%H:%M} 收到"]


def _who(event: Event, *, workflow: Workflow, world: World) -> str:
    if event.actor.role == SYSTEM_ROLE:
        return "规则"
    return actor_name(event.actor, workflow=workflow, world=world)


def actor_name(actor: Actor, *, workflow: Workflow, world: World) -> str:
    """Return the post of who acted."""
    post = world.organisation.posts.get(actor.post)
    if post is not None and actor.role in workflow.roles and actor.unit is not None:
        return post_name(post, workflow=workflow, organisation=world.organisation)
    if actor.unit is None:
        return role_name(workflow, actor.role)
    return holder_name(Holder(role=actor.role, unit=actor.unit), workflow=workflow, organisation=world.organisation)


def _what(event: Event, patch: Mapping[str, Any], *, workflow: Workflow, world: World) -> str:
    moved = event.from_ is not None and (event.to != event.from_ or patch.get("visit") == event.seq)
    to = workflow.states[event.to].label.zh if event.to in workflow.states else event.to
    target = f"，到「{to}」" if moved else ""
    match event.type:
        case EventType.FILED.value:
            return f"{_START_WORDS.get(event.action, '立案')}，进入「{to}」"
        case EventType.ACTED.value | EventType.IMPORTED.value:
            return f"{_action_words(event, workflow)}{target}"
        case EventType.FIRED.value:
            return _fired_words(event, patch, target=target, workflow=workflow, world=world)
        case EventType.SYSTEM.value if is_erasure(event):
            return said_of(event, workflow)
        case _:
            return f"{_ENGINE_WORDS.get(event.type, '变动')}{target}"


def _action_words(event: Event, workflow: Workflow) -> str:
    if event.from_ is not None and event.from_ in workflow.states:
        action = workflow.actions_of(event.from_).get(event.action)
        if action is not None:
            later = f"（{duration_words(action.settle)}后生效）" if action.settle is not None else ""
            return f"{action.label.zh}{later}"
    known = {word.value: word.label for word in BuiltIn}
    return known.get(event.action, event.action)


def _fired_words(event: Event, patch: Mapping[str, Any], *, target: str, workflow: Workflow, world: World) -> str:
    do = next(word for word in Do if word.value == event.action)
    if do is Do.SETTLE:
        action = workflow.actions_of(event.from_ or "").get((event.data.get("settled") or {}).get("action", ""))
        return f"「{action.label.zh if action is not None else '刚才的'}」生效{target}"
    if event.data.get("passed_over"):
        return f"到了{do.label}的时刻，条件不符，没有动"
    answers = patch.get("answers")
    if do is Do.SUPERVISE and answers:
        holder = Holder(role=answers["role"], unit=answers.get("unit"))
        name = holder_name(holder, workflow=workflow, organisation=world.organisation)
        return f"转入督办，由{name}答复，原承办人接着办"
    if do is Do.LATE:
        clock = str((event.data.get("rule") or {}).get("clock", ""))
        named = workflow.clocks.get(clock.removeprefix("named."))
        return f"「{named.label.zh}」超时，记下来" if named is not None else "到点没办完，记超时"
    if do is Do.REMIND:
        return "提醒承办的岗位"
    return f"{'自动' if target else ''}{do.label}{target}"


def _rule_notes(data: Mapping[str, Any], *, workflow: Workflow, limits_version: int) -> list[str]:
    if "migrated" in data:
        old, new = data["migrated"]["limits"]
        moved = len(data["migrated"]["clocks"])
        return [f"时限表 v{old} → v{new}", f"{moved} 个时限重算了" if moved else "时限没有变"]
    rule = data.get("rule")
    if not rule:
        return []
    is_limits = str(rule["file"]).endswith(".limits.yaml")
    version = limits_version if is_limits else workflow.version
    return [f"{'时限表' if is_limits else '流程'} v{version} 第 {rule['line']} 行"]


def is_reporter(role: str, workflow: Workflow) -> bool:
    """Whether *role* is that of whoever reports."""
    declared = workflow.roles.get(role)
    return declared is not None and declared.covers is Covers.OWN


def channel_words(start: str, events: Sequence[Event], *, workflow: Workflow) -> str:
    """Return how a demand came; what a desk wrote down for a caller was not filed by the resident."""
    if start == "resident" and events and not is_reporter(events[0].actor.role, workflow):
        return "居民来电、来访登记"
    return _CHANNELS.get(start, start)


def is_for_reporter(event: Event, workflow: Workflow) -> bool:
    """Whether what was written with an event is the reporter's to read: their own words, and those for them."""
    if event.type not in (EventType.ACTED.value, EventType.FILED.value):
        return False
    state = event.from_ if event.from_ in workflow.states else None
    action = workflow.actions_of(state).get(event.action) if state is not None else None
    return is_reporter(event.actor.role, workflow) or (action is not None and action.shown)


def _said(event: Event, *, workflow: Workflow, private: Mapping[str, object]) -> tuple[tuple[Said, ...], list[str]]:
    said, files = [], []
    for ref in sorted(event.private):
        rule = workflow.fields.get(ref.rsplit("/", 1)[-1])
        value = private.get(ref)
        if rule is None or rule.type in (FieldType.PHONE, FieldType.PERSON):
            continue
        if rule.type is FieldType.FILES:
            count = f" {len(value)} 份" if isinstance(value, list) else value if value == _GONE else ""
            files.append(f"{rule.label.zh}{count}")
        else:
            said.append(Said(label=rule.label.zh, text=str(value) if value is not None else HIDDEN))
    return tuple(said), files


def _choices(fields: Mapping[str, Any], workflow: Workflow, catalogue: Mapping[str, str]) -> list[str]:
    rules: list[tuple[FieldRule, Any]] = [
        (workflow.fields[name], value)
        for name, value in fields.items()
        if name in workflow.fields and value is not None
    ]
    return [f"{rule.label.zh}：{field_value(rule, value, catalogue=catalogue)}" for rule, value in rules]


def stages(
    matter: Matter, events: Sequence[Event], *, workflow: Workflow, world: World, now: datetime
) -> tuple[Stage, ...]:
    """Return the stages of the tracker: the levels and the end where there are levels, else the steps of the flow."""
    if workflow.levels:
        return _level_stages(matter, events, workflow=workflow, world=world, now=now)
    return _step_stages(matter, workflow=workflow)


def _level_stages(
    matter: Matter, events: Sequence[Event], *, workflow: Workflow, world: World, now: datetime
) -> tuple[Stage, ...]:
    spent = _spent(events, workflow=workflow, now=now, is_open=matter.is_open)
    calendar = world.calendar(workflow.calendar)
    found = []
    for level in sorted(workflow.levels.values(), key=lambda one: one.order):
        mark = level_mark(workflow, level.id)
        parts = spent.get(level.id, [])
        current = matter.is_open and matter.level == level.id
        if not parts:
            here = workflow.levels.get(matter.level or "")
            passed_by = here is None or level.order < here.order
            note = "没有经过" if passed_by else ""
            found.append(
                Stage(label=level.label.zh, state="todo" if matter.is_open else "skipped", level=mark, note=note)
            )
            continue
        used = sum(calendar.working_seconds(since, until) for since, until in parts)
        limit, percent = _limit(matter, world=world, now=now) if current else ("", 0)
        found.append(
            Stage(
                label=level.label.zh,
                state="now" if current else "past",
                level=mark,
                since=parts[0][0],
                until=None if current else parts[-1][1],
                used_seconds=used,
                day_seconds=day_seconds(calendar),
                limit=limit,
                percent=percent,
                note=workflow.states[matter.state].label.zh if current else "",
            )
        )
    reached = [stage for stage in found if stage.state != "skipped"]
    return (*reached, _last_stage(matter, workflow=workflow, world=world, now=now))


def _limit(matter: Matter, *, world: World, now: datetime) -> tuple[str, int]:
    clock = matter.clocks.get(STATE_CLOCK)
    if clock is None or not clock.limit:
        return "", 0
    state = clock_state(clock, world=world, now=now)
    return f"这一步限 {limit_words(clock.limit)}", state.percent


def limit_words(limit: str) -> str:
    """Return a stored limit in words."""
    return duration_words(parse_duration(limit))


def _last_stage(matter: Matter, *, workflow: Workflow, world: World, now: datetime) -> Stage:
    state = workflow.states[matter.state]
    if not matter.is_open:
        return Stage(label=state.label.zh, state="past", since=matter.at)
    if matter.level is None:
        limit, percent = _limit(matter, world=world, now=now)
        return Stage(label=state.label.zh, state="now", since=matter.entered, limit=limit, percent=percent)
    return Stage(label="核查评价" if matter.kind == MatterKind.DEMAND else "结束", state="todo")


def _spent(
    events: Sequence[Event], *, workflow: Workflow, now: datetime, is_open: bool
) -> dict[str, list[tuple[datetime, datetime]]]:
    """The stretches spent in each level."""
    spent: dict[str, list[tuple[datetime, datetime]]] = {}
    level: str | None = None
    since: datetime | None = None
    for event in events:
        here = workflow.states[event.to].level if event.to in workflow.states else None
        if here == level:
            continue
        if level is not None and since is not None:
            spent.setdefault(level, []).append((since, event.at))
        level, since = here, event.at
    if level is not None and since is not None and is_open:
        spent.setdefault(level, []).append((since, now))
    return spent


def _step_stages(matter: Matter, *, workflow: Workflow) -> tuple[Stage, ...]:
    found = []
    for state in workflow.states.values():
        here = state.id == matter.state
        been = state.id in matter.visited
        if not here and (state.final is not None or (not been and _is_detour(state, workflow))):
            continue
        if not been and not here and not matter.is_open:
            continue
        found.append(
            Stage(label=state.label.zh, state="now" if here and matter.is_open else "past" if been else "todo")
        )
    if matter.is_open and matter.kind != MatterKind.TOPIC:
        found.append(Stage(label="结束", state="todo"))
    return tuple(found)


def _is_detour(state: State, workflow: Workflow) -> bool:
    """Whether every way on from *state* leads back to a step before it: a second round, not a stage of its own."""
    moves = (*(action.to for action in state.actions.values()), *(timer.to for timer in state.timers))
    reached = [one for move in moves if move is not None for one in move.states if workflow.states[one].final is None]
    order = list(workflow.states)
    return bool(reached) and all(order.index(one) < order.index(state.id) for one in reached)
