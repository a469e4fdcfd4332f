"""What a rule does when its instant has come: stay and tell somebody, or move the matter on."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from engine.core.clock.duration import Duration
from engine.core.clocks import grant, recompute_limits
from engine.core.command import SeatAsked
from engine.core.decision import Occurrence, Refusal
from engine.core.draft import Draft
from engine.core.facts import class_of, target_of
from engine.core.matter import STATE_CLOCK, Holder, Timer
from engine.core.move import give, move, who_answers
from engine.core.press import Press, finish, prepare, seats_problem
from engine.core.procedures import settle
from engine.core.scope import SYSTEM, superior_of, unit_of_role
from engine.core.terms import Counter, Do, EventType
from engine.core.timers import ring_again, rule_of, use_of_rule
from engine.core.workflow.declaration import TimerRule
from engine.core.workflow.machine import machine_of, rule_event, state_above

# A fact of a notice: somebody else has to act, this one is to know of it.
BESIDE = {"beside": True}


def fire(draft: Draft, timer: Timer) -> Occurrence:
    """Let *timer* act on the draft; a rule whose condition does not hold is recorded as passed over."""
    rule = rule_of(draft.workflow, draft.before, timer.clock, timer.rule)
    assert rule is not None  # the caller has found the timer among the armed ones
    source, word = draft.before.state, str(rule.do)
    _use_up(draft, timer, rule)
    draft.data["rule"] = {
        "clock": timer.clock, "id": rule.id, "do": word, "line": rule.where.line, "file": rule.where.file,
    }  # fmt: skip
    target = None
    if rule.do is Do.SETTLE:
        _take_effect(draft)
    elif rule.when is not None and not rule.when.holds(draft.facts(draft.clocks[timer.clock].started)):
        draft.data["passed_over"] = True
    elif rule.do.leaves:
        target = _target(draft, rule)
    if rule.do is not Do.SETTLE:
        machine_of(draft.workflow).step(source, rule_event(rule.id), target)
    if target is not None:
        _leave(draft, rule, target)
    elif "passed_over" not in draft.data:
        _STAYING.get(rule.do, _nothing_more)(draft, rule, timer)
    return Occurrence(
        type=EventType.FIRED, from_=source, to=draft.get("state"), action=word, actor=SYSTEM, at=draft.now,
        due_at=timer.due, fired_at=draft.now, cause=timer.name, data=draft.data,
    )  # fmt: skip


def _use_up(draft: Draft, timer: Timer, rule: TimerRule) -> None:
    clock = draft.clocks[timer.clock]
    if rule.at.anchor == "every":
        draft.change_clock(timer.clock, repeats={**clock.repeats, rule.id: timer.slot})
    else:
        draft.change_clock(timer.clock, fired=(*clock.fired, rule.id))
    if rule.limit is not None:
        draft.count("uses", use_of_rule(draft.before.state, timer.clock, rule.id))


def _target(draft: Draft, rule: TimerRule) -> str | None:
    if rule.to is None:
        return state_above(draft.workflow, draft.state)
    return target_of(rule.to, facts=draft.facts(), visited=draft.before.visited)


def _leave(draft: Draft, rule: TimerRule, target: str) -> None:
    former: Holder | None = draft.before.holder
    move(draft, target, actor=SYSTEM)
    if rule.keep and former is not None and former not in draft.get("kept"):
        draft.set(kept=(*draft.get("kept"), former))
    _to_holder(draft, rule.do)
    if rule.tell:
        _tell(draft, rule, rule.do, former)
    else:
        draft.tell(None, rule.do)


def _tell(draft: Draft, rule: TimerRule, kind: str, holder: Holder | None) -> None:
    for word in rule.tell:
        for_whom = _whom(draft, word, holder)
        if word == "reporter":
            draft.tell(None, kind)
        elif for_whom is not None and not any((one.to, one.kind) == (for_whom, kind) for one in draft.notices):
            draft.tell(for_whom, kind, **BESIDE)


def _whom(draft: Draft, word: str, holder: Holder | None) -> Holder | None:
    workflow, organisation = draft.workflow, draft.world.organisation
    if word == "holder":
        return holder
    if word == "superior":
        if holder is None:
            return None
        return superior_of(holder, workflow=workflow, matter=draft.before, organisation=organisation)
    role = workflow.roles.get(word)
    if role is None:
        return None
    place, chosen = draft.get("place"), draft.get("department")
    return Holder(role=word, unit=unit_of_role(role, place=place, chosen=chosen, organisation=organisation))


def _remind(draft: Draft, rule: TimerRule, timer: Timer) -> None:
    draft.count("counters", Counter.REMINDERS)
    _to_holder(draft, Do.REMIND)
    _tell(draft, rule, Do.REMIND, draft.get("holder"))
    del timer


def _warn(draft: Draft, rule: TimerRule, timer: Timer) -> None:
    if not rule.tell:
        _to_holder(draft, Do.WARN)
    _tell(draft, rule, Do.WARN, draft.get("holder"))
    del timer


def _late(draft: Draft, rule: TimerRule, timer: Timer) -> None:
    draft.change_clock(timer.clock, late_at=draft.now)
    _to_holder(draft, Do.LATE)
    _tell(draft, rule, Do.LATE, draft.get("holder"))


def _supervise(draft: Draft, rule: TimerRule, timer: Timer) -> None:
    holder: Holder | None = draft.get("holder")
    superior = who_answers(draft, holder)
    draft.set(answers=superior)
    draft.tell(superior, Do.SUPERVISE)
    _to_holder(draft, Do.SUPERVISE, **BESIDE)
    _tell(draft, rule, Do.SUPERVISE, holder)
    del timer


def _reassign(draft: Draft, rule: TimerRule, timer: Timer) -> None:
    role = draft.workflow.roles[rule.to_role] if rule.to_role else None
    former = draft.get("holder")
    if role is not None:
        place, chosen = draft.get("place"), draft.get("department")
        unit = unit_of_role(role, place=place, chosen=chosen, organisation=draft.world.organisation)
        give(draft, Holder(role=role.id, unit=unit))
    if rule.more is not None and timer.clock == STATE_CLOCK:
        _more_time(draft, rule.more)
    _to_holder(draft, Do.REASSIGN)
    _tell(draft, rule, Do.REASSIGN, former)


def _more_time(draft: Draft, more: Duration) -> None:
    grant(draft, STATE_CLOCK, more, anew=True)
    ring_again(draft, STATE_CLOCK)


def _raise_urgency(draft: Draft, rule: TimerRule, timer: Timer) -> None:
    classes, field = draft.workflow.class_ids, draft.workflow.classes
    place = classes.index(draft.get("klass")) if draft.get("klass") in classes else 0
    if field is not None and place > 0:
        draft.put("fields", field, classes[place - 1])
        draft.set(klass=class_of(draft.workflow, draft.get("fields")), forms=draft.get("forms") + 1)
        for key in recompute_limits(draft):
            ring_again(draft, key)
    _tell(draft, rule, Do.RAISE_URGENCY, draft.get("holder"))
    del timer


def _progress(draft: Draft, rule: TimerRule, timer: Timer) -> None:
    if draft.get("owes") is None:
        draft.set(owes=draft.now)
    _to_holder(draft, Do.PROGRESS)
    _tell(draft, rule, Do.PROGRESS, draft.get("holder"))
    del timer


def _to_holder(draft: Draft, do: Do, **facts: bool) -> None:
    holder = draft.get("stands_in") or draft.get("holder")
    if holder is not None:
        draft.tell(None if holder.unit is None else holder, do, **facts)


def _cannot_leave(draft: Draft, rule: TimerRule, timer: Timer) -> None:
    """A leaving rule whose target cannot be named now stays, with an alarm; nothing is skipped silently."""
    draft.alarms.append(f"no_target:{rule.id}")
    draft.data["no_target"] = True
    del timer


def _nothing_more(draft: Draft, rule: TimerRule, timer: Timer) -> None:
    """What a press does when it has settled was done before."""
    del draft, rule, timer


def _take_effect(draft: Draft) -> None:
    """Let the press that has settled have its effect; one that no longer can is dropped, with an alarm."""
    waiting = settle.put_down(draft)
    assert waiting is not None  # its clock runs only while it waits
    draft.data["settled"] = {"action": waiting.action, "seq": waiting.seq}
    action = draft.workflow.actions_of(draft.before.state)[waiting.action]
    press = Press(action, waiting.by, tuple(SeatAsked(seat=s, unit=u) for s, u in waiting.seats), waiting.topic)
    before = draft.changed
    draft.changed = dict(before)
    settle.fill_in(draft, waiting)
    target = prepare(draft, press)
    problem = target if isinstance(target, Refusal) else seats_problem(draft, press, target)
    event = rule_event(Do.SETTLE)
    if problem is not None or isinstance(target, Refusal):
        draft.changed = before
        draft.alarms.append(f"no_effect:{waiting.action}")
        machine_of(draft.workflow).step(draft.before.state, event, None)
        return
    finish(draft, press, target, event=event)


_STAYING: Mapping[Do, Callable[[Draft, TimerRule, Timer], None]] = MappingProxyType(
    {
        Do.REMIND: _remind,
        Do.WARN: _warn,
        Do.LATE: _late,
        Do.SUPERVISE: _supervise,
        Do.REASSIGN: _reassign,
        Do.RAISE_URGENCY: _raise_urgency,
        Do.PROGRESS: _progress,
        **dict.fromkeys((Do.ESCALATE, Do.ADVANCE, Do.RESUME, Do.ASSIGN, Do.CLOSE), _cannot_leave),
    }
)
