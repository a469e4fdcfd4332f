"""
Was every recorded step allowed? A replay that judges events against the pinned workflow, without deciding anew.

It works on the plain JSON of bodies, not on `Event` and `Matter`: a million events are judged in one pass, and what a
tampered body may hold is anything. `decide` is not asked, so a fault in it does not hide itself here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

from engine.core.clock.duration import Offset
from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.flow_law import ActionLaw, FlowLaw
from engine.core.matter import STATE_CLOCK, Actor, Holder, Json, receipt_post
from engine.core.scope import Organisation, capacities_of
from engine.core.terms import SYSTEM_ROLE, Covers, Do, EventType
from engine.core.workflow.declaration import TimerRule
from engine.core.workflow.machine import (
    BEFORE_FILING,
    JOINED,
    rule_event,
    start_event,
    topic_event,
)

# What an outage piled up waits half an hour at most; an engine seen at work for longer has let every due rule act.
AT_WORK = timedelta(minutes=35)
MOST_KEPT = 100_000
CANCELLED, UNKNOWN = "cancelled", "?"

Instant: TypeAlias = datetime
# Told at once of what cannot have been done by the rules, its kind and the sentence for people: an event that cannot
# be read to its end loses nothing that was found before.
Tell: TypeAlias = Callable[[str, str], None]


class Seats:
    """Who held which post when, and which unit answered for a place: the organisation version by version."""

    def __init__(self, versions: Sequence[tuple[Instant, Organisation]]) -> None:
        self._since = [since for since, _ in versions]
        self._versions = [version for _, version in versions] or [Organisation(())]
        self._above = lru_cache(maxsize=65536)(self._look_above)

    def _version(self, at: Instant) -> int:
        """The version in force at *at*; before the first one (an import) the first."""
        return max(bisect_right(self._since, at) - 1, 0)

    def organisation(self, at: Instant) -> Organisation:
        """The organisation as it stood at *at*."""
        return self._versions[self._version(at)]

    def unit_above(self, place: str, kind: str, at: Instant) -> str | None:
        """The unit of *kind* that answered for *place* at *at*."""
        return self._above(self._version(at), place, kind)

    def _look_above(self, version: int, place: str, kind: str) -> str | None:
        return self._versions[version].unit_above(place, kind)

    def fault(self, actor: Json, at: Instant) -> str | None:
        """Return why *actor* cannot have acted at *at* through that post, or None."""
        post = self._versions[self._version(at)].posts.get(actor.get("post", ""))
        if post is None:
            return f"没有「{actor.get('post')}」这个岗位"
        if (post.role, post.unit) != (actor.get("role"), actor.get("unit")):
            return f"「{post.id}」不是这个岗位"
        if actor.get("person", post.person) != post.person:
            return f"「{post.id}」不由这个人担任"
        return None if post.is_held(at) else f"当时「{post.id}」还没有任命或已经卸任"


class AtWork:
    """When the engine was seen at work: the instants at which rules acted; and matters whose rules were parked."""

    def __init__(self, fired: Iterable[Instant] = (), parked: Collection[str] = ()) -> None:
        self._fired = sorted(fired)
        self._parked = frozenset(parked)

    def parked(self, matter: str) -> bool:
        """Whether a rule of *matter* could not act and was put aside with an alarm."""
        return matter in self._parked

    def between(self, start: Instant, end: Instant) -> timedelta:
        """How long the engine was seen at work between two instants: from the first to the last rule that acted."""
        first, behind = bisect_right(self._fired, start), bisect_left(self._fired, end)
        return self._fired[behind - 1] - self._fired[first] if first < behind else timedelta(0)


@lru_cache(maxsize=65536)
def instant(text: str) -> Instant:
    """Return the instant that a body writes as *text*."""
    return datetime.fromisoformat(text)


class Replay:
    """Judges the events of one matter in order; *state* is the plain fold of the events before."""

    def __init__(
        self,
        law: FlowLaw,
        seats: Seats,
        *,
        calendars: Mapping[str, Mapping[str, WorkingCalendar]],
        at_work: AtWork,
    ) -> None:
        """*calendars*: by the hash that events name, then by id."""
        self._law = law
        self._seats = seats
        self._calendars = calendars
        self._at_work = at_work
        # The matter being judged, and when its state's due instant last changed: what that moved into the past could
        # act only from then on.
        self._due_moved: tuple[str, Instant] = ("", datetime.min.replace(tzinfo=UTC))
        # By identity: calendars, offsets and rules live as long as this judge; hashing them costs more than the sum.
        self._instants: dict[tuple[int, int, str], Instant] = {}
        self._acts: dict[tuple[int, int, str], tuple[Instant, Instant]] = {}

    def judge_before(self, state: Json, event: Json, tell: Tell) -> None:
        """Tell what is wrong with *event* when the matter stands at *state* (empty: not filed)."""
        if not state:
            self._filing(event, tell)
            return
        if event.get("from") != state.get("state"):
            tell("step", f"记录从「{event.get('from')}」起步，当时在「{state.get('state')}」")
            return
        _order(state, event, tell)
        kind = event["type"]
        if "outcome" in state and kind != EventType.SYSTEM:
            tell("ended", "结束以后还有办理")
            return
        judge = self._judges.get(str(kind))
        if judge is None:
            tell("step", f"没有「{kind}」这种记录")
            return
        judge(self, state, event, tell)

    def judge_after(self, state: Json, event: Json, tell: Tell) -> None:
        """Tell what is wrong with the matter that *event* has left behind as *state*."""
        if event["type"] in _MOVES_CLOCKS and _moves_due(event):
            self._due_moved = (str(event.get("matter")), instant(event["at"]))
        there, outcome = state.get("state"), state.get("outcome")
        final = self._law.finals.get(there, UNKNOWN) if isinstance(there, str) else UNKNOWN
        named = there == event["to"] and state.get("seq") == event["seq"] and state.get("at") == event["at"]
        if named and (final == outcome or (final is None and outcome == CANCELLED)):
            return
        self._explain_after(state, event, final, tell)

    def _explain_after(self, state: Json, event: Json, final: str | None, tell: Tell) -> None:
        if state.get("state") != event.get("to"):
            tell("step", f"记录到「{event.get('to')}」，内容却到了「{state.get('state')}」")
        if state.get("seq") != event.get("seq") or state.get("at") != event.get("at"):
            tell("step", "内容里的序号或时间与记录不同")
        if final == UNKNOWN:
            tell("step", f"流程里没有「{state.get('state')}」这一步")
        elif state.get("outcome") not in (final, None if final else CANCELLED):
            tell("step", "结局与所在的一步不符")

    def _filing(self, event: Json, tell: Tell) -> None:
        start = self._law.workflow.starts.get(event.get("action", ""))
        patch = event.get("data", {}).get("patch", {})
        if event.get("type") != EventType.FILED or event.get("from") is not None:
            tell("step", "第一条不是立案")
        if start is None or not self._law.leads(BEFORE_FILING, start_event(start.id), event.get("to")):
            tell("step", f"不能由「{event.get('action')}」立案到「{event.get('to')}」")
            return
        opened_by_another = patch.get("parent") is not None or bool(patch.get("waiting"))
        actor = event.get("actor", {})
        if not opened_by_another and start.by and actor.get("role") not in (*start.by, SYSTEM_ROLE):
            tell("actor", f"「{actor.get('role')}」不能这样立案")

    def _acted(self, state: Json, event: Json, tell: Tell) -> None:
        self._missed(state, event, tell)
        source, action_id, target = state["state"], event.get("action", ""), event.get("to")
        action = self._law.actions[source].get(action_id)
        if action is None:
            tell("step", f"「{source}」没有「{action_id}」这个动作")
            return
        if target not in action.targets and not (None in action.targets and target == source):
            tell("step", f"「{action_id}」不会从「{source}」到「{target}」")
        used = state.get("uses", {}).get(f"{source}.{action_id}", 0) if action.limit is not None else 0
        if action.limit is not None and used >= action.limit:
            tell("step", f"「{action_id}」最多 {action.limit} 次，这是第 {used + 1} 次")
        self._actor(state, event, action, tell)

    def _actor(self, state: Json, event: Json, action: ActionLaw, tell: Tell) -> None:
        actor = event.get("actor", {})
        role, person = actor.get("role"), actor.get("person")
        stands_in, holder = state.get("stands_in"), state.get("holder")
        standing_in = stands_in is not None and stands_in == _seat(role, actor.get("unit"))
        acting = holder["role"] if standing_in and holder else role
        for_another = role not in action.by and acting not in action.by
        if for_another and not self._acts_for_another(state, event, action):
            tell("actor", f"「{role}」不能做「{event.get('action')}」")
            return
        if action.other_than and person is not None and state.get("doers", {}).get(action.other_than) == person:
            tell("actor", f"「{event.get('action')}」要换一个人来做")
        if self._law.covers.get(role) is Covers.OWN:
            by_receipt = actor.get("post") == receipt_post(state["id"])
            if not by_receipt and (person is None or state.get("reporter", {}).get("person") != person):
                tell("actor", "不是反映人本人")
            return
        at = instant(event["at"])
        fault = self._seats.fault(actor, at)
        if fault is not None:
            tell("actor", fault)
        in_scope = standing_in or for_another or self._in_scope(role, actor.get("unit"), state, at)
        if not in_scope and not self._acts_for_another(state, event, action):
            tell("actor", "不在这个岗位的范围里")

    def _acts_for_another(self, state: Json, event: Json, action: ActionLaw) -> bool:
        """Whether the actor stood in then for somebody away, or for an empty seat below, who might do this."""
        at, given = instant(event["at"]), event["actor"]
        stands_in, holder = state.get("stands_in"), state.get("holder")
        turn = stands_in or holder
        others = capacities_of(
            Actor(post=given.get("post"), role=given.get("role"), unit=given.get("unit"), person=given.get("person")),
            Holder(role=turn["role"], unit=turn.get("unit")) if turn else None,
            workflow=self._law.workflow, place=state["place"], organisation=self._seats.organisation(at), at=at,
        )  # fmt: skip
        for one in others:
            standing_in = stands_in is not None and holder and stands_in == _seat(one.role, one.unit)
            acting = holder["role"] if standing_in and holder else one.role
            if acting in action.by and (standing_in or self._in_scope(one.role, one.unit, state, at)):
                return True
        return False

    def _in_scope(self, role: str, unit: str | None, state: Json, at: Instant) -> bool:
        covers = self._law.covers.get(role)
        if covers is None or unit is None:
            return False
        if covers is Covers.DEPARTMENT:
            seats = (seat["unit"] for seat in state.get("seats", {}).values() if seat.get("outcome") is None)
            return (state.get("holder") or {}).get("unit") == unit or unit in seats
        return unit == self._seats.unit_above(state["place"], covers.value, at)

    def _fired(self, state: Json, event: Json, tell: Tell) -> None:
        self._missed(state, event, tell)
        cause = str(event.get("cause", "")).rsplit("/", 4)
        if event["actor"].get("role") != SYSTEM_ROLE:
            tell("actor", "规则的动作记在了人的名下")
        if len(cause) != 5 or cause[0] != event.get("matter") or not (cause[3].isdigit() and cause[4].isdigit()):
            tell("timer", "没有写明是哪个定时")
            return
        _, clock_id, rule_id, visit, slot = cause
        clock = state.get("clocks", _NONE).get(clock_id)
        if clock is None or clock["visit"] != int(visit):
            tell("timer", f"定时「{clock_id}」不属于当时的这一步")
            return
        if _has_fired(clock, rule_id, int(slot)):
            tell("timer", f"规则「{rule_id}」在这一步已经执行过")
        due, fired = event.get("due_at"), event.get("fired_at")
        if due is None or fired != event["at"] or instant(due) > instant(fired):
            tell("timer", "到期以前就执行了")
            return
        self._leads(state, event, rule_id, tell)
        self._rule(state, event, clock, (clock_id, rule_id), tell)

    def _leads(self, state: Json, event: Json, rule_id: str, tell: Tell) -> None:
        source, target = state["state"], event["to"]
        targets = self._law.targets.get((source, rule_event(rule_id)), ())
        stays = target == source and "state" not in event["data"]["patch"]
        if target not in targets and not (stays and None in targets):
            tell("step", f"规则「{rule_id}」不会从「{source}」到「{target}」")

    def _rule(self, state: Json, event: Json, clock: Json, timer: tuple[str, str], tell: Tell) -> None:
        rule_id, rule = timer[1], self._law.rule(state["state"], state.get("klass", "all"), *timer)
        if rule is not None and rule.do != event.get("action"):
            tell("step", f"规则「{rule_id}」不做「{event.get('action')}」")
        offset = rule.at if rule is not None else _DUE if rule_id in (Do.LATE, Do.SETTLE) else None
        if offset is None or offset.anchor != "due" or clock.get("due") is None:
            return
        calendar = self._calendar(clock, event)
        if calendar is not None and self._instant_of(calendar, clock["due"], offset) != instant(event["due_at"]):
            tell("timer", f"规则「{rule_id}」的到期时刻不是按时限算出来的那一刻")

    def _missed(self, state: Json, event: Json, tell: Tell) -> None:
        """A later step shows that the rules due long before it had their turn, unless it was imported."""
        clock, at = state.get("clocks", _NONE).get(STATE_CLOCK), event["at"]
        due = clock.get("due") if clock is not None else None
        if clock is None or due is None or at != event["recorded_at"]:
            return
        now = instant(at)
        if instant(due) >= now - AT_WORK or self._at_work.parked(event["matter"]):
            return
        moved = self._due_moved[1] if self._due_moved[0] == event["matter"] else instant(clock["started"])
        silent = "late_at" not in clock and event.get("action") != Do.LATE
        if silent and not self._law.is_never_late(state["state"]) and self._should_have(max(instant(due), moved), now):
            tell("late", f"到 {due} 已经超时，却没有记超时")
        calendar = self._calendar(clock, event)
        if calendar is not None:
            self._missed_rules(state, event, clock, calendar, tell)

    def _missed_rules(self, state: Json, event: Json, clock: Json, calendar: WorkingCalendar, tell: Tell) -> None:
        now, started = instant(event["at"]), instant(clock["started"])
        moved = self._due_moved[1] if self._due_moved[0] == event["matter"] else started
        firing = str(event.get("cause")).rsplit("/", 4)[-3:-2] if event.get("type") == EventType.FIRED else ()
        for rule in self._law.due_rules(state["state"], state.get("klass", "all")):
            if rule.do is Do.LATE or rule.id in clock.get("fired", ()) or rule.id in firing:
                continue
            at, acts = self._acts_at(calendar, clock["due"], rule)
            if started <= at < now and self._should_have(max(acts, moved), now):
                tell("missed", f"规则「{rule.id}」应在 {acts.isoformat()} 执行，没有执行")

    def _acts_at(self, calendar: WorkingCalendar, due: str, rule: TimerRule) -> tuple[Instant, Instant]:
        """The instant that *rule* names on a clock that ends at *due*, and when it acts then; kept alike."""
        key = (id(calendar), id(rule), due)
        known = self._acts.get(key)
        if known is None:
            if len(self._acts) >= MOST_KEPT:
                self._acts.clear()
            at = self._instant_of(calendar, due, rule.at)
            known = self._acts[key] = at, calendar.next_opening(at).at if rule.fires_at_opening else at
        return known

    def _instant_of(self, calendar: WorkingCalendar, due: str, offset: Offset) -> Instant:
        """The instant that *offset* names on a clock that ends at *due*; kept, because closing times repeat."""
        if offset.duration is None:
            return instant(due)
        key = (id(calendar), id(offset), due)
        known = self._instants.get(key)
        if known is None:
            if len(self._instants) >= MOST_KEPT:
                self._instants.clear()
            known = self._instants[key] = calendar.shift(instant(due), offset.duration, sign=offset.sign).at
        return known

    def _should_have(self, acts: Instant, now: Instant) -> bool:
        return acts < now and self._at_work.between(acts, now) > AT_WORK

    def _calendar(self, clock: Json, event: Json) -> WorkingCalendar | None:
        """The calendar of *clock* in the version that the event names."""
        return self._calendars.get(event.get("calendar", ""), {}).get(clock["calendar"])

    def _child_ended(self, state: Json, event: Json, tell: Tell) -> None:
        source, target = state["state"], event.get("to")
        topic = event.get("data", {}).get("topic")
        name = topic_event(topic.get("outcome", "")) if isinstance(topic, dict) else JOINED
        stays = target == source
        if not stays and not self._law.leads(source, name, target):
            tell("step", f"子任务或议题结束不会从「{source}」到「{target}」")

    def _cancelled(self, state: Json, _event: Json, tell: Tell) -> None:
        if state.get("parent") is None:
            tell("step", "没有上级事项，却随它取消")

    def _migrated(self, state: Json, event: Json, tell: Tell) -> None:
        """Only to the limits that were told, by the engine, and nothing but clocks may be another afterwards."""
        self._stayed(state, event, tell)
        told = event["data"].get("migrated", {})
        if (told.get("from"), told.get("to")) != (state.get("digest"), event.get("workflow")):
            tell("step", "换时限的记录与事项所用的版本对不上")
        if event.get("actor", {}).get("role") != SYSTEM_ROLE:
            tell("actor", "换时限记在了人的名下")
        if not MAY_CHANGE.issuperset(event["data"].get("patch", {})):
            tell("step", "换时限的记录改了时限以外的内容")

    def _stayed(self, state: Json, event: Json, tell: Tell) -> None:
        if event.get("to") != state["state"]:
            tell("step", f"「{event.get('type')}」不会离开「{state['state']}」")

    _judges: Mapping[str, Callable[["Replay", Json, Json, Tell], None]] = {
        EventType.ACTED: _acted,
        EventType.FIRED: _fired,
        EventType.CHILD_ENDED: _child_ended,
        EventType.CANCELLED: _cancelled,
        EventType.MIGRATED: _migrated,
        **dict.fromkeys((EventType.RECOMPUTED, EventType.LINKED, EventType.SYSTEM), _stayed),
    }


_DUE = Offset("due")
_NONE: Json = {}
# What the steps that recompute clocks may leave otherwise than it was.
_MOVES_CLOCKS = frozenset({EventType.RECOMPUTED.value, EventType.MIGRATED.value})
MAY_CHANGE = frozenset({"digest", "clocks", "suspended", "seq", "at"})


def _moves_due(event: Json) -> bool:
    clocks = event["data"].get("patch", {}).get("clocks") or {}
    return "due" in (clocks.get(STATE_CLOCK) or {})


def _order(state: Json, event: Json, tell: Tell) -> None:
    """Within a matter `at` never decreases; the log checks `recorded_at`."""
    at, recorded = event["at"], event["recorded_at"]
    if instant(at) < instant(state["at"]):
        tell("time", "时间比上一条还早")
    if at != recorded and instant(at) > instant(recorded):
        tell("time", "发生时间晚于记录时间")


def _seat(role: Any, unit: Any) -> Json:
    return {"role": role} if unit is None else {"role": role, "unit": unit}


def _has_fired(clock: Json, rule_id: str, slot: int) -> bool:
    return rule_id in clock.get("fired", ()) or clock.get("repeats", {}).get(rule_id, 0) >= slot
