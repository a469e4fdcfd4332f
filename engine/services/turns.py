"""Whose turn it is now, in words: the seat that has a matter, and who acts for it while its people are away."""

from datetime import datetime

from engine.core.admit import Case, may_be_done
from engine.core.matter import Holder, Matter
from engine.core.scope import World, filled, people_of
from engine.core.workflow.declaration import Workflow
from engine.services.naming import holder_name, post_name

MOST_NAMED = 2
MOST_ACTIONS = 4


def turn_of(matter: Matter, *, workflow: Workflow, world: World, now: datetime) -> Holder | None:
    """Return the seat that has to act on *matter* now: while nobody fills the holder's, the nearest filled above."""
    holder = matter.stands_in or matter.holder
    if holder is None or not matter.is_open:
        return holder
    return filled(holder, workflow=workflow, place=matter.place, organisation=world.organisation, at=now)


def turn_words(matter: Matter, *, workflow: Workflow, world: World, now: datetime) -> str:
    """Return whose turn it is: 「一网格 网格员（请假，由二网格 网格员代）」, 「…（没人在岗，由社区专干代）」."""
    holder, organisation = matter.stands_in or matter.holder, world.organisation
    said = holder_name(holder, workflow=workflow, organisation=organisation)
    if holder is None or not matter.is_open:
        return said
    turn = turn_of(matter, workflow=workflow, world=world, now=now)
    members = organisation.posts_of(holder.role, holder.unit, now)
    if turn is not None and turn != holder:
        why = "请假" if members else "没人在岗"
        return f"{said}（{why}，由{holder_name(turn, workflow=workflow, organisation=organisation)}代）"
    people = people_of(holder, workflow=workflow, organisation=organisation, at=now)
    if not people or any(post.id in people for post in members):
        return said
    posts = [organisation.posts[one] for one in people[:MOST_NAMED]]
    names = "、".join(post_name(post, workflow=workflow, organisation=organisation) for post in posts)
    return f"{said}（请假，由{names}代）"


def duty_words(matter: Matter, *, workflow: Workflow, world: World, now: datetime, named: bool) -> str:
    """
    Return what is wanted of whoever's turn it is: 「轮到一网格 网格员：「办完」、「报上去」。」.

    Args:
        named: with the names of those who sit there, where the reader may know them.
    """
    holder = matter.stands_in or matter.holder
    if holder is None or not matter.is_open or matter.settling is not None:
        return ""
    labels = "、".join(f"「{label}」" for label in _open_to(holder, matter, workflow=workflow, world=world, now=now))
    name = holder_name(holder, workflow=workflow, organisation=world.organisation)
    name += _people(holder, workflow=workflow, world=world, now=now) if named and holder.unit is not None else ""
    said = f"轮到{name}：{labels}。" if labels else f"现在由{name}看着。"
    if matter.answers is not None:
        answers = holder_name(matter.answers, workflow=workflow, organisation=world.organisation)
        said += f"督办由{answers}答复。"
    return said + ("还欠一句进展。" if matter.owes is not None else "")


def _people(holder: Holder, *, workflow: Workflow, world: World, now: datetime) -> str:
    """Who sits there now, in brackets; of who acts for somebody away it says so."""
    organisation = world.organisation
    members = {post.id for post in organisation.posts_of(holder.role, holder.unit, now)}
    posts = people_of(holder, workflow=workflow, organisation=organisation, at=now)[:MOST_NAMED]
    names = [organisation.posts[one].name + ("" if one in members else "代") for one in posts]
    return f"（{'、'.join(names)}）" if names else ""


def _open_to(holder: Holder, matter: Matter, *, workflow: Workflow, world: World, now: datetime) -> tuple[str, ...]:
    """The first few actions that *holder* can do now; those that move the matter on, if there are any."""
    case = Case(workflow=workflow, matter=matter, world=world, now=now)
    actions = [one for one in workflow.actions_of(matter.state).values() if holder.role in one.by]
    able = [one for one in actions if may_be_done(case, one)]
    moving = [one for one in able if one.to is not None] or able
    return tuple(one.label.zh for one in moving[:MOST_ACTIONS])
