"""Parts → timer rules, due times and targets."""

from collections import Counter as Tally
from collections.abc import Iterable

from engine.core.clock.duration import Duration, Offset
from engine.core.terms import Do
from engine.core.workflow.condition import Condition
from engine.core.workflow.declaration import Due, DueCase, Target, TargetCase, TimerRule
from engine.core.workflow.kinds import Given, LimitRef
from engine.core.workflow.parts import Part
from engine.core.workflow.words import optional_label
from engine.core.workflow.written import Where

AT_DUE = Offset("due")


def target_of(part: Part | None) -> Target | None:
    """Return where a part leads: a state, cases, or the last of several."""
    if part is None:
        return None
    if isinstance(part.data, str):
        return Target((TargetCase(part.data, None),), (), part.where)
    if isinstance(part.data, list):
        cases = tuple(TargetCase(case.text("is") or "", case.value("when", Condition)) for case in part)
        return Target(cases, (), part.where)
    return Target((), part.texts("last_of"), part.where)


def due_of(part: Part | None) -> Due | None:
    """Return how long a part says."""
    if part is None:
        return None
    where = part.where
    match part.data:
        case LimitRef(column):
            return Due((), column, given=False, where=where)
        case Given():
            return Due((), None, given=True, where=where)
        case Duration():
            return Due((DueCase(part.data, None, None, where),), None, given=False, where=where)
        case list():
            return Due(tuple(_case(case) for case in part), None, given=False, where=where)
    cases = tuple(
        DueCase(length.data, frozenset({name}), None, length.where)
        for name, length in part.entries()
        if isinstance(length.data, Duration)
    )
    return Due(cases, None, given=False, where=where)


def _case(part: Part) -> DueCase:
    return DueCase(length_of(part, "is"), None, part.value("when", Condition), part.where)


def length_of(part: Part, name: str) -> Duration:
    """Return the duration under a key that the grammar requires."""
    length = part.value(name, Duration)
    if length is None:
        raise LookupError(name)
    return length


def timers_of(parts: Iterable[Part], *, up: Target | None, from_ladder: bool = False) -> tuple[TimerRule, ...]:
    """Return the rules of one clock in written order; *up* is where an escalation without a target leads."""
    seen: Tally[Do] = Tally()
    rules = []
    for part in parts:
        do = part.value("do", Do) or Do.REMIND
        seen[do] += 1
        name = do.value if seen[do] == 1 else f"{do.value}.{seen[do]}"
        at = part.value("at", Offset) or AT_DUE
        rules.append(timer_of(part, name=name, at=at, up=up, from_ladder=from_ladder))
    return tuple(rules)


def timer_of(part: Part, *, name: str, at: Offset, up: Target | None, from_ladder: bool = False) -> TimerRule:
    """Return one rule."""
    do = part.value("do", Do) or Do.REMIND
    return TimerRule(
        id=name,
        at=at,
        do=do,
        to=target_of(part.get("to")) or (up if do is Do.ESCALATE else None),
        to_role=part.text("to_role"),
        more=part.value("more", Duration),
        tell=part.texts("tell"),
        keep="keep" in part,
        fires_at_opening="fires" in part,
        limit=part.value("limit", int),
        when=part.value("when", Condition),
        reason=optional_label(part.get("reason")),
        from_ladder=from_ladder,
        where=part.where,
    )


def bare_timer_of(part: Part, up: Target | None) -> TimerRule:
    """Return the rule of a timer without `at`: it rings when its time is used up."""
    do = part.value("do", Do) or Do.REMIND
    return timer_of(part, name=do.value, at=AT_DUE, up=up)


def warn_holder(where: Where) -> TimerRule:
    """Return what a milestone does when nothing else is written: warn the holder."""
    return TimerRule(
        id=Do.WARN.value,
        at=AT_DUE,
        do=Do.WARN,
        to=None,
        to_role=None,
        more=None,
        tell=("holder",),
        keep=False,
        fires_at_opening=False,
        limit=None,
        when=None,
        reason=None,
        from_ladder=False,
        where=where,
    )
