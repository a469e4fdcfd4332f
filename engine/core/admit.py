"""
May this actor do this now? The reasons against it, in their fixed order, before any form is filled.

`decide` and `offers` ask the same question here, so a page shows exactly what the engine would take.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from engine.core.clock.working_calendar import WorkingCalendar
from engine.core.clocks import is_spent
from engine.core.decision import Refusal
from engine.core.facts import calendar_of, facts_of, target_of
from engine.core.fields import BadValue, is_empty, read_value
from engine.core.matter import STATE_CLOCK, Actor, Holder, Matter, Value
from engine.core.procedures import children, extension
from engine.core.scope import SYSTEM, World, capacities_of, in_scope, people_of
from engine.core.terms import BuiltIn, RefusalCode
from engine.core.workflow.declaration import Action, State, Workflow
from engine.core.workflow.wording import say_condition, say_missing
from engine.core.workflow.written import Label, Where

NOTE_FIELD = "note"
Values: TypeAlias = Mapping[str, Value | list[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One matter before one decision, with all that surrounds it."""

    workflow: Workflow
    matter: Matter
    world: World
    now: datetime

    @property
    def state(self) -> State:
        """Declaration of the state the matter is in."""
        return self.workflow.states[self.matter.state]

    def facts(self) -> dict[str, object]:
        """What conditions may ask about the matter now."""
        return facts_of(self.workflow, self.matter, day=self.calendar.local(self.now).date())

    @property
    def calendar(self) -> WorkingCalendar:
        """The calendar the state runs on."""
        return self.world.calendar(calendar_of(self.workflow, self.matter.state, self.world.default_calendar))


def actions_here(case: Case) -> dict[str, Action]:
    """Return the actions of the present state: the declared ones, then the engine's own."""
    if not case.matter.is_open:
        return {}
    state = case.state
    actions = dict(case.workflow.actions_of(state.id))
    workers = tuple(dict.fromkeys(role for action in actions.values() for role in action.by))
    holder = (state.held_by,) if state.held_by else ()
    if NOTE_FIELD in case.workflow.fields and BuiltIn.NOTE not in actions:
        by = tuple(dict.fromkeys((*holder, *workers)))
        actions[BuiltIn.NOTE] = _built_in(BuiltIn.NOTE, by, state.where, require=(NOTE_FIELD,))
    if state.extend is not None and STATE_CLOCK in case.matter.clocks:
        for step in (BuiltIn.ASK_EXTENSION, BuiltIn.GRANT_EXTENSION, BuiltIn.DENY_EXTENSION):
            actions[step] = _built_in(step, extension.roles_for(step, state.extend), state.where)
    if state.children is not None and any(n > 0 for n in children.free_seats(case.matter, state.children).values()):
        actions[BuiltIn.ASSIGN] = _built_in(BuiltIn.ASSIGN, holder, state.where)
    settling = case.matter.settling
    if settling is not None and settling.action in actions:
        actions[BuiltIn.UNDO] = _built_in(BuiltIn.UNDO, actions[settling.action].by, state.where)
    return actions


@lru_cache(maxsize=4_096)  # a list asks for the same few for every row
def _built_in(word: BuiltIn, by: tuple[str, ...], where: Where, *, require: tuple[str, ...] = ()) -> Action:
    return Action(
        id=word.value, label=Label(zh=word.label, en=word.value.replace("_", " ")), by=by, to=None, when=None,
        require=require, optional=(), limit=None, set={}, marks=(), counts=None, confirm=None, not_before=None,
        other_than=None, place_from=None, where=where,
    )  # fmt: skip


def refusal_of(case: Case, action_id: str, actor: Actor) -> Refusal | None:
    """Return why *actor* may not do *action_id* now, the first reason that applies, or None."""
    if not case.matter.is_open:
        return Refusal(RefusalCode.ENDED, "这件事已经结束，不能再办理。")
    action = actions_here(case).get(action_id)
    if action is None:
        return Refusal(RefusalCode.NOT_HERE, f"这件事现在是「{case.state.label.zh}」，没有这个动作。")
    return refusal_here(case, action, actor)


def refusal_here(case: Case, action: Action, actor: Actor) -> Refusal | None:
    """Do the same for one of the actions of the present state."""
    for reason in (_seat, _same_person, _limit, _not_before, _budget_spent, _condition):
        refusal = reason(case, action, actor)
        if refusal is not None:
            return refusal
    return None


def may_be_done(case: Case, action: Action) -> bool:
    """Whether *action* can be done now at all, by whoever it is given to."""
    reasons = (_limit, _not_before, _budget_spent, _condition)
    return all(reason(case, action, SYSTEM) is None for reason in reasons)


def acting_role(case: Case, actor: Actor) -> str:
    """Return the role in which *actor* acts: the holder's, where they stand in for it."""
    stands_in, holder = case.matter.stands_in, case.matter.holder
    if stands_in is not None and holder is not None and stands_in == Holder(role=actor.role, unit=actor.unit):
        return holder.role
    return actor.role


def capacities(case: Case, actor: Actor) -> tuple[Actor, ...]:
    """Return as whom else *actor* may act on the matter now: for those away, and for an empty seat below."""
    holder = case.matter.stands_in or case.matter.holder
    return capacities_of(
        actor, holder, workflow=case.workflow, place=case.matter.place, organisation=case.world.organisation,
        at=case.now,
    )  # fmt: skip


def _seat(case: Case, action: Action, actor: Actor) -> Refusal | None:
    refusal = _role(case, action, actor) or _scope(case, action, actor)
    if refusal is None:
        return None
    others = capacities(case, actor)
    may = any(_role(case, action, one) is None and _scope(case, action, one) is None for one in others)
    return None if may else refusal


def _role(case: Case, action: Action, actor: Actor) -> Refusal | None:
    if actor.role not in action.by and acting_role(case, actor) not in action.by:
        able = "、".join(case.workflow.roles[role].label.zh for role in action.by if role in case.workflow.roles)
        return Refusal(RefusalCode.ROLE, f"这一步由{able or '别的岗位'}来做。")
    role = case.workflow.roles.get(actor.role)
    if role is not None and role.roster and actor.unit is not None:
        here = Holder(role=actor.role, unit=actor.unit)
        on_duty = people_of(here, workflow=case.workflow, organisation=case.world.organisation, at=case.now)
        if on_duty and actor.post not in on_duty:
            return Refusal(RefusalCode.ROLE, "现在值班的是别的岗位，请联系值班的人。")
    return None


def _scope(case: Case, action: Action, actor: Actor) -> Refusal | None:
    del action
    role = case.workflow.roles.get(acting_role(case, actor))
    if acting_role(case, actor) != actor.role:
        return None
    if role is None or not in_scope(actor, role=role, matter=case.matter, organisation=case.world.organisation):
        return Refusal(RefusalCode.SCOPE, "这件事不在您负责的范围里。")
    return None


def _same_person(case: Case, action: Action, actor: Actor) -> Refusal | None:
    other = action.other_than
    if action.id in (BuiltIn.GRANT_EXTENSION, BuiltIn.DENY_EXTENSION):
        asked = case.matter.extension
        same = asked is not None and asked.by.person is not None and asked.by.person == actor.person
    else:
        same = other is not None and actor.person is not None and case.matter.doers.get(other) == actor.person
    return Refusal(RefusalCode.SAME_PERSON, "办的人不能自己核，请换一个人来做。") if same else None


def _limit(case: Case, action: Action, actor: Actor) -> Refusal | None:
    del actor
    used = case.matter.uses.get(f"{case.matter.state}.{action.id}", 0)
    extend = case.state.extend
    if extend is not None and action.id == BuiltIn.ASK_EXTENSION and case.matter.extended >= extend.times:
        return Refusal(RefusalCode.LIMIT, f"最多延期 {extend.times} 次，已经用完。")
    if action.limit is not None and used >= action.limit:
        return Refusal(RefusalCode.LIMIT, f"「{action.label.zh}」最多 {action.limit} 次，已经用完。")
    return None


def _not_before(case: Case, action: Action, actor: Actor) -> Refusal | None:
    del actor
    if action.not_before is None:
        return None
    opens = case.calendar.due(case.matter.entered, action.not_before).at
    if case.now < opens:
        local = case.calendar.local(opens)
        return Refusal(RefusalCode.NOT_BEFORE, f"要到{local:%m月%d日 %H:%M}以后才能做。")
    return None


def _budget_spent(case: Case, action: Action, actor: Actor) -> Refusal | None:
    del actor
    if action.to is None:
        return None
    targets = _reachable(case, action)
    return SPENT if targets and all(returns_to_spent(case, target) for target in targets) else None


SPENT = Refusal(RefusalCode.BUDGET_SPENT, "那一级的总时限已经用完，不能再退回去。")


def returns_to_spent(case: Case, target: str) -> bool:
    """
    Whether *target* lies in a lower level than the present state and that level's budget is used up.

    Going up is no return, and neither is going on with a visit that a pause has suspended: there the budget's own
    rule acts on arrival.
    """
    there, here = case.workflow.level_of(target), case.workflow.level_of(case.matter.state)
    if there is None or (here is not None and here.order <= there.order):
        return False
    if case.state.pause and any(kept.state == target for kept in case.matter.suspended):
        return False
    return is_spent(case.matter, there.id, case.now)


def _reachable(case: Case, action: Action) -> tuple[str, ...]:
    assert action.to is not None  # asked only of actions that lead somewhere
    if action.to.last_of:
        been = target_of(action.to, facts={}, visited=case.matter.visited) if not action.to.cases else None
        return (been,) if been is not None else action.to.states
    return action.to.states


def _condition(case: Case, action: Action, actor: Actor) -> Refusal | None:
    del actor
    matter = case.matter
    if matter.settling is not None and action.id not in (BuiltIn.UNDO, BuiltIn.NOTE):
        taken = actions_here(case)[matter.settling.action].label.zh
        return Refusal(RefusalCode.CONDITION, f"「{taken}」已经收下，正等着生效；要改就先撤回。")
    if action.id in (BuiltIn.ASK_EXTENSION, BuiltIn.GRANT_EXTENSION, BuiltIn.DENY_EXTENSION):
        clock = matter.clocks.get(STATE_CLOCK)
        if not extension.is_offered(action.id, matter):
            word = "已经有一个延期申请在等答复。" if matter.extension else "现在没有等答复的延期申请。"
            return Refusal(RefusalCode.CONDITION, word)
        if action.id == BuiltIn.ASK_EXTENSION and (clock is None or clock.due is None or clock.due <= case.now):
            return Refusal(RefusalCode.CONDITION, "延期要在到期以前申请，现在已经到期。")
        return None
    if action.when is not None and not action.when.holds(case.facts()):
        return Refusal(
            RefusalCode.CONDITION, f"只在{say_condition(case.workflow, action.when)}时才能「{action.label.zh}」。"
        )
    if action.to is not None and not action.to.cases and target_of(action.to, facts={}, visited=matter.visited) is None:
        return Refusal(RefusalCode.CONDITION, "这件事还没有办过，没有可以退回的一步。")
    return None


def read_form(
    workflow: Workflow, values: Values, *, require: tuple[str, ...], optional: tuple[str, ...]
) -> dict[str, Value | list[str]] | Refusal:
    """Read the form: required fields first, then every value by its field's rule."""
    for name in require:
        if is_empty(values.get(name)):
            rule = workflow.fields[name]
            return Refusal(RefusalCode.REQUIRED, say_missing(rule.label.zh, rule.type), name)
    read: dict[str, Value | list[str]] = {}
    for name, raw in values.items():
        if name not in require and name not in optional:
            return Refusal(RefusalCode.FIELD, f"这一步不收「{name[:40]}」这一项。", name)
        if is_empty(raw):
            continue
        try:
            read[name] = read_value(workflow.fields[name], raw)
        except BadValue as bad:
            return Refusal(RefusalCode.FIELD, str(bad), name)
    return read
