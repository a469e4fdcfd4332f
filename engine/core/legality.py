"""
Was every recorded step allowed? A replay that judges events against the pinned workflow, without deciding anew.

It works on bodies as they were read (`Body`), not on `Event` and `Matter`: a million events are judged in one pass, and
what a tampered body may hold is anything. `decide` is not asked, so a fault in it does not hide itself here.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar

import msgspec

from engine.core.circumstances import AtWork, Doer, Instant, Seats, instant
from engine.core.clock.duration import Offset
from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.flow_law import ActionLaw, FlowLaw, RuleLaw
from engine.core.matter import STATE_CLOCK, Actor, Holder, Json, receipt_post
from engine.core.scope import capacities_of
from engine.core.terms import SYSTEM_ROLE, Covers, Do, EventType
from engine.core.workflow.declaration import TimerRule
from engine.core.workflow.machine import (
    BEFORE_FILING,
    JOINED,
    start_event,
    topic_event,
)

# What an outage piled up waits half an hour at most; an engine seen at work for longer has let every due rule act.
AT_WORK = timedelta(minutes=35)
MOST_KEPT = 100_000
CANCELLED, UNKNOWN = "cancelled", "?"

_LATE, _OWN, _DEPARTMENT = Do.LATE.value, Covers.OWN.value, Covers.DEPARTMENT.value

# A rule that must fire: its id, the instant that it names, and when it acts then.
Turn: TypeAlias = tuple[str, Instant, Instant]
# Told at once of what cannot have been done by the rules, its kind and the sentence for people: an event that cannot
# be read to its end loses nothing that was found before.
Tell: TypeAlias = Callable[[str, str], None]


Shape = TypeVar("Shape", bound=tuple[str | None, ...])
Found = TypeVar("Found")


class Data(msgspec.Struct, gc=False):
    """The data of an event, as far as somebody judges it."""

    erased: list[str] = []
    migrated: dict[str, Any] = {}
    patch: dict[str, Any] = {}
    topic: Any = None


class Body(msgspec.Struct, kw_only=True, gc=False):
    """
    The body of an event as those read it who trust nothing: instants are texts, and what nobody judges is passed over.

    The parts stand in the order of their names, which is that of canonical JSON: they are read without searching.
    """

    action: str
    actor: Doer
    at: str
    calendar: str
    cause: str | None = None
    data: Data = msgspec.field(default_factory=Data)
    due_at: str | None = None
    fired_at: str | None = None
    from_: str | None = msgspec.field(default=None, name="from")
    log: str
    matter: str
    private: dict[str, str] = {}
    recorded_at: str
    seq: int
    to: str
    type: str
    workflow: str


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
        self._finals: Mapping[Any, str | None] = law.finals
        self._seats = seats
        self._calendars = calendars
        self._at_work = at_work
        self._parked = at_work.parked
        # The matter being judged, and when its state's due instant last changed: what that moved into the past could
        # act only from then on.
        self._due_moved: tuple[str, Instant] = ("", datetime.min.replace(tzinfo=UTC))
        # By the shape of what is judged, because steps, rules and closing times repeat: whatever the answer depends on.
        self._rules: dict[tuple[str | None, ...], tuple[RuleLaw, Instant | None]] = {}
        self._turns: dict[tuple[str, ...], tuple[Turn, ...]] = {}

    def judge_before(self, state: Json, event: Body, tell: Tell) -> None:
        """Tell what is wrong with *event* when the matter stands at *state* (empty: not filed)."""
        if not state:
            self._filing(event, tell)
            return
        if event.from_ != state.get("state"):
            tell("step", f"记录从「{event.from_}」起步，当时在「{state.get('state')}」")
            return
        _order(state, event, tell)
        kind = event.type
        if "outcome" in state and kind != EventType.SYSTEM:
            tell("ended", "结束以后还有办理")
            return
        judge = self._judges.get(kind)
        if judge is None:
            tell("step", f"没有「{kind}」这种记录")
            return
        judge(self, state, event, tell)

    def judge_after(self, state: Json, event: Body, tell: Tell) -> None:
        """Tell what is wrong with the matter that *event* has left behind as *state*."""
        clocks = event.data.patch.get("clocks")
        if clocks and "due" in (clocks.get(STATE_CLOCK) or _NONE):
            self._due_moved = (event.matter, instant(event.at))
        there, outcome = state.get("state"), state.get("outcome")
        final = self._finals.get(there, UNKNOWN)
        named = there == event.to and state.get("seq") == event.seq and state.get("at") == event.at
        if named and (final == outcome or (final is None and outcome == CANCELLED)):
            return
        self._explain_after(state, event, final, tell)

    def _explain_after(self, state: Json, event: Body, final: str | None, tell: Tell) -> None:
        if state.get("state") != event.to:
            tell("step", f"记录到「{event.to}」，内容却到了「{state.get('state')}」")
        if state.get("seq") != event.seq or state.get("at") != event.at:
            tell("step", "内容里的序号或时间与记录不同")
        if final == UNKNOWN:
            tell("step", f"流程里没有「{state.get('state')}」这一步")
        elif state.get("outcome") not in (final, None if final else CANCELLED):
            tell("step", "结局与所在的一步不符")

    def _filing(self, event: Body, tell: Tell) -> None:
        start = self._law.workflow.starts.get(event.action)
        patch = event.data.patch
        if event.type != EventType.FILED or event.from_ is not None:
            tell("step", "第一条不是立案")
        if start is None or not self._law.leads(BEFORE_FILING, start_event(start.id), event.to):
            tell("step", f"不能由「{event.action}」立案到「{event.to}」")
            return
        opened_by_another = patch.get("parent") is not None or bool(patch.get("waiting"))
        actor = event.actor
        if not opened_by_another and start.by and actor.role not in (*start.by, SYSTEM_ROLE):
            tell("actor", f"「{actor.role}」不能这样立案")

    def _acted(self, state: Json, event: Body, tell: Tell) -> None:
        self._missed(state, event, "", tell)
        source, action_id, target = state["state"], event.action, event.to
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

    def _actor(self, state: Json, event: Body, action: ActionLaw, tell: Tell) -> None:
        actor = event.actor
        role, person = actor.role, actor.person
        stands_in, holder = state.get("stands_in"), state.get("holder")
        standing_in = stands_in is not None and stands_in == _seat(role, actor.unit)
        acting = holder["role"] if standing_in and holder else role
        for_another = role not in action.by and acting not in action.by
        if for_another and not self._acts_for_another(state, event, action):
            tell("actor", f"「{role}」不能做「{event.action}」")
            return
        if action.other_than and person is not None and state.get("doers", {}).get(action.other_than) == person:
            tell("actor", f"「{event.action}」要换一个人来做")
        if self._law.covers.get(role) == _OWN:
            by_receipt = actor.post == receipt_post(state["id"])
            if not by_receipt and (person is None or state.get("reporter", {}).get("person") != person):
                tell("actor", "不是反映人本人")
            return
        at = instant(event.at)
        fault = self._seats.fault(actor, at)
        if fault is not None:
            tell("actor", fault)
        in_scope = standing_in or for_another or self._in_scope(role, actor.unit, state, at)
        if not in_scope and not self._acts_for_another(state, event, action):
            tell("actor", "不在这个岗位的范围里")

    def _acts_for_another(self, state: Json, event: Body, action: ActionLaw) -> bool:
        """Whether the actor stood in then for somebody away, or for an empty seat below, who might do this."""
        at, given = instant(event.at), event.actor
        stands_in, holder = state.get("stands_in"), state.get("holder")
        turn = stands_in or holder
        others = capacities_of(
            Actor(post=given.post, role=given.role, unit=given.unit, person=given.person),
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
        if covers == _DEPARTMENT:
            seats = (seat["unit"] for seat in state.get("seats", {}).values() if seat.get("outcome") is None)
            return (state.get("holder") or {}).get("unit") == unit or unit in seats
        return unit == self._seats.unit_above(state["place"], covers, at)

    def _fired(self, state: Json, event: Body, tell: Tell) -> None:
        cause = str(event.cause).rsplit("/", 4)
        is_named = len(cause) == 5
        self._missed(state, event, cause[2] if is_named else "", tell)
        if event.actor.role != SYSTEM_ROLE:
            tell("actor", "规则的动作记在了人的名下")
        if not is_named or cause[0] != event.matter or not (cause[3].isdigit() and cause[4].isdigit()):
            tell("timer", "没有写明是哪个定时")
            return
        _, clock_id, rule_id, visit, slot = cause
        clock = state.get("clocks", _NONE).get(clock_id)
        if clock is None or clock["visit"] != int(visit):
            tell("timer", f"定时「{clock_id}」不属于当时的这一步")
            return
        if rule_id in clock.get("fired", ()) or clock.get("repeats", _NONE).get(rule_id, 0) >= int(slot):
            tell("timer", f"规则「{rule_id}」在这一步已经执行过")
        due, fired = event.due_at, event.fired_at
        if due is None or fired != event.at or instant(due) > instant(fired):
            tell("timer", "到期以前就执行了")
            return
        self._rule(state, event, clock, (clock_id, rule_id), tell)

    def _rule(self, state: Json, event: Body, clock: Json, timer: tuple[str, str], tell: Tell) -> None:
        source, target, rule_id = state["state"], event.to, timer[1]
        shape = (event.calendar, clock["calendar"], clock.get("due"), source, state.get("klass", "all"), *timer)
        known = self._rules.get(shape)
        law, named = known if known is not None else _keep(self._rules, shape, self._look_at_rule(*shape))
        if target not in law.targets:
            stays = target == source and "state" not in event.data.patch
            if not (stays and None in law.targets):
                tell("step", f"规则「{rule_id}」不会从「{source}」到「{target}」")
        if law.do is not None and law.do != event.action:
            tell("step", f"规则「{rule_id}」不做「{event.action}」")
        if named is not None and named != instant(str(event.due_at)):
            tell("timer", f"规则「{rule_id}」的到期时刻不是按时限算出来的那一刻")

    def _look_at_rule(
        self, digest: str, calendar_id: str, due: str | None, source: str, klass: str, clock_id: str, rule_id: str
    ) -> tuple[RuleLaw, Instant | None]:
        """The law of a rule, and the instant that it names on a clock that ends at *due*, where that can be told."""
        law, calendar = self._law.fires(source, klass, clock_id, rule_id), self._calendar(digest, calendar_id)
        if law.at is None or due is None or calendar is None:
            return law, None
        return law, _instant_of(calendar, due, law.at)

    def _missed(self, state: Json, event: Body, firing: str, tell: Tell) -> None:
        """A later step shows that the rules due long before it had their turn, unless it was imported."""
        clock, at = state.get("clocks", _NONE).get(STATE_CLOCK), event.at
        due = clock.get("due") if clock is not None else None
        if clock is None or due is None or at != event.recorded_at:
            return
        now, ended = instant(at), instant(due)
        if ended >= now or ended >= now - AT_WORK or event.matter in self._parked:
            return
        started = instant(clock["started"])
        moved = self._due_moved[1] if self._due_moved[0] == event.matter else started
        silent = "late_at" not in clock and event.action != _LATE
        if silent and not self._law.is_never_late(state["state"]) and self._should_have(max(ended, moved), now):
            tell("late", f"到 {due} 已经超时，却没有记超时")
        shape = (event.calendar, clock["calendar"], due, state["state"], state.get("klass", "all"))
        turns = self._turns.get(shape)
        if turns is None:
            turns = _keep(self._turns, shape, self._look_at_turns(*shape))
        fired = clock.get("fired", ())
        for rule, named, acts in turns:
            if rule in fired or rule == firing or not started <= named < now:
                continue
            if self._should_have(max(acts, moved), now):
                tell("missed", f"规则「{rule}」应在 {acts.isoformat()} 执行，没有执行")

    def _look_at_turns(self, digest: str, calendar_id: str, due: str, state: str, klass: str) -> tuple[Turn, ...]:
        """What must fire on a clock of *state* that ends at *due*, where that can be told."""
        calendar = self._calendar(digest, calendar_id)
        if calendar is None:
            return ()
        return tuple(_turn_of(calendar, due, rule) for rule in self._law.due_rules(state, klass))

    def _should_have(self, acts: Instant, now: Instant) -> bool:
        return acts < now and self._at_work.between(acts, now) > AT_WORK

    def _calendar(self, digest: str, calendar_id: str) -> WorkingCalendar | None:
        """A calendar in the version that an event names."""
        return self._calendars.get(digest, {}).get(calendar_id)

    def _child_ended(self, state: Json, event: Body, tell: Tell) -> None:
        source, target = state["state"], event.to
        topic = event.data.topic
        name = topic_event(topic.get("outcome", "")) if isinstance(topic, dict) else JOINED
        stays = target == source
        if not stays and not self._law.leads(source, name, target):
            tell("step", f"子任务或议题结束不会从「{source}」到「{target}」")

    def _cancelled(self, state: Json, _event: Body, tell: Tell) -> None:
        if state.get("parent") is None:
            tell("step", "没有上级事项，却随它取消")

    def _migrated(self, state: Json, event: Body, tell: Tell) -> None:
        """Only to the limits that were told, by the engine, and nothing but clocks may be another afterwards."""
        self._stayed(state, event, tell)
        told = event.data.migrated
        if (told.get("from"), told.get("to")) != (state.get("digest"), event.workflow):
            tell("step", "换时限的记录与事项所用的版本对不上")
        if event.actor.role != SYSTEM_ROLE:
            tell("actor", "换时限记在了人的名下")
        if not MAY_CHANGE.issuperset(event.data.patch):
            tell("step", "换时限的记录改了时限以外的内容")

    def _stayed(self, state: Json, event: Body, tell: Tell) -> None:
        if event.to != state["state"]:
            tell("step", f"「{event.type}」不会离开「{state['state']}」")

    _judges: Mapping[str, Callable[["Replay", Json, Body, Tell], None]] = {
        EventType.ACTED.value: _acted,
        EventType.FIRED.value: _fired,
        EventType.CHILD_ENDED.value: _child_ended,
        EventType.CANCELLED.value: _cancelled,
        EventType.MIGRATED.value: _migrated,
        **dict.fromkeys((EventType.RECOMPUTED.value, EventType.LINKED.value, EventType.SYSTEM.value), _stayed),
    }


_NONE: Json = {}
# What a change of limits may leave otherwise than it was.
MAY_CHANGE = frozenset({"digest", "clocks", "suspended", "seq", "at"})


def _keep(known: dict[Shape, Found], shape: Shape, found: Found) -> Found:
    """Keep what was found for *shape*, but never more than memory has room for."""
    if len(known) >= MOST_KEPT:
        known.clear()
    known[shape] = found
    return found


def _turn_of(calendar: WorkingCalendar, due: str, rule: TimerRule) -> Turn:
    at = _instant_of(calendar, due, rule.at)
    return rule.id, at, calendar.next_opening(at).at if rule.fires_at_opening else at


def _instant_of(calendar: WorkingCalendar, due: str, offset: Offset) -> Instant:
    """The instant that *offset* names on a clock that ends at *due*."""
    if offset.duration is None:
        return instant(due)
    return calendar.shift(instant(due), offset.duration, sign=offset.sign).at


def _order(state: Json, event: Body, tell: Tell) -> None:
    """Within a matter `at` never decreases; the log checks `recorded_at`."""
    at, recorded = event.at, event.recorded_at
    if instant(at) < instant(state["at"]):
        tell("time", "时间比上一条还早")
    if at != recorded and instant(at) > instant(recorded):
        tell("time", "发生时间晚于记录时间")


def _seat(role: Any, unit: Any) -> Json:
    return {"role": role} if unit is None else {"role": role, "unit": unit}
