"""What a person may do with a matter now, with the fields it takes, its effect, and the reason where it is refused."""

from dataclasses import dataclass, replace
from datetime import datetime

from engine.core.admit import Case, actions_here, refusal_here
from engine.core.clocks import is_spent
from engine.core.decision import Refusal
from engine.core.facts import target_of
from engine.core.matter import STATE_CLOCK, Actor, Matter
from engine.core.procedures import children
from engine.core.scope import World
from engine.core.terms import BuiltIn, FieldType, UnitKind
from engine.core.workflow.declaration import Action, FieldRule, State, Workflow
from engine.core.workflow.wording import say_duration


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of an action's form."""

    field: str
    label: str
    type: FieldType
    required: bool
    minimum: int | None
    maximum: int | None
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SeatOffered:
    """Seats an action fills: how many units it needs and takes; `default` is the category's responsible unit."""

    seat: str
    minimum: int
    maximum: int
    default: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """An action as one person sees it now. `to` lists where it may lead; `effect` says what the clocks will do."""

    action: str
    label: str
    asked: tuple[Asked, ...]
    seats: tuple[SeatOffered, ...]
    waits_for: str | None
    to: tuple[str, ...]
    effect: str
    confirm: str | None
    refusal: Refusal | None


def offers(workflow: Workflow, matter: Matter, actor: Actor, *, now: datetime, world: World) -> tuple[Offer, ...]:
    """
    Return every action of the matter's state as *actor* sees it now.

    An action without a refusal is one `decide` takes, once its form is filled; one with a refusal is one it refuses
    with that very reason.
    """
    case = Case(workflow=workflow, matter=matter, world=world, now=now)
    return tuple(_offer(case, action, actor) for action in actions_here(case).values())


def steady_until(workflow: Workflow, matter: Matter, *, now: datetime, world: World) -> datetime | None:
    """
    Return the instant from which `offers` may say something else though nobody acts; None: it never will.

    Time enters by the clocks that run out, by actions that open only later, by who fills a seat, and by the season.
    """
    case = Case(workflow=workflow, matter=matter, world=world, now=now)
    opening = (action.not_before for action in actions_here(case).values() if action.not_before is not None)
    edges = [case.calendar.due(matter.entered, wait).at for wait in opening]
    edges += [clock.due for clock in matter.clocks.values() if clock.due is not None]
    if workflow.limits is not None and workflow.limits.seasons:
        edges.append(case.calendar.day_end(case.calendar.local(now).date()))
    changes = world.organisation.next_change(now)
    return min((edge for edge in (*edges, *((changes,) if changes else ())) if edge > now), default=None)


def _offer(case: Case, action: Action, actor: Actor) -> Offer:
    targets = _targets(case, action)
    return Offer(
        action=action.id,
        label=action.label.zh,
        asked=tuple(_asked_of(case, action, name) for name in (*action.require, *action.optional)),
        seats=_seats(case, action, targets),
        waits_for=next((s.waits_for.workflow for s in targets if s.waits_for is not None), None),
        to=tuple(state.id for state in targets),
        effect=_effect(case, action, targets) + ("写的话居民看得到。" if action.shown else ""),
        confirm=action.confirm.zh if action.confirm is not None else None,
        refusal=refusal_here(case, action, actor),
    )


def _targets(case: Case, action: Action) -> tuple[State, ...]:
    if action.to is None:
        return ()
    if action.to.last_of and not action.to.cases:
        last = target_of(action.to, facts={}, visited=case.matter.visited)
        return (case.workflow.states[last],) if last is not None else ()
    return tuple(case.workflow.states[state] for state in dict.fromkeys(action.to.states))


def _asked_of(case: Case, action: Action, name: str) -> Asked:
    asked = _asked_plainly(case.workflow, name, required=name in action.require)
    return replace(asked, choices=_other_grids(case)) if name == action.place_from else asked


def _other_grids(case: Case) -> tuple[tuple[str, str], ...]:
    """The other grids of the street."""
    organisation, place = case.world.organisation, case.matter.place
    street = organisation.unit_above(place, UnitKind.STREET)
    grids = (unit for unit in organisation.units.values() if unit.kind == UnitKind.GRID and unit.id != place)
    return tuple((unit.id, unit.name) for unit in grids if organisation.unit_above(unit.id, UnitKind.STREET) == street)


def _asked_plainly(workflow: Workflow, name: str, *, required: bool) -> Asked:
    """The field as it is asked for everywhere: read from the rule once, for a catalogue has a hundred choices."""
    rule = workflow.fields[name]
    known = _ASKED.get((workflow.digest, name, required))
    if known is not None and known[0] is rule:
        return known[1]
    if len(_ASKED) >= MOST_CACHED:
        _ASKED.clear()
    asked = _asked(rule, required=required)
    _ASKED[workflow.digest, name, required] = (rule, asked)
    return asked


MOST_CACHED = 5_000
_ASKED: dict[tuple[str, str, bool], tuple[FieldRule, Asked]] = {}


def _asked(rule: FieldRule, *, required: bool) -> Asked:
    choices = tuple(
        (choice, rule.choice_labels[choice].zh if choice in rule.choice_labels else choice)
        for choice in rule.choices or ()
    )
    return Asked(
        field=rule.id, label=rule.label.zh, type=rule.type, required=required, minimum=rule.minimum,
        maximum=rule.maximum, choices=choices,
    )  # fmt: skip


def _seats(case: Case, action: Action, targets: tuple[State, ...]) -> tuple[SeatOffered, ...]:
    here = case.state.children
    if action.id == BuiltIn.ASSIGN and here is not None:
        free = children.free_seats(case.matter, here)
        return tuple(SeatOffered(seat=s, minimum=0, maximum=n, default=None) for s, n in free.items() if n > 0)
    opened = next((state.children for state in targets if state.children is not None), None)
    if opened is None:
        return ()
    category = case.matter.fields.get("category")
    unit = case.world.organisation.department_for(category if isinstance(category, str) else None)
    return tuple(
        SeatOffered(seat=name, minimum=rule.minimum, maximum=rule.maximum, default=unit if rule.by_category else None)
        for name, rule in opened.seats.items()
    )


def _effect(case: Case, action: Action, targets: tuple[State, ...]) -> str:
    if action.id == BuiltIn.GRANT_EXTENSION and case.state.extend is not None:
        return f"到期时刻从原来的到期日往后延 {case.state.extend.length}。"
    if action.settle is not None:
        return f"马上收下，{say_duration(action.settle)}后生效，在那以前可以撤回。"
    if not targets:
        return "时限不变。"
    names = "或".join(f"「{state.label.zh}」" for state in targets)
    if len(targets) == 1 and targets[0].final is not None:
        return f"转到{names}，这件事到此结束。"
    if len(targets) == 1 and targets[0].pause:
        return f"转到{names}，本步的时限停住，回来后接着走。"
    if any(kept.state == targets[0].id for kept in case.matter.suspended):
        return f"回到{names}，时限接着走。"
    spent = any(is_spent(case.matter, state.level, case.now) for state in targets)
    clock = "本步按新的时限算起" if STATE_CLOCK in case.matter.clocks else "开始计时"
    return f"转到{names}，{clock}{'，那一级的总时限已用完' if spent else '，总时限不变'}。"
